"""Files that .gitattributes keeps out of the repository, brought to the host that keeps them beside it.

git runs git-lfs as a filter, with git's own settings and credentials; nothing is installed into a repository.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from common import log
from common.git import lfs
from common.git.command import GitFailed
from common.git.credentials import REFUSED
from common.git.failures import LFS_SAYS
from common.git.upstream import Upstream
from common.network import repeat
from common.network.repeat import Failure

AT_ONCE = 500  # objects that one command gets
STATUS = re.compile(r"trace git-lfs: HTTP: (\d{3})$", re.MULTILINE)
NOISE = re.compile(r"Errors logged to|git lfs logs last|^error: failed to push")
BATCH = "batch response"  # what a line of git-lfs names the answer that says where objects are to go
ABSENT = ("404", "410")
NOT_SERVED = "501"
SETTINGS = {
    "lfs.locksverify": "false",
    "lfs.transfer.maxretries": "1",  # what fails is repeated by repeat.py
    "lfs.transfer.maxretrydelay": "1",
}


def settings() -> dict[str, str]:
    """Give the settings by which git takes git-lfs for its files; none where it is not installed."""
    return lfs.FILTER | SETTINGS if lfs.is_installed() else {}


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
    files = "1 file" if len(found) == 1 else f"{len(found)} files"
    log.info(f"{'Dry run: would send' if dry_run else 'Sending'} {files} by Git LFS.")
    for start in range(0, 0 if dry_run else len(found), AT_ONCE):
        chosen = found[start : start + AT_ONCE]

        def sent(chosen: list[str] = chosen) -> None:
            _send(upstream, repository, chosen)

        repeat.read(sent, failure, upstream.deadline)  # the host keeps an object by its content: twice is once


def _send(upstream: Upstream, repository: Path, chosen: list[str]) -> None:
    trace = repository / "lfs.trace"
    refused = repository / "lfs.refused"
    for left in (trace, refused):
        left.unlink(missing_ok=True)
    try:
        upstream.git.talk(
            *("lfs", "push", "--object-id", upstream.url, *chosen),
            cwd=repository,
            extra={"GIT_DIR": str(repository), "GIT_TRACE": str(trace), REFUSED: str(refused)},
            settings=settings() | _login(upstream),
            silent_seconds=upstream.silence,
        )
    except GitFailed as failed:
        status = _status(trace)
        told = [f"{LFS_SAYS} {line}" for line in dict.fromkeys(failed.lines) if line and not NOISE.search(line)]
        for line in told:
            log.info(line.removeprefix("fatal: "))
        if status in ABSENT and any(BATCH in line for line in told):  # git has just read the repository there
            status = NOT_SERVED
        returned = [f"The requested URL returned error: {status}"] if status else []
        raise GitFailed("lfs push", 1, [*told, *returned]) from failed


def _login(upstream: Upstream) -> dict[str, str]:
    """Have git-lfs send the credentials at once; it would ask without them first, for each file."""
    if upstream.git.credentials is None:
        return {}
    address = upstream.url if upstream.url.endswith(".git") else f"{upstream.url}.git"
    return {f"lfs.{address}/info/lfs.access": "basic"}


def _status(trace: Path) -> str:
    """Give the status of the answer that git-lfs failed at: it prints the server's words, and not always that."""
    text = trace.read_text(encoding="utf-8", errors="replace") if trace.is_file() else ""
    return next((status for status in reversed(STATUS.findall(text)) if status >= "400"), "")
