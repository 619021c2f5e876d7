"""Tells a process group that waits for ever, or takes memory without end, from one that works.

When a server answers a push with what is no git answer, git's processes wait for each other, and no time-out of git's
own counts there. A program that transfers, or waits for a host, wakes up again and again; one whose processes all stand
still uses no processor time at all. Where the kernel does not tell that (no Linux), nothing stands still.

Git keeps an answer that lists references in memory until its end; of an answer without end that is all there is.
"""

from __future__ import annotations

import contextlib
import math
import os
import time
from dataclasses import dataclass, field
from pathlib import Path

INTERVAL = 0.5  # seconds between two looks
PROC = Path("/proc")
GROUP, PAGES = 2, 21  # of the fields behind the name in /proc/PID/stat; see proc_pid_stat(5)


@dataclass
class Standstill:
    """Watches the group; `seconds` is how long it may use no processor time.

    largest: the name of a program of it, and how many bytes of memory each of its processes may have. swollen: whether
    one has more.
    """

    group: int
    seconds: float
    largest: tuple[str, int] = ("", 0)
    swollen: bool = False
    _used: int = -1
    _since: float = field(default_factory=time.monotonic)
    _looked: float = field(default_factory=time.monotonic)

    @property
    def interval(self) -> float:
        """How long to wait until the next look."""
        return INTERVAL if self.seconds < math.inf else math.inf

    def reached(self) -> bool:
        """Tell whether it has stood still for so long, or is swollen.

        It looks once in an INTERVAL, however often it is asked. A look reads the state of every process of the machine,
        which costs more than a short git command.
        """
        if self.seconds == math.inf or time.monotonic() - self._looked < INTERVAL:
            return False
        self._looked = time.monotonic()
        used, memory = _looked_at(self.group, self.largest[0])
        self.swollen = memory > self.largest[1]
        if self.swollen:
            return True
        if used != self._used or used == 0:
            self._used, self._since = used, time.monotonic()
        return time.monotonic() - self._since >= self.seconds


def _looked_at(group: int, program: str) -> tuple[int, int]:
    """Give the nanoseconds that the processes of the group have run so far, and the memory of the program's largest."""
    total = memory = 0
    for process in PROC.glob("[0-9]*"):
        with contextlib.suppress(OSError, ValueError, IndexError):  # it has just ended
            name, _, rest = (process / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")
            fields = rest.split()
            if int(fields[GROUP]) == group:
                total += int((process / "schedstat").read_text(encoding="ascii").split()[0])
                if program and name.endswith(f"({program}"):
                    memory = max(memory, int(fields[PAGES]) * os.sysconf("SC_PAGE_SIZE"))
    return total, memory
