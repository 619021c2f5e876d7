"""Folders that a process makes for itself, and that the next run clears when it was killed.

Whose process still goes on is told by a lock on the folder itself, which the kernel lets go with the last process that
holds it.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

LONG = 400  # bytes; paths of so many have so few parts that recursion (shutil.rmtree) and open folders suffice


def make(place: Path, prefix: str) -> tuple[Path, int]:
    """Make a folder below `place` that only this user reads, and give it with the number of the open lock on it."""
    while True:
        folder = Path(os.path.realpath(tempfile.mkdtemp(prefix=prefix, dir=place)))
        try:
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:  # another run took it for a leftover before it was opened
            continue
        with suppress(OSError):  # a file system without locks: nobody can tell, so nobody clears
            fcntl.flock(lock, fcntl.LOCK_EX)
        if folder.exists():
            return folder, lock
        os.close(lock)  # it was taken for a leftover before it was locked


def clear(folder: Path, *, is_ours: Callable[[Path], bool], last: str = "") -> None:
    """Remove a folder that nobody holds any more, when it is ours. last: see `remove`."""
    if not is_ours(folder):
        return
    try:
        lock = _opened(folder)
    except OSError:
        return  # it is no folder, or gone already
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        pass  # its run goes on, or nobody can tell
    else:
        remove(folder, last=last)
    finally:
        os.close(lock)


def _opened(folder: Path) -> int:
    how = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
    try:
        return os.open(folder, how)
    except PermissionError:  # the code of a template has closed it before the kill
        folder.chmod(0o700)
        return os.open(folder, how)


def remove(folder: Path, *, last: str = "") -> None:
    """Remove a folder with all that is in it, also what is read-only.

    last: the file by which the folder is known; who is killed while removing leaves the rest with it.
    """
    _unlock(folder)
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path, ignore_errors=True)
            elif entry.name != last:
                Path(entry.path).unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)


def _unlock(folder: Path) -> None:
    """Make every folder in it one that can be emptied, however deep: what is nested deeply is moved to the top.

    The code of a template can close folders, and nest them until neither a path nor Python's recursion reaches them.
    """
    longest = len(str(folder)) + LONG
    waiting = [folder]
    moved = 0
    while waiting:
        place = waiting.pop()
        with suppress(OSError):  # it is gone, or somebody else's
            place.chmod(0o700)
            with os.scandir(place) as entries:
                inner = [Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False)]
            for path in inner:
                nearer = path
                if len(str(path)) > longest:
                    while os.path.lexists(nearer := folder / f"deep-{moved}"):
                        moved += 1
                    path.chmod(0o700)  # to be moved, it has to be writable itself
                    path.rename(nearer)
                waiting.append(nearer)
