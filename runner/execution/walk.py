"""Goes through the tree of a run: stages and steps in their order, parallel ones at the same time.

Decides for each part whether it runs, and what becomes of a failure. How one step is carried out is not its concern.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from common.errors import BadInput, Refused
from runner.execution import limits
from runner.execution.attempts import Attempts
from runner.execution.launch import TIMED_OUT
from runner.execution.limits import Limit
from runner.execution.report import Report
from runner.execution.stop import Stopped
from runner.execution.tree import BAD, Node, Status, Tree
from runner.language import resolve
from runner.language.pipeline import APPROVAL, Group, Parallel, Path, Position, Stage, Step, When, runs_before
from runner.language.scope import Scope

AT_ONCE = 20  # steps of one parallel part; more wait for their turn


@dataclass
class Walk:
    """A run on its way. `scope` is what expressions are resolved by."""

    tree: Tree
    scope: Scope
    report: Report
    attempts: Attempts
    limits: dict[Path, Limit] = field(default_factory=dict)
    """Of the pipeline, and of the stages and groups that have begun."""
    over: set[Path] = field(default_factory=set)
    """Whose limit has ended what was in it."""

    def pipeline(self) -> None:
        """Run everything. Raises Stopped."""
        try:
            self._rows()
        except Stopped:
            for node in self.tree.root.walk():
                if node.status is Status.RUNNING:
                    node.status = Status.ABORTED
            raise

    def _rows(self) -> None:
        self.tree.root.status = Status.RUNNING
        self.limits[()] = limits.begin(self.scope, Position())
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
        self.attempts.stop.check()
        match node.part:
            case Stage() as stage:
                self._stage(node, stage, parallel=parallel)
            case Group() as group:
                inner = Position(around.stage, (*around.groups, group))
                if self._begins(node, inner, group.when):
                    self._group(node, inner, parallel=parallel)
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
            if stage.type == APPROVAL and "--stage" not in node.reason and not self.attempts.aborted:
                self._approve(node, stage)
            else:
                self.report.line()
                self.report.line(f"Skipped: {node.reason}")
        elif self._begins(node, Position(stage), stage.when):
            self._row(node, Position(stage), parallel=parallel)

    def _group(self, node: Node, position: Position, *, parallel: bool) -> None:
        """Run a group, and run all of it again as long as its failure strategy says so."""
        while True:
            self._row(node, position, parallel=parallel)
            again = self.attempts.again.pop(node.path, None)
            limit = self._limit(position)
            stays = again is None or node.status not in BAD or node.retries >= again.retries
            if again is None or stays or self.attempts.aborted or limit.is_over:
                return
            self.attempts.wait(node, again, limit)
            node.retries += 1
            node.begin_anew()
            for around in self._around(position):
                around.status = around.come_to() if around.come_to() in BAD else Status.RUNNING
            node.status = Status.RUNNING
            self.over.discard(node.path)
            self.limits[node.path] = limits.begin(self.scope, position)

    def _row(self, node: Node, position: Position, *, parallel: bool) -> None:
        for child in node.children:
            self._node(child, position, parallel=parallel)
        node.status = node.come_to()

    def _begins(self, node: Node, position: Position, when: When | None) -> bool:
        """Tell whether a part runs; if not, it and all below it are skipped."""
        reason = self._reason_to_skip(node, position, when)
        if not reason:
            node.status = Status.RUNNING
            if not isinstance(node.part, Step):  # whose limit counts for each try of it
                self.limits[node.path] = limits.begin(self.scope, position)
            return True
        for inner in node.walk():
            inner.status, inner.reason = Status.SKIPPED, reason
        for inner in node.steps():
            self.report.step_skipped(inner.number, self.count, inner.name, reason)
        return False

    @property
    def count(self) -> int:
        """Give the number of steps in the stages that are run."""
        return max((node.number for node in self.tree.root.steps()), default=0)

    def _reason_to_skip(self, node: Node, position: Position, when: When | None) -> str:
        if self.attempts.aborted:
            return "the run was aborted"
        limit = self._limit(position)
        if limit.path in self.over:
            return f"the timeout of {limit.whose} is over"
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
        limit = self._limit(position)
        self.attempts.step(node, position, self.scope, limit, parallel=parallel)
        if node.limit:
            self.over.add(limit.path)
        if node.status in BAD:
            for around in self._around(position):
                around.status = node.status  # at once, for what follows may ask for it

    def _around(self, position: Position) -> list[Node]:
        """Give the stage and the groups that a step or group is in."""
        return [self.tree.by_path[position.path[:length]] for length in range(1, len(position.path))]

    def _limit(self, position: Position) -> Limit:
        """Give the limit of what is around a part that ends first."""
        around = [position.path[:length] for length in range(len(position.path))]
        return min((self.limits.get(path, limits.NONE) for path in around), key=lambda limit: limit.due)

    def _approve(self, node: Node, stage: Stage) -> None:
        """Ask for an approval; without a terminal it is skipped as any stage of another type."""
        terminal = self.attempts.terminal
        if self.tree.root.status in BAD or not terminal.is_there:
            self.report.line()
            self.report.line(f"Skipped: {node.reason}")
            return
        limit = self._limit(Position(stage))
        question = f"{stage.name}: {stage.asks or 'Is this approved?'}"
        answer = terminal.ask(question, ["Approve", "Reject"], seconds=limit.left)
        if answer == "Approve":
            node.status = Status.SUCCEEDED
        elif answer is None and limit.is_over:
            node.status, node.exit_code, node.limit = Status.EXPIRED, TIMED_OUT, limit.whose
        else:
            node.status, node.exit_code = Status.REJECTED, Refused.exit_code
