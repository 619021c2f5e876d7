"""Trying again what may pass by itself. A write that may have happened is repeated only after a look at what exists.

Each client tells by a function how its library's exceptions read: what a failed try left behind, and in which words.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import NamedTuple, TypeVar

from common.errors import StepError, Unavailable
from common.network.deadline import Deadline

TRANSIENT_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})
TOO_MANY_REQUESTS = 429
SERVICE_UNAVAILABLE = 503
PASSES = "Check the address, the network and the proxy, or raise RETRY_BUDGET; running again is safe."

ASKED_TO_WAIT = "Run the step again later, which is safe, or raise RETRY_BUDGET."

ResultT = TypeVar("ResultT")


class Outcome(Enum):
    """What a failed try leaves behind."""

    REFUSED = "asking again gives the same"
    NOT_DONE = "nothing was done, and it may pass by itself"
    UNKNOWN = "it may have been done"


class Failure(NamedTuple):
    """A try that failed. `retry_after` is how many seconds the other side asked to wait."""

    outcome: Outcome
    error: StepError
    retry_after: float | None = None


class Uncertain(Unavailable):
    """A write may or may not have happened."""


FailureOf = Callable[[Exception], Failure | None]  # None: this exception is no failure of the client


def of_status(status: int, *, retry_after: float | None) -> Outcome:
    """Tell what an HTTP status leaves behind: only 429, and 503 with Retry-After, say that nothing was done."""
    if status not in TRANSIENT_STATUS:
        return Outcome.REFUSED
    told_to_wait = status == SERVICE_UNAVAILABLE and retry_after is not None
    return Outcome.NOT_DONE if status == TOO_MANY_REQUESTS or told_to_wait else Outcome.UNKNOWN


def read(call: Callable[[], ResultT], failure_of: FailureOf, deadline: Deadline) -> ResultT:
    """Call what writes nothing until it gives an answer or is refused. Raises what `failure_of` makes of the end."""
    attempts = deadline.attempts()
    for _ in attempts:
        try:
            return call()
        except Exception as error:
            failure = _failure(error, failure_of)
            if failure.outcome is Outcome.REFUSED:
                raise failure.error from error
            attempts.failed(failure.error.message, retry_after=failure.retry_after)
    raise _spent(failure, deadline)


def write(
    call: Callable[[], ResultT],
    look: Callable[[], ResultT | None] | None,
    failure_of: FailureOf,
    deadline: Deadline,
) -> ResultT:
    """Call what writes. After a try that may have worked, `look` finds what it made before anything is repeated.

    Raises Uncertain where there is no way to look, else what `failure_of` makes of the end.
    """
    attempts = deadline.attempts()
    doubted = False
    for _ in attempts:
        if doubted and look is not None and (found := look()) is not None:
            return found
        try:
            return call()
        except Exception as error:
            failure = _failure(error, failure_of)
            if failure.outcome is Outcome.REFUSED:
                # A refusal after a doubtful try may come from what that try made.
                if doubted and look is not None and (found := look()) is not None:
                    return found
                raise failure.error from error
            if failure.outcome is Outcome.UNKNOWN:
                if look is None:
                    raise Uncertain(
                        failure.error.message,
                        next_step="Run the step again: it looks at what exists first.",
                        detail=failure.error.detail,
                    ) from error
                doubted = True
            attempts.failed(failure.error.message, retry_after=failure.retry_after)
    if doubted and look is not None and (found := look()) is not None:
        return found
    raise _spent(failure, deadline)


def _failure(error: Exception, failure_of: FailureOf) -> Failure:
    failure = failure_of(error)
    if failure is None:
        raise error
    return failure


def _spent(failure: Failure, deadline: Deadline) -> StepError:
    error = failure.error
    if failure.outcome is Outcome.NOT_DONE and not isinstance(error, Unavailable):
        return error  # what might have appeared, and has not
    message = f"{error.message} RETRY_BUDGET ({deadline.retry_seconds:g} s) is spent."
    advice = PASSES if failure.retry_after is None else ASKED_TO_WAIT  # who asks to wait, is reached
    return Unavailable(message, next_step=error.next_step or advice, detail=error.detail)
