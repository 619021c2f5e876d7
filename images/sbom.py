"""The software bill of materials of an image: CycloneDX 1.6, made from dpkg's and pip's own records in its layers."""

from __future__ import annotations

import datetime as dt
import email.parser
import json
import re
import uuid
from collections.abc import Iterable, Iterator
from email.message import Message
from pathlib import Path
from typing import Any
from urllib.parse import quote

NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "idp-steps")
Component = dict[str, Any]


def document(image: str, version: str, date: int, architecture: str, trees: Iterable[Path]) -> str:
    """Describe everything that the trees hold; the same trees and date give the same text."""
    listed = [*debian(trees := list(trees)), *python(trees)]
    components = sorted(listed, key=lambda one: str(one["bom-ref"]))
    product = {
        "type": "container",
        "bom-ref": f"idp-steps/{image}",
        "name": f"idp-steps/{image}",
        "version": version,
        "licenses": [{"license": {"id": "Apache-2.0"}}],
    }
    content = json.dumps([product, architecture, date, components], sort_keys=True)
    moment = dt.datetime.fromtimestamp(date, tz=dt.UTC)
    bill = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(NAMESPACE, content)}",
        "version": 1,
        "metadata": {
            "timestamp": moment.isoformat().replace("+00:00", "Z"),
            "component": product,
            "properties": [{"name": "idp-steps:architecture", "value": architecture}],
        },
        "components": components,
        "dependencies": [{"ref": product["bom-ref"], "dependsOn": [one["bom-ref"] for one in components]}],
    }
    return json.dumps(bill, indent=1, ensure_ascii=False) + "\n"


def debian(trees: Iterable[Path]) -> Iterator[Component]:
    """Give the packages that the trees were unpacked from."""
    release = ""
    for tree in trees:
        if (tree / "etc/debian_version").is_file():
            release = (tree / "etc/debian_version").read_text().strip()
        for record in sorted((tree / "var/lib/dpkg/status.d").glob("*")):
            fields = _headers(record)
            name, version, architecture = fields["Package"], fields["Version"], fields["Architecture"]
            place = f"pkg:deb/debian/{name}@{quote(version, safe='.:~')}?arch={architecture}&distro=debian-{release}"
            yield {
                "type": "library",
                "bom-ref": place,
                "name": name,
                "version": version,
                "purl": place,
                "supplier": {"name": fields["Maintainer"]},
                "properties": [{"name": "debian:source", "value": fields.get("Source", name)}],
            }


def python(trees: Iterable[Path]) -> Iterator[Component]:
    """Give the Python distributions of the trees."""
    for tree in trees:
        for record in sorted(tree.rglob("*.dist-info/METADATA")):
            fields = _headers(record)
            name = re.sub(r"[-_.]+", "-", fields["Name"]).lower()
            place = f"pkg:pypi/{name}@{quote(fields['Version'], safe='.:~')}"
            component: Component = {
                "type": "library",
                "bom-ref": place,
                "name": name,
                "version": fields["Version"],
                "purl": place,
            }
            licence = fields.get("License-Expression")
            if licence:
                component["licenses"] = [{"expression": licence}]
            yield component


def _headers(record: Path) -> Message:
    return email.parser.HeaderParser().parsestr(record.read_text(encoding="utf-8"))
