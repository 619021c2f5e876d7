"""Quantities of Kubernetes, in which the limits of a step are written.

Source: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/.
"""

from __future__ import annotations

import re

UNITS = {"": 1, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}
FORM = re.compile(rf"(\d{{1,9}}(?:\.\d{{1,9}})?)({'|'.join(UNITS)})")
ADVICE = "Write for example 500Mi, 1G or 0.5."


def read(text: str) -> float | None:
    """Give the number, of bytes or of processors; None for what is no quantity, or nothing."""
    found = FORM.fullmatch(text)
    return float(found[1]) * UNITS[found[2]] or None if found else None
