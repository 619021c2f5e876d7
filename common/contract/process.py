"""The process a step runs in: a reduced environment, a HOME of its own, closed to the eyes of its children.

Hooks of templates, git and libraries see only what is named here: no token, no stray GIT_* or PYTHON* variable, no
~/.netrc and no ~/.gitconfig. Any uid works, with or without a passwd entry and with a HOME that is missing.
"""

from __future__ import annotations

import errno
import functools
import os
import signal
import stat
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from common.contract.network_inputs import NetworkInputs
from common.errors import BadInput

if TYPE_CHECKING:
    import ctypes

    from common.network.settings import Network

SCRATCH = "idp-temp-"  # how the folders for temporary files begin; short, for gpg's sockets have short paths
KEPT = ("PATH", "TMPDIR", "LANG", "LANGUAGE", "TZ", "TERM", "NO_COLOR", "SOURCE_DATE_EPOCH", "LD_LIBRARY_PATH")
NOT_WRITABLE = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT})
ENV_START = 47  # of the fields behind the name in /proc/PID/stat; see proc_pid_stat(5), where it is field 50
PARENT = "IDP_STEPS_PARENT"  # the variable by which a process of ours learns whose end is its own
PR_SET_PDEATHSIG = 1  # linux/prctl.h
PR_SET_DUMPABLE = 4
DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@contextmanager
def prepared(inputs: NetworkInputs, environ: Mapping[str, str]) -> Iterator[Network]:
    """Put the reduced environment in place for the time of the step, and take all temporary files away after it."""
    import tempfile  # here, so that --help need not wait for it

    with scratch_folder() as scratch:
        network = inputs.prepare(environ, scratch)
        kept = {name: value for name, value in environ.items() if name in KEPT or name.startswith("LC_")}
        before = dict(os.environ)
        try:
            os.environ.clear()
            places = {"HOME": str(scratch), "TMPDIR": str(scratch)}
            os.environ.update({"PATH": DEFAULT_PATH} | kept | places | dict(network.environ))
            os.umask(os.umask(0) & ~0o070)  # what one step writes, the next may change under another uid of the group
            tempfile.tempdir = str(scratch)
            yield network
        finally:
            tempfile.tempdir = None
            os.environ.clear()
            os.environ.update(before)


def follow_parent(environ: Mapping[str, str]) -> None:
    """End with the process that started this one, if that asked for it: by SIGTERM, so in order."""
    parent = environ.get(PARENT)
    if parent is None:
        return
    prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if str(os.getppid()) != parent:  # it had ended before
        os._exit(143)


@functools.cache
def c_library() -> ctypes.CDLL:
    """Load what calls the C library."""
    import ctypes  # here, so that --help need not wait for it

    return ctypes.CDLL(None)


def prctl(option: int, value: int) -> None:
    """Ask the Linux kernel to treat this process in some way; elsewhere there is nobody to ask."""
    if sys.platform == "linux":
        c_library().prctl(option, value)


def close_to_others() -> None:
    """Keep children and other processes of the same user from reading the secrets of this one, which has just started.

    Not from root, who may read everything. It leaves no core dump either.
    """
    prctl(PR_SET_DUMPABLE, 0)
    environ = dict(os.environ)
    forget_initial_environment()
    os.environ.update(environ)  # the C library's own copies, for children that are started without an environment


def forget_initial_environment() -> None:
    """Blank what /proc/PID/environ shows of this process.

    Emptying os.environ does not do that, for the kernel shows the memory in which the process was started.
    """
    try:
        fields = Path("/proc/self/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    except FileNotFoundError:  # no Linux, and so no such file to read
        return
    start, end = int(fields[ENV_START]), int(fields[ENV_START + 1])
    if start:
        import ctypes

        ctypes.memset(start, 0, end - start)


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Make a folder that only this process reads, and remove it. Those that killed runs have left are cleared."""
    import tempfile

    from common.contract import held

    try:
        place = Path(tempfile.gettempdir())
        for folder in place.glob(f"{SCRATCH}*"):
            held.clear(folder, is_ours=_is_ours)
        folder, lock = held.make(place, SCRATCH)
    except OSError as error:
        raise BadInput(
            f"There is no folder for temporary files: {error.strerror or error}.",
            next_step="Mount a writable /tmp (with a read-only root file system: --tmpfs /tmp), or set TMPDIR.",
        ) from error
    try:
        yield folder
    finally:
        try:
            held.remove(folder)
        finally:
            os.close(lock)


def _is_ours(folder: Path) -> bool:
    try:
        there = folder.lstat()
    except OSError:  # it is gone already
        return False
    others = stat.S_IRWXG | stat.S_IRWXO
    others &= ~stat.S_IXGRP  # while the code of a template runs as another user, that may pass
    return stat.S_ISDIR(there.st_mode) and not there.st_mode & others and there.st_uid == os.geteuid()


def open_standard_streams() -> None:
    """Open what the caller has closed of stdin, stdout and stderr, lest the next file or socket take its number."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    sys.stdout = sys.stdout or open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - for the whole process
    sys.stderr = sys.stderr or open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - for the whole process


def end(code: int) -> NoReturn:
    """End the process, which has nothing left to do.

    Python would take apart all that it has loaded first, which is a tenth of the time of a short step.
    """
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):  # Python tells of what cannot be written, in its own way
        sys.exit(code)
    os._exit(code)
