"""The user as whom a template's code runs where the step is root: how the process that renders becomes it."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

FIRST, MANY = 61_184, 4_096  # of the numbers for users who exist while a program runs (https://systemd.io/UIDS-GIDS/)
MOST = 4_096  # processes and threads; a hook that starts itself without end is stopped before the machine is full


def become(user: int, missing: Callable[[], str]) -> bool:
    """Give up root for good, unless the user lacks something, and tell whether that is done.

    missing: says what it lacks, asked with the rights of the user.
    """
    groups = os.getgroups()
    try:
        os.setgroups([])
        os.seteuid(user)
    except OSError as error:  # the number does not exist here, or may not be taken
        lacks = f"may not be had: {error.strerror}"
    else:
        try:
            lacks = missing()
        finally:
            os.seteuid(0)
    if lacks:
        os.setgroups(groups)
        sys.stderr.write(f"The template's code runs as root, for a user of its own {lacks}.\n")
        return False
    for stream in (1, 2):
        os.fchown(stream, user, -1)  # so that a hook may open /dev/stderr
    hard = resource.getrlimit(resource.RLIMIT_NPROC)[1]
    most = MOST if hard == resource.RLIM_INFINITY else min(MOST, hard)
    resource.setrlimit(resource.RLIMIT_NPROC, (most, most))
    os.setresuid(user, user, user)
    return True


def end_all() -> None:
    """End all other processes of this user at once, where that is one of its own: faster than they can start more."""
    if FIRST <= os.geteuid() < FIRST + MANY:
        with suppress(ProcessLookupError):  # there is no other
            os.kill(-1, signal.SIGKILL)


def end_all_of(user: int) -> None:
    """Do the same from outside, as root: only who is that user can mean all of its processes."""
    if any(_owner(process) == user for process in Path("/proc").glob("[0-9]*")):
        command = [sys.executable, "-I", "-S", "-c", "import os; os.kill(-1, 9)"]
        subprocess.run(command, user=user, extra_groups=[], check=False, capture_output=True)


def _owner(process: Path) -> int | None:
    try:
        return process.stat().st_uid
    except OSError:  # it has ended
        return None


def unreachable(reading: Sequence[str], writing: Sequence[str]) -> str:
    """Say which of these files and folders the effective user cannot use; empty when there is none."""
    for places, rights, verb in ((reading, os.R_OK, "read"), (writing, os.W_OK | os.X_OK, "write to")):
        for place in places:
            if not os.access(place, rights, effective_ids=True):
                return f"cannot {verb} {place}"
    return ""
