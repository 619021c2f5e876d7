"""IF_EXISTS: what a step that makes something does with one that exists.

A pipeline variable of that name reaches every step of the pipeline, so each of them takes all of the words.
"""

from __future__ import annotations

from typing import Any

from common.contract.inputs import option

WORDS = ("fail", "adopt_if_empty", "adopt", "same", "update")


def if_exists(*, default: str, help: str) -> Any:
    """Declare the input. help: what each word means for the step."""
    return option("ifExists", env=["IF_EXISTS"], default=default, choices=WORDS, spec=False, help=help)
