"""Follows every expression of a pipeline as far as can be without a run, and tells which have no value."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from common.diagnostics import Diagnostic, Location
from common.document import Scalar, location_within, locations_within, scalars
from common.errors import BadInput, shown
from runner.language import resolve
from runner.language.expressions import scanner
from runner.language.expressions.scanner import Expression, Malformed
from runner.language.inputs import Slot, Values
from runner.language.inputs.placeholder import PLACEHOLDER, is_placeholder
from runner.language.inputs.slots import name_of, variables
from runner.language.pipeline import IDP, Path, Pipeline, Position, When, positions, timeout_of
from runner.language.scope import Scope

MOST = 10_000  # expressions of a document: 200 steps have about 2,000
SECONDS = 3.0  # of a processor, for all of them


@dataclass
class Found:
    """What was found so far: faults, and what will be null."""

    faults: list[Diagnostic] = field(default_factory=list)
    warnings: list[Diagnostic] = field(default_factory=list)
    count: int = 0
    places: dict[tuple[Location, str], Iterator[Location]] = field(default_factory=dict)
    """Of the text that is being followed: where each expression stands, and stands again."""

    def null(self, expression: Expression, node: Scalar, reason: str) -> None:
        """Note an expression that will be null."""
        told = f"The expression {shown(expression.raw, quotes=False)} is null: {reason}"
        self.warnings.append(Diagnostic(told, self.place(expression, node)))

    def failed(self, expression: Expression, node: Scalar, reason: str) -> None:
        """Note an expression that cannot be evaluated."""
        told = f"The expression {shown(expression.raw, quotes=False)} cannot be evaluated: {reason}"
        self.faults.append(Diagnostic(told, self.place(expression, node)))

    def place(self, expression: Expression, node: Scalar) -> Location:
        """Give the next place of an expression in its text."""
        key = node.location, expression.raw
        return next(self.places.setdefault(key, locations_within(node, expression.raw)))


def skipped(pipeline: Pipeline, chosen: tuple[str, ...] = ()) -> Mapping[Path, str]:
    """Give the stages that are not run, and why: those of other types, and with --stage those that it does not name."""
    found = {}
    for stage in pipeline.stages:
        if chosen and stage.identifier not in chosen:
            found[stage.path] = f"the stage {stage.identifier!r} is not run, for --stage does not name it."
        elif stage.type != IDP:
            found[stage.path] = f"the stage {stage.identifier!r} is of the type {stage.type}, and is not run here."
    return found


def check(pipeline: Pipeline, places: Mapping[str, Slot], facts: Mapping[str, str], skip: Mapping[Path, str]) -> Found:
    """Follow every expression; a place for a value is taken as open."""
    found = Found()
    texts = {name: None if slot.rule is not None else slot.fixed for name, slot in places.items()}
    scope = Scope(
        pipeline,
        Values(texts, places),
        facts,
        lambda _: "",
        found.null,
        found.failed,
        skipped=skip,
        due=time.thread_time() + SECONDS,
    )
    for position in positions(pipeline):
        if position.stage is not None and position.stage.path in skip:
            continue
        for node, evaluated in _texts(pipeline, position):
            _check_text(node, evaluated, position, scope, found)
            if found.count > MOST:
                told = f"The pipeline has more than {MOST} expressions; what follows is not checked."
                found.faults.append(Diagnostic(told, node.location))
                return found
    return found


Evaluated = Callable[[Scope, Position, Scalar], object]


def _texts(pipeline: Pipeline, position: Position) -> Iterator[tuple[Scalar, Evaluated]]:
    when: When | None = None
    if position.step is not None:
        when = position.step.when
        for node in position.step.spec.fields.values():
            yield from ((text, resolve.text) for text in scalars(node))
    else:
        for variable in variables(pipeline, position):
            slot = name_of(position, variable.name)
            yield variable.value, lambda scope, where, _, slot=slot: resolve.variable(scope, where, slot)  # type: ignore[misc]
            if variable.default is not None:
                yield variable.default, resolve.text
        when = position.groups[-1].when if position.groups else position.stage.when if position.stage else None
    timeout = timeout_of(pipeline, position)
    if timeout is not None:
        yield timeout, resolve.text
    if when is not None and when.condition is not None:
        yield when.condition, resolve.condition


def _check_text(node: Scalar, evaluated: Evaluated, position: Position, scope: Scope, found: Found) -> None:
    if is_placeholder(node.text) or (evaluated is not resolve.condition and "<+" not in node.text):
        return
    found.places.clear()
    try:
        parts = scanner.scan(node.text)
        written = scanner.expressions(parts)
        found.count += len(written)
        for expression in written:
            if scanner.is_input(expression):
                where: Location = location_within(node, expression.raw)
                told = f"{PLACEHOLDER} has to be the whole value; put it into a variable and refer to that."
                found.faults.append(Diagnostic(told, where))
                return
        if any(isinstance(part, str) and scanner.OPEN in part for part in parts):
            told = f"An expression that begins with {scanner.OPEN} is never closed, so it stays as it is written."
            found.warnings.append(Diagnostic(f"{told} End it with {scanner.CLOSE}.", node.location))
        evaluated(scope, position, node)
    except Malformed as reason:
        found.faults.append(Diagnostic(f"In this text, {reason}", node.location))
    except BadInput as error:
        text = str(error).removeprefix(f"{node.location}: ")
        if all(fault.text != text for fault in found.faults):  # a circle of variables is one fault, whoever uses them
            found.faults.append(Diagnostic(text, node.location))
