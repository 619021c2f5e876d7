"""Goes through the tree of a run: stages and steps in their order, parallel ones at the same time.

Decides for each part whether it runs, and what becomes of a failure. How one step is carried out is not its concern.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from common.errors import BadInput
from runner.execution import failures
from runner.execution.launch import Ended
from runner.execution.questions import Terminal
from runner.execution.report import Report
from runner.execution.stop import Stop
from runner.execution.tree import BAD, Node, Status, Tree
from runner.language import resolve
from runner.language.pipeline import (
    APPROVAL,
    Action,
    FailureStrategy,
    Group,
    Parallel,
    Position,
    Stage,
    Step,
    When,
    runs_before,
)
from runner.language.scope import Scope

AT_ONCE = 20  # steps of one parallel part; more wait for their turn

RunStep = Callable[[Node, Position, Scope, bool], Ended]
"""Runs a step once, in its position; the last says whether others run at the same time."""


@dataclass
class Walk:
    """A run on its way. `scope` is what expressions are resolved by."""

    tree: Tree
    scope: Scope
    report: Report
    terminal: Terminal
    stop: Stop
    run_step: RunStep
    aborted: bool = field(default=False)

    def pipeline(self) -> None:
        """Run everything. Raises Stopped."""
        self.tree.root.status = Status.RUNNING
        for row in self.tree.root.children:
            self._all(row.children, Position(), parallel=False)
            row.status = row.come_to()
            if row.status in BAD:
                self.tree.root.status = row.status
        if self.tree.root.status is Status.RUNNING:
            self.tree.root.status = Status.SUCCEEDED

    def _all(self, nodes: Sequence[Node], around: Position, *, parallel: bool) -> None:
        """Run nodes at the same time; one alone needs no thread."""
        if len(nodes) == 1:
            self._node(nodes[0], around, parallel=parallel)
            return
        with ThreadPoolExecutor(AT_ONCE) as threads:
            running = [threads.submit(self._node, node, around, parallel=True) for node in nodes]
        for result in running:
            result.result()

    def _node(self, node: Node, around: Position, *, parallel: bool) -> None:
        self.stop.check()
        match node.part:
            case Stage() as stage:
                self._stage(node, stage, parallel=parallel)
            case Group() as group:
                inner = Position(around.stage, (*around.groups, group))
                if self._begins(node, inner, group.when):
                    self._row(node, inner, parallel=parallel)
            case Parallel():
                node.status = Status.RUNNING
                self._all(node.children, around, parallel=parallel or len(node.children) > 1)
                node.status = node.come_to()
            case Step() as step:
                position = Position(around.stage, around.groups, step)
                if self._begins(node, position, step.when):
                    self._step(node, position, parallel=parallel)

    def _stage(self, node: Node, stage: Stage, *, parallel: bool) -> None:
        if node.status is Status.SKIPPED:
            if stage.type == APPROVAL and "--stage" not in node.reason and not self.aborted:
                self._approve(node, stage)
            else:
                self.report.line()
                self.report.line(f"Skipped: {node.reason}")
        elif self._begins(node, Position(stage), stage.when):
            self._row(node, Position(stage), parallel=parallel)

    def _row(self, node: Node, position: Position, *, parallel: bool) -> None:
        for child in node.children:
            self._node(child, position, parallel=parallel)
        node.status = node.come_to()

    def _begins(self, node: Node, position: Position, when: When | None) -> bool:
        """Tell whether a part runs; if not, it and all below it are skipped."""
        reason = self._reason_to_skip(node, position, when)
        if not reason:
            node.status = Status.RUNNING
            return True
        for inner in node.walk():
            inner.status, inner.reason = Status.SKIPPED, reason
        for inner in node.steps():
            self.report.step_skipped(inner.number, self.count, _name(inner), reason)
        return False

    @property
    def count(self) -> int:
        """Give the number of steps in the stages that are run."""
        return max((node.number for node in self.tree.root.steps()), default=0)

    def _reason_to_skip(self, node: Node, position: Position, when: When | None) -> str:
        if self.aborted:
            return "the run was aborted"
        is_stage = isinstance(node.part, Stage)
        what = "an earlier stage" if is_stage else "an earlier step of the stage"
        has_failed = self.tree.root.status in BAD if is_stage else self._has_failed_before(node, position)
        after = when.status if when else "Success"
        if has_failed and after == "Success":
            return f"{what} has failed"
        if not has_failed and after == "Failure":
            return f"it is only for the case that {what} has failed"
        if when is None or when.condition is None:
            return ""
        try:
            holds = resolve.condition(self.scope, position, when.condition)
        except BadInput as error:
            self.report.warning(str(error))
            holds = False
        return "" if holds else f"its condition is not true: {when.condition.text}"

    def _has_failed_before(self, node: Node, position: Position) -> bool:
        """Tell whether a step that always comes before has failed: what runs at the same time is not asked about."""
        places = self.scope.places()
        return any(
            step.status in BAD and runs_before(places[step.path], places[node.path])
            for step in self._stage_of(position).steps()
        )

    def _stage_of(self, position: Position) -> Node:
        assert position.stage is not None  # noqa: S101 - steps and groups stand in one
        return self.tree.by_path[position.stage.path]

    def _step(self, node: Node, position: Position, *, parallel: bool) -> None:
        levels = _strategies(position)
        asked: Action | None = None  # what a person has decided goes before what the pipeline says
        while True:
            ended = self.run_step(node, position, self.scope, parallel)
            self.stop.check()
            node.exit_code, node.timed_out = ended.exit_code, ended.timed_out
            if ended.exit_code == 0:
                node.status = Status.SUCCEEDED
                return
            action = asked or failures.action(levels, ended)
            if action.type == "Retry" and node.retries >= action.retries:
                action = action.then or failures.FAIL
            if action.type == "ManualIntervention":
                action = asked = self._intervened(node, action)
            if action.type != "Retry":
                break
            self._wait(node, action)
            node.retries += 1
        node.status = self._becomes(node, action)
        if node.status in BAD:
            for path in (position.path[:length] for length in range(1, len(position.path))):
                self.tree.by_path[path].status = Status.FAILED  # at once, for what follows may ask for it

    def _wait(self, node: Node, action: Action) -> None:
        seconds = failures.pause(action, node.retries)
        left = action.retries - node.retries
        when = f" in {seconds:g} s" if seconds else ""
        self.report.line(f"{_name(node)} is tried again{when}; {left} of {action.retries} tries left.", indent=4)
        self.stop.wait(seconds)

    def _becomes(self, node: Node, action: Action) -> Status:
        match action.type:
            case "Ignore":
                self._told(node, "the failure is ignored")
                return Status.IGNORED
            case "MarkAsSuccess":
                self._told(node, "the step counts as successful")
                return Status.SUCCEEDED
            case "Abort":
                self._told(node, "the run is aborted")
                self.aborted = True
                return Status.ABORTED
        if failures.is_rollback(action):
            self._told(node, "there is nothing to roll back here, so the step has failed")
        return Status.FAILED

    def _told(self, node: Node, what: str) -> None:
        self.report.line(f"{_name(node)}: as its failure strategy says, {what}.", indent=4)

    def _intervened(self, node: Node, action: Action) -> Action:
        otherwise = action.then or failures.FAIL
        if not self.terminal.is_there:
            self._told(node, "a person has to decide; there is no terminal to ask at")
            return otherwise
        question = f"The step {_name(node)} has failed with exit code {node.exit_code}. What is to be done?"
        answer = self.terminal.ask(question, list(failures.CHOICES), seconds=action.seconds)
        if answer is None:
            self._told(node, "no answer has come in time")
            return otherwise
        chosen = failures.CHOICES[answer]
        return Action("Retry", node.retries + 1, then=action) if chosen.type == "Retry" else chosen

    def _approve(self, node: Node, stage: Stage) -> None:
        """Ask for an approval; without a terminal it is skipped as any stage of another type."""
        if self.tree.root.status in BAD or not self.terminal.is_there:
            self.report.line()
            self.report.line(f"Skipped: {node.reason}")
            return
        answer = self.terminal.ask(f"{stage.name}: {stage.asks or 'Is this approved?'}", ["Approve", "Reject"])
        node.status = Status.SUCCEEDED if answer == "Approve" else Status.FAILED
        node.exit_code = 0 if answer == "Approve" else 1


def _name(node: Node) -> str:
    return repr(node.part.name) if isinstance(node.part, Step) else ""


def _strategies(position: Position) -> list[tuple[FailureStrategy, ...]]:
    """Give the failure strategies from the step outwards."""
    found = [position.step.strategies if position.step else ()]
    found += [group.strategies for group in reversed(position.groups)]
    return [*found, position.stage.strategies if position.stage else ()]
