"""Checks a pipeline before anything runs: what each step's spec holds, and where every expression points to.

What would fail on the platform is a fault. What the platform silently takes as null is a warning.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from runner.language import document, expressions, inputs, pipeline, schema, step_types
from runner.language.diagnostics import Diagnostic, Faulty, Location, choice, in_order, listed, suggestion
from runner.language.document import Text
from runner.language.expressions import Expression, NotBuilt, Reference, Unknown
from runner.language.pipeline import Pipeline, Stage, Step


@dataclass(frozen=True)
class Checked:
    """A pipeline without faults. `warnings` name what will be null."""

    pipeline: Pipeline
    warnings: tuple[Diagnostic, ...]


def validated(path: Path) -> Checked:
    """Read and check a pipeline file. Raises Faulty with everything that is wrong."""
    checked, faults = examined(path)
    if faults:
        raise Faulty(faults)
    return checked


def examined(path: Path) -> tuple[Checked, list[Diagnostic]]:
    """Read and check a pipeline file, and give what is wrong with it."""
    root = document.read(path)
    found, faults = pipeline.load(root, str(path))
    warnings: list[Diagnostic] = []
    faults += inputs.slots(found)[1]
    for stage, step in found.steps():
        faults += _check_step(step)
        for text in document.texts(step.spec):
            _check_text(text, _Reader(found, stage, step), faults, warnings)
    for variable in found.variables:
        for text in filter(None, (variable.value, variable.default)):
            _check_text(text, _Reader(found, None, None), faults, warnings)
    for stage in found.stages:
        for variable in stage.variables:
            _check_text(variable.value, _Reader(found, stage, None), faults, warnings)
    return Checked(found, tuple(in_order(warnings))), in_order(faults)


def _check_step(step: Step) -> list[Diagnostic]:
    if not step.type:
        return []
    known = step_types.types()
    if step.type in schema.OTHER_STEP_TYPES and step.type not in known:
        text = f"Steps of the type {step.type!r} work on the platform but are not run here yet; {_supported(known)}"
        return [Diagnostic(text, step.location)]
    if step.type not in known:
        text = f"Unknown step type {step.type!r}; {_supported(known)}{suggestion(step.type, known)}"
        return [Diagnostic(text, step.location)]
    kind = step_types.kind(step.type)
    of = f"the spec of the step {step.identifier!r} ({step.type})"
    allowed = [*kind.spec, *sorted(schema.SPEC_BESIDE_INPUTS - kind.spec.keys())]
    faults = [
        Diagnostic(
            f"Unknown field {name!r} in {of}.{suggestion(name, allowed) or f' It can hold {listed(allowed)}.'}",
            step.spec.keys[name],
        )
        for name in step.spec.fields
        if name not in allowed
    ]
    required = [one for one in kind.spec.values() if one.required]
    missing = [one.field for one in required if not {one.field, *one.aliases} & step.spec.fields.keys()]
    host = step.spec.text("connectorType")
    if kind.uses_connector() and "connectorRef" not in step.spec.fields and host != "Harness":
        missing.append("connectorRef")
    hosts = step_types.connector_types()
    if kind.uses_connector() and host and "<+" not in host and host.lower() not in (name.lower() for name in hosts):
        text = f"The connector type {host!r} in {of} is not supported; it can be {choice(hosts)}."
        faults.append(Diagnostic(text, step.spec.location_of("connectorType")))
    return faults + [
        Diagnostic(f"The field {name!r} is missing in {of}.", step.spec.location) for name in dict.fromkeys(missing)
    ]


def _supported(known: Iterable[str]) -> str:
    return f"the supported ones are {listed(list(known))}."


@dataclass(frozen=True)
class _Reader:
    """Who reads an expression: the step whose spec holds it, or the owner of a variable."""

    pipeline: Pipeline
    stage: Stage | None
    step: Step | None


def _check_text(text: Text, reader: _Reader, faults: list[Diagnostic], warnings: list[Diagnostic]) -> None:
    if text.text.strip().startswith(inputs.PLACEHOLDER):
        if reader.step is not None and not any(text is node for node in reader.step.spec.fields.values()):
            what = f"{inputs.PLACEHOLDER} inside a list or map is not run here yet; put it into a variable."
            faults.append(Diagnostic(what, text.location))
        return
    try:
        found = expressions.expressions(expressions.scan(text.text))
    except Unknown as reason:
        faults.append(Diagnostic(f"In this text, {reason}", text.location))
        return
    counts: dict[str, int] = {}
    for expression in found:
        count = counts[expression.raw] = counts.get(expression.raw, -1) + 1
        location = document.location_within(text, expression.raw, count)
        _check_expression(expression, reader, location, faults, warnings)


def _check_expression(
    expression: Expression, reader: _Reader, location: Location, faults: list[Diagnostic], warnings: list[Diagnostic]
) -> None:
    nested = any(isinstance(part, Expression) for part in expression.body)
    path = "".join(part if isinstance(part, str) else "nested" for part in expression.body)
    if expressions.is_left_alone(path):
        return
    if expressions.is_input(expression):
        text = f"{inputs.PLACEHOLDER} has to be the whole value; put it into a variable and refer to that."
        faults.append(Diagnostic(text, location))
        return
    try:
        reference = expressions.parse(path)
    except NotBuilt as reason:
        text = f"The expression {expression.raw} {reason}; write it without to run this pipeline locally."
        faults.append(Diagnostic(text, location))
        return
    except Unknown as reason:
        if not nested:
            faults.append(Diagnostic(f"In the expression {expression.raw}, {reason}", location))
        return
    if nested:  # where it points to is only known when it runs
        return
    fault, warning = _CHECKS.get(reference.kind, _nothing_to_say)(reference, reader)
    if fault:
        faults.append(Diagnostic(f"The expression {expression.raw} {fault}", location))
    if warning:
        warnings.append(Diagnostic(f"The expression {expression.raw} is null: {warning}", location))


def _nothing_to_say(_reference: Reference, _reader: _Reader) -> tuple[str, str]:
    return "", ""


def _no_such_stage(named: str, stages: Sequence[str]) -> str:
    return f"refers to the stage {named!r}, but there is only {listed(stages)}.{suggestion(named, stages)}"


def _check_output(reference: Reference, reader: _Reader) -> tuple[str, str]:
    stages = {stage.identifier: stage for stage in reader.pipeline.stages}
    if reference.stage is not None and reference.stage not in stages:
        return _no_such_stage(reference.stage, list(stages)), ""
    stage = stages[reference.stage] if reference.stage else reader.stage
    step_id = reference.step or ""
    if stage is None:
        return "stands outside of a stage, so it has to name one: pipeline.stages.<stage>.spec.execution.steps...", ""
    there = {step.identifier: step for step in stage.steps}
    if step_id not in there:
        known = listed(list(there))
        return (
            f"refers to the step {step_id!r}, which the stage {stage.identifier!r} does not have; "
            f"its steps are {known}.{suggestion(step_id, there)}"
        ), ""
    order = [(one.identifier, step.identifier) for one, step in reader.pipeline.steps()]
    if reader.step is not None and reader.stage is not None:
        here = order.index((reader.stage.identifier, reader.step.identifier))
        if order.index((stage.identifier, step_id)) >= here:
            return "", f"the step {step_id!r} does not run before this one."
    kind = there[step_id].type
    if kind in step_types.types() and reference.name not in step_types.kind(kind).outputs:
        names = step_types.kind(kind).outputs
        return (
            "",
            f"{kind} has no output {reference.name!r}; it has {listed(names)}.{suggestion(reference.name, names)}",
        )
    return "", ""


def _check_pipeline_variable(reference: Reference, reader: _Reader) -> tuple[str, str]:
    names = [variable.name for variable in reader.pipeline.variables]
    return "", _missing_variable("The pipeline", reference.name, names)


def _check_stage_variable(reference: Reference, reader: _Reader) -> tuple[str, str]:
    stages = {stage.identifier: stage for stage in reader.pipeline.stages}
    if reference.stage is not None and reference.stage not in stages:
        return _no_such_stage(reference.stage, list(stages)), ""
    stage = stages[reference.stage] if reference.stage else reader.stage
    if stage is None:
        return "", "it stands outside of a stage."
    names = [variable.name for variable in stage.variables]
    return "", _missing_variable(f"the stage {stage.identifier!r}", reference.name, names)


def _missing_variable(owner: str, name: str, names: list[str]) -> str:
    if name in names:
        return ""
    return f"{owner[0].lower()}{owner[1:]} has no variable {name!r}.{suggestion(name, names)}"


_CHECKS = {
    "output": _check_output,
    "pipeline variable": _check_pipeline_variable,
    "stage variable": _check_stage_variable,
}
