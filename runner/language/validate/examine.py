"""Reads and checks a pipeline file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from common.diagnostics import Diagnostic, in_order
from common.document import Node, reader
from runner.language.inputs.slots import slots
from runner.language.pipeline.load import load
from runner.language.validate import Checked, steps, texts


def examined(path: Path, facts: Mapping[str, str], chosen: tuple[str, ...] = ()) -> tuple[Checked, list[Diagnostic]]:
    """Read and check a pipeline file, and give what is wrong with it. `chosen`: the stages to run, all when empty."""
    return document(reader.read(path), str(path), facts, chosen)


def document(
    root: Node, name: str, facts: Mapping[str, str], chosen: tuple[str, ...] = ()
) -> tuple[Checked, list[Diagnostic]]:
    """Check a document that was read; `name` is how complaints call it."""
    loaded = load(root, name)
    places, faults = slots(loaded.pipeline)
    skip = texts.skipped(loaded.pipeline, chosen)
    for stage, step in loaded.pipeline.steps():
        if stage.path not in skip:
            faults += steps.check(step)
    found = texts.check(loaded.pipeline, places, facts, skip)
    checked = Checked(loaded.pipeline, places, tuple(in_order(found.warnings)), loaded.ignored)
    return checked, in_order([*loaded.faults, *faults, *found.faults])
