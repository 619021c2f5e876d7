"""Tells before the first step what would fail in a run: values of fields, connectors, secrets, programs."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass, field, replace

from common.contract import resolve as resolved
from common.diagnostics import Diagnostic
from common.errors import BadInput, shown
from common.secret import Secret
from runner.execution import limits, script
from runner.execution import step as steps
from runner.language import resolve, step_types
from runner.language.expressions.values import SecretReference
from runner.language.pipeline import Position, Step, positions, timeout_of
from runner.language.resolve import LATER
from runner.language.scope import Scope
from runner.language.step_types import StepKind
from runner.platform import plugin, sources, texts
from runner.platform.connectors import Connector, Harness, Missing, Services
from runner.platform.execution import Execution

UNKNOWN = Connector(LATER, f"https://{LATER}", "Repo", LATER, Secret(LATER))
ACCOUNT = Harness(LATER, f"https://{LATER}", {"X_API_KEY": Secret(LATER)}, Secret(LATER))
_VARIABLE = re.compile(r"\b[A-Z][A-Z0-9_]+\b\*?")
_ADVICE = re.compile(r" \(set [^)]*\)")  # which variable to set, for people without a pipeline
_LINE = re.compile(r"\bline (\d+)")


@dataclass
class _Found:
    """What is missing: with a place, or of the services alone. What is wrong with a variable is told once."""

    placed: list[Diagnostic] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    programs: dict[str, bool] = field(default_factory=dict)

    def lacks(self, program: str) -> bool:
        """Tell whether there is no such program, which is looked for once."""
        if program not in self.programs:
            self.programs[program] = shutil.which(program) is not None
        return not self.programs[program]


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
        elif position.step.type in step_types.known():
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
    try:
        limits.seconds(known, position)
    except BadInput as error:
        found.placed.append(
            Diagnostic(str(error), node.location if (node := timeout_of(known.pipeline, position)) else None)
        )


def _check_step(position: Position, known: Scope, asking: Services, execution: Execution, found: _Found) -> None:
    step = position.step
    assert step is not None  # noqa: S101 - as asked for
    kind = step_types.kind(step.type)
    faults: list[Diagnostic] = []
    try:
        spec = resolve.spec(known, position)
        faults += _empty(position, kind, spec)
        given = sources.variables(sources.Asked(kind, spec, asking, execution))
        faults += [] if faults else _refused(position, {**_declared(known, position, asking), **given}, kind)
        limits.seconds(known, position)
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


def _declared(known: Scope, position: Position, asking: Services) -> dict[str, str]:
    """Give the variables of the pipeline that a step will see; one without a value it does not."""
    inside = Position(position.stage, position.groups)
    found = {
        name: steps.plain(resolve.variable(known, inside, slot))
        for name, (_, slot) in steps.declared_here(known.pipeline, position).items()
    }
    return {name: text for name, value in found.items() if (text := texts.text_of(value, asking))}


def _refused(position: Position, environ: dict[str, str], kind: StepKind) -> list[Diagnostic]:
    """Make the checks that the step will make of its inputs, in the words of the pipeline."""
    step = position.step
    assert step is not None  # noqa: S101
    names = {one.env[0]: name for name, one in kind.spec.items() if one.env and name in step.spec.fields}
    names |= {f"{one.prefix}*": name for name, one in kind.spec.items() if one.prefix and name in step.spec.fields}
    faults = []
    for fault in resolved.check(step_types.options(step.type), environ, LATER):
        if fault.is_open and _is_about_later(fault.text, environ.get(kind.spec[fault.field].env[0], "")):
            continue
        text = _VARIABLE.sub(lambda match: names.get(match[0], match[0]), _ADVICE.sub("", fault.text))
        if text != fault.text:  # the value is the pipeline's own, not one that only lies in the environment
            text = text.replace(f" {resolved.RENAME}", "")
        aliases = kind.spec[fault.field].aliases if fault.field in kind.spec else ()
        field = next((name for name in (fault.field, *aliases) if name in step.spec.fields), "")
        where = step.spec.fields[field].location if field else step.location
        faults.append(Diagnostic(f"The step {step.identifier!r}: {text}", where))
    return faults


def _is_about_later(fault: str, value: str) -> bool:
    """Tell whether a fault may be gone once all of the value is known: unless it only names lines that are."""
    told = [int(number) for number in _LINE.findall(fault)]
    lines = value.splitlines()
    return LATER in fault or not told or any(number > len(lines) or LATER in lines[number - 1] for number in told)


def _check_command(  # noqa: PLR0913 - what is asked, and how commands are run
    position: Position, known: Scope, asking: Services, found: _Found, *, run_here: bool, contained: bool
) -> None:
    step = position.step
    assert step is not None  # noqa: S101 - as asked for
    try:
        spec = resolve.spec(known, position)
        found.placed += _empty(position, step_types.kind(step.type), spec)
        limits.seconds(known, position)
        if step.type == step_types.PLUGIN:
            plugin.variables(spec, asking)
        elif LATER not in (shell := script.shell_of(spec)):
            script.check(shell)
    except BadInput as error:
        if str(error) not in found.told:
            found.placed.append(Diagnostic(f"The step {step.identifier!r}: {error}", step.location))
        return
    found.placed += _unable(step, spec, found, run_here=run_here, contained=contained)
    for value in _inside(spec):
        if isinstance(value, SecretReference):
            asking.secret(value.id, "")


def _unable(
    step: Step, spec: dict[str, resolve.Resolved], found: _Found, *, run_here: bool, contained: bool
) -> list[Diagnostic]:
    """Tell why a command or an image cannot be started here."""
    image, shell = spec.get("image"), script.shell_of(spec)
    if image and contained:
        return []  # the image has the shell
    if step.type == step_types.PLUGIN:
        text = f"The step {step.identifier!r} is an image, and steps are started as processes."
        return [Diagnostic(f"{text} Choose --engine docker or podman.", step.spec.location_of("image"))]
    if image and not run_here:
        return [
            Diagnostic(
                f"The step {step.identifier!r} runs in the image {shown(str(image))}, and steps are started as "
                "processes. Choose --engine docker or podman; with --run-here its command runs on this machine, not "
                "isolated, with its programs.",
                step.spec.location_of("image"),
            )
        ]
    if LATER not in shell and found.lacks(program := script.COMMANDS[shell][0]):
        text = f"The step {step.identifier!r} needs the shell {shell}: there is no program {program}."
        return [Diagnostic(f"{text} Install it, or name another shell.", step.location)]
    return []


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
            return UNKNOWN

    def secret(identifier: str, field: str) -> Secret:
        try:
            return services.secret(identifier, field)
        except Missing as error:
            faults.append(str(error))
            return Secret(LATER)

    def harness() -> Harness:
        try:
            return services.harness()
        except Missing as error:
            faults.append(str(error))
            return ACCOUNT

    return Services(connector, secret, harness, services.slack_api_url)
