"""Ends a git that waits for ever.

When a server answers a push with what is no git answer, git's processes wait for each other, and no time-out of git's
own counts there. A git that transfers, or waits for a host, wakes up again and again; one whose processes all stand
still uses no processor time at all. Where the kernel does not tell that (no Linux), nothing is watched.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

INTERVAL = 0.5  # seconds
PROC = Path("/proc")
GROUP = 2  # of the fields behind the name in /proc/PID/stat; see proc_pid_stat(5)


@contextlib.contextmanager
def ended_when_still(group: int, seconds: float) -> Iterator[None]:
    """End the process group when it has stood still for so many seconds. Raises TimeoutError in that case."""
    over, still = threading.Event(), threading.Event()
    watcher = threading.Thread(target=_watch, args=(group, seconds, over, still), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()
    if still.is_set():
        raise TimeoutError(f"git stood still for {seconds:.0f} s")


def _watch(group: int, seconds: float, over: threading.Event, still: threading.Event) -> None:
    used, since = -1, time.monotonic()
    while not over.wait(INTERVAL):
        now = _processor_time(group)
        if now != used or now == 0:
            used, since = now, time.monotonic()
        elif time.monotonic() - since >= seconds:
            still.set()
            with contextlib.suppress(ProcessLookupError):
                os.killpg(group, signal.SIGTERM)
            return


def _processor_time(group: int) -> int:
    """Give the nanoseconds that the processes of the group have run so far."""
    total = 0
    for process in PROC.glob("[0-9]*"):
        with contextlib.suppress(OSError, ValueError, IndexError):  # it has just ended
            fields = (process / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            if int(fields[GROUP]) == group:
                total += int((process / "schedstat").read_text(encoding="ascii").split()[0])
    return total
