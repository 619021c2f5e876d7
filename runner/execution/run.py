"""Runs a pipeline: checks everything that can be known, then one step after the other, handing outputs on.

Nothing starts while a value, a connector or a secret is missing. A step that fails ends the run with its exit code.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from common.contract.process import signals
from common.diagnostics import Invalid, Location, listed
from common.document import Scalar, location_within
from common.errors import EXIT_CODES, BadInput
from runner.execution import dotenv, folders, process
from runner.execution.preflight import faults_before
from runner.execution.report import Report
from runner.language import resolve, step_types
from runner.language.expressions import Expression, SecretReference, Value
from runner.language.inputs import Values
from runner.language.pipeline import Pipeline, Stage, Step
from runner.language.resolve import Scope
from runner.language.validate import Checked
from runner.platform import environment
from runner.platform.connectors import Services
from runner.platform.environment import Execution


@dataclass(frozen=True)
class Settings:
    """Where a run works, and the environment that it was started in."""

    base: Path
    workspace: Path | None
    environ: Mapping[str, str]


@dataclass
class _Warned:
    """Warns of each expression without a value once, by its location."""

    report: Report
    told: set[Location] = field(default_factory=set)

    def __call__(self, expression: Expression, node: Scalar) -> None:
        location = location_within(node, expression.raw)
        if location not in self.told:
            self.told.add(location)
            self.report.warning(f"{location}: The expression {expression.raw} has no value and is taken as null.")


@dataclass(frozen=True)
class _Run:
    """What stays the same for every step of a run."""

    pipeline: Pipeline
    services: Services
    execution: Execution
    settings: Settings
    report: Report
    scope: Scope


def run(checked: Checked, values: Values, services: Services, settings: Settings, report: Report) -> int:
    """Run a checked pipeline and give its exit code. Raises Invalid when something is missing before the first step."""
    pipeline = checked.pipeline
    warned = _Warned(report)
    for warning in checked.warnings:
        report.warning(str(warning))
        warned.told.update([warning.location] if warning.location else [])
    execution = Execution(uuid.uuid4().hex[:22], pipeline, account="known later")
    known = Scope(values, _facts(execution), None, lambda name: services.secret(name, "").reveal(), warned)
    faults = faults_before(known, services, execution)
    if faults:
        raise Invalid(faults)
    needs_account = any(step.type in environment.HARNESS_STEPS for _, step in pipeline.steps())
    folder = folders.start(pipeline.identifier, settings.workspace, settings.base)
    execution = replace(
        execution,
        account=services.harness().account if needs_account else "",
        sequence=folder.number,
        workspace=str(folder.workspace),
    )
    report.line(f"Run {folder.number} of {pipeline.name}; its workspace is {folder.workspace}.")
    return _run_steps(_Run(pipeline, services, execution, settings, report, replace(known, facts=_facts(execution))))


def _run_steps(this: _Run) -> int:
    steps = list(this.pipeline.steps())
    outputs: dict[tuple[str, str], Mapping[str, str]] = {}
    code = 0
    with folders.private() as private, signals():
        for number, (stage, step) in enumerate(steps, start=1):
            this.report.step_starts(number, len(steps), step.name, step.type)
            output_file = private / f"{stage.identifier}-{step.identifier}-output.env"
            started = time.monotonic()
            try:
                ended = process.run(
                    process.command(step_types.kind(step.type).module),
                    environ=_environment(this, stage, step, outputs, output_file),
                    folder=Path(this.execution.workspace),
                    timeout=step.timeout,
                    line=this.report.step_line,
                )
            except BadInput as error:
                this.report.step_line(f"error: {error}")
                ended = process.Ended(error.exit_code)
            this.report.step_ends(time.monotonic() - started, ended.exit_code)
            if ended.exit_code:
                code = ended.exit_code
                break
            outputs[stage.identifier, step.identifier] = _read_outputs(output_file, step, this.report)
    this.report.outputs(_by_step(steps, outputs))
    if code:
        _say_how_to_go_on(this.report, steps, len(outputs), ended)
    return code


def _facts(execution: Execution) -> dict[str, str]:
    """Give what expressions can ask about the pipeline and this execution (contract, E)."""
    pipeline = execution.pipeline
    facts = {
        "pipeline.name": pipeline.name,
        "pipeline.identifier": pipeline.identifier,
        "pipeline.executionId": execution.identifier,
        "pipeline.sequenceId": str(execution.sequence),
        "pipeline.pipeline.sequenceId": str(execution.sequence),  # the word is doubled in published samples
        "pipeline.startTs": str(int(time.time() * 1000)),
        "pipeline.triggerType": "MANUAL",
        "pipeline.orgIdentifier": pipeline.organization,
        "pipeline.projectIdentifier": pipeline.project,
        "org.identifier": pipeline.organization,
        "project.identifier": pipeline.project,
        "account.identifier": execution.account,
    }
    return {path: value for path, value in facts.items() if value}


def _environment(this: _Run, stage: Stage, step: Step, outputs: resolve.Outputs, output_file: Path) -> dict[str, str]:
    """Put the layers of a step's environment on each other: pipeline < stage < what the platform sets < the step."""
    running = replace(this.scope, outputs=outputs)
    declared = {variable.name: variable.name for variable in this.pipeline.variables}
    declared |= {variable.name: f"{stage.identifier}.{variable.name}" for variable in stage.variables}
    values = {name: _revealed(resolve.variable(running, stage, slot), this.services) for name, slot in declared.items()}
    spec = resolve.spec(running, stage, step)
    return {
        **environment.passed_on(this.settings.environ),
        **process.import_path(),
        **{name: value for name, value in values.items() if value},
        **environment.common(this.execution, stage, str(output_file)),
        **environment.step_variables(step_types.kind(step.type), spec, this.services, this.execution),
    }


def _revealed(value: Value, services: Services) -> str:
    if isinstance(value, SecretReference):
        return services.secret(value.id, "").reveal()
    return value or ""


def _read_outputs(file: Path, step: Step, report: Report) -> Mapping[str, str]:
    try:
        return dotenv.read(file)
    except dotenv.BadOutputs as reason:
        report.warning(f"The outputs of {step.name} are lost, as they would be on the platform: {reason}.")
        return {}


def _by_step(
    steps: list[tuple[Stage, Step]], outputs: Mapping[tuple[str, str], Mapping[str, str]]
) -> dict[str, Mapping[str, str]]:
    several = len({stage.identifier for stage, _ in steps}) > 1
    return {
        f"{stage.identifier}.{step.identifier}" if several else step.identifier: outputs[
            stage.identifier, step.identifier
        ]
        for stage, step in steps
        if (stage.identifier, step.identifier) in outputs
    }


def _say_how_to_go_on(report: Report, steps: list[tuple[Stage, Step]], index: int, ended: process.Ended) -> None:
    step = steps[index][1]
    done = [one.name for _, one in steps[:index]]
    left = [one.name for _, one in steps[index + 1 :]]
    report.line()
    if ended.timed_out:
        why = f"did not end within its timeout of {step.timeout:g} s"
    else:
        why = f"failed with exit code {ended.exit_code}: {EXIT_CODES.get(ended.exit_code, 'no code of a step')}"
    report.line(f"The step {step.name!r} ({step.identifier}) {why}.", style="red")
    report.line(f"Done before it: {listed(done)}. Not run: {listed(left)}.")
    report.line(
        "Mend what its lines above say, then run the same command again; that is safe, what is done stays done."
    )
