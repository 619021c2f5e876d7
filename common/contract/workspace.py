"""The folder a step works in, and the rule that paths from inputs may not leave it, also not by symlink."""

from __future__ import annotations

import contextlib
import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from common import log
from common.errors import BadInput

PLATFORM_WORKSPACE = PurePosixPath("/harness")  # contract, B.5: what inputs call the workspace, wherever it is mounted

CLOCK_STEP = 20_000_000  # ns by which a file system's clock may be behind


@contextlib.contextmanager
def handed_over() -> Iterator[None]:
    """Give what root makes in the working directory to the owner of that: its runner must be able to remove it.

    Unlike the runner, who may be anybody, root of a container leaves files that only root may touch
    (https://github.com/actions/runner/issues/1282).
    """
    started = time.time_ns() - CLOCK_STEP
    try:
        folder = Path.cwd()
        owner = folder.stat()
    except OSError:
        yield  # the step itself says what is wrong with its working directory
        return
    try:
        yield
    finally:
        if os.geteuid() == 0 and owner.st_uid != 0:
            _hand_over(folder, owner, started)


def _hand_over(folder: Path, owner: os.stat_result, since: int) -> None:
    paths = (Path(parent) / name for parent, folders, files in os.walk(folder) for name in (*folders, *files))
    try:
        for path in paths:
            found = path.lstat()
            alone = stat.S_ISDIR(found.st_mode) or found.st_nlink == 1  # a link may lead to another's file
            if found.st_uid == 0 and alone and found.st_ctime_ns >= since:
                os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)
    except PermissionError:  # root without the capability, as in a restricted pod
        log.warning(f"What the step made in {folder} belongs to root, who may not give it away here.")


class Workspace(NamedTuple):
    """The working directory of the step."""

    root: Path

    def path(self, text: str, *, what: str) -> Path:
        """Give the real path that an input names. Raises BadInput when it leaves the workspace; it need not exist.

        `what` names the input for the message.
        """
        if "\0" in text:
            raise BadInput(f"{what} holds a NUL character.", next_step="Give a plain path.")
        root = self.root.resolve()
        asked = PurePosixPath(text)
        if asked.is_absolute() and asked.is_relative_to(PLATFORM_WORKSPACE) and not asked.is_relative_to(root):
            asked = asked.relative_to(PLATFORM_WORKSPACE)
        try:
            real = (root / asked).resolve()
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                real.stat()
        except (OSError, RuntimeError) as error:  # a name that is too long, a folder that may not be entered; a loop
            reason = error.strerror if isinstance(error, OSError) else "it is a link to itself"
            raise BadInput(
                f"{what} is {text[:100]!r}, which cannot be followed: {reason}.", next_step="Give another path."
            ) from error
        if not real.is_relative_to(root):
            raise BadInput(
                f"{what} is {text[:100]!r}, which leads out of the workspace {root}.",
                next_step="Give a path inside the workspace, relative to it.",
            )
        return real

    def relative(self, path: Path) -> str:
        """Give the path as the next step can take it: relative to the workspace, with forward slashes."""
        return path.resolve().relative_to(self.root.resolve()).as_posix()
