"""Runs a pipeline: checks everything that can be known, then goes through its tree, handing outputs on.

Nothing starts while a value, a connector or a secret is missing. The exit code of a run that fails is that of the step
that failed first in the order of the file.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from common.diagnostics import Invalid, Location, listed
from common.document import Scalar, location_within
from common.errors import BadInput, Interrupted
from common.secret import Secret
from runner.execution import advice, folders
from runner.execution import step as steps
from runner.execution.attempts import Attempts
from runner.execution.dry_run import DryRun
from runner.execution.launch import Ended, Launcher
from runner.execution.limits import Limit
from runner.execution.preflight import faults_before
from runner.execution.questions import Terminal
from runner.execution.report import Report
from runner.execution.step import Running, Settings
from runner.execution.stop import Stop, Stopped, stoppable
from runner.execution.tree import Node, Tree, plant
from runner.execution.walk import Walk
from runner.language import step_types
from runner.language.expressions.scanner import Expression
from runner.language.inputs import Values
from runner.language.pipeline import Path, Position, Stage, Step
from runner.language.scope import Scope
from runner.language.validate import Checked, texts
from runner.language.validate.steps import for_engines
from runner.platform import environment, execution
from runner.platform.connectors import Services
from runner.platform.execution import Execution


@dataclass
class _Warned:
    """Warns of each expression without a value once, by its location."""

    report: Report
    told: set[Location] = field(default_factory=set)
    turn: threading.Lock = field(default_factory=threading.Lock)

    def null(self, expression: Expression, node: Scalar, reason: str) -> None:
        location = location_within(node, expression.raw)
        with self.turn:
            new = location not in self.told
            self.told.add(location)
        if new:
            self.report.warning(
                f"{location}: The expression {expression.raw} has no value and is taken as null: {reason}"
            )


def failed(expression: Expression, node: Scalar, reason: str) -> None:
    """End a step whose expression cannot be evaluated."""
    where = location_within(node, expression.raw)
    raise BadInput(f"{where}: The expression {expression.raw} cannot be evaluated: {reason}")


def run(  # noqa: PLR0913, PLR0917 - what a run is made of
    checked: Checked,
    values: Values,
    facts: Mapping[str, str],
    services: Services,
    settings: Settings,
    report: Report,
) -> tuple[int, Tree]:
    """Run a checked pipeline and give its exit code and what came of it. Raises Invalid before the first step."""
    pipeline = checked.pipeline
    warned = _Warned(report)
    for warning in checked.warnings:
        report.warning(str(warning))
        warned.told.update([warning.location] if warning.location else [])
    if checked.ignored:
        report.line(f"Without effect here: {listed(checked.ignored)}.")
    skip = texts.skipped(pipeline, settings.chosen)
    asked = [name for stage, step in pipeline.steps() if stage.path not in skip for name in for_engines(step)]
    if settings.engine is None and asked:
        report.line(f"Without effect where steps are processes: {listed(list(dict.fromkeys(asked)))}.")
    begun = Execution(uuid.uuid4().hex[:22], pipeline, account="known later")
    made: dict[str, Secret] = {}
    with_outputs = replace(services, secret=lambda name, wanted: made.get(name) or services.secret(name, wanted))
    known = Scope(
        pipeline,
        values,
        {**execution.facts(begun), **facts},
        lambda name: with_outputs.secret(name, "").reveal(),
        warned.null,
        failed,
        skipped=skip,
    )
    faults = faults_before(known, services, begun, run_here=settings.run_here, contained=settings.engine is not None)
    if faults:
        raise Invalid(faults)
    if settings.engine is not None:
        from runner.execution import container

        wanted = container.images(pipeline, skip, settings.engine.image)
        container.prepare(settings.engine, settings.environ, wanted, report.line)
    needs_account = any(
        step_types.kind(step.type).uses_account() for stage, step in pipeline.steps() if stage.path not in skip
    )
    folder = folders.start(pipeline.identifier, settings.workspace, settings.base)
    begun = replace(
        begun,
        account=services.harness().account if needs_account else "",
        sequence=folder.number,
        workspace=str(folder.workspace),
    )
    if commands := [step.name for stage, step in pipeline.steps() if _is_on_machine(stage, step, skip, settings)]:
        report.warning(f"{listed(commands)}: {steps.NOT_ISOLATED}")
    report.line(f"Run {folder.number} of {pipeline.name}; its workspace is {folder.workspace}.")
    for name, value in environment.wishes(settings.environ).items():
        report.line(f"Every step gets {name}={value} from the environment of this command.")
    dry_run = DryRun(own_workspace=settings.workspace is None) if settings.dry_run else None
    tree = plant(pipeline, skip)
    scope = replace(known, facts={**execution.facts(begun), **facts}, progress=tree, known={})
    with folders.private(folder) as private, _launcher(settings) as launcher:
        settings = replace(settings, launcher=launcher)
        this = Running(pipeline, with_outputs, begun, settings, report, dry_run, private, made)
        return _walked(this, tree, scope), tree


@contextmanager
def _launcher(settings: Settings) -> Iterator[Launcher]:
    if settings.engine is None:
        yield settings.launcher
        return
    from runner.execution import container

    with container.started(settings.engine, settings.environ, settings.near) as containers:
        yield containers.launch


def _is_on_machine(stage: Stage, step: Step, skip: Mapping[Path, str], settings: Settings) -> bool:
    """Tell whether a step is a command that runs on this machine, and not in a container."""
    contained = settings.engine is not None and "image" in step.spec.fields
    return step.type == step_types.RUN and stage.path not in skip and not contained


def _walked(this: Running, tree: Tree, scope: Scope) -> int:
    try:
        with stoppable() as stop:
            _walk(this, tree, scope, stop)
    except Interrupted:
        this.report.advice(advice.stopped(this.pipeline, tree))
        raise
    except Stopped as stopped:  # what raised it has raised Interrupted by now
        raise AssertionError from stopped
    this.report.outputs(_by_step(this, tree))
    failed_step = tree.failed()
    if failed_step is not None:
        why, *what_to_do = advice.after(this.pipeline, tree, failed_step)
        this.report.failure(why, what_to_do)
        return failed_step.exit_code
    if this.dry_run is not None:
        this.report.advice(this.dry_run.summary())
    unapproved = next((node for row in tree.root.children for node in row.children if node.exit_code), None)
    if unapproved is None:
        return 0
    why, *what_to_do = advice.unapproved(unapproved)
    this.report.failure(why, what_to_do)
    return unapproved.exit_code


def _walk(this: Running, tree: Tree, scope: Scope, stop: Stop) -> None:
    def run_step(node: Node, position: Position, known: Scope, limit: Limit, parallel: bool) -> Ended:
        return steps.run(this, node, position, known, limit, walk.count, parallel=parallel)

    walk = Walk(tree, scope, this.report, Attempts(this.report, Terminal(this.report, stop), stop, run_step))
    walk.pipeline()


def _by_step(this: Running, tree: Tree) -> dict[str, dict[str, str]]:
    several = len(this.pipeline.stages) > 1
    return {
        ".".join(node.path[0 if several else 1 :]): steps.shown(node.outputs)
        for node in tree.root.steps()
        if node.outputs
    }
