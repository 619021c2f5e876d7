"""Reads and checks a pipeline file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from common.diagnostics import Diagnostic, in_order
from common.document import Node, reader
from runner.language.expressions.scanner import Malformed
from runner.language.inputs import Slot
from runner.language.inputs.settle import unfit
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
    ignored = [*loaded.ignored]
    for stage, step in loaded.pipeline.steps():
        if stage.path not in skip:
            faults += steps.check(step)
            ignored += steps.without_effect(step)
    faults += _unfit(places)
    found = texts.check(loaded.pipeline, places, facts, skip)
    checked = Checked(loaded.pipeline, places, tuple(in_order(found.warnings)), tuple(dict.fromkeys(ignored)))
    return checked, in_order([*loaded.faults, *faults, *found.faults])


def _unfit(places: Mapping[str, Slot]) -> Iterator[Diagnostic]:
    """Tell of values and defaults in the document that break the rules of their own places."""
    for slot in places.values():
        with suppress(Malformed):  # which is told with all other texts
            if told := unfit(slot, slot.fixed):
                yield Diagnostic(told, slot.node.location)
