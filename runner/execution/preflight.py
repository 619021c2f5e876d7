"""Tells before the first step what would fail in a run: values of fields, connectors, secrets, programs."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field, replace

from common.diagnostics import Diagnostic
from common.errors import BadInput, shown
from common.secret import Secret
from runner.execution import script
from runner.execution import step as steps
from runner.language import resolve, step_types
from runner.language.expressions.values import SecretReference
from runner.language.pipeline import Position, positions
from runner.language.resolve import LATER
from runner.language.scope import Scope
from runner.language.step_types import StepKind
from runner.platform import sources
from runner.platform.connectors import Connector, Harness, Missing, Services
from runner.platform.execution import Execution


@dataclass
class _Found:
    """What is missing: with a place, or of the services alone. What is wrong with a variable is told once."""

    placed: list[Diagnostic] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)


def faults_before(
    known: Scope, services: Services, execution: Execution, *, run_here: bool = False, contained: bool = False
) -> list[Diagnostic]:
    """Resolve everything as far as it can be before the run, and tell everything that is missing."""
    found = _Found()
    asking = _asking(services, found.missing)
    known = replace(known, reveal=lambda identifier: asking.secret(identifier, "").reveal())
    for position in positions(known.pipeline):
        if position.stage is None or position.stage.path in known.skipped:
            continue
        if position.step is None:
            _check_variables(position, known, asking, found)
        elif position.step.type in step_types.types():
            _check_step(position, known, asking, execution, found)
        elif position.step.type == step_types.RUN:
            _check_command(position, known, asking, found, run_here=run_here, contained=contained)
    return [*found.placed, *map(Diagnostic, [*found.told, *found.missing])]


def _check_variables(position: Position, known: Scope, asking: Services, found: _Found) -> None:
    for _, slot in steps.declared_here(known.pipeline, position).values():
        try:
            value = resolve.variable(known, position, slot)
        except BadInput as error:
            found.told.append(str(error))
            continue
        if isinstance(value, SecretReference):
            asking.secret(value.id, "")


def _check_step(position: Position, known: Scope, asking: Services, execution: Execution, found: _Found) -> None:
    step = position.step
    assert step is not None  # noqa: S101 - as asked for
    kind = step_types.kind(step.type)
    faults: list[Diagnostic] = []
    try:
        spec = resolve.spec(known, position)
        faults += _empty(position, kind, spec)
        sources.variables(sources.Asked(kind, spec, asking, execution))
        steps.timeout(known, position)
    except BadInput as error:
        if str(error) not in found.told:
            faults = faults or [Diagnostic(f"The step {step.identifier!r}: {error}", step.location)]
    except Missing as error:
        faults.append(Diagnostic(f"The step {step.identifier!r}: {error}", step.location))
    found.placed += faults


def _empty(position: Position, kind: StepKind, spec: dict[str, resolve.Resolved]) -> list[Diagnostic]:
    step = position.step
    assert step is not None  # noqa: S101
    return [
        Diagnostic(
            f"The field {name!r} of the step {step.identifier!r} is required, but its value is empty.", node.location
        )
        for name, node in step.spec.fields.items()
        if name in kind.spec and kind.spec[name].required and spec.get(name) in (None, "", [], {})
    ]


def _check_command(  # noqa: PLR0913 - what is asked, and how commands are run
    position: Position, known: Scope, asking: Services, found: _Found, *, run_here: bool, contained: bool
) -> None:
    step = position.step
    assert step is not None  # noqa: S101 - as asked for
    try:
        spec = resolve.spec(known, position)
        found.placed += _empty(position, step_types.kind(step.type), spec)
        steps.timeout(known, position)
    except BadInput as error:
        if str(error) not in found.told:
            found.placed.append(Diagnostic(f"The step {step.identifier!r}: {error}", step.location))
        return
    image, shell = spec.get("image"), str(spec.get("shell") or script.SHELL)
    if image and contained:
        pass  # the image has the shell
    elif image and not run_here:
        found.placed.append(
            Diagnostic(
                f"The step {step.identifier!r} runs in the image {shown(str(image))}, and steps are started as "
                "processes. Choose --engine docker or podman; with --run-here its command runs on this machine, not "
                "isolated, with its programs.",
                step.spec.location_of("image"),
            )
        )
    elif LATER not in shell and shell in script.COMMANDS and shutil.which(script.COMMANDS[shell][0]) is None:
        text = f"The step {step.identifier!r} needs the shell {shell}: there is no program {script.COMMANDS[shell][0]}."
        found.placed.append(Diagnostic(text, step.location))
    for value in _inside(spec):
        if isinstance(value, SecretReference):
            asking.secret(value.id, "")


def _inside(value: object) -> list[object]:
    if isinstance(value, dict):
        return [inner for item in value.values() for inner in _inside(item)]
    if isinstance(value, list):
        return [inner for item in value for inner in _inside(item)]
    return [value]


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
