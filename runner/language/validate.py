"""Checks a pipeline before anything runs: what each step's spec holds, and where every expression points to.

What would fail on the platform is a fault. What the platform silently takes as null is a warning.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from common.diagnostics import Diagnostic, Invalid, Location, choice, in_order, listed, suggestion
from common.document import Scalar, locations_within, reader, scalars
from common.errors import shown
from runner.language import expressions, inputs, pipeline, schema, step_types
from runner.language.expressions import Expression, NotBuilt, Reference, Unknown
from runner.language.pipeline import Pipeline, Stage, Step
from runner.language.step_types import StepKind


@dataclass(frozen=True)
class Checked:
    """A pipeline without faults. `warnings` name what will be null."""

    pipeline: Pipeline
    warnings: tuple[Diagnostic, ...]


def validated(path: Path) -> Checked:
    """Read and check a pipeline file. Raises Invalid with everything that is wrong."""
    checked, faults = examined(path)
    if faults:
        raise Invalid(faults)
    return checked


def examined(path: Path) -> tuple[Checked, list[Diagnostic]]:
    """Read and check a pipeline file, and give what is wrong with it."""
    loaded, faults = pipeline.load(reader.read(path), str(path))
    found = _Found(faults + inputs.slots(loaded)[1])
    for stage, step in loaded.steps():
        found.faults += _check_step(step)
        for node in step.spec.fields.values():
            for text in scalars(node):
                _check_text(text, _Owner(loaded, stage, step), found, whole=text is node)
    for variable in loaded.variables:
        for text in filter(None, (variable.value, variable.default)):
            _check_text(text, _Owner(loaded), found)
    for stage in loaded.stages:
        for variable in stage.variables:
            _check_text(variable.value, _Owner(loaded, stage), found)
    return Checked(loaded, tuple(in_order(found.warnings))), in_order(found.faults)


def _check_step(step: Step) -> list[Diagnostic]:
    known = step_types.types()
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
    host, hosts = step.spec.text("connectorType"), step_types.connector_types(step.type)
    if kind.uses_connector() and host and "<+" not in host and host.lower() not in (name.lower() for name in hosts):
        text = f"The connector type {shown(host)} in {of} is not supported; it can be {choice(hosts)}."
        faults.append(Diagnostic(text, step.spec.location_of("connectorType")))
    return faults


def _missing(step: Step, kind: StepKind) -> list[str]:
    given = step.spec.fields.keys()
    required = [declared for declared in kind.inputs if declared.spec and declared.required]
    missing = [declared.field for declared in required if not {declared.field, *declared.aliases} & given]
    harness_code = step.spec.text("connectorType") == "Harness"
    if kind.uses_connector() and "connectorRef" not in given and not harness_code:
        missing.append("connectorRef")
    return list(dict.fromkeys(missing))


@dataclass(frozen=True)
class _Owner:
    """Whose text an expression stands in: the step whose spec holds it, or the stage or pipeline of a variable."""

    pipeline: Pipeline
    stage: Stage | None = None
    step: Step | None = None


@dataclass
class _Found:
    """What was found so far: faults, and what will be null."""

    faults: list[Diagnostic] = field(default_factory=list)
    warnings: list[Diagnostic] = field(default_factory=list)


@dataclass(frozen=True)
class _Null:
    """Why a reference is null, which is no fault."""

    reason: str


_Verdict: TypeAlias = "str | _Null | None"  # what is wrong with a reference, following its expression


def _check_text(text: Scalar, owner: _Owner, found: _Found, *, whole: bool = True) -> None:
    """Check a text that is the whole value of a field or variable, or stands in a list or map."""
    if text.text.strip().startswith(inputs.PLACEHOLDER):
        if not whole:
            what = f"{inputs.PLACEHOLDER} inside a list or map is not run here yet; put it into a variable."
            found.faults.append(Diagnostic(what, text.location))
        return
    try:
        written = expressions.expressions(expressions.scan(text.text))
    except Unknown as reason:
        found.faults.append(Diagnostic(f"In this text, {reason}", text.location))
        return
    locations: dict[str, Iterator[Location]] = {}
    for expression in written:
        raw = expression.raw
        location = next(locations.setdefault(raw, locations_within(text, raw)))
        match _verdict(expression, owner):
            case str(fault):
                found.faults.append(Diagnostic(fault, location))
            case _Null(why):
                told = f"The expression {shown(raw, quotes=False)} is null: {why}"
                found.warnings.append(Diagnostic(told, location))


def _verdict(expression: Expression, owner: _Owner) -> _Verdict:
    nested = any(isinstance(part, Expression) for part in expression.body)
    path = "".join(part if isinstance(part, str) else "nested" for part in expression.body)
    raw = shown(expression.raw, quotes=False)
    if expressions.is_left_alone(path):
        return None
    if expressions.is_input(expression):
        return f"{inputs.PLACEHOLDER} has to be the whole value; put it into a variable and refer to that."
    try:
        reference = expressions.parse(path)
    except NotBuilt as reason:
        return f"The expression {raw} {reason}; write it without to run this pipeline locally."
    except Unknown as reason:
        return None if nested else f"In the expression {raw}, {reason}"
    if nested or reference.kind not in _CHECKS:  # where a nested one points to is only known when it runs
        return None
    verdict = _CHECKS[reference.kind](reference, owner)
    return f"The expression {raw} {verdict}" if isinstance(verdict, str) else verdict


def _stage_of(reference: Reference, owner: _Owner) -> Stage | str | None:
    """Give the stage that a reference means, what is wrong with its name, or None outside of a stage."""
    if reference.stage is None:
        return owner.stage
    stages = {stage.identifier: stage for stage in owner.pipeline.stages}
    if reference.stage in stages:
        return stages[reference.stage]
    names = list(stages)
    there = f"there is only {listed(names)}.{suggestion(reference.stage, names)}"
    return f"refers to the stage {shown(reference.stage)}, but {there}"


def _check_output(reference: Reference, owner: _Owner) -> _Verdict:
    stage = _stage_of(reference, owner)
    if isinstance(stage, str):
        return stage
    if stage is None:
        return "stands outside of a stage, so it has to name one: pipeline.stages.<stage>.spec.execution.steps..."
    steps = {step.identifier: step for step in stage.steps}
    named = reference.step or ""
    if named not in steps:
        return (
            f"refers to the step {shown(named)}, which the stage {shown(stage.identifier)} does not have; "
            f"its steps are {listed(list(steps))}.{suggestion(named, steps)}"
        )
    if not _runs_before(stage, steps[named], owner):
        return _Null(f"the step {named!r} does not run before this one.")
    return _missing_output(steps[named].type, reference.name)


def _missing_output(step_type: str, name: str) -> _Null | None:
    names = step_types.kind(step_type).outputs if step_type in step_types.types() else (name,)
    if name in names:
        return None
    return _Null(f"{step_type} has no output {shown(name)}; it has {listed(names)}.{suggestion(name, names)}")


def _runs_before(stage: Stage, step: Step, owner: _Owner) -> bool:
    """Tell whether a step has run when the owner's text is read; a variable's is read whenever a step needs it."""
    if owner.stage is None or owner.step is None:
        return True
    order = [(earlier.identifier, inner.identifier) for earlier, inner in owner.pipeline.steps()]
    here = order.index((owner.stage.identifier, owner.step.identifier))
    return order.index((stage.identifier, step.identifier)) < here


def _check_pipeline_variable(reference: Reference, owner: _Owner) -> _Verdict:
    names = [variable.name for variable in owner.pipeline.variables]
    return _missing_variable("the pipeline", reference.name, names)


def _check_stage_variable(reference: Reference, owner: _Owner) -> _Verdict:
    stage = _stage_of(reference, owner)
    if isinstance(stage, str):
        return stage
    if stage is None:
        return _Null("it stands outside of a stage.")
    names = [variable.name for variable in stage.variables]
    return _missing_variable(f"the stage {shown(stage.identifier)}", reference.name, names)


def _missing_variable(whose: str, name: str, names: list[str]) -> _Null | None:
    return None if name in names else _Null(f"{whose} has no variable {shown(name)}.{suggestion(name, names)}")


_CHECKS: dict[str, Callable[[Reference, _Owner], _Verdict]] = {
    "output": _check_output,
    "pipeline variable": _check_pipeline_variable,
    "stage variable": _check_stage_variable,
}
