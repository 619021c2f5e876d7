"""Tells a process group that waits for ever from one that works.

When a server answers a push with what is no git answer, git's processes wait for each other, and no time-out of git's
own counts there. A program that transfers, or waits for a host, wakes up again and again; one whose processes all stand
still uses no processor time at all. Where the kernel does not tell that (no Linux), nothing stands still.
"""

from __future__ import annotations

import contextlib
import math
import time
from dataclasses import dataclass, field
from pathlib import Path

INTERVAL = 0.5  # seconds between two looks
PROC = Path("/proc")
GROUP = 2  # of the fields behind the name in /proc/PID/stat; see proc_pid_stat(5)


@dataclass
class Standstill:
    """Watches the group; `seconds` is how long it may use no processor time."""

    group: int
    seconds: float
    _used: int = -1
    _since: float = field(default_factory=time.monotonic)
    _looked: float = field(default_factory=time.monotonic)

    @property
    def interval(self) -> float:
        """How long to wait until the next look."""
        return INTERVAL if self.seconds < math.inf else math.inf

    def reached(self) -> bool:
        """Tell whether it has stood still for so long. It looks once in an INTERVAL, however often it is asked.

        A look reads the state of every process of the machine, which costs more than a short git command.
        """
        if self.seconds == math.inf or time.monotonic() - self._looked < INTERVAL:
            return False
        self._looked = time.monotonic()
        used = _processor_time(self.group)
        if used != self._used or used == 0:
            self._used, self._since = used, time.monotonic()
        return time.monotonic() - self._since >= self.seconds


def _processor_time(group: int) -> int:
    """Give the nanoseconds that the processes of the group have run so far."""
    total = 0
    for process in PROC.glob("[0-9]*"):
        with contextlib.suppress(OSError, ValueError, IndexError):  # it has just ended
            fields = (process / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            if int(fields[GROUP]) == group:
                total += int((process / "schedstat").read_text(encoding="ascii").split()[0])
    return total
