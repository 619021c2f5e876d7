"""Files that .gitattributes keeps out of the repository, brought to the host that keeps them beside it.

git runs git-lfs as a filter, with git's own settings and credentials; nothing is installed into a repository.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from common import log
from common.errors import counted
from common.git import lfs, lfs_command
from common.git.upstream import Upstream
from common.network import repeat
from common.network.repeat import Failure

AT_ONCE = 500  # objects that one command gets


def settings() -> dict[str, str]:
    """Give the settings by which git takes git-lfs for its files; none where it is not installed."""
    return lfs_command.FILTER | lfs_command.SETTINGS if lfs.is_installed() else {}


def objects(repository: Path) -> list[str]:
    """Give the objects that git-lfs has put beside a bare repository of our own."""
    return sorted(path.name for path in (repository / "lfs" / "objects").rglob("*") if path.is_file())


def push(
    upstream: Upstream, repository: Path, *, failure: Callable[[Exception], Failure | None], dry_run: bool
) -> None:
    """Bring the objects to the host, before any commit names them. What it has already is not sent again."""
    found = objects(repository)
    if not found:
        return

    failing = lfs_command.of_other_hosts(failure, upstream.url)
    log.info(f"{'Dry run: would send' if dry_run else 'Sending'} {counted(len(found), 'file')} by Git LFS.")
    for start in range(0, 0 if dry_run else len(found), AT_ONCE):
        chosen = found[start : start + AT_ONCE]

        def sent(chosen: list[str] = chosen) -> None:
            _send(upstream, repository, chosen)

        repeat.read(sent, failing, upstream.deadline)  # the host keeps an object by its content: twice is once


def _send(upstream: Upstream, repository: Path, chosen: list[str]) -> None:
    lfs_command.talk(
        upstream.git,
        *("push", "--object-id", upstream.url, *chosen),
        cwd=repository,
        aside=repository,
        extra={"GIT_DIR": str(repository)},
        settings=_login(upstream),
        silent_seconds=upstream.silence,
    )


def _login(upstream: Upstream) -> dict[str, str]:
    """Have git-lfs send the credentials at once; it would ask without them first, for each file."""
    if upstream.git.credentials is None:
        return {}
    address = upstream.url if upstream.url.endswith(".git") else f"{upstream.url}.git"
    return {f"lfs.{address}/info/lfs.access": "basic"}
