"""What to do about a folder that is there already where a clone is to go: keep it, replace it, or leave it alone.

Only a clone that an earlier run made, and that nobody has touched since, is replaced. No git that holds credentials
runs in it, for its configuration may name programs that git then runs.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from common.errors import Conflict
from common.git.checkout import RECORD, Options, record
from common.git.command import Git, GitFailed
from common.network.url import without_credentials

OTHER = "Remove it, or choose another cloneDirectory."
NAMED = 5


def keeps(folder: Path, git: Git, url: str, options: Options, newest: Callable[[], str]) -> bool:
    """Tell whether the folder holds the wanted clone already; False when a new one may take its place.

    `newest` asks for the commit that is wanted. Raises Conflict for what must not be replaced.
    """
    if not folder.exists() and not folder.is_symlink():
        return False
    if not folder.is_dir():
        raise Conflict(f"{folder} is a file, and a clone is a folder.", next_step=OTHER)
    if not any(folder.iterdir()):
        return False
    made = _record(folder)
    if made is None:
        raise Conflict(f"{folder} exists, is not empty, and no earlier run of this step made it.", next_step=OTHER)
    if (origin := _asked(git, folder, "config", "--get", "remote.origin.url").strip()) != url:
        raise Conflict(f"{folder} is a clone of {without_credentials(origin)}, not of {url}.", next_step=OTHER)
    wanted = newest()
    commit = str(made.get("commit"))
    if made == record(commit if commit.startswith(wanted) else wanted, options):
        return True
    if touched := _touched(git, folder, commit):
        raise Conflict(
            f"{folder} holds another state of {url}, and was changed since it was cloned: {touched}.", next_step=OTHER
        )
    return False


def _record(folder: Path) -> dict[str, Any] | None:
    try:
        found = json.loads((folder / ".git" / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _touched(git: Git, folder: Path, commit: str) -> str:
    """Name what was changed since the clone was made; '' for nothing."""
    head = _asked(git, folder, "rev-parse", "--verify", "HEAD").strip()
    if head != commit:
        return f"{head[:10]} is checked out"
    listing = _asked(git, folder, "status", "--porcelain", "-z", "--untracked-files=all", "--ignored")
    names = [entry[3:] for entry in listing.split("\0") if entry[3:]]
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def _asked(git: Git, folder: Path, *arguments: str) -> str:
    try:
        return git.run(*arguments, cwd=folder)
    except GitFailed as failure:
        raise Conflict(f"{folder} is no whole clone: {failure.reason}.", next_step=OTHER) from failure
