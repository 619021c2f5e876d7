"""The folder a step works in, and the rule that paths from inputs may not leave it, also not by symlink."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from common.errors import BadInput

PLATFORM_WORKSPACE = PurePosixPath("/harness")  # contract, B.5: what inputs call the workspace, wherever it is mounted


@dataclass(frozen=True)
class Workspace:
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
