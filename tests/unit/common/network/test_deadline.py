"""The retry budget: bounded by time, and what the other side asks for is honoured."""

from __future__ import annotations

from dataclasses import dataclass, field
from email.utils import formatdate

import pytest

from common.network.deadline import Budget, retry_after_seconds


@dataclass
class Clock:
    now: float = 0.0
    slept: list[float] = field(default_factory=list)

    def read(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def budget(seconds: float, clock: Clock) -> Budget:
    return Budget(seconds, clock.read, clock.sleep)


def test_tries_go_on_until_the_budget_is_spent_and_never_beyond() -> None:
    clock = Clock()
    tries = list(budget(60, clock).start())
    assert 8 <= len(tries) <= 16
    assert sum(clock.slept) <= 60


def test_a_budget_of_nothing_allows_one_try() -> None:
    clock = Clock()
    assert list(budget(0, clock).start()) == [1]
    assert clock.slept == []


def test_the_wait_that_the_other_side_asks_for_is_honoured() -> None:
    clock = Clock()
    attempts = budget(60, clock).start()
    for number in attempts:
        if number == 1:
            attempts.failed("busy.", retry_after=20)
        else:
            break
    assert clock.slept[0] == 20


def test_a_wait_longer_than_the_budget_ends_the_tries_at_once() -> None:
    clock = Clock()
    attempts = budget(60, clock).start()
    for _ in attempts:
        attempts.failed("busy.", retry_after=3600)
    assert clock.slept == []


def test_work_that_belongs_to_other_work_gets_the_rest_of_its_budget() -> None:
    clock = Clock()
    attempts = budget(60, clock).start()
    assert attempts.rest().seconds == 60
    clock.sleep(45)
    assert attempts.rest().seconds == 15
    clock.sleep(45)
    assert attempts.rest().seconds == 0


@pytest.mark.parametrize(("value", "seconds"), [("7", 7), (" 7 ", 7), (None, None), ("soon", None)])
def test_retry_after_is_read_as_seconds(value: str | None, seconds: float | None) -> None:
    assert retry_after_seconds(value) == seconds


def test_retry_after_is_read_as_a_date() -> None:
    import time

    found = retry_after_seconds(formatdate(time.time() + 30, usegmt=True))
    assert found is not None
    assert 25 <= found <= 31
