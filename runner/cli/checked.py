"""Checking before anything else is done."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from common.diagnostics import Invalid
from common.document import Node
from runner.execution import checks
from runner.language.validate import Checked
from runner.language.validate.examine import document


def checked_pipeline(
    root: Node, file: Path, known: Mapping[str, str], stages: tuple[str, ...], *, strict: bool
) -> Checked:
    """Check what was read of a pipeline's file. Raises Invalid."""
    checked, faults = document(root, str(file), checks.facts_of(known), stages)
    names = [stage.identifier for stage in checked.pipeline.stages]
    faults += checks.unknown_stages(stages, names)
    if faults or (strict and checked.warnings):
        raise Invalid([*faults, *(checked.warnings if strict else ())])
    return checked
