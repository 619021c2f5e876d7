"""Finds every place for a value: the variables, and the placeholders in what steps are given."""

from __future__ import annotations

from collections.abc import Iterator

from common.diagnostics import Diagnostic
from common.document import Mapping, Node, Scalar, Sequence
from common.errors import shown
from runner.language.inputs import Rule, Slot
from runner.language.inputs.placeholder import is_placeholder, parse
from runner.language.pipeline import Pipeline, Position, Variable, positions, timeout_of

TIMEOUT = "timeout"


def slots(pipeline: Pipeline) -> tuple[dict[str, Slot], list[Diagnostic]]:
    """Give every place for a value by the name that --set and an inputs file use, and what is wrong with the rules."""
    diagnostics: list[Diagnostic] = []
    found: list[Slot] = []
    for position in positions(pipeline):
        found += [_of_variable(position, variable, diagnostics) for variable in variables(pipeline, position)]
        spec = _placeholders(name_of(position), position.step.spec) if position.step is not None else ()
        found += [_of_field(position, name, node, diagnostics) for name, node in spec]
        timeout = timeout_of(pipeline, position)
        if timeout is not None and is_placeholder(timeout.text):
            found.append(_of_field(position, name_of(position, TIMEOUT), timeout, diagnostics))
    by_name: dict[str, Slot] = {}
    for slot in found:
        other = by_name.setdefault(slot.name, slot)
        if (other.what, other.position.path) != (slot.what, slot.position.path):  # else it is told as being there twice
            text = f"Two places of values are called {shown(slot.name)}; the first is in line {other.location.line}. "
            diagnostics.append(Diagnostic(f"{text}Rename one.", slot.location))
    return by_name, diagnostics


def variables(pipeline: Pipeline, position: Position) -> tuple[Variable, ...]:
    """Give the variables that are declared at a position: a step has none."""
    if position.step is not None:
        return ()
    if position.groups:
        return position.groups[-1].variables
    return position.stage.variables if position.stage is not None else pipeline.variables


def name_of(position: Position, name: str = "") -> str:
    """Give the name of a slot: the path of what it belongs to, and its own."""
    return ".".join((*position.path, *([name] if name else [])))


def _placeholders(name: str, node: Node) -> Iterator[tuple[str, Scalar]]:
    if isinstance(node, Scalar):
        if is_placeholder(node.text):
            yield name, node
    elif isinstance(node, Sequence):
        for index, item in enumerate(node.items):
            yield from _placeholders(f"{name}.{index}", item)
    elif isinstance(node, Mapping):
        for key, field in node.fields.items():
            yield from _placeholders(f"{name}.{key}", field)


def _of_field(position: Position, name: str, node: Scalar, diagnostics: list[Diagnostic]) -> Slot:
    field = name.removeprefix(f"{name_of(position)}.")
    what = f"the field {shown(field)}"
    rule = _rule(what, node, diagnostics)
    return Slot(name, what, "String", rule, rule.default if rule else None, False, node.location, node, position)


def _of_variable(position: Position, variable: Variable, diagnostics: list[Diagnostic]) -> Slot:
    name = name_of(position, variable.name)
    what = f"the variable {shown(name)}"
    rule = _rule(what, variable.value, diagnostics)
    fixed = None if variable.value.value is None else variable.value.text
    if rule is not None:
        otherwise = variable.default.text if variable.default else None
        fixed = otherwise if rule.default is None else rule.default
    required, where = variable.required, variable.location
    return Slot(name, what, variable.type, rule, fixed, required, where, variable.value, position)


def _rule(what: str, node: Scalar, diagnostics: list[Diagnostic]) -> Rule | None:
    try:
        return parse(node.text)
    except ValueError as error:
        diagnostics.append(Diagnostic(f"In {what}, {error}.", node.location))
        return Rule()
