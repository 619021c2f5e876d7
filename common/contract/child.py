"""Child processes: started in a group of their own, listened to, and ended as a group whatever happens to the parent.

No signal comes between the start of a child and the means to end it: until the group has ended, Interrupted is put
off. A parent that is killed takes its child along (PR_SET_PDEATHSIG, Linux only): a process of ours asks the kernel
for it itself (`process.follow_parent`); for a program of others, this module asks between fork and exec. With threads
around that could wait for a lock for ever, so then a few lines of Python ask, which become the program.
"""

from __future__ import annotations

import errno
import math
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from common.contract import signals
from common.contract.process import PARENT, PR_SET_PDEATHSIG, c_library, prctl
from common.contract.standstill import Standstill
from common.contract.talk import Talk, talking

GRACE = 5.0  # seconds between asking a group to end and ending it
DRAIN = 2.0  # seconds for the last words after a child has ended, while something that it started is still writing

_FOLLOWING = f"""
import ctypes, os, sys
if sys.platform == "linux":
    ctypes.CDLL(None).prctl({PR_SET_PDEATHSIG}, {int(signal.SIGTERM)})
if os.getppid() != int(sys.argv[1]):
    os._exit(143)
os.execvp(sys.argv[2], sys.argv[2:])
"""


class NotStarted(Exception):
    """A child could not be started. The text is a reason without a full stop; `missing`: there is no such program."""

    def __init__(self, reason: str, *, missing: bool = False) -> None:
        super().__init__(reason)
        self.missing = missing


class Ended(NamedTuple):
    """How a child ended: its exit code as a shell tells it (128 + number of a signal), and what it printed."""

    code: int
    stdout: str = ""
    timed_out: bool = False
    swollen: bool = False


def run(  # noqa: PLR0913 - what a process is made of
    argv: Sequence[str],
    *,
    environ: Mapping[str, str],
    folder: Path | None = None,
    stdin: str = "",
    line: Callable[[str], object] = lambda _: None,
    merged: bool = False,
    seconds: float = math.inf,
    still: float = math.inf,
    largest: tuple[str, int] = ("", 0),
    grace: float = GRACE,
    ours: bool = False,
    brief: bool = False,
    asked_by: signal.Signals = signal.SIGTERM,
) -> Ended:
    """Run a program to its end, and leave nothing of its process group behind. Raises NotStarted.

    To be called by a thread that outlives the child: the kernel takes the end of that thread for that of the parent.
    line: gets what the program prints to stderr, line by line; `merged` sends standard output there too.
    seconds: until the group is asked to end by SIGTERM, as it is by any signal to this process (at SIGINT, programs in
    Python would print a traceback); `grace` seconds later, or at a second signal, it is forced to. After that,
    Interrupted is raised.
    still: how many seconds the group may use no processor time; it is ended as when its time is up.
    largest: with `still`: a program of the group, and the bytes of memory with which that ends it; it is swollen then.
    ours: the program calls `process.follow_parent` itself.
    brief: it ends by itself in a moment and writes nothing elsewhere, so that it need not follow its parent.
    asked_by: the signal in the place of SIGTERM, for a program whose children end in order at another.
    """
    with ExitStack() as stack:
        woken, wake = os.pipe()
        stack.callback(os.close, woken)
        stack.callback(os.close, wake)
        os.set_blocking(wake, False)
        asked = stack.enter_context(signals.postponed(lambda _: _wake(wake)))
        command, before = argv, None
        if not (ours or brief):
            if threading.active_count() == 1:
                before = _follow(os.getpid())
            else:
                command = [*_following(argv[0], environ), *argv]
        process = stack.enter_context(_started(command, environ, folder, merged=merged, ours=ours, before=before))
        talk = stack.enter_context(talking(process, woken, stdin, line))
        waiter = threading.Thread(target=_wait, args=(process, wake), daemon=True)
        waiter.start()
        stack.callback(waiter.join)  # before the pipe is closed that it writes to
        stack.callback(_signal_group, process, signal.SIGKILL)
        standstill = Standstill(process.pid, still, largest)
        timed_out = _attend(process, talk, asked, standstill, seconds=seconds, grace=grace, by=asked_by)
        talk.until_closed(DRAIN)
        _signal_group(process, signal.SIGKILL)  # what it has left running
        talk.until_closed(DRAIN)
        code = process.wait()
        return Ended(128 - code if code < 0 else code, talk.printed(), timed_out, standstill.swollen)


@contextmanager
def _started(  # noqa: PLR0913 - what a process is made of
    argv: Sequence[str],
    environ: Mapping[str, str],
    folder: Path | None,
    *,
    merged: bool,
    ours: bool,
    before: Callable[[], object] | None,
) -> Iterator[subprocess.Popen[bytes]]:
    try:
        process = subprocess.Popen(
            argv,
            env={**environ, PARENT: str(os.getpid())} if ours else dict(environ),
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if merged else subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
            preexec_fn=before,  # noqa: PLW1509 - given only where there is no other thread
        )
    except OSError as error:
        missing = error.errno == errno.ENOENT and error.filename == argv[0]
        reason = f"there is no program {argv[0]}" if missing else error.strerror or str(error)
        raise NotStarted(reason, missing=missing) from error
    except ValueError as error:  # a NUL in an argument or a variable
        raise NotStarted(str(error)) from error
    try:
        yield process
    finally:
        _signal_group(process, signal.SIGKILL)
        process.wait()


def _follow(parent: int) -> Callable[[], None]:
    """Give what the child does between fork and exec, where no other thread was there to hold a lock."""
    c_library()  # lest every child loads it anew

    def follow() -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)  # this process's handler would swallow one that comes before exec
        prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it had ended before
            os._exit(143)

    return follow


def _following(program: str, environ: Mapping[str, str]) -> list[str]:
    """Give the command that a program of others is started by where there are threads. Raises NotStarted."""
    import shutil

    if shutil.which(program, path=environ.get("PATH")) is None:
        raise NotStarted(f"there is no program {program}", missing=True)
    return [sys.executable, "-I", "-S", "-c", _FOLLOWING, str(os.getpid())]


def _attend(  # noqa: PLR0913 - what may end a child
    process: subprocess.Popen[bytes],
    talk: Talk,
    asked: Sequence[int],
    standstill: Standstill,
    *,
    seconds: float,
    grace: float,
    by: signal.Signals,
) -> bool:
    """Listen until the child ends. Gives whether its time was up."""
    told, timed_out, due = 0, False, time.monotonic() + seconds
    enough = 0  # signals that have been passed on
    while process.poll() is None:
        if len(asked) > enough or time.monotonic() >= due or (not told and standstill.reached()):
            timed_out = timed_out or not asked
            _signal_group(process, signal.SIGKILL if told else by)
            told, enough, due = told + 1, len(asked), time.monotonic() + grace
        talk.listen(min(due - time.monotonic(), standstill.interval))
    return timed_out


def _signal_group(process: subprocess.Popen[bytes], number: int) -> None:
    with suppress(ProcessLookupError):  # all of it may have ended
        os.killpg(process.pid, number)


def _wait(process: subprocess.Popen[bytes], wake: int) -> None:
    process.wait()
    _wake(wake)


def _wake(pipe: int) -> None:
    with suppress(BlockingIOError):  # it is full, so whoever waits is awake
        os.write(pipe, b".")
