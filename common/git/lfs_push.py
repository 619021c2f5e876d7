"""Files that .gitattributes keeps out of the repository, brought to the host that keeps them beside it.

git runs git-lfs as a filter, with git's own settings and credentials; nothing is installed into a repository.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from common import log
from common.errors import Refused, Unavailable, counted
from common.git import lfs
from common.git.command import GitFailed
from common.git.credentials import REFUSED
from common.git.failures import LFS_SAYS
from common.git.upstream import Upstream
from common.network import repeat
from common.network.repeat import Failure
from common.network.url import origin

AT_ONCE = 500  # objects that one command gets
STATUS = re.compile(r"trace git-lfs: HTTP: (\d{3})$", re.MULTILINE)
OF_OBJECT = re.compile(r"^\[[0-9a-f]{64}\] .*\[(\d{3})\]")  # an error that the batch answer has for one of the objects
ADDRESS = re.compile(  # where git-lfs, or git for it, says that it failed; what a server says may have addresses, too
    r"(?:Username for '|credentials for |(?:Put|Post|Get) \"|error: )(https?://[^/\s'\"]+)"
)
NOISE = re.compile(
    r"Errors logged to|git lfs logs last|^error: failed to push"
    r"|^panic: |^goroutine |^created by |^github\.com/|^\s"  # version 3.3 stumbles over 429 without Retry-After
)
BATCH = "batch response"  # what a line of git-lfs names the answer that says where objects are to go
ABSENT = ("404", "410")
NOT_SERVED = "501"
UNTAKEN = "422"
UNTAKEN_OBJECT = re.compile(r"trace git-lfs: HTTP: 422(?:\n.*trace git-lfs: HTTP: (.*))?$", re.MULTILINE)
"""An object that the host refused with 422: git-lfs takes that for a hint, and ends as if it had been sent."""
LONGEST = 300  # characters of what a server says
TO_OTHERS = (
    "The connector's token is not sent to another host: have the address corrected that Git LFS gives out there, or see"
    " what the lines above say."
)
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

    def told(error: Exception) -> Failure | None:
        tell = failure(error)
        other = _elsewhere(upstream.url, error)
        if tell is None or not other:
            return tell
        passes = isinstance(tell.error, Unavailable)
        message = f"Could not send files by Git LFS: {origin(upstream.url)} has them brought to {other}, which "
        message += "is not available." if passes else "refuses them."
        kind = tell.error if passes else Refused("")
        return tell._replace(error=type(kind)(message, next_step="" if passes else TO_OTHERS, detail=tell.error.detail))

    log.info(f"{'Dry run: would send' if dry_run else 'Sending'} {counted(len(found), 'file')} by Git LFS.")
    for start in range(0, 0 if dry_run else len(found), AT_ONCE):
        chosen = found[start : start + AT_ONCE]

        def sent(chosen: list[str] = chosen) -> None:
            _send(upstream, repository, chosen)

        repeat.read(sent, told, upstream.deadline)  # the host keeps an object by its content: twice is once


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
        status = _status(trace, failed.lines)
        told = [f"{LFS_SAYS} {line}" for line in dict.fromkeys(failed.lines) if line and not NOISE.search(line)]
        for line in told:
            log.info(line.removeprefix("fatal: "))
        about_all = any(BATCH in line for line in told)
        if status in ABSENT:
            status = NOT_SERVED if about_all else UNTAKEN  # git has just read the repository there
        returned = [f"The requested URL returned error: {status}"] if status else []
        raise GitFailed("lfs push", 1, [*told, *returned]) from failed
    _check_taken(trace)


def _check_taken(trace: Path) -> None:
    """Raise GitFailed for an object that the host did not take, though git-lfs ended well."""
    if (untaken := UNTAKEN_OBJECT.search(_read(trace))) is not None:
        said = f"{LFS_SAYS} the host does not take a file's content: {(untaken.group(1) or '')[:LONGEST]}"
        log.info(said.removeprefix("fatal: "))
        raise GitFailed("lfs push", 0, [said])


def _login(upstream: Upstream) -> dict[str, str]:
    """Have git-lfs send the credentials at once; it would ask without them first, for each file."""
    if upstream.git.credentials is None:
        return {}
    address = upstream.url if upstream.url.endswith(".git") else f"{upstream.url}.git"
    return {f"lfs.{address}/info/lfs.access": "basic"}


def _status(trace: Path, lines: Sequence[str]) -> str:
    """Give the status of the answer that git-lfs failed at: it prints the server's words, and not always that."""
    of_objects = [found.group(1) for line in lines if (found := OF_OBJECT.search(line))]
    return next((status for status in reversed([*of_objects, *_statuses(trace)]) if status >= "400"), "")


def _statuses(trace: Path) -> list[str]:
    return STATUS.findall(_read(trace))


def _read(trace: Path) -> str:
    return trace.read_text(encoding="utf-8", errors="replace") if trace.is_file() else ""


def _elsewhere(url: str, error: Exception) -> str:
    """Give the host that git-lfs failed at, where the repository's host keeps such files at another; else ''."""
    lines = error.lines if isinstance(error, GitFailed) else []
    found = (place for line in lines for place in ADDRESS.findall(line))
    return next((place for place in found if origin(place) != origin(url)), "")
