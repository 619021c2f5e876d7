"""The Python distributions of an image for its bill of materials, with what is compiled into them.

A wheel may carry bills of its own for that (https://peps.python.org/pep-0770/), as cryptography does for OpenSSL and
its Rust crates; their parts are taken over.
"""

from __future__ import annotations

import email.parser
import json
import re
from collections.abc import Iterator, Mapping
from email.message import Message
from pathlib import Path
from typing import Any
from urllib.parse import quote

Component = dict[str, Any]


def distributions(tree: Path, hashes: Mapping[str, str]) -> Iterator[Component]:
    """Give the Python distributions of the tree and the parts that they bring along."""
    for record in sorted(tree.rglob("*.dist-info/METADATA")):
        fields = email.parser.HeaderParser().parsestr(record.read_text(encoding="utf-8"))
        name = normal(fields["Name"])
        place = f"pkg:pypi/{name}@{quote(fields['Version'], safe='.:~')}"
        component: Component = {
            "type": "library",
            "bom-ref": place,
            "name": name,
            "version": fields["Version"],
            "purl": place,
            "hashes": [{"alg": "SHA-256", "content": hashes[name]}],
        }
        if "License-Expression" in fields:
            component["licenses"] = [{"expression": fields["License-Expression"]}]
        else:
            component["licenses"] = [{"license": {"name": licence}} for licence in _told(fields)]
        yield component
        for bill in sorted(record.parent.glob("sboms/*.json")):
            yield from _parts(json.loads(bill.read_text(encoding="utf-8")), name)


def _told(fields: Message) -> list[str]:
    """Give the licences in the words of the distribution; the name of the file that holds it where it has none."""
    if "License" in fields:
        return [fields["License"].partition("\n")[0]]
    classes = [line.rpartition(" :: ")[2] for line in fields.get_all("Classifier", []) if line.startswith("License ::")]
    return classes or [f"see {file}" for file in fields.get_all("License-File", [])]


def normal(name: str) -> str:
    """Write a distribution's name as indexes do."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _parts(bill: Component, distribution: str) -> Iterator[Component]:
    """Give the components of a bill, without those that are the distribution's own source."""
    for part in bill.get("components", []):
        yield from _parts(part, distribution)
        if "purl" in part and "file://" not in part["purl"]:
            kept = {key: part[key] for key in ("type", "name", "version", "purl", "hashes", "licenses") if key in part}
            yield {
                **kept,
                "bom-ref": f"{part['purl']}#{distribution}",
                "properties": [{"name": "python:built-into", "value": distribution}],
            }
