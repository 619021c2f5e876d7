"""Reads values from outside: --set, maps of names to values, and the platform's input sets and overlays of them."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence as Several
from pathlib import Path

from common.diagnostics import Diagnostic, suggestion
from common.document import Mapping, Node, Scalar, Sequence, is_nothing, reader
from common.errors import BadInput, shown
from runner.language.inputs import Given
from runner.language.pipeline import IDP

SET, OVERLAY = "inputSet", "overlayInputSet"


def parse_settings(settings: Several[str]) -> tuple[dict[str, Given], list[Diagnostic]]:
    """Read the arguments of --set."""
    given: dict[str, Given] = {}
    diagnostics: list[Diagnostic] = []
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals or not name.strip():
            wrong = f"not {shown(name)}" if name.strip() else "and the name is missing"
            diagnostics.append(Diagnostic(f"--set needs name=value, {wrong}."))
        given[name.strip()] = Given(text)
    return given, diagnostics


def read(file: Path) -> tuple[dict[str, Given], list[Diagnostic]]:
    """Read a file of values, whichever of the three it is. Raises Invalid or BadInput."""
    root = reader.read(file)
    if isinstance(root, Mapping):
        if SET in root.fields:
            return _input_set(root.fields[SET])
        if OVERLAY in root.fields:
            return _overlay(root.fields[OVERLAY], file)
    return parse_inputs(root)


def parse_inputs(root: Node) -> tuple[dict[str, Given], list[Diagnostic]]:
    """Read a map from names to texts, numbers or booleans."""
    if is_nothing(root):
        return {}, []
    if not isinstance(root, Mapping):
        return {}, [Diagnostic("An inputs file has to be a map of names to values.", root.location)]
    diagnostics = [
        Diagnostic(f"The value of {shown(name)} has to be a text, a number or a boolean.", node.location)
        for name, node in root.fields.items()
        if not isinstance(node, Scalar)
    ]
    scalars = {name: node for name, node in root.fields.items() if isinstance(node, Scalar)}
    return {name: Given(node.text, node.location) for name, node in scalars.items()}, diagnostics


def _input_set(node: Node) -> tuple[dict[str, Given], list[Diagnostic]]:
    pipeline = node.fields.get("pipeline") if isinstance(node, Mapping) else None
    if not isinstance(pipeline, Mapping):
        return {}, [Diagnostic("An input set has to hold a map 'pipeline'.", node.location)]
    found = {**dict(_variables("", pipeline)), **dict(_timeout("", pipeline))}
    for wrapper in _entries(pipeline.fields.get("stages")):
        for stage in _inside(wrapper, ("stage",)):
            own = f"{stage.text('identifier')}."
            found |= _variables(own, stage)
            if stage.text("type") not in ("", IDP):  # its steps are not run, so they take no values
                continue
            found |= _timeout(own, stage)
            spec = stage.fields.get("spec")
            execution = spec.fields.get("execution") if isinstance(spec, Mapping) else None
            if isinstance(execution, Mapping):
                found |= _steps(own, execution)
    return found, []


def _steps(prefix: str, owner: Mapping) -> Iterator[tuple[str, Given]]:
    for wrapper in _entries(owner.fields.get("steps")):
        for node in _inside(wrapper, ("step", "stepGroup", "insert")):
            own = f"{prefix}{node.text('identifier')}."
            yield from _variables(own, node)
            yield from _steps(prefix if "insert" in getattr(wrapper, "fields", {}) else own, node)
            yield from _fields(own, node.fields.get("spec"))
            yield from _timeout(own, node)


def _timeout(prefix: str, owner: Mapping) -> Iterator[tuple[str, Given]]:
    node = owner.fields.get("timeout")
    if isinstance(node, Scalar):
        yield f"{prefix}timeout", Given(node.text, node.location)


def _fields(prefix: str, node: Node | None) -> Iterator[tuple[str, Given]]:
    inner: list[tuple[str, Node]] = []
    if isinstance(node, Mapping):
        inner = list(node.fields.items())
    elif isinstance(node, Sequence):
        inner = [(str(index), item) for index, item in enumerate(node.items)]
    for name, value in inner:
        if isinstance(value, Scalar):
            yield f"{prefix}{name}", Given(value.text, value.location)
        else:
            yield from _fields(f"{prefix}{name}.", value)


def _variables(prefix: str, owner: Mapping) -> Iterator[tuple[str, Given]]:
    for node in _entries(owner.fields.get("variables")):
        if isinstance(node, Mapping) and isinstance(value := node.fields.get("value"), Scalar):
            yield f"{prefix}{node.text('name')}", Given(value.text, value.location)


def _entries(node: Node | None) -> tuple[Node, ...]:
    return node.items if isinstance(node, Sequence) else ()


def _inside(wrapper: Node, names: tuple[str, ...]) -> Iterator[Mapping]:
    """Give what the entry of a list holds, also what is in a parallel part of it."""
    if not isinstance(wrapper, Mapping):
        return
    for inner in _entries(wrapper.fields.get("parallel")):
        yield from _inside(inner, names)
    for name in names:
        node = wrapper.fields.get(name)
        if isinstance(node, Mapping):
            yield node


def _overlay(node: Node, file: Path) -> tuple[dict[str, Given], list[Diagnostic]]:
    """Read the input sets that an overlay names, from the files beside it; a later one goes before an earlier."""
    names = node.fields.get("inputSetReferences") if isinstance(node, Mapping) else None
    if not isinstance(names, Sequence) or not names.items:
        return {}, [Diagnostic("An overlay has to hold a list 'inputSetReferences'.", node.location)]
    beside = _input_sets(file)
    found: dict[str, Given] = {}
    faults: list[Diagnostic] = []
    for item in names.items:
        name = item.text if isinstance(item, Scalar) else ""
        if name not in beside:
            near = suggestion(name, beside)
            text = f"There is no input set {shown(name)} beside this file; it needs inputSet: identifier.{near}"
            faults.append(Diagnostic(text, item.location))
            continue
        values, more = _input_set(beside[name])
        found |= values
        faults += more
    return found, faults


def _input_sets(file: Path) -> dict[str, Node]:
    found: dict[str, Node] = {}
    for path in sorted([*file.parent.glob("*.yaml"), *file.parent.glob("*.yml")]):
        try:
            root = reader.read(path)
        except BadInput:  # other files are no concern of this one
            continue
        inner = root.fields.get(SET) if isinstance(root, Mapping) else None
        if isinstance(inner, Mapping):
            found[inner.text("identifier")] = inner
    return found
