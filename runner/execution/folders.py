"""Where a run keeps things: a fresh workspace per run, numbered, the last few kept; and a private place for outputs."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from common.errors import BadInput

RUNS = Path(".idp-steps") / "runs"
KEPT = 5
_NUMBERED = re.compile(r"(\d+)-.*")


@dataclass(frozen=True)
class RunFolder:
    """The number of a run, counted per current folder, and the workspace of its steps."""

    number: int
    workspace: Path


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
    return RunFolder(number, workspace.resolve())


def _numbers(runs: Path) -> dict[int, Path]:
    return {int(match[1]): path for path in runs.iterdir() if (match := _NUMBERED.fullmatch(path.name))}


def _remove_old(runs: Path) -> None:
    found = _numbers(runs)
    for number in sorted(found)[:-KEPT]:
        shutil.rmtree(found[number], ignore_errors=True)  # what cannot be removed is tried again by the next run


@contextmanager
def private() -> Iterator[Path]:
    """Give a folder that only this user can read, removed at the end."""
    with tempfile.TemporaryDirectory(prefix="idp-steps-") as folder:
        yield Path(folder)
