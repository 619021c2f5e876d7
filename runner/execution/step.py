"""Runs one step: puts its environment together, has it started, and reads its outputs."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from common.errors import BadInput
from runner.execution import dotenv, process
from runner.execution.dry_run import DryRun
from runner.execution.launch import Ended, Launcher, Start
from runner.execution.report import Report
from runner.language import resolve, step_types
from runner.language.expressions import SecretReference, Value
from runner.language.pipeline import Pipeline, Stage, Step
from runner.language.resolve import Scope
from runner.platform import environment, execution, sources
from runner.platform.connectors import Services
from runner.platform.execution import Execution


@dataclass(frozen=True)
class Settings:
    """Where a run works, the environment that it was started in, and what starts its steps."""

    base: Path
    workspace: Path | None
    environ: Mapping[str, str]
    dry_run: bool = False
    launcher: Launcher = process.launch


@dataclass(frozen=True)
class Running:
    """What stays the same for every step of a run. `private` is a folder that is removed after it."""

    pipeline: Pipeline
    services: Services
    execution: Execution
    settings: Settings
    report: Report
    scope: Scope
    dry_run: DryRun | None
    private: Path


def run(this: Running, stage: Stage, step: Step, outputs: resolve.Outputs, output_file: Path) -> Ended:
    """Run a step to its end, and tell how it ended."""
    kind = step_types.kind(step.type)
    started = time.monotonic()
    try:
        environ = _environment(this, stage, step, outputs, output_file)
        if this.dry_run is not None:
            environ |= this.dry_run.begin(step, kind, environ, this.report.step_line)
        folder = Path(this.execution.workspace)
        ended = this.settings.launcher(Start(kind, environ, folder, step.timeout, this.report.step_line))
    except BadInput as error:
        this.report.step_line(f"error: {error}")
        ended = Ended(error.exit_code)
    this.report.step_ends(time.monotonic() - started, ended.exit_code)
    return ended


def _environment(
    this: Running, stage: Stage, step: Step, outputs: resolve.Outputs, output_file: Path
) -> dict[str, str]:
    """Put the layers of a step's environment on each other: pipeline < stage < what the platform sets < the step."""
    running = replace(this.scope, outputs=outputs)
    declared = {variable.name: variable.name for variable in this.pipeline.variables}
    declared |= {variable.name: f"{stage.identifier}.{variable.name}" for variable in stage.variables}
    values = {name: _revealed(resolve.variable(running, stage, slot), this.services) for name, slot in declared.items()}
    spec = resolve.spec(running, stage, step)
    asked = sources.Asked(step_types.kind(step.type), spec, this.services, this.execution)
    return {
        **environment.passed_on(this.settings.environ),
        "TMPDIR": str(this.private),  # what a step that has to be killed leaves there goes with the run
        **{name: value for name, value in values.items() if value},
        **execution.variables(this.execution, stage, str(output_file)),
        **sources.variables(asked),
    }


def _revealed(value: Value, services: Services) -> str:
    if isinstance(value, SecretReference):
        return services.secret(value.id, "").reveal()
    return value or ""


def read_outputs(file: Path, step: Step, report: Report) -> Mapping[str, str]:
    """Read what a step has handed on; nothing, with a warning, when the platform could not read it."""
    try:
        return dotenv.read(file)
    except dotenv.BadOutputs as reason:
        report.warning(f"The outputs of {step.name} are lost, as they would be on the platform: {reason}.")
        return {}
