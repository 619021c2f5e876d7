"""Resolves the texts of a pipeline: variables, the specs of steps, conditions and time-outs.

A value that comes from a variable or an output is data: expressions in it are text. Only what stands in the document,
or was given for a place in it, is scanned.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TypeAlias, cast

from common import document
from common.diagnostics import suggestion
from common.document import Node, Scalar, ScalarValue
from common.errors import BadInput, shown
from runner.language import roots
from runner.language.expressions import evaluate
from runner.language.expressions.evaluate import Names
from runner.language.expressions.scanner import Malformed
from runner.language.expressions.values import Absent, Found, Json, Later, SecretReference
from runner.language.inputs.placeholder import is_placeholder
from runner.language.inputs.slots import name_of
from runner.language.pipeline import Position
from runner.language.scope import Scope

LATER = "known-later"  # stands in a spec for what is only known when the pipeline runs
SECONDS = 1.0  # of a processor, for one text during a run

Resolved = ScalarValue | SecretReference | list["Resolved"] | dict[str, "Resolved"]


def spec(scope: Scope, position: Position) -> dict[str, Resolved]:
    """Give a step's spec with every expression resolved. A field whose whole value has none is left out."""
    if position.step is None:
        return {}
    found = {
        name: _node(scope, position, f"{name_of(position)}.{name}", node, ())
        for name, node in position.step.spec.fields.items()
    }
    return {name: _settled(value) for name, value in found.items() if value is not None}


def variable(scope: Scope, position: Position, slot: str) -> Found:
    """Give the value of a variable by the name of its slot."""
    with _text(scope, scope.values.slots[slot].node, position) as text:
        return text.variable(slot)


def condition(scope: Scope, position: Position, node: Scalar) -> bool | Later:
    """Tell whether a condition holds. Raises BadInput."""
    with _text(scope, node, position) as text:
        return evaluate.condition(node.text, text.names())


def text(scope: Scope, position: Position, node: Scalar, slot: str = "") -> Found:
    """Give the value of a text; of a placeholder, that which takes its place. Raises BadInput."""
    source = node.text
    if is_placeholder(source):
        source = scope.values.texts.get(slot) or ""
    with _text(scope, node, position) as found:
        return found.resolve(source)


@contextmanager
def _text(scope: Scope, node: Scalar, position: Position, within: tuple[object, ...] = ()) -> Iterator[_Text]:
    try:
        yield _Text(scope, node, position, within)
    except Malformed as reason:
        raise BadInput(f"{node.location}: In this value, {reason}") from reason


_Tree: TypeAlias = "ScalarValue | SecretReference | Later | list[_Tree] | dict[str, _Tree]"  # as far as it is known


def _node(scope: Scope, position: Position, slot: str, node: Node, within: tuple[object, ...]) -> _Tree:
    if isinstance(node, document.Sequence):
        return [_node(scope, position, f"{slot}.{index}", item, within) for index, item in enumerate(node.items)]
    if isinstance(node, document.Mapping):
        return {
            name: _node(scope, position, f"{slot}.{name}", field, within)
            for name, field in node.fields.items()
            if name != "__uuid"  # the platform's own mark, which it removes too
        }
    if not isinstance(node.value, str):
        return node.value
    source = (scope.values.texts.get(slot) or "") if is_placeholder(node.text) else node.text
    if "<+" not in source:
        return source
    with _text(scope, node, position, within) as text:
        return cast("_Tree", text.resolve(source))  # JSON's values are among them


def _settled(value: object) -> Resolved:
    """Put the word for what is known later into a spec."""
    if isinstance(value, Later):
        return LATER
    if isinstance(value, list):
        return [_settled(item) for item in value]
    if isinstance(value, dict):
        return {name: _settled(item) for name, item in value.items()}
    return value  # type: ignore[return-value]


@dataclass(frozen=True)
class _Text:
    """One scalar that is being resolved. `within`: the variables and fields that led here, to see a circle."""

    scope: Scope
    node: Scalar
    position: Position
    within: tuple[object, ...] = ()
    known: dict[str, Found] = field(default_factory=dict)
    """The variables that this text has needed already: two that each stand in the next twice would be worked out
    again and again."""

    def names(self) -> Names:
        due = self.scope.due
        return Names(
            root=lambda name: roots.root(self, name),
            reveal=self.scope.reveal,
            null=lambda expression, reason: self.scope.null(expression, self.node, reason),
            failed=lambda expression, reason: self.scope.failed(expression, self.node, reason),
            due=time.thread_time() + SECONDS if due == float("inf") else due,
        )

    def resolve(self, source: str) -> Json | SecretReference | Later:
        return evaluate.text(source, self.names())

    def variable(self, slot: str) -> Found:
        if slot in self.within:
            circle = " -> ".join(map(str, (*self.within[self.within.index(slot) :], slot)))
            raise BadInput(
                f"The variables {circle} refer to each other in a circle.", next_step="Give one of them a value."
            )
        declared = self.scope.values.slots[slot]
        source = self.scope.values.texts.get(slot)
        if source is None:
            if declared.rule is not None and self.scope.progress is None:
                return Later()
            return Absent(f"{declared.what} has no value.")
        if "<+" not in source:
            value: Found = source
        elif slot in self.known:
            value = self.known[slot]
        else:
            owner = declared.position if declared.position.stage is not None else self.position
            inner = replace(self, node=declared.node, position=owner, within=(*self.within, slot))
            value = self.known[slot] = inner.resolve(source)
        if value is None:
            return Absent(f"{declared.what} is null.")
        if declared.type == "Secret" and isinstance(value, str) and value:
            return SecretReference(value)
        return value

    def field(self, position: Position, name: str) -> Found:
        """Give a field of a step's spec, as that step has it."""
        step = position.step
        if step is None or name not in step.spec.fields:
            fields = step.spec.fields if step else {}
            return Absent(
                f"the step {step.identifier if step else ''!r} has no field {shown(name)}.{suggestion(name, fields)}"
            )
        asked = (*step.path, name)
        if asked in self.within:
            raise BadInput(f"{self.node.location}: The field {shown(name)} of {step.identifier!r} refers to itself.")
        node, slot = step.spec.fields[name], f"{name_of(position)}.{name}"
        value = _node(self.scope, position, slot, node, (*self.within, asked))
        return Absent(f"the field {name!r} of {step.identifier!r} is null.") if value is None else _whole(value)


def _whole(value: object) -> Found:
    """Give the value of a field as one that an expression can have: nothing of later, and no secret, inside."""
    if isinstance(value, list | dict):
        for item in value if isinstance(value, list) else list(value.values()):
            inner = _whole(item)
            if isinstance(inner, Later | Absent):
                return inner
            if isinstance(inner, SecretReference):
                return Absent("a secret stands in it.")
    return value  # type: ignore[return-value]
