"""What the kernel is asked for around a template's code: it sees no secret, gains no right and outlives nobody.

Linux only; elsewhere there is nobody to ask, and the code of a template runs as it does under cookiecutter itself.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PR_SET_PDEATHSIG = 1  # these from linux/prctl.h
PR_GET_DUMPABLE = 3
PR_SET_DUMPABLE = 4
PR_CAPBSET_DROP = 24
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38
CAP_SYS_PTRACE = 19  # these from linux/capability.h
CAPABILITY_VERSION = 0x20080522
PARENT, SESSION = 1, 3  # of the fields behind the name in /proc/PID/stat; see proc_pid_stat(5)
GRACE = 2.0  # seconds between asking processes to end and ending them
PAUSE = 0.01


@contextmanager
def unreadable() -> Iterator[None]:
    """Close this process's memory, environment and files to others of the same user, for the time of the block."""
    before = _prctl(PR_GET_DUMPABLE)
    _prctl(PR_SET_DUMPABLE, 0)
    try:
        yield
    finally:
        _prctl(PR_SET_DUMPABLE, max(before, 0))


@contextmanager
def bounded_memory(size: int) -> Iterator[None]:
    """Let this process have so many bytes for its data, for the time of the block: asking for more is a MemoryError."""
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    most = size if hard == resource.RLIM_INFINITY else min(size, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (most if soft == resource.RLIM_INFINITY else min(most, soft), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def end_with_parent() -> None:
    """Have this process end in order with its parent. To be said again after a change of its user."""
    _prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def confine() -> None:
    """Have this process end in order with its parent, keep all that it starts below it, and give up rights."""
    end_with_parent()
    _prctl(PR_SET_CHILD_SUBREAPER, 1)
    _prctl(PR_SET_NO_NEW_PRIVS, 1)
    _prctl(PR_CAPBSET_DROP, CAP_SYS_PTRACE)  # root would read the step's memory all the same: of what is started,
    _give_up(CAP_SYS_PTRACE)  # and of this process


@contextmanager
def adopting() -> Iterator[Collection[int]]:
    """Be the parent of processes below this one whose own has ended, for the time of the block.

    A hook can end the process that renders, which would have kept what the hook has started below it. Gives those that
    are there before; see `end_family`.
    """
    before = frozenset(family(os.getpid()))
    _prctl(PR_SET_CHILD_SUBREAPER, 1)
    try:
        yield before
    finally:
        _prctl(PR_SET_CHILD_SUBREAPER, 0)


def end_family(leader: int, *, but: Collection[int] = ()) -> None:
    """End all that a process has started, directly or not, and all of its session: asked first, then forced.

    The process itself is spared when it is this one, and so are those in `but`.
    """
    for number, seconds in ((signal.SIGTERM, GRACE), (signal.SIGKILL, GRACE)):
        due = time.monotonic() + seconds
        told: set[int] = set()
        while (members := [one for one in family(leader) if one not in but]) and time.monotonic() < due:
            for member in members:
                if member not in told or number == signal.SIGKILL:
                    with suppress(ProcessLookupError):
                        os.kill(member, number)
            told.update(members)
            time.sleep(PAUSE)


def family(leader: int) -> list[int]:
    """Give the running processes of the leader's session and all its descendants, without this process."""
    parents: dict[int, int] = {}
    found: set[int] = {leader}
    for process in Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        with suppress(OSError):  # it has just ended
            line = (process / "stat").read_text(encoding="utf-8", errors="replace")
            state, *fields = line.rpartition(")")[2].split()
            if state not in "ZX":
                number = int(process.name)
                parents[number] = int(fields[PARENT - 1])
                if int(fields[SESSION - 1]) == leader:
                    found.add(number)
    grown = True
    while grown:
        more = {number for number, parent in parents.items() if parent in found} - found
        found |= more
        grown = bool(more)
    return sorted(found & parents.keys() - {os.getpid()})


def _give_up(capability: int) -> None:
    """Take a capability away from this process, as capset(2) does in its third version."""
    import ctypes

    if sys.platform != "linux":
        return
    library = ctypes.CDLL(None)
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION, 0)
    sets = (ctypes.c_uint32 * 6)()  # effective, permitted and inheritable: the low 32 of each, then the high ones
    if library.capget(header, sets) == 0:
        word, bit = divmod(capability, 32)
        for kind in range(3):
            sets[3 * word + kind] &= ~(1 << bit)
        library.capset(header, sets)


def capabilities() -> int:
    """Give the effective ones of this process, a bit each."""
    lines = Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines()
    return next((int(line.split()[1], 16) for line in lines if line.startswith("CapEff:")), 0)


def _prctl(option: int, value: int = 0) -> int:
    import ctypes

    if sys.platform != "linux":
        return 0
    given: int = ctypes.CDLL(None).prctl(option, *(ctypes.c_ulong(number) for number in (value, 0, 0, 0)))
    return given
