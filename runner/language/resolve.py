"""What expressions mean during a run: variables, outputs of earlier steps, facts of the pipeline and its execution."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from common import document
from common.document import Node, Scalar, ScalarValue
from common.errors import BadInput
from runner.language import expressions
from runner.language.expressions import Expression, NotBuilt, Reference, Resolver, SecretReference, Value
from runner.language.inputs import Values, parse_input
from runner.language.pipeline import Stage, Step

LATER = "known-later"  # stands for an output while nothing has run yet

Resolved = ScalarValue | SecretReference | list["Resolved"] | dict[str, "Resolved"]
Outputs = Mapping[tuple[str, str], Mapping[str, str]]  # (stage, step) -> its outputs


@dataclass(frozen=True)
class Scope:
    """`outputs` is None before the run; `unresolved` is told of an expression without a value, and where it stands."""

    values: Values
    facts: Mapping[str, str]
    outputs: Outputs | None
    reveal: Callable[[str], str]
    unresolved: Callable[[Expression, Scalar], None]


def spec(scope: Scope, stage: Stage, step: Step) -> dict[str, Resolved]:
    """Give a step's spec with every expression resolved. A field whose whole value has none is left out."""
    found: dict[str, Resolved] = {}
    for name, node in step.spec.fields.items():
        slot = f"{stage.identifier}.{step.identifier}.{name}"
        value: Resolved
        if isinstance(node, Scalar) and parse_input(node.text) is not None:
            value = _LookUp(scope, node, stage, step).resolve(scope.values.texts.get(slot) or "", ())
        else:
            value = _node(scope, node, stage, step)
        if value is not None:
            found[name] = value
    return found


def variable(scope: Scope, stage: Stage, slot: str) -> Value:
    """Give the value of a variable by the name of its slot."""
    return _LookUp(scope, scope.values.slots[slot].node, stage, None).variable(slot, ())


def _node(scope: Scope, node: Node, stage: Stage, step: Step) -> Resolved:
    if isinstance(node, document.Sequence):
        return [_node(scope, item, stage, step) for item in node.items]
    if isinstance(node, document.Mapping):
        return {
            name: _node(scope, field, stage, step) for name, field in node.fields.items() if name != "__uuid"
        }  # the platform's own mark, which it removes too
    if not isinstance(node.value, str):
        return node.value
    return _LookUp(scope, node, stage, step).resolve(node.text, ())


@dataclass(frozen=True)
class _LookUp:
    """Finds values for the text of one scalar."""

    scope: Scope
    node: Scalar
    stage: Stage
    step: Step | None

    def resolve(self, text: str, within: tuple[str, ...]) -> Value:
        resolver = Resolver(
            look_up=lambda reference: self.value(reference, within),
            reveal=self.scope.reveal,
            unresolved=lambda expression: self.scope.unresolved(expression, self.node),
        )
        try:
            return expressions.resolve(text, resolver)
        except NotBuilt as reason:
            raise BadInput(f"{self.node.location}: An expression in this value {reason}.") from reason
        except expressions.Unknown as reason:
            raise BadInput(f"{self.node.location}: In this value, {reason}") from reason

    def value(self, reference: Reference, within: tuple[str, ...]) -> Value:
        stage = reference.stage or self.stage.identifier
        match reference.kind:
            case "pipeline variable":
                return self.variable(reference.name, within)
            case "stage variable":
                return self.variable(f"{stage}.{reference.name}", within)
            case "output":
                if self.scope.outputs is None:
                    return LATER
                return self.scope.outputs.get((stage, reference.step or ""), {}).get(reference.name)
            case "secret":
                return SecretReference(reference.name)
        return self.fact(reference.path)

    def variable(self, slot: str, within: tuple[str, ...]) -> Value:
        text = self.scope.values.texts.get(slot)
        if text is None:
            return None
        if slot in within:
            circle = " -> ".join((*within[within.index(slot) :], slot))
            raise BadInput(
                f"The variables {circle} refer to each other in a circle.", next_step="Give one of them a value."
            )
        declared = self.scope.values.slots[slot]
        owner = declared.stage or self.stage
        value = replace(self, node=declared.node, stage=owner).resolve(text, (*within, slot))
        if declared.type == "Secret" and isinstance(value, str) and value:
            return SecretReference(value)
        return value

    def fact(self, path: str) -> Value:
        own = {"stage.name": self.stage.name, "stage.identifier": self.stage.identifier, "stage.type": "IDP"}
        if self.step is not None:
            own |= {"step.name": self.step.name, "step.identifier": self.step.identifier, "step.type": self.step.type}
        return own.get(path) or self.scope.facts.get(path)
