"""Checks the specs of Run and Plugin, which no declaration of a step checks: what is written there, and its shape."""

from __future__ import annotations

import re
from collections.abc import Iterator

from common.diagnostics import Diagnostic, choice, suggestion
from common.document import Mapping, Node, Scalar, Sequence, is_nothing
from common.errors import shown
from runner.language import quantity, schema
from runner.language.pipeline import Step
from runner.language.pipeline.reading import SHELL_VARIABLE, VARIABLE_NAME
from runner.language.step_types import StepKind

SHELLS = ("Sh", "Bash", "Powershell", "Pwsh", "Python")
OUTPUT_TYPES = ("String", "Number", "Secret")
OUTPUT = dict.fromkeys(("name", "type", "value"), schema.RUN)
SHAPES: dict[str, tuple[tuple[type[Node], ...], str]] = {
    "string": ((Scalar,), "a text"),
    "map": ((Mapping,), "a map"),
    "list": ((Sequence,), "a list"),
    "words": ((Scalar, Sequence), "a text or a list"),
}
# Kubernetes, docs of EnvVar: what every container runtime takes as the name of a variable.
VARIABLE = re.compile(r"[-._a-zA-Z][-._a-zA-Z0-9]*")
WORDS = {  # field -> what it has to match, what it can be
    "runAsUser": (re.compile(r"\d{1,10}"), "the number of a user"),
    "privileged": (re.compile(r"true|false", re.IGNORECASE), "true or false"),
    "imagePullPolicy": (re.compile(r"Always|IfNotPresent|Never"), "Always, IfNotPresent or Never"),
}


def check(step: Step, kind: StepKind, of: str) -> Iterator[Diagnostic]:
    """Tell what is wrong with the values of a spec that are no expressions; `of` is how complaints call it."""
    fields = step.spec.fields
    for declared in kind.inputs:
        node = fields.get(declared.field)
        shape, called = SHAPES[declared.type]
        if node is not None and not (isinstance(node, shape) or is_nothing(node) or _is_open(node)):
            where = step.spec.location_of(declared.field)
            yield Diagnostic(f"The field {declared.field!r} of {of} has to be {called}.", where)
    for name, (form, called) in WORDS.items():
        node = fields.get(name)
        if isinstance(node, Scalar) and node.text and not _is_open(node) and not form.fullmatch(node.text):
            yield Diagnostic(f"The {name} {shown(node.text)} of {of} has to be {called}.", node.location)
    yield from _shell(fields.get("shell"), of)
    yield from _variables(fields.get("envVariables"), of)
    yield from _outputs(fields.get("outputVariables"), of)


def limits(step: Step, of: str) -> Iterator[Diagnostic]:
    """Tell what is wrong with the limits of a step's container."""
    resources = step.spec.fields.get("resources")
    asked = resources.fields.get("limits") if isinstance(resources, Mapping) else resources
    if asked is None or is_nothing(asked) or _is_open(asked):
        return
    if not isinstance(asked, Mapping):
        yield Diagnostic(f"'resources' in {of} has to be a map with limits, which has memory and cpu.", asked.location)
        return
    for name, node in asked.fields.items():
        text = node.text if isinstance(node, Scalar) else ""
        if name not in ("memory", "cpu"):
            near = suggestion(name, ("memory", "cpu"))
            yield Diagnostic(f"Unknown field {shown(name)} in the limits of {of}.{near}", asked.keys[name])
        elif not is_nothing(node) and not _is_open(node) and quantity.read(text) is None:
            yield Diagnostic(f"The limit {name} of {of} is no quantity. {quantity.ADVICE}", node.location)


def _is_open(node: Node) -> bool:
    """Tell whether a value is known only later."""
    return isinstance(node, Scalar) and "<+" in node.text


def _shell(node: Node | None, of: str) -> Iterator[Diagnostic]:
    if isinstance(node, Scalar) and node.text and not _is_open(node) and node.text not in SHELLS:
        near = suggestion(node.text, SHELLS)
        yield Diagnostic(f"The shell {shown(node.text)} in {of} can be {choice(SHELLS)}.{near}", node.location)


def _variables(node: Node | None, of: str) -> Iterator[Diagnostic]:
    if not isinstance(node, Mapping):
        return
    for name, value in node.fields.items():
        if not VARIABLE.fullmatch(name):
            yield Diagnostic(f"{shown(name)} in 'envVariables' of {of} is no name of a variable.", node.keys[name])
        if not isinstance(value, Scalar):
            yield Diagnostic(f"The value of {shown(name)} in 'envVariables' of {of} has to be a text.", value.location)


def _outputs(node: Node | None, of: str) -> Iterator[Diagnostic]:
    for item in node.items if isinstance(node, Sequence) else ():
        if not isinstance(item, Mapping):
            yield Diagnostic(f"An entry of 'outputVariables' in {of} has to be a map with name.", item.location)
            continue
        yield from schema.check(item, OUTPUT, f"'outputVariables' in {of}")
        name, variable, kind = (item.text(field) for field in ("name", "value", "type"))
        if not VARIABLE_NAME.fullmatch(name):
            yield Diagnostic(f"{shown(name)} in 'outputVariables' of {of} is no name.", item.location_of("name"))
        elif "<+" not in variable and not SHELL_VARIABLE.fullmatch(variable or name):
            where = item.location_of("value" if variable else "name")
            told = f"{shown(variable or name)} in 'outputVariables' of {of} is no name of a variable in a shell."
            yield Diagnostic(f"{told} Name the variable of the command as its 'value'.", where)
        if kind and kind not in OUTPUT_TYPES:
            known = f"it can be {choice(OUTPUT_TYPES)}.{suggestion(kind, OUTPUT_TYPES)}"
            yield Diagnostic(f"The type {shown(kind)} of an output of {of}: {known}", item.location_of("type"))
