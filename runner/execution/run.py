"""Runs a pipeline: checks everything that can be known, then one step after the other, handing outputs on.

Nothing starts while a value, a connector or a secret is missing. A step that fails ends the run with its exit code.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from common.diagnostics import Invalid, Location
from common.document import Scalar, location_within
from common.errors import Interrupted
from runner.execution import advice, folders
from runner.execution import step as steps
from runner.execution.dry_run import DryRun
from runner.execution.preflight import faults_before
from runner.execution.report import Report
from runner.execution.step import Running, Settings
from runner.language import step_types
from runner.language.expressions import Expression
from runner.language.inputs import Values
from runner.language.pipeline import Stage, Step
from runner.language.resolve import Scope
from runner.language.validate import Checked
from runner.platform import environment, execution
from runner.platform.connectors import Services
from runner.platform.execution import Execution

Outputs = Mapping[tuple[str, str], Mapping[str, str]]


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


def run(checked: Checked, values: Values, services: Services, settings: Settings, report: Report) -> int:
    """Run a checked pipeline and give its exit code. Raises Invalid when something is missing before the first step."""
    pipeline = checked.pipeline
    warned = _Warned(report)
    for warning in checked.warnings:
        report.warning(str(warning))
        warned.told.update([warning.location] if warning.location else [])
    begun = Execution(uuid.uuid4().hex[:22], pipeline, account="known later")
    known = Scope(values, execution.facts(begun), None, lambda name: services.secret(name, "").reveal(), warned)
    faults = faults_before(known, services, begun)
    if faults:
        raise Invalid(faults)
    needs_account = any(step_types.kind(step.type).uses_account() for _, step in pipeline.steps())
    folder = folders.start(pipeline.identifier, settings.workspace, settings.base)
    begun = replace(
        begun,
        account=services.harness().account if needs_account else "",
        sequence=folder.number,
        workspace=str(folder.workspace),
    )
    report.line(f"Run {folder.number} of {pipeline.name}; its workspace is {folder.workspace}.")
    for name, value in environment.wishes(settings.environ).items():
        report.line(f"Every step gets {name}={value} from the environment of this command.")
    dry_run = DryRun(own_workspace=settings.workspace is None) if settings.dry_run else None
    scope = replace(known, facts=execution.facts(begun))
    with folders.private(folder) as private:
        return _run_steps(Running(pipeline, services, begun, settings, report, scope, dry_run, private))


def _run_steps(this: Running) -> int:
    order = list(this.pipeline.steps())
    outputs: dict[tuple[str, str], Mapping[str, str]] = {}
    for index, (stage, step) in enumerate(order):
        this.report.step_starts(index + 1, len(order), step.name, step.type)
        output_file = this.private / f"{stage.identifier}-{step.identifier}-output.env"
        try:
            ended = steps.run(this, stage, step, outputs, output_file)
        except Interrupted:
            this.report.advice(advice.refused_next_time(this.pipeline, order[: index + 1]))
            raise
        if ended.exit_code == 0:
            outputs[stage.identifier, step.identifier] = steps.read_outputs(output_file, step, this.report)
        elif this.dry_run is None or not this.dry_run.excuses(step, ended, this.report.step_line):
            this.report.outputs(_by_step(order, outputs))
            why, *what_to_do = advice.after(this.pipeline, order, index, ended)
            this.report.failure(why, what_to_do)
            return ended.exit_code
    this.report.outputs(_by_step(order, outputs))
    if this.dry_run is not None:
        this.report.advice(this.dry_run.summary())
    return 0


def _by_step(order: list[tuple[Stage, Step]], outputs: Outputs) -> dict[str, Mapping[str, str]]:
    several = len({stage.identifier for stage, _ in order}) > 1
    return {
        f"{stage.identifier}.{step.identifier}" if several else step.identifier: outputs[
            stage.identifier, step.identifier
        ]
        for stage, step in order
        if (stage.identifier, step.identifier) in outputs
    }
