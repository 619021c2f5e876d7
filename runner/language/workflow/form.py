"""Checks the parameters of a workflow as its form would: by the JSON schema of each page, with what depends on what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from common.diagnostics import Diagnostic, listed, suggestion
from common.document import Unreadable, plain
from common.errors import shown
from runner.language.expressions import regular
from runner.language.expressions.values import Failed
from runner.language.inputs import Given
from runner.language.workflow import Workflow

HINTS = "ui:"  # how the portal draws a field; that changes nothing of its value
ALTERNATIVES = ("oneOf", "anyOf", "not")


def fill(workflow: Workflow, given: Mapping[str, Given]) -> tuple[dict[str, Any], list[Diagnostic]]:
    """Give the value of every parameter, and what the form would complain of."""
    faults: list[Diagnostic] = []
    values = {name: schema["default"] for name, schema in workflow.properties().items() if "default" in (schema or {})}
    values |= {name: _typed(value.text, _schema_of(workflow, name)) for name, value in given.items()}
    for page in workflow.pages:
        faults += [Diagnostic(text) for text in _complaints(page, values)]
    known = {name for page in workflow.pages for name in _names(page)}
    for name, value in given.items():
        if name not in known:
            near = suggestion(name, known) or f" It has {listed(sorted(known))}."
            faults.append(Diagnostic(f"The workflow has no parameter {shown(name)}.{near}", value.location))
    return values, faults


def _names(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        yield from node.get("properties") or {}
    for inner in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _names(inner)


def _schema_of(workflow: Workflow, name: str) -> Any:
    """Give the schema of a parameter, wherever on the pages it stands."""
    waiting: list[Any] = list(workflow.pages)
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, dict):
            properties = node.get("properties")
            if isinstance(properties, dict) and isinstance(properties.get(name), dict):
                return properties[name]
            waiting += node.values()
        elif isinstance(node, list):
            waiting += node
    return {}


def _typed(text: str, schema: Any) -> Any:
    """Read a text as what the parameter is: a text stays one."""
    kind = schema.get("type") if isinstance(schema, dict) else None
    if kind in (None, "string"):
        return text
    try:
        value = plain.of_text(text)
    except Unreadable:
        return text
    if kind == "array" and not isinstance(value, list):
        return [part.strip() for part in text.split(",")]
    return value


def _complaints(page: dict[str, Any], values: Mapping[str, Any]) -> Iterator[str]:
    import jsonschema

    extend: Any = jsonschema.validators.extend  # its types are not declared
    validator = extend(jsonschema.Draft7Validator, {"pattern": _pattern})
    try:
        validator.check_schema(page)
        for outer in validator(page).iter_errors(dict(values)):
            error = _nearest(outer)
            name = ".".join(map(str, error.absolute_path))
            whose = f"The parameter {shown(name)}: " if name else "The parameters: "
            yield f"{whose}{_message(error)}."
    except jsonschema.SchemaError as error:
        yield f"The form of the workflow is no JSON schema: {shown(error.message, quotes=False)}."
    except RecursionError:
        yield "The form of the workflow refers to itself."


def _nearest(error: Any) -> Any:
    """Give what is wrong in the alternative that was meant: the one whose choices the values have."""
    branches: dict[Any, list[Any]] = {}
    for inner in error.context or ():
        branches.setdefault(inner.relative_schema_path[0], []).append(inner)
    meant = [found for found in branches.values() if all(one.validator not in ("enum", "const") for one in found)]
    return _nearest(meant[0][0]) if meant else error


def _message(error: Any) -> str:
    """Give the message of an error, without the value of what the form hides, or of everything."""
    hidden = isinstance(error.schema, dict) and error.schema.get(f"{HINTS}widget") == "password"
    if hidden or (not error.absolute_path and error.validator in ALTERNATIVES):
        return "the value is not allowed" if hidden else "their values do not fit together"
    return shown(error.message, quotes=False)


def _pattern(_validator: Any, pattern: Any, instance: Any, _schema: Any) -> Iterator[Any]:
    """Check a pattern in linear time; one that RE2 does not take is left to the portal."""
    import jsonschema

    if not (isinstance(pattern, str) and isinstance(instance, str)):
        return
    try:
        if regular.first(pattern, instance) is None:
            yield jsonschema.ValidationError(f"{instance!r} does not match {pattern!r}")
    except regular.NotSupported:
        return
    except Failed as reason:
        yield jsonschema.ValidationError(str(reason).removesuffix("."))
