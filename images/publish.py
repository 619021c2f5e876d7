"""What happens to images once they are built: signatures, bills of materials next to them, a scan."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

SCANNERS: dict[str, Callable[[str], list[str]]] = {
    "trivy": lambda bill: ["sbom", "--exit-code=1", "--severity=HIGH,CRITICAL", bill],
    "grype": lambda bill: [f"sbom:{bill}", "--fail-on=high"],
    "osv-scanner": lambda bill: ["scan", "source", f"--sbom={bill}"],
}


def sign(digests: Mapping[str, str], bills: Mapping[str, Path], key: str) -> None:
    """Sign each pushed image by its digest, and attest its bill of materials, with cosign.

    `digests` are by full name with the tag, `bills` by the same names.
    """
    for name, digest in digests.items():
        pushed = f"{name.rpartition(':')[0]}@{digest}"
        cosign = ["cosign", "sign", "--yes", "--recursive", f"--key={key}", pushed]
        subprocess.run(cosign, check=True)
        predicate = ["--type=cyclonedx", f"--predicate={bills[name]}"]
        subprocess.run(["cosign", "attest", "--yes", f"--key={key}", *predicate, pushed], check=True)


def scan(scanner: str, bills: Mapping[str, Path]) -> list[str]:
    """Have a scanner look at the bills of materials; give the images in which it finds something."""
    return [
        image
        for image, bill in bills.items()
        if subprocess.run([scanner, *SCANNERS[scanner](os.fspath(bill))], check=False).returncode != 0
    ]
