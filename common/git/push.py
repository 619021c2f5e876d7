"""Push a folder as it is to a branch: no checkout, no .git in the folder, no history that was not asked for.

The branch's newest state is kept with the folder laid over it, or replaced by the folder when it may be overwritten.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from common import log
from common.errors import BadInput, Conflict, Refused, StepError
from common.git import commit
from common.git.command import GitFailed
from common.git.commit import Built
from common.git.failures import Rejection, failures
from common.git.upstream import Branches, Upstream, branches, fetch
from common.git.work_tree import check_folder, tracks_lfs
from common.network import repeat
from common.network.repeat import Failure, Outcome

MOVED_TRIES = 3  # however little time there is; others push too
BASE = "refs/idp-steps/base"
OVERTAKEN = ("stale info", "cannot lock ref", "incorrect old value")
MOVED = (*OVERTAKEN, "fetch first", "non-fast-forward")


@dataclass(frozen=True, kw_only=True)
class Push:
    """What to push where.

    signature: git's author and committer variables. judge: given the words of a declined push, says what it lacked.
    scratch: an empty folder of this process alone.
    """

    upstream: Upstream
    folder: Path
    branch: str
    force: bool
    message: str
    signature: Mapping[str, str]
    judge: Callable[[str], Rejection]
    scratch: Path


@dataclass(frozen=True)
class Pushed:
    """What came of it: the commit the branch holds now, and whether this run put it there."""

    commit: str
    pushed: bool


class Protected(Refused):
    """The branch does not take a push; a pull request may bring it what was pushed."""


class _Moved(Exception):
    """The branch moved between the look at it and the push."""


def push(wanted: Push, *, dry_run: bool) -> Pushed:
    """Bring the branch to hold the folder. Nothing to commit is success."""
    check_folder(wanted.folder)
    _check_branch(wanted)
    if tracks_lfs(wanted.folder):
        log.warning("A .gitattributes puts files under Git LFS; they are pushed as ordinary files.")
    own = commit.make(wanted.upstream.git, wanted.scratch, wanted.folder, wanted.signature)
    attempts = wanted.upstream.deadline.attempts(at_least=MOVED_TRIES)
    for _ in attempts:
        there = branches(wanted.upstream, wanted.branch, cwd=wanted.scratch)
        built = _built(wanted, own, there)
        if built.commit == there.tip:
            log.info(f"Nothing to commit: {wanted.branch} holds exactly this already ({built.commit[:10]}).")
            return Pushed(built.commit, pushed=False)
        try:
            _send(wanted, own, built.commit, there, dry_run=dry_run)
        except _Moved:
            log.info(f"{wanted.branch} moved while this was pushed; laying the files over its new state.")
            attempts.failed("")
        else:
            return Pushed(built.commit, pushed=not dry_run)
    raise Conflict(
        f"{wanted.branch} of {wanted.upstream.url} kept moving while this was pushed, until RETRY_BUDGET was spent.",
        next_step="Look at what is pushed there, then run the step again.",
    )


def _check_branch(wanted: Push) -> None:
    if wanted.branch.startswith("refs/"):
        raise BadInput(
            f"The branch {wanted.branch!r} is given with its full reference.",
            next_step=f"Set BRANCH to the name alone: {wanted.branch.removeprefix('refs/heads/')}.",
        )
    try:
        wanted.upstream.git.run("check-ref-format", "--branch", wanted.branch, cwd=wanted.scratch)
    except GitFailed as failure:
        raise BadInput(f"{wanted.branch!r} is no name for a branch.", next_step="Set BRANCH to another.") from failure


def _built(wanted: Push, own: commit.Repository, there: Branches) -> Built:
    """Build the commit on what is there: on the branch, or for a new one on the default branch."""
    start = wanted.branch if there.tip else "" if wanted.force or not there.default_tip else there.default_branch
    parent = ""
    if start:
        fetch(wanted.upstream, start, BASE, cwd=wanted.scratch, extra=own.places)
        parent = own.run("rev-parse", BASE)
    built = commit.build(own, parent, wanted.message, overlay=not wanted.force)
    if built.commit != parent:
        _tell_plan(wanted, there, parent, built)
    return built


def _tell_plan(wanted: Push, there: Branches, parent: str, built: Built) -> None:
    if not parent:
        log.info(f"First commit of {wanted.branch}: {_counted(built.files)}.")
    elif wanted.force:
        log.info(f"{wanted.branch} ({parent[:10]}) is overwritten by {_counted(built.files)}, {built.changed} changed.")
    elif there.tip:
        log.info(f"{_counted(built.changed)} changed on top of {wanted.branch} ({parent[:10]}).")
    else:
        log.info(f"{wanted.branch} is new, from {there.default_branch} with {_counted(built.changed)} changed.")


def _send(wanted: Push, own: commit.Repository, sha: str, there: Branches, *, dry_run: bool) -> None:
    """Push the commit; after a doubtful end look whether it arrived before trying again. Raises _Moved."""
    target = f"refs/heads/{wanted.branch}"
    options = ["--dry-run"] if dry_run else []
    if wanted.force:
        options.append(f"--force-with-lease={target}:{there.tip}")
    upstream = wanted.upstream

    def sent() -> bool:
        arguments = ("push", *options, upstream.url, f"{sha}:{target}")
        upstream.git.talk(*arguments, cwd=wanted.folder, extra=own.places, silent_seconds=upstream.silence)
        return True

    def look() -> bool | None:
        return True if branches(upstream, wanted.branch, cwd=wanted.scratch).tip == sha else None

    repeat.write(sent, look, _push_failures(wanted), upstream.deadline)
    verb = "Dry run: would push" if dry_run else "Pushed"
    log.info(f"{verb} {sha[:10]} to {wanted.branch} of {upstream.url}.")


def _push_failures(wanted: Push) -> Callable[[Exception], Failure | None]:
    upstream = wanted.upstream
    doing = f"push to {wanted.branch} of {upstream.url}"
    otherwise = failures(doing=doing, url=upstream.url, login_advice=upstream.login_advice, right="write to")

    def failure(error: Exception) -> Failure | None:
        if isinstance(error, GitFailed) and (reason := _declined(error)):
            if any(sign in error.text for sign in (OVERTAKEN if wanted.force else MOVED)):
                if wanted.force:
                    return Failure(Outcome.REFUSED, _overtaken(wanted, error))
                raise _Moved from error
            verdict = wanted.judge(error.text)
            declined = f"Could not {doing}: the server declined it ({reason})."
            kind = Protected if verdict.protected else verdict.error
            return Failure(Outcome.REFUSED, kind(declined, next_step=verdict.advice, detail=error.text))
        return otherwise(error)

    return failure


def _declined(error: GitFailed) -> str:
    """Give the server's reason for not taking the branch; '' when it said nothing of that kind."""
    return next((line.rpartition("(")[2].rstrip(") ") for line in error.lines if "rejected]" in line), "")


def _overtaken(wanted: Push, error: GitFailed) -> StepError:
    return Conflict(
        f"{wanted.branch} of {wanted.upstream.url} moved while it was to be overwritten.",
        next_step="Look at what was pushed there, then run the step again.",
        detail=error.text,
    )


def _counted(files: int) -> str:
    return "1 file" if files == 1 else f"{files} files"
