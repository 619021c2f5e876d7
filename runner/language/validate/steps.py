"""Checks the spec of a step: its fields against the step's own declaration."""

from __future__ import annotations

from common.diagnostics import Diagnostic, choice, listed, suggestion
from common.document import Mapping, is_nothing
from common.errors import shown
from runner.language import schema, step_types
from runner.language.pipeline import Step
from runner.language.step_types import StepKind
from runner.language.validate import commands


def check(step: Step) -> list[Diagnostic]:
    """Tell what is wrong with a step's type and the fields of its spec."""
    known = step_types.known()
    if not step.type:
        return []
    if step.type not in known:
        supported = f"the supported ones are {listed(known)}."
        if step.type in schema.OTHER_STEP_TYPES:
            text = f"Steps of the type {step.type!r} work on the platform but are not run here yet; {supported}"
        else:
            text = f"Unknown step type {shown(step.type)}; {supported}{suggestion(step.type, known)}"
        return [Diagnostic(text, step.location)]
    kind = step_types.kind(step.type)
    of = f"the spec of the step {shown(step.identifier)} ({step.type})"
    beside = schema.SPEC_BESIDE_INPUTS | schema.OF_CONTAINERS.get(step.type, frozenset())
    allowed = [*kind.spec, *sorted(beside - kind.spec.keys())]
    faults: list[Diagnostic] = []
    for name in step.spec.fields:
        if name not in allowed:
            near = suggestion(name, allowed) or f" It can hold {listed(allowed)}."
            faults.append(Diagnostic(f"Unknown field {shown(name)} in {of}.{near}", step.spec.keys[name]))
    faults += [
        Diagnostic(f"The field {name!r} is missing in {of}.", step.spec.location) for name in _missing(step, kind)
    ]
    host = step.spec.text("connectorType")
    if kind.uses_connector() and host and "<+" not in host:
        hosts = step_types.connector_types(step.type)  # only now: it loads every host
        if host.lower() not in (name.lower() for name in hosts):
            text = f"The connector type {shown(host)} in {of} is not supported; it can be {choice(hosts)}."
            faults.append(Diagnostic(text, step.spec.location_of("connectorType")))
    if kind.type == step_types.PLUGIN and "uses" in step.spec.fields and "image" not in step.spec.fields:
        text = f"'uses' in {of} names an action that the platform runs without a container, which is not done here."
        faults.append(Diagnostic(f"{text} Name an image that does the same.", step.spec.keys["uses"]))
    faults += commands.limits(step, of)
    return faults if kind.module else [*faults, *commands.check(step, kind, of)]


def without_effect(step: Step) -> list[str]:
    """Name the fields of a step's spec that are there and have no effect here."""
    fields = step.spec.fields
    found = [name for name in schema.SPEC_IGNORED.get(step.type, ()) if name in fields and not is_nothing(fields[name])]
    resources = fields.get("resources")
    requests = isinstance(resources, Mapping) and "requests" in resources.fields
    return [*found, *(["resources.requests"] if requests else [])]


def for_engines(step: Step) -> list[str]:
    """Name the fields of a step's spec that only a container engine has a use for."""
    return [name for name in schema.FOR_ENGINES if name in step.spec.fields and not is_nothing(step.spec.fields[name])]


def _missing(step: Step, kind: StepKind) -> list[str]:
    given = step.spec.fields.keys()
    required = [declared for declared in kind.inputs if declared.spec and declared.required]
    missing = [declared.field for declared in required if not {declared.field, *declared.aliases} & given]
    if kind.type == step_types.PLUGIN and "uses" in given:  # which is told in words of its own
        missing = []
    harness_code = kind.in_harness_code(step.spec.text("connectorType"))
    if kind.uses_connector() and "connectorRef" not in given and not harness_code:
        missing.append("connectorRef")
    return list(dict.fromkeys(missing))
