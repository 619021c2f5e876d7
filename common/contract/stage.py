"""The folder that something is made in: next to its place, gone afterwards, cleared by the next run after a kill.

What git would take along from it is nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from common.contract import held

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
    clear(place)
    folder, lock = held.make(place, PREFIX)
    try:
        (folder / IGNORE).write_text(NOTE + ("" if _in_a_repository(place) else "*\n"), encoding="utf-8")
        stage = Stage(folder / "project", folder / "scratch", lock)
        stage.project.mkdir()
        stage.scratch.mkdir()
        yield stage
    finally:
        try:
            remove(folder)
        finally:
            os.close(lock)


def clear(place: Path) -> None:
    """Clear the folders that killed runs have left below `place`."""
    for folder in place.glob(f"{PREFIX}*"):
        held.clear(folder, is_ours=_is_ours, last=IGNORE)


def remove(folder: Path) -> None:
    """Remove such a folder with all that is in it, also what is read-only."""
    held.remove(folder, last=IGNORE)


def _is_ours(folder: Path) -> bool:
    """Tell a folder of ours from a user's of such a name: by its note, or, killed so early, by its emptiness."""
    with suppress(OSError):
        if not (there := list(folder.iterdir())):
            return True
        with suppress(ValueError):
            note = (folder / IGNORE).read_text(encoding="utf-8")
            return note.startswith(NOTE) or (not note and len(there) == 1)
    return False


def _in_a_repository(place: Path) -> bool:
    """Tell whether git's ignore rules count here for tools that a hook may run on the project, such as formatters."""
    return any((folder / ".git").exists() for folder in (place, *place.parents))
