"""The retry budget: bounded by time, and what the other side asks for is honoured."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass, field
from email.utils import formatdate

import pytest

from common.errors import Unavailable
from common.network.deadline import LONGEST_TRY, SHORTEST_TRY, Deadline, retry_after_seconds


@dataclass
class Clock:
    now: float = 0.0
    slept: list[float] = field(default_factory=list)

    def read(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def deadline(seconds: float, clock: Clock) -> Deadline:
    return Deadline(seconds, clock=clock.read, sleep=clock.sleep)


def fail_for_good(time: Deadline) -> int:
    """Let every try of one piece of work fail, and give how many there were."""
    attempts = time.attempts()
    count = 0
    for count in attempts:  # noqa: B007 - it is what is given
        attempts.failed("busy.")
    return count


def test_tries_go_on_until_the_budget_is_spent_and_never_beyond() -> None:
    clock = Clock()

    tries = fail_for_good(deadline(60, clock))

    assert 8 <= tries <= 16
    assert sum(clock.slept) <= 60


def test_the_budget_is_one_for_all_the_work_of_a_step() -> None:
    clock = Clock()
    time = deadline(60, clock)

    for _ in range(5):
        fail_for_good(time)

    assert clock.now <= 60
    assert time.left < 1


def test_work_that_goes_well_costs_nothing_of_the_budget() -> None:
    clock = Clock()
    time = deadline(60, clock)

    for _ in time.attempts():
        clock.now += 3600  # a long upload
        break

    assert time.left == 60


def test_a_failed_try_costs_the_time_that_it_took() -> None:
    clock = Clock()
    time = deadline(60, clock)
    attempts = time.attempts()

    for number in attempts:
        clock.now += 20
        if number == 1:
            attempts.failed("it hung.")
        else:
            break

    assert time.left < 20


def test_a_look_inside_a_failing_write_is_not_counted_twice() -> None:
    clock = Clock()
    time = deadline(60, clock)
    attempts = time.attempts()

    for number in attempts:
        if number == 3:
            break
        attempts.failed("doubtful.")
        for _ in time.attempts():
            clock.now += 5
            break

    assert time.left == 60 - clock.now


def test_a_budget_of_nothing_allows_one_try() -> None:
    clock = Clock()
    assert list(deadline(0, clock).attempts()) == [1]
    assert clock.slept == []


def test_the_wait_that_the_other_side_asks_for_is_honoured() -> None:
    clock = Clock()
    attempts = deadline(60, clock).attempts()
    for number in attempts:
        if number == 1:
            attempts.failed("busy.", retry_after=20)
        else:
            break
    assert clock.slept[0] == 20


def test_a_wait_longer_than_the_budget_ends_the_tries_at_once() -> None:
    clock = Clock()
    attempts = deadline(60, clock).attempts()
    for _ in attempts:
        attempts.failed("busy.", retry_after=3600)
    assert clock.slept == []


def test_a_single_try_may_take_what_is_left_of_the_budget() -> None:
    clock = Clock()
    time = deadline(5, clock)

    assert time.longest_try == 5
    for _ in range(5):
        fail_for_good(time)
    assert time.longest_try == SHORTEST_TRY
    assert deadline(0, clock).longest_try == LONGEST_TRY


def test_a_try_that_hangs_in_a_system_call_is_ended_by_the_wall_clock() -> None:
    reader, writer = os.pipe()
    time = Deadline(retry_seconds=0.1)
    fail_for_good(time)
    try:
        with pytest.raises(TimeoutError, match="did not end within 1 s"), time.limit():
            os.read(reader, 1)
    finally:
        os.close(reader)
        os.close(writer)


def test_the_clock_of_the_whole_step_ends_it_also_inside_a_try() -> None:
    time = Deadline(retry_seconds=60, step_seconds=0.1)
    with pytest.raises(Unavailable, match="raise STEP_TIMEOUT"), time.whole_step(), time.limit():
        signal.pause()


def test_after_the_work_no_alarm_is_left() -> None:
    with Deadline().whole_step(), Deadline().limit():
        pass
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


@pytest.mark.parametrize(("value", "seconds"), [("7", 7), (" 7 ", 7), (None, None), ("soon", None)])
def test_retry_after_is_read_as_seconds(value: str | None, seconds: float | None) -> None:
    assert retry_after_seconds(value) == seconds


def test_retry_after_is_read_as_a_date() -> None:
    import time

    found = retry_after_seconds(formatdate(time.time() + 30, usegmt=True))
    assert found is not None
    assert 25 <= found <= 31
