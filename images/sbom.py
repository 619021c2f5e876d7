"""The software bill of materials of an image, in CycloneDX 1.6.

It is made from the records that Debian's and Python's packages bring with them, and from our own files. A scanner
finds each part by its package URL; `upstream` there names the source package, by which Debian publishes its notices.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import uuid
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from images import sbom_debian, sbom_python

NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "idp-steps")
APACHE = [{"license": {"id": "Apache-2.0"}}]


def document(  # noqa: PLR0913 - what an image is made of, each by its name
    *,
    image: str,
    version: str,
    date: int,
    architecture: str,
    trees: Iterable[Path],
    code: Path,
    hashes: Mapping[str, str],
) -> str:
    """Describe everything that the trees hold; the same trees and date give the same text.

    `hashes` has the SHA-256 of each archive that a package came from, by the package's name; `code` is our own tree.
    """
    trees = list(trees)
    debian = list(sbom_debian.packages(trees, hashes))
    python = [part for tree in trees for part in sbom_python.distributions(tree, hashes)]
    own = _own(version, code)
    parts = {part["bom-ref"]: part for part in [*debian, *python, own]}
    components = [parts[ref] for ref in sorted(parts)]
    product = {
        "type": "container",
        "bom-ref": f"idp-steps/{image}",
        "name": f"idp-steps/{image}",
        "version": version,
        "licenses": APACHE,
    }
    content = json.dumps([product, architecture, date, components], sort_keys=True)
    bill = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(NAMESPACE, content)}",
        "version": 1,
        "metadata": {
            "timestamp": dt.datetime.fromtimestamp(date, tz=dt.UTC).isoformat().replace("+00:00", "Z"),
            "component": product,
            "properties": [{"name": "idp-steps:architecture", "value": architecture}],
        },
        "components": components,
        "dependencies": [{"ref": product["bom-ref"], "dependsOn": [part["bom-ref"] for part in components]}],
    }
    return json.dumps(bill, indent=1, ensure_ascii=False) + "\n"


def _own(version: str, code: Path) -> dict[str, Any]:
    name = f"pkg:generic/idp-steps@{version}"
    return {
        "type": "application",
        "bom-ref": name,
        "name": "idp-steps",
        "version": version,
        "purl": name,
        "licenses": APACHE,
        "components": list(_files(code)),
    }


def _files(code: Path) -> Iterator[dict[str, Any]]:
    for path in sorted(path for path in code.rglob("*") if path.is_file() and not path.is_symlink()):
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        name = f"/{path.relative_to(code)}"
        yield {
            "type": "file",
            "bom-ref": f"file:{name}",
            "name": name,
            "hashes": [{"alg": "SHA-256", "content": digest}],
        }
