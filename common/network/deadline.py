"""How much time a step has: a wall clock for all of it, and one budget for everything that goes wrong on the way.

The budget (RETRY_BUDGET) runs only while something fails: from the start of the first try that failed until the work
went through, single tries included. It is one for the whole step, so REST, Slack and git cannot spend it three times.
The wall clock (STEP_TIMEOUT) ends whatever still runs, also what hangs in a system call.
"""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import FrameType

from common import log
from common.errors import Unavailable

FIRST_WAIT = 0.25
LONGEST_WAIT = 8.0
LONGEST_TRY = 30.0
SHORTEST_FIRST_TRY = 5.0  # a small budget is about repeats; a slow service still gets its chance
SHORTEST_TRY = 1.0
ALARM_AGAIN = 10.0  # seconds; Python drops an exception that a signal raises inside a finalizer


class OutOfTime(BaseException):
    """The wall clock of a `limit` has run out; not an Exception, so that no library takes it for one of its own."""


@dataclass
class Deadline:
    """The time of one step, in seconds. The clock and sleep are arguments so that tests need not wait."""

    retry_seconds: float = 60.0
    step_seconds: float = 3600.0
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _spent: float = field(default=0.0, init=False)
    _failing_since: float | None = field(default=None, init=False)
    _depth: int = field(default=0, init=False)

    @property
    def left(self) -> float:
        """What is left of the retry budget."""
        failing = 0.0 if self._failing_since is None else self.clock() - self._failing_since
        return max(0.0, self.retry_seconds - self._spent - failing)

    @property
    def longest_try(self) -> float:
        """How long a single try may take now."""
        return self.patience(LONGEST_TRY)

    def patience(self, longest: float) -> float:
        """How long a service may be waited for now. A budget of 0 means one try each, not none."""
        if self.retry_seconds == 0:
            return longest
        shortest = SHORTEST_FIRST_TRY if self.left == self.retry_seconds else SHORTEST_TRY
        return min(longest, max(shortest, self.left))

    def attempts(self, *, at_least: int = 1) -> Attempts:
        """Begin to count the tries of one piece of work; `at_least` so many there are, however long they take."""
        return Attempts(self, at_least)

    def limit(self) -> contextlib.AbstractContextManager[None]:
        """End a single try by TimeoutError when it takes too long, however little the other side sends meanwhile."""
        seconds = self.longest_try
        return wall_clock(seconds, TimeoutError(f"it did not end within {seconds:.0f} s"))

    def whole_step(self) -> contextlib.AbstractContextManager[None]:
        """End the step by Unavailable when its time is over."""
        return wall_clock(
            self.step_seconds,
            Unavailable(
                f"The step did not end within {self.step_seconds:g} s.",
                next_step="Run it again, which is safe, or raise STEP_TIMEOUT.",
            ),
        )

    def _begin(self) -> None:
        self._depth += 1

    def _end(self) -> None:
        self._depth -= 1
        if self._depth == 0 and self._failing_since is not None:
            self._spent += self.clock() - self._failing_since
            self._failing_since = None

    def _failing(self, since: float) -> None:
        if self._failing_since is None:
            self._failing_since = since


@dataclass
class Attempts:
    """The tries of one piece of work: `for _ in attempts:` ends when the time is spent."""

    deadline: Deadline
    at_least: int = 1
    wait: float = FIRST_WAIT
    requested: float | None = None
    reason: str = ""
    started: float = 0.0

    def __iter__(self) -> Iterator[int]:
        self.deadline._begin()  # noqa: SLF001 - the two are one mechanism
        number = 1
        try:
            while True:
                self.started = self.deadline.clock()
                yield number
                pause = self._next_pause()
                if pause > self.deadline.left and number >= self.at_least:
                    return
                if pause >= 1 and self.reason:
                    log.info(f"{self.reason} Trying again in {pause:.0f} s.")
                self.deadline.sleep(pause)
                number += 1
        finally:
            self.deadline._end()  # noqa: SLF001 - the two are one mechanism

    def failed(self, reason: str, *, retry_after: float | None = None) -> None:
        """Note why this try failed and, in seconds, how long the other side asked to wait."""
        self.reason = reason
        self.requested = retry_after
        self.deadline._failing(self.started)  # noqa: SLF001 - the two are one mechanism

    def _next_pause(self) -> float:
        import random

        pause = self.wait * random.uniform(0.8, 1.2)  # noqa: S311 - jitter, not cryptography
        self.wait = min(self.wait * 2, LONGEST_WAIT)
        if self.requested is not None:
            pause = max(pause, self.requested)
            self.requested = None
        return pause


_clocks: list[float] = []  # when each `wall_clock` that is open now runs out; the innermost is last


@contextlib.contextmanager
def wall_clock(seconds: float, late: Exception) -> Iterator[None]:
    """End what runs inside by the exception `late` after so many seconds. It works in the main thread, as a step does.

    A socket's own time-out starts anew with every byte; this one does not. In another thread there is no such clock.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    own = time.monotonic() + seconds
    _clocks.append(own)
    before = signal.signal(signal.SIGALRM, _ring)
    try:
        try:
            _arm()
            yield
        finally:
            _clocks.remove(own)
            _arm()
    except OutOfTime as error:
        if _clocks and min(_clocks) <= time.monotonic():
            raise  # it is an outer clock that has run out
        raise late from error
    finally:
        signal.signal(signal.SIGALRM, before)


def _arm() -> None:
    seconds = max(0.001, min(_clocks) - time.monotonic()) if _clocks else 0.0
    signal.setitimer(signal.ITIMER_REAL, seconds, ALARM_AGAIN)


def _ring(_number: int, _frame: FrameType | None) -> None:
    raise OutOfTime


def retry_after_seconds(value: str | None) -> float | None:
    """Read a Retry-After header: seconds or an HTTP date (RFC 9110, 10.2.3); None when absent or unreadable."""
    if value is None:
        return None
    if value.strip().isdecimal():
        return float(value)
    from email.utils import parsedate_to_datetime

    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return None
