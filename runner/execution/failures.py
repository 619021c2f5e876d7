"""What a pipeline says is to be done about a failure: which strategy is meant, and what comes of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from common.errors import Conflict, NotAllowed, Refused, Unavailable
from runner.execution.launch import Ended
from runner.language.pipeline import Action, FailureStrategy, Path, Position
from runner.language.pipeline.clauses import ALL_ERRORS, ROLLBACKS

Level: TypeAlias = tuple[Path, Sequence[FailureStrategy]]

ANY_OTHER = "AnyOther"
TIMEOUT = frozenset({"Timeout"})
# Exit code -> the platform's names for such an error. What a step can tell is less than what the platform can.
ERRORS: dict[int, frozenset[str]] = {
    NotAllowed.exit_code: frozenset({"Authentication", "Authorization"}),
    Unavailable.exit_code: frozenset({"Connectivity"}),
    Refused.exit_code: frozenset({"ApplicationFailure", "Unknown"}),
    Conflict.exit_code: frozenset({"ApplicationFailure", "Unknown"}),
}
OTHER = frozenset({"Unknown", "ApplicationFailure"})

FAIL = Action("MarkAsFailure")
# What a person can choose -> the action.
CHOICES = {
    "Retry": Action("Retry"),
    "Ignore": Action("Ignore"),
    "Mark as success": Action("MarkAsSuccess"),
    "Mark as failure": FAIL,
    "Abort": Action("Abort"),
}


def action(levels: Sequence[Level], ended: Ended) -> tuple[Action | None, Path]:
    """Give the action for a failure, and whose it is: the first that names its kind, the step's own before others."""
    kinds = TIMEOUT if ended.timed_out else ERRORS.get(ended.exit_code, OTHER)
    for path, strategies in levels:
        for names in (kinds, {ANY_OTHER}, {ALL_ERRORS}):
            for strategy in strategies:
                if strategy.errors & names:
                    return strategy.action, path
    return None, ()


def levels(position: Position, within: int) -> list[Level]:
    """Give the failure strategies from a step outwards. `within`: the length of the first path that counts.

    What was ended with all of a group or stage is their failure, and not its own.
    """
    found: list[Level] = []
    if position.step is not None:
        found.append((position.path, position.step.strategies))
    found += [(group.path, group.strategies) for group in reversed(position.groups)]
    if position.stage is not None:
        found.append((position.stage.path, position.stage.strategies))
    return [(path, strategies) for path, strategies in found if len(path) <= within]


def pause(action: Action, tried: int) -> float:
    """Give the seconds to wait before a try; the last interval counts for all that follow."""
    return action.intervals[min(tried, len(action.intervals) - 1)] if action.intervals else 0.0


def is_rollback(action: Action) -> bool:
    """Tell whether the action is one that there is nothing for here."""
    return action.type in ROLLBACKS
