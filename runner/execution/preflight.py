"""Tells what is missing before the first step runs: values of required fields, connectors, secrets."""

from __future__ import annotations

from dataclasses import replace

from common.diagnostics import Diagnostic
from common.errors import BadInput
from common.secret import Secret
from runner.language import resolve, step_types
from runner.language.expressions import SecretReference
from runner.language.pipeline import Stage, Step
from runner.language.resolve import Scope
from runner.platform import sources
from runner.platform.connectors import Connector, Harness, Missing, Services
from runner.platform.execution import Execution


def faults_before(known: Scope, services: Services, execution: Execution) -> list[Diagnostic]:
    """Resolve everything as far as it can be before the run, and tell everything that is missing."""
    faults: list[str] = []
    asking = _asking(services, faults)
    known = replace(known, reveal=lambda identifier: asking.secret(identifier, "").reveal())
    placed: list[Diagnostic] = []
    told: list[str] = []  # what is wrong with a variable is not repeated for each step that uses it
    for stage in execution.pipeline.stages:
        slots = [variable.name for variable in execution.pipeline.variables]
        slots += [f"{stage.identifier}.{variable.name}" for variable in stage.variables]
        for slot in slots:
            try:
                value = resolve.variable(known, stage, slot)
            except BadInput as error:
                told.append(str(error))
                continue
            if isinstance(value, SecretReference):
                asking.secret(value.id, "")
        for step in stage.steps:
            placed += _of_step(stage, step, known, asking, execution, told=told)
    return [*placed, *map(Diagnostic, [*told, *faults])]


def _of_step(  # noqa: PLR0913 - what all steps share, and what one has
    stage: Stage, step: Step, known: Scope, asking: Services, execution: Execution, *, told: list[str]
) -> list[Diagnostic]:
    kind = step_types.kind(step.type)
    faults: list[Diagnostic] = []
    try:
        spec = resolve.spec(known, stage, step)
        faults += [
            Diagnostic(
                f"The field {name!r} of the step {step.identifier!r} is required, but its value is empty.",
                node.location,
            )
            for name, node in step.spec.fields.items()
            if name in kind.spec and kind.spec[name].required and spec.get(name) in (None, "", [], {})
        ]
        sources.variables(sources.Asked(kind, spec, asking, execution))
    except BadInput as error:
        if str(error) in told:
            return faults
        faults = faults or [Diagnostic(f"The step {step.identifier!r}: {error}", step.location)]
    except Missing as error:
        faults.append(Diagnostic(f"The step {step.identifier!r}: {error}", step.location))
    return faults


def _asking(services: Services, faults: list[str]) -> Services:
    """Give services that note what is missing and go on, so that all of it is told at once."""

    def connector(reference: str) -> Connector:
        try:
            return services.connector(reference)
        except Missing as error:
            faults.append(str(error))
            return Connector("", "", "Repo", "", Secret(""))

    def secret(identifier: str, field: str) -> Secret:
        try:
            return services.secret(identifier, field)
        except Missing as error:
            faults.append(str(error))
            return Secret("")

    def harness() -> Harness:
        try:
            return services.harness()
        except Missing as error:
            faults.append(str(error))
            return Harness("", "", {"X_API_KEY": Secret("")})

    return Services(connector, secret, harness, services.slack_api_url)
