"""What a pipeline says is to be done about a failure: which strategy is meant, and what comes of it."""

from __future__ import annotations

from collections.abc import Sequence

from common.errors import Conflict, NotAllowed, Refused, Unavailable
from runner.execution.launch import Ended
from runner.language.pipeline import Action, FailureStrategy
from runner.language.pipeline.clauses import ALL_ERRORS, ROLLBACKS

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


def action(levels: Sequence[Sequence[FailureStrategy]], ended: Ended) -> Action:
    """Give the action for a failure: of the first that names its kind, the step's own before those around it."""
    kinds = TIMEOUT if ended.timed_out else ERRORS.get(ended.exit_code, OTHER)
    for strategies in levels:
        for names in (kinds, {ANY_OTHER}, {ALL_ERRORS}):
            for strategy in strategies:
                if strategy.errors & names:
                    return strategy.action
    return FAIL


def pause(action: Action, tried: int) -> float:
    """Give the seconds to wait before a try; the last interval counts for all that follow."""
    return action.intervals[min(tried, len(action.intervals) - 1)] if action.intervals else 0.0


def is_rollback(action: Action) -> bool:
    """Tell whether the action is one that there is nothing for here."""
    return action.type in ROLLBACKS
