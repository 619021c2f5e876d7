"""A write is repeated only when it did nothing, or after a look that finds nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from common.errors import BadInput, Refused, Unavailable
from common.network import repeat
from common.network.deadline import Deadline
from common.network.repeat import Failure, Outcome, Uncertain


class Failed(Exception):
    """A failure of the client under test, with what it leaves behind."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.name)
        self.outcome = outcome


def failure_of(error: Exception) -> Failure | None:
    if not isinstance(error, Failed):
        return None
    kind = Refused if error.outcome is Outcome.REFUSED else Unavailable
    return Failure(error.outcome, kind(f"It was {error.outcome.name.lower()}."))


def deadline(seconds: float = 60) -> Deadline:
    now = [0.0]

    def sleep(pause: float) -> None:
        now[0] += pause

    return Deadline(seconds, clock=lambda: now[0], sleep=sleep)


def calls(*ends: Outcome | str) -> tuple[Callable[[], str], list[int]]:
    """Make a call that ends in these ways one after the other, and the list of its tries."""
    left, tries = list(ends), list[int]()

    def call() -> str:
        tries.append(len(tries) + 1)
        end = left.pop(0)
        if isinstance(end, Outcome):
            raise Failed(end)
        return end

    return call, tries


def nothing() -> None:
    """Find nothing."""


@pytest.mark.parametrize("end", [Outcome.NOT_DONE, Outcome.UNKNOWN])
def test_a_read_is_tried_again_after_whatever_may_pass(end: Outcome) -> None:
    call, tries = calls(end, end, "value")

    assert repeat.read(call, failure_of, deadline()) == "value"
    assert len(tries) == 3


def test_what_is_refused_is_not_tried_again() -> None:
    call, tries = calls(Outcome.REFUSED)
    with pytest.raises(Refused, match="It was refused"):
        repeat.read(call, failure_of, deadline())
    assert len(tries) == 1


def test_a_write_that_did_nothing_is_repeated_without_a_look() -> None:
    call, tries = calls(Outcome.NOT_DONE, "made")

    def look() -> str:
        raise AssertionError("there is nothing to look for")

    assert repeat.write(call, look, failure_of, deadline()) == "made"
    assert len(tries) == 2


def test_a_doubtful_write_that_is_found_is_not_repeated() -> None:
    call, tries = calls(Outcome.UNKNOWN)

    assert repeat.write(call, lambda: "found", failure_of, deadline()) == "found"
    assert len(tries) == 1


def test_a_doubtful_write_that_is_not_found_is_repeated() -> None:
    call, tries = calls(Outcome.UNKNOWN, "made")

    assert repeat.write(call, nothing, failure_of, deadline()) == "made"
    assert len(tries) == 2


def test_a_refusal_after_doubt_may_come_from_the_first_try_and_is_looked_up() -> None:
    found: list[str | None] = [None, "found"]
    call, _ = calls(Outcome.UNKNOWN, Outcome.REFUSED)

    assert repeat.write(call, lambda: found.pop(0), failure_of, deadline()) == "found"


def test_a_doubtful_write_that_nothing_can_look_for_is_uncertain_and_not_repeated() -> None:
    call, tries = calls(Outcome.UNKNOWN)
    with pytest.raises(Uncertain):
        repeat.write(call, None, failure_of, deadline())
    assert len(tries) == 1


def test_when_the_budget_is_spent_there_is_one_last_look() -> None:
    call, tries = calls(Outcome.UNKNOWN)

    assert repeat.write(call, lambda: "found", failure_of, deadline(0)) == "found"
    assert len(tries) == 1


def test_the_end_of_the_budget_is_told_with_what_failed() -> None:
    call, _ = calls(*[Outcome.UNKNOWN] * 100)
    with pytest.raises(Unavailable, match=r"It was unknown\. RETRY_BUDGET \(5 s\) is spent"):
        repeat.write(call, nothing, failure_of, deadline(5))


def test_what_is_no_failure_of_the_client_goes_through_as_it_is() -> None:
    def call() -> str:
        raise BadInput("no")

    with pytest.raises(BadInput):
        repeat.write(call, nothing, failure_of, deadline())


@pytest.mark.parametrize(
    ("status", "retry_after", "outcome"),
    [
        (429, None, Outcome.NOT_DONE),
        (503, 1.0, Outcome.NOT_DONE),
        (503, None, Outcome.UNKNOWN),
        (500, 1.0, Outcome.UNKNOWN),
        (502, None, Outcome.UNKNOWN),
        (408, None, Outcome.UNKNOWN),
        (404, None, Outcome.REFUSED),
        (501, None, Outcome.REFUSED),
    ],
)
def test_only_429_and_503_that_asks_to_wait_say_that_nothing_was_done(
    status: int, retry_after: float | None, outcome: Outcome
) -> None:
    assert repeat.of_status(status, retry_after=retry_after) is outcome


@pytest.mark.parametrize(
    ("seconds", "advice"),
    [(None, "Check the address, the network"), (40.0, "Run the step again later, which is safe")],
)
def test_who_asks_to_wait_is_not_to_be_looked_for_at_another_address(seconds: float | None, advice: str) -> None:
    def call() -> str:
        raise Failed(Outcome.NOT_DONE)

    def asked(error: Exception) -> Failure | None:
        failure = failure_of(error)
        return failure and failure._replace(retry_after=seconds)

    with pytest.raises(Unavailable) as spent:
        repeat.read(call, asked, deadline())
    assert spent.value.next_step.startswith(advice)
