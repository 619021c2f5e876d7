"""Where a run keeps things: a fresh workspace per run, numbered, the last few kept; and a private place for outputs."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from common.errors import BadInput

RUNS = Path(".idp-steps") / "runs"
PRIVATE = "private"
KEPT = 5
_NUMBERED = re.compile(r"(\d+)-.*")


@dataclass(frozen=True)
class RunFolder:
    """The number of a run, counted per current folder, the workspace of its steps, and a place only for itself."""

    number: int
    workspace: Path
    private: Path


def start(identifier: str, given: Path | None, base: Path) -> RunFolder:
    """Give a run its number and its workspace: the given folder as it is, else a fresh one."""
    if given is not None and not given.is_dir():
        raise BadInput(f"The workspace {given} is no folder.", next_step="Make it, or leave --workspace out.")
    runs = base / RUNS
    try:
        runs.mkdir(parents=True, exist_ok=True)
        (runs.parent / ".gitignore").write_text("*\n", encoding="utf-8")  # this folder is often one of a repository
        number = max(_numbers(runs), default=0) + 1
        while True:
            folder = runs / f"{number}-{identifier}"
            try:
                folder.mkdir()
                break
            except FileExistsError:  # another run took the number
                number += 1
        workspace = given or folder / "harness"
        workspace.mkdir(exist_ok=True)
    except OSError as error:
        raise BadInput(
            f"The folder {runs} cannot be used: {error.strerror}.",
            next_step="Run this in a folder that you may write to.",
        ) from error
    _remove_old(runs)
    return RunFolder(number, workspace.resolve(), folder.resolve() / PRIVATE)


def _numbers(runs: Path) -> dict[int, Path]:
    return {int(match[1]): path for path in runs.iterdir() if (match := _NUMBERED.fullmatch(path.name))}


def _remove_old(runs: Path) -> None:
    """Remove all but the newest runs, and what a run that was killed has left; but nothing of one that goes on."""
    found = _numbers(runs)
    for number in sorted(found)[:-1]:
        folder = found[number] / PRIVATE
        if not _goes_on(folder):
            old = number in sorted(found)[:-KEPT]
            shutil.rmtree(found[number] if old else folder, ignore_errors=True)  # the next run tries again


def _goes_on(folder: Path) -> bool:
    try:
        with _opened(folder) as descriptor:
            return not _locked(descriptor)
    except OSError:  # it was removed at the end of its run
        return False


@contextmanager
def private(run: RunFolder) -> Iterator[Path]:
    """Give a folder that only this user can read, removed at the end. It is locked while the run goes on."""
    run.private.mkdir(mode=0o700)
    with _opened(run.private) as descriptor:
        _locked(descriptor)
        try:
            yield run.private
        finally:
            shutil.rmtree(run.private, ignore_errors=True)  # what cannot be removed goes with the run's folder


@contextmanager
def _opened(folder: Path) -> Iterator[int]:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _locked(descriptor: int) -> bool:
    """Try to take the lock of a folder, which ends with the process that holds it, however that ends."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
