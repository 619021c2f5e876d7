"""A budget of time within which a step may try again what may pass by itself."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from common import log

FIRST_WAIT = 0.25
LONGEST_WAIT = 8.0

TRANSIENT_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})


@dataclass(frozen=True)
class Budget:
    """How long retries may go on, in seconds. The clock and sleep are arguments so that tests need not wait."""

    seconds: float = 60.0
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def start(self) -> Attempts:
        """Begin to count the time of one piece of work."""
        return Attempts(self, self.clock() + self.seconds)


@dataclass
class Attempts:
    """The tries of one piece of work: `for _ in attempts:` ends when the budget is spent."""

    budget: Budget
    deadline: float
    wait: float = field(default=FIRST_WAIT)
    requested: float | None = None
    reason: str = ""

    def __iter__(self) -> Iterator[int]:
        number = 1
        while True:
            yield number
            pause = self._next_pause()
            if self.budget.clock() + pause > self.deadline:
                return
            if pause >= 1 and self.reason:
                log.info(f"{self.reason} Trying again in {pause:.0f} s.")
            self.budget.sleep(pause)
            number += 1

    def rest(self) -> Budget:
        """Give what is left, for work that belongs to this one."""
        return replace(self.budget, seconds=max(0.0, self.deadline - self.budget.clock()))

    def failed(self, reason: str, *, retry_after: float | None = None) -> None:
        """Note why this try failed and, in seconds, how long the other side asked to wait."""
        self.reason = reason
        self.requested = retry_after

    def _next_pause(self) -> float:
        pause = self.wait * random.uniform(0.8, 1.2)  # noqa: S311 - jitter, not cryptography
        self.wait = min(self.wait * 2, LONGEST_WAIT)
        if self.requested is not None:
            pause = max(pause, self.requested)
            self.requested = None
        return pause


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
