"""git-lfs as a command: it is run with git's credentials, and what it failed at is read from its words and its trace.

Its own repeats are turned off, for network/repeat.py repeats what fails. It knows no clone and no push.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from common import log
from common.errors import Refused, Unavailable
from common.git.command import Git, GitFailed
from common.git.credentials import REFUSED
from common.git.failures import LFS_CRASHED, LFS_LEAVES_OUT, LFS_SAYS
from common.network.repeat import Failure
from common.network.url import origin

FILTER = {  # what `git lfs install` would write into a configuration file
    "filter.lfs.clean": "git-lfs clean -- %f",
    "filter.lfs.smudge": "git-lfs smudge -- %f",
    "filter.lfs.process": "git-lfs filter-process",
    "filter.lfs.required": "true",
}
SETTINGS = {
    "lfs.locksverify": "false",
    "lfs.transfer.maxretries": "1",  # what fails is repeated by repeat.py
    "lfs.transfer.maxretrydelay": "1",
}


STATUS = re.compile(r"trace git-lfs: HTTP: (\d{3})$", re.MULTILINE)
OF_OBJECT = re.compile(r"^\[[0-9a-f]{64}\] .*\[(\d{3})\]")  # an error that the batch answer has for one of the objects
ADDRESS = re.compile(  # where git-lfs, or git for it, says that it failed; what a server says may have addresses, too
    r"(?:Username for '|credentials for |(?:Put|Post|Get) \"|error: )(https?://[^/\s'\"]+)"
)
NOISE = re.compile(r"Errors logged to|git lfs logs last|^error: failed to (?:push|fetch)|^\s")
CRASH = re.compile(r"^(?:panic|fatal error): ")
"""Where Go tells that the program crashed; the stacks follow, to the end. Version 3.3 does so over a 429 without
Retry-After, and now and then over an answer that comes before the content of the file is sent."""
BATCH = "batch response"  # what a line of git-lfs names the answer that says where objects are to go
ABSENT = ("404", "410")
NOT_SERVED = "501"
UNTAKEN = "422"
UNTAKEN_OBJECT = re.compile(r"trace git-lfs: HTTP: 422(?:\n.*trace git-lfs: HTTP: (.*))?$", re.MULTILINE)
"""An object that the host refused with 422: git-lfs takes that for a hint, and ends as if it had been sent."""
BATCH_AND_ANSWER = re.compile(
    r"trace git-lfs: api: batch (\d+) files\n(?s:.*?)trace git-lfs: HTTP: (\{.*)$", re.MULTILINE
)
LONGEST = 300  # characters of what a server says
TO_OTHERS = (
    "The connector's token is not sent to another host: have the address corrected that Git LFS gives out there, or see"
    " what the lines above say."
)


def talk(  # noqa: PLR0913 - what a command is made of
    git: Git,
    *arguments: str,
    cwd: Path,
    aside: Path,
    silent_seconds: float,
    extra: Mapping[str, str] | None = None,
    settings: Mapping[str, str] | None = None,
    told: Callable[[str], object] = lambda _: None,
) -> None:
    """Run git-lfs with the credentials. Raises GitFailed in words of our own, and TimeoutError.

    aside: the folder for what it leaves behind for this module; `told` gets what it says.
    """
    trace, refused = aside / "lfs.trace", aside / "lfs.refused"
    try:
        git.talk(
            *("lfs", *arguments),
            cwd=cwd,
            extra={"GIT_TRACE": str(trace), REFUSED: str(refused), **(extra or {})},
            settings=FILTER | SETTINGS | dict(settings or {}),
            silent_seconds=silent_seconds,
            told=told,
        )
        text = _read(trace)
    except GitFailed as failed:
        raise _failed(failed, _read(trace)) from failed
    except TimeoutError as still:
        if left_out := _left_out(_read(trace)):
            raise GitFailed("lfs", -1, [f"{LFS_SAYS} {LFS_LEAVES_OUT}: {left_out}"]) from still
        raise
    finally:
        for left in (trace, refused):
            left.unlink(missing_ok=True)
    _check_taken(text)


def of_other_hosts(failure: Callable[[Exception], Failure | None], url: str) -> Callable[[Exception], Failure | None]:
    """Have a failure at the host where the repository's keeps such files, when that is another, told of that one."""

    def told(error: Exception) -> Failure | None:
        tell = failure(error)
        other = _elsewhere(url, error)
        if tell is None or not other:
            return tell
        passes = isinstance(tell.error, Unavailable)
        message = f"Could not reach the files in Git LFS: {origin(url)} keeps them at {other}, which "
        message += "is not available." if passes else "refuses them."
        kind = tell.error if passes else Refused("")
        return tell._replace(error=type(kind)(message, next_step="" if passes else TO_OTHERS, detail=tell.error.detail))

    return told


def _failed(failed: GitFailed, trace: str) -> GitFailed:
    status = _status(trace, failed.lines)
    crash = next((number for number, line in enumerate(failed.lines) if CRASH.search(line)), len(failed.lines))
    lines = [*failed.lines[:crash], *(f"{LFS_CRASHED}: {line}" for line in failed.lines[crash : crash + 1])]
    told = [f"{LFS_SAYS} {line}" for line in dict.fromkeys(lines) if line and not NOISE.search(line)]
    for line in told:
        log.info(line.removeprefix("fatal: "))
    about_all = any(BATCH in line for line in told)
    if status == UNTAKEN and not about_all:
        _check_taken(trace)
    if status in ABSENT:
        status = NOT_SERVED if about_all else UNTAKEN  # git has just read the repository there
    returned = [f"The requested URL returned error: {status}"] if status else []
    return GitFailed("lfs", 1, [*told, *returned])


def _check_taken(trace: str) -> None:
    """Raise GitFailed for an object that the host did not take, though git-lfs ended well."""
    if (untaken := UNTAKEN_OBJECT.search(trace)) is not None:
        said = f"{LFS_SAYS} the host does not take a file's content: {(untaken.group(1) or '')[:LONGEST]}"
        log.info(said.removeprefix("fatal: "))
        raise GitFailed("lfs push", 0, [said])


def _left_out(trace: str) -> str:
    """Say how many files an answer does not name, for which git-lfs waits without end; '' where it names all."""
    for asked, answer in BATCH_AND_ANSWER.findall(trace):
        try:
            named = json.loads(answer).get("objects")
        except ValueError:  # it is still coming
            continue
        number = len(named) if isinstance(named, list) else 0
        if number < int(asked):
            return f"{int(asked) - number} of {asked}"
    return ""


def _status(trace: str, lines: Sequence[str]) -> str:
    """Give the status of the answer that git-lfs failed at: it prints the server's words, and not always that."""
    of_objects = [found.group(1) for line in lines if (found := OF_OBJECT.search(line))]
    told = [*of_objects, *STATUS.findall(trace)]
    last = len(told) - 1  # 401 is how a host asks for the credentials, unless nothing came of them
    failed = [status for number, status in enumerate(told) if status >= "400" and (status != "401" or number == last)]
    return failed[-1] if failed else ""


def _read(trace: Path) -> str:
    return trace.read_text(encoding="utf-8", errors="replace") if trace.is_file() else ""


def _elsewhere(url: str, error: Exception) -> str:
    """Give the host that git-lfs failed at, where the repository's host keeps such files at another; else ''."""
    lines = error.lines if isinstance(error, GitFailed) else []
    found = (place for line in lines for place in ADDRESS.findall(line))
    return next((place for place in found if origin(place) != origin(url)), "")
