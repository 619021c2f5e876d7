"""Runs one step: puts its environment together, has it started, and reads its outputs."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from common.errors import BadInput
from common.secret import Secret
from runner.execution import dotenv, limits, process, script
from runner.execution.dry_run import DryRun
from runner.execution.engine import Choice
from runner.execution.launch import TIMED_OUT, Ended, Launcher, Script, Start
from runner.execution.limits import Limit
from runner.execution.report import Report
from runner.execution.tree import Node, Outputs
from runner.language import resolve, step_types
from runner.language.expressions.values import SecretReference, text_of
from runner.language.inputs.slots import name_of, variables
from runner.language.pipeline import Pipeline, Position, Step
from runner.language.resolve import Resolved
from runner.language.scope import Scope
from runner.platform import environment, execution, plugin, sources, texts
from runner.platform.connectors import Services
from runner.platform.execution import Execution

NOT_ISOLATED = "commands run on this machine as you, not in a container: they can read and change what you can."


@dataclass(frozen=True)
class Settings:
    """Where a run works, the environment that it was started in, and what starts its steps."""

    base: Path
    workspace: Path | None
    environ: Mapping[str, str]
    dry_run: bool = False
    launcher: Launcher = process.launch
    chosen: tuple[str, ...] = ()
    """The stages to run, all when empty."""
    engine: Choice | None = None
    """The container engine that starts the steps, if one does."""
    near: tuple[str, ...] = ()
    """URLs of services on this machine that the steps reach by its loopback address."""
    run_here: bool = False
    """Commands that name an image run on this machine."""
    strict: bool = False
    """What is null is a fault."""


@dataclass(frozen=True)
class Running:
    """What stays the same for every step of a run. `private` is a folder that is removed after it."""

    pipeline: Pipeline
    services: Services
    execution: Execution
    settings: Settings
    report: Report
    dry_run: DryRun | None
    private: Path
    made: dict[str, Secret] = field(default_factory=dict)
    """The secrets that steps have put out, by an id of their own."""


@dataclass(frozen=True)
class _Files:
    """Where a step leaves its outputs, and those that are secrets."""

    outputs: Path
    secrets: Path


def run(  # noqa: PLR0913, PLR0917 - what a step has, and what it shares
    this: Running, node: Node, position: Position, scope: Scope, limit: Limit, count: int, *, parallel: bool
) -> Ended:
    """Run a step to its end, put its outputs into its node, and tell how it ended.

    limit: that of what is around it.
    """
    step = _step_of(position)
    kind = step_types.kind(step.type)
    label = step.identifier if parallel else ""
    this.report.step_starts(node.number, count, step.name, step.type)
    begun = this.private / ".".join(position.path)
    begun.mkdir(exist_ok=True)
    files = _Files(begun / "output.env", begun / "output-secrets.env")
    for old in (files.outputs, files.secrets):
        old.unlink(missing_ok=True)
    started = time.monotonic()

    def line(text: str) -> None:
        this.report.step_line(text, label)

    found: Path | None = None
    try:
        environ = _environment(this, position, scope, files)
        made: Script | None = None
        if not kind.module:
            if this.dry_run is not None:
                this.dry_run.leave_out(step, line)
                return Ended(0)
            if kind.type == step_types.PLUGIN:
                environ |= plugin.variables(resolve.spec(scope, position), this.services)
            else:
                made, found, environ = _command(this, position, scope, environ, begun)
        elif this.dry_run is not None:
            environ |= this.dry_run.begin(step, kind, environ, line)
        seconds = limits.seconds(scope, position) or limits.DEFAULT_OF_STEP
        start = Start(kind, environ, Path(this.execution.workspace), begun, seconds, line, made)
        ended = _within(limit, this.settings.launcher, _contained(start, resolve.spec(scope, position)))
    except BadInput as error:
        line(f"error: {error}")
        ended = Ended(error.exit_code)
    this.report.step_ends(time.monotonic() - started, ended.exit_code, label)
    if ended.exit_code == 0:
        node.outputs = _outputs(this, step, files, found)
    elif this.dry_run is not None and this.dry_run.excuses(step, ended, line):
        return Ended(0)
    return ended


def _within(limit: Limit, launcher: Launcher, start: Start) -> Ended:
    """Start a step that has to end in its own time and in that of what is around it. Raises BadInput."""
    if limit.fault:
        raise BadInput(limit.fault)
    begins = not limit.is_over
    ended = Ended(TIMED_OUT, timed_out=True)
    if begins:
        ended = launcher(replace(start, timeout=min(start.timeout, limit.left)))
    if ended.timed_out and limit.is_over:
        what = "was ended" if begins else "was not begun"
        start.line(f"error: The step {what}, for the timeout of {limit.whose} of {limit.seconds:g} s is over.")
    elif ended.timed_out:
        start.line(f"error: The step did not end within its timeout of {start.timeout:g} s.")
    return ended


def _step_of(position: Position) -> Step:
    assert position.step is not None  # noqa: S101 - only steps are run
    return position.step


def declared_here(pipeline: Pipeline, position: Position) -> dict[str, tuple[Position, str]]:
    """Give the variables that a step sees by name, where they belong, and their slots: the nearest goes before."""
    around = [Position(), Position(position.stage)]
    around += [Position(position.stage, position.groups[:count]) for count in range(1, len(position.groups) + 1)]
    return {
        variable.name: (owner, name_of(owner, variable.name))
        for owner in around
        for variable in variables(pipeline, owner)
    }


def _environment(this: Running, position: Position, scope: Scope, files: _Files) -> dict[str, str]:
    """Put the layers of a step's environment on each other: pipeline < stage < what the platform sets < the step."""
    declared = declared_here(this.pipeline, position)
    inside = Position(position.stage, position.groups)
    values = {
        name: texts.text_of(plain(resolve.variable(scope, inside, slot)), this.services)
        for name, (_, slot) in declared.items()
    }
    assert position.stage is not None  # noqa: S101 - steps stand in one
    own: dict[str, str] = {}
    kind = step_types.kind(_step_of(position).type)
    if kind.module:
        spec = resolve.spec(scope, position)
        own = sources.variables(sources.Asked(kind, spec, this.services, this.execution))
    return {
        **environment.passed_on(this.settings.environ),
        "TMPDIR": str(this.private),  # what a step that has to be killed leaves there goes with the run
        **{name: value for name, value in values.items() if value},
        **execution.variables(this.execution, position.stage, str(files.outputs), str(files.secrets)),
        **own,
    }


def plain(value: object) -> Resolved:
    """Give what a variable comes to as a value of a spec: null when it has none."""
    return value if isinstance(value, str | int | float | bool | list | dict | SecretReference) else None


def _contained(start: Start, spec: Mapping[str, Resolved]) -> Start:
    """Add what a step's spec says of its container: image, user and limits (contract, A.12)."""
    resources = spec.get("resources")
    limits = resources.get("limits") if isinstance(resources, dict) else None
    limits = limits if isinstance(limits, dict) else {}
    return replace(
        start,
        image="" if start.kind.module else str(spec.get("image") or ""),
        entrypoint=plugin.entrypoint(spec) if start.kind.type == step_types.PLUGIN else (),
        user=str(spec.get("runAsUser") or ""),
        memory=str(limits.get("memory") or ""),
        cpus=str(limits.get("cpu") or ""),
    )


def _command(
    this: Running, position: Position, scope: Scope, environ: Mapping[str, str], folder: Path
) -> tuple[Script, Path, dict[str, str]]:
    """Write the command of a Run step down, and add its own variables to the environment."""
    step = _step_of(position)
    spec = resolve.spec(scope, position)
    shell = script.shell_of(spec)
    script.check(shell)
    given = spec.get("envVariables")
    own = (
        {name: texts.text_of(value, this.services) for name, value in given.items()} if isinstance(given, dict) else {}
    )
    names = [variable for _, _, variable in step_types.declared_outputs(step)]
    made, found = script.write(folder, shell, texts.text_of(spec.get("command"), this.services), names)
    return made, found, {**environ, **own}


def _outputs(this: Running, step: Step, files: _Files, variables_file: Path | None) -> Outputs:
    """Read what a step has handed on; nothing, with a warning, when the platform could not read it."""
    found: dict[str, str | SecretReference] = {}
    for file, secret in ((files.outputs, False), (files.secrets, True)):
        try:
            read = dotenv.read(file)
        except dotenv.BadOutputs as reason:
            this.report.warning(f"The outputs of {step.name} are lost, as they would be on the platform: {reason}.")
            continue
        found |= {name: _secret(this, step, name, value) if secret else value for name, value in read.items()}
    if variables_file is None:
        return found
    left = script.read(variables_file)
    declared = step_types.declared_outputs(step)
    kept: dict[str, str | SecretReference] = {}
    for name, kind, variable in declared:  # only what a Run step declares counts (contract, C.2)
        value = left.get(variable, found.get(name))
        if value is not None:
            kept[name] = _secret(this, step, name, value) if kind == "Secret" and isinstance(value, str) else value
    return kept


def _secret(this: Running, step: Step, name: str, value: str) -> SecretReference:
    identifier = f"{'.'.join(step.path)}.output.{name}"
    this.made[identifier] = Secret(value)
    return SecretReference(identifier)


def shown(outputs: Outputs | None) -> dict[str, str]:
    """Give outputs as a report shows them."""
    return {
        name: "***" if isinstance(value, SecretReference) else text_of(value) for name, value in (outputs or {}).items()
    }
