"""The end of a run that comes from outside: every thread asks here before it goes on, and wakes when it comes."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from common.contract.signals import postponed


class Stopped(Exception):
    """A signal has come; what was running has ended."""


class Stop:
    """Whether a run has to end. `descriptor` becomes readable then, for good."""

    def __init__(self) -> None:
        self.descriptor, self._write = os.pipe()
        os.set_blocking(self._write, False)
        self.asked = False

    def ask(self, _number: int = 0) -> None:
        """End the run. Called by a signal's handler, too."""
        self.asked = True
        with suppress(BlockingIOError):
            os.write(self._write, b".")

    def check(self) -> None:
        """Raise Stopped when the run has to end."""
        if self.asked:
            raise Stopped

    def wait(self, seconds: float) -> None:
        """Wait. Raises Stopped as soon as the run has to end."""
        due = time.monotonic() + seconds
        while (left := due - time.monotonic()) > 0 and not self.asked:
            select.select([self.descriptor], [], [], min(left, 3600.0))
        self.check()

    def close(self) -> None:
        """Give the descriptors back."""
        os.close(self.descriptor)
        os.close(self._write)


@contextmanager
def stoppable() -> Iterator[Stop]:
    """Turn signals into a request to stop; Interrupted is raised at the end of the block."""
    stop = Stop()
    try:
        with postponed(stop.ask):
            yield stop
    finally:
        stop.close()
