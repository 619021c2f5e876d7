"""Checks a pipeline before anything runs: its shape, what each step's spec holds, and where every expression leads to.

What would fail on the platform is a fault. What the platform silently takes as null is a warning.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from common.diagnostics import Diagnostic
from runner.language.inputs import Slot
from runner.language.pipeline import Pipeline


@dataclass(frozen=True)
class Checked:
    """A pipeline that was read. `warnings` name what will be null, `ignored` what has no effect here."""

    pipeline: Pipeline
    places: Mapping[str, Slot]
    warnings: tuple[Diagnostic, ...]
    ignored: tuple[str, ...] = ()
