"""The folder that something is made in: next to its place, gone afterwards, cleared by the next run after a kill.

Whose run still goes on is told by a lock on the folder itself, which the kernel lets go with the last process that
holds it. What git would take along from it is nothing.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

PREFIX = ".idp-steps-"
NOTE = "# Made by a step while it works; it can be removed when no step runs.\n"
IGNORE = ".gitignore"


@dataclass(frozen=True)
class Stage:
    """A folder for what is made alone, one for other files, and the number of the open lock on both."""

    project: Path
    scratch: Path
    lock: int


@contextmanager
def staging(place: Path) -> Iterator[Stage]:
    """Make the folder below `place`, and clear those that killed runs have left there."""
    for folder in place.glob(f"{PREFIX}*"):
        _clear(folder)
    folder, lock = _made(place)
    try:
        (folder / IGNORE).write_text(NOTE + ("" if _in_a_repository(place) else "*\n"), encoding="utf-8")
        stage = Stage(folder / "project", folder / "scratch", lock)
        stage.project.mkdir()
        stage.scratch.mkdir()
        yield stage
    finally:
        remove(folder)
        os.close(lock)


def remove(folder: Path) -> None:
    """Remove a folder with all that is in it, also what is read-only."""
    for parent, folders, _ in os.walk(folder):
        for name in folders:
            path = Path(parent, name)
            if not path.is_symlink():
                path.chmod(0o700)
    shutil.rmtree(folder, ignore_errors=True)


def _made(place: Path) -> tuple[Path, int]:
    while True:
        folder = Path(os.path.realpath(tempfile.mkdtemp(prefix=PREFIX, dir=place)))
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        with suppress(OSError):  # a file system without locks: nobody can tell, so nobody clears
            fcntl.flock(lock, fcntl.LOCK_EX)
        if folder.exists():
            return folder, lock
        os.close(lock)  # another run took it for a leftover before it was locked


def _clear(folder: Path) -> None:
    if not _is_ours(folder):
        return
    try:
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return  # it is no folder, or gone already
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        pass  # its run goes on, or nobody can tell
    else:
        remove(folder)
    finally:
        os.close(lock)


def _is_ours(folder: Path) -> bool:
    """Tell a folder of ours from a user's of such a name: by its note, or, killed so early, by its emptiness."""
    with suppress(OSError, ValueError):
        return (folder / IGNORE).read_text(encoding="utf-8").startswith(NOTE)
    with suppress(OSError):
        return not any(folder.iterdir())
    return False


def _in_a_repository(place: Path) -> bool:
    """Tell whether git's ignore rules count here for tools that a hook may run on the project, such as formatters."""
    return any((folder / ".git").exists() for folder in (place, *place.parents))
