"""Runs a single step until it is done with: tried again, or its failure taken as it is to be."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from runner.execution import failures
from runner.execution.launch import Ended
from runner.execution.limits import Limit
from runner.execution.questions import Terminal
from runner.execution.report import Report
from runner.execution.stop import Stop
from runner.execution.tree import Node, Status
from runner.language.pipeline import Action, Path, Position
from runner.language.pipeline.clauses import RETRY_GROUP
from runner.language.scope import Scope

RunStep = Callable[[Node, Position, Scope, Limit, bool], Ended]
"""Runs a step once, in its position and within a limit; the last says whether others run at the same time."""


@dataclass
class Attempts:
    """What the steps of a run share when they fail. `aborted`: no other is to begin."""

    report: Report
    terminal: Terminal
    stop: Stop
    run_step: RunStep
    aborted: bool = False
    again: dict[Path, Action] = field(default_factory=dict)
    """The groups that are to be tried again as a whole."""

    def step(self, node: Node, position: Position, scope: Scope, limit: Limit, *, parallel: bool) -> None:
        """Run a step, and give its node the status that it comes to. `limit` is that of what is around it."""
        decided: Action | None = None  # by a person, which goes before what the pipeline says
        while True:
            ended = self.run_step(node, position, scope, limit, parallel)
            if ended.exit_code == 0:
                node.status, node.exit_code, node.timed_out = Status.SUCCEEDED, 0, False
                return
            self.stop.check()  # what was ended by it has not failed
            node.exit_code, node.timed_out = ended.exit_code, ended.timed_out
            node.limit = limit.whose if ended.timed_out and limit.is_over else ""
            action = self._action(node, position, ended, limit, decided)
            if action is None or action.type != "Retry":
                node.status = self._becomes(node, action)
                return
            decided = action if action.then is not None and action.then.type == "ManualIntervention" else None
            self.wait(node, action, limit)
            node.retries += 1

    def _action(
        self, node: Node, position: Position, ended: Ended, limit: Limit, decided: Action | None
    ) -> Action | None:
        levels = failures.levels(position, len(limit.path) if node.limit else len(position.path))
        action, owner = (decided, ()) if decided and not node.limit else failures.action(levels, ended)
        if action is not None and action.type == "Retry" and (node.limit or node.retries >= action.retries):
            action = action.then
        if action is not None and action.type == "ManualIntervention":
            action = self._intervened(node, action, limit)
        if action is not None and action.type == RETRY_GROUP:
            self.again[owner] = action
        return action

    def wait(self, node: Node, action: Action, limit: Limit) -> None:
        """Wait until a step or group is to be tried again. Raises Stopped."""
        seconds = failures.pause(action, node.retries)
        left = action.retries - node.retries
        when = f" in {seconds:g} s" if seconds else ""
        self.report.line(f"{node.name!r} is tried again{when}; {left} of {action.retries} tries left.", indent=4)
        self.stop.wait(min(seconds, limit.left))

    def _becomes(self, node: Node, action: Action | None) -> Status:
        match action.type if action else "":
            case "Ignore":
                self._told(node, "the failure is ignored")
                return Status.IGNORED
            case "MarkAsSuccess":
                self._told(node, "the step counts as successful")
                return Status.SUCCEEDED
            case "MarkAsFailure":
                return Status.FAILED
            case "Abort":
                self._told(node, "the run is aborted")
                self.aborted = True
                return Status.ABORTED
        if action is not None and failures.is_rollback(action):
            self._told(node, "there is nothing to roll back here, so the step has failed")
        return Status.EXPIRED if node.timed_out else Status.FAILED

    def _told(self, node: Node, what: str) -> None:
        self.report.line(f"{node.name!r}: as its failure strategy says, {what}.", indent=4)

    def _intervened(self, node: Node, action: Action, limit: Limit) -> Action | None:
        """Ask a person. What was ended with all around it cannot be tried again."""
        if not self.terminal.is_there:
            self._told(node, "a person has to decide; there is no terminal to ask at")
            return action.then
        question = f"The step {node.name!r} has failed with exit code {node.exit_code}. What is to be done?"
        choices = [name for name, chosen in failures.CHOICES.items() if not node.limit or chosen.type != "Retry"]
        due = min(action.seconds or math.inf, math.inf if node.limit else limit.left)
        answer = self.terminal.ask(question, choices, seconds=due)
        if answer is None:
            self._told(node, "no answer has come in time")
            return action.then
        chosen = failures.CHOICES[answer]
        return Action("Retry", node.retries + 1, then=action) if chosen.type == "Retry" else chosen
