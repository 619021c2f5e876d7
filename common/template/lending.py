"""Where the step is root, a template's code is a user that nobody else is, in the step's own group: what it is lent.

So it may do what it may in an image that is not root's: read what the group may, write what it is lent, and neither
read nor change what is root's. Where root lacks a right to arrange that, as without capabilities, the code runs as
root, without the right to read other processes (see `isolation`).
"""

from __future__ import annotations

import os
import secrets
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from common.contract.process import SCRATCH
from common.contract.stage import Stage
from common.template import isolation
from common.template.user import FIRST, MANY, end_all_of

NEEDED = (0, 1, 3, 5, 6, 7)  # CAP_CHOWN, _DAC_OVERRIDE, _FOWNER, _KILL, _SETGID, _SETUID (linux/capability.h)
CLOSED, PASSABLE = 0o700, 0o710


@dataclass(frozen=True)
class Lent:
    """Who runs the code, None for the step's own user, and the folder for its temporary files."""

    user: int | None
    temporary: str


def own() -> int | None:
    """Give the user for a template's code; None when it has to be that of the step."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return None
    held = isolation.capabilities()
    return FIRST + secrets.randbelow(MANY) if all(held >> number & 1 for number in NEEDED) else None


@contextmanager
def lent(stage: Stage, template: Path) -> Iterator[Lent]:
    """Lend the stage to the user of the template's code, and take back all that is in it afterwards."""
    top = tempfile.gettempdir()
    user = own()
    if user is None:
        yield Lent(None, top)
        return
    temporary = Path(tempfile.mkdtemp(dir=top))
    folders = (stage.project.parent, stage.project, stage.scratch, temporary)
    ways = _closed(template, stage.project, temporary)
    try:
        try:
            for folder in folders:
                os.chown(folder, user, -1)
            for way in ways:
                way.chmod(PASSABLE)
        except OSError:  # a file system on which nothing can be given away
            user = None
        yield Lent(user, str(temporary))
    finally:
        if user is not None:
            end_all_of(user)
        for way in ways:
            way.chmod(CLOSED)
        take_back(stage.project.parent)
        shutil.rmtree(temporary, ignore_errors=True)


def _closed(*places: Path) -> list[Path]:
    """Give the temporary folders of the step around these places, which only their owner may pass."""
    around = {folder for place in places for folder in place.parents if folder.name.startswith(SCRATCH)}
    return [folder for folder in around if stat.S_IMODE(folder.stat().st_mode) == CLOSED]


def take_back(folder: Path) -> None:
    """Make all that belongs to such a user in a folder this process's own.

    Bits by which a program would run as its owner go by that, as the kernel wants it.
    """
    waiting = [str(folder)]
    while waiting:
        place = waiting.pop()
        with suppress(OSError):  # it is gone, or nested too deeply to be reached, which `files_of` tells
            _take(place)
            with os.scandir(place) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    else:
                        _take(entry.path)


def _take(path: str) -> None:
    if FIRST <= os.lstat(path).st_uid < FIRST + MANY:  # a hard link may lead to a file of somebody else
        os.lchown(path, os.geteuid(), -1)
