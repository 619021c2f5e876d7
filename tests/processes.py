"""Processes that a test has to see end."""

from __future__ import annotations

import time
from pathlib import Path


def alive(pid: int) -> bool:
    """Tell whether a process runs; one that has ended and that nobody has asked after does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:  # it may end between the opening of the file and its reading
        return False


def ends(pid: int, seconds: float = 20) -> bool:
    """Tell whether the process ends, on a slow machine too."""
    deadline = time.monotonic() + seconds
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not alive(pid)
