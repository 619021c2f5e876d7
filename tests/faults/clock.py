"""A clock for steps that run in the process of a test: what they would sleep passes at once, and counts as passed."""

from __future__ import annotations

import functools
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from common.git import command, upstream
from common.network import deadline
from common.network.deadline import Deadline

LARGEST = 64 * 1024 * 1024
PATIENCE = 1.5  # seconds that a try may take where time-outs are what is tested; a slow machine has to make it


@dataclass
class Clock:
    """The time of all deadlines. waking: called in the place of each sleep."""

    slept: float = 0.0
    waking: Callable[[], object] = lambda: None

    def now(self) -> float:
        return time.monotonic() + self.slept

    def sleep(self, seconds: float) -> None:
        self.slept += seconds
        self.waking()


@contextmanager
def skipped_sleep() -> Iterator[Clock]:
    """Have every step of this process use such a clock."""
    clock = Clock()
    skipping = functools.partial(Deadline, clock=clock.now, sleep=clock.sleep)
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(deadline, "Deadline", skipping)
            yield clock
    finally:
        for module in list(sys.modules.values()):  # one that was loaded meanwhile has taken it for the real one
            if vars(module).get("Deadline") is skipping:
                vars(module)["Deadline"] = Deadline


@contextmanager
def little_patience() -> Iterator[None]:
    """Have a try time out soon, with the whole retry budget before it, and an answer be too large for git soon."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deadline, "LONGEST_TRY", PATIENCE)
        patch.setattr(upstream, "LONGEST_SILENCE", PATIENCE)
        patch.setattr(command, "LARGEST", (command.LARGEST[0], LARGEST))
        yield
