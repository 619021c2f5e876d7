"""Push a folder as it is to a branch: no checkout, no .git in the folder, no history that was not asked for.

The branch's newest state is kept with the folder laid over it, or replaced by the folder when it may be overwritten.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from common import log
from common.errors import Conflict, Refused, StepError, counted
from common.git import commit, lfs, lfs_push
from common.git.command import GitFailed
from common.git.commit import Built, Content
from common.git.failures import Rejection, failures, judged, said_by_server
from common.git.signing import Signer
from common.git.upstream import Branches, Upstream, branches, fetch
from common.git.work_tree import check_folder
from common.network import repeat
from common.network.repeat import Failure, Outcome

MOVED_TRIES = 3  # however little time there is; others push too
BASE = "refs/idp-steps/base"
OVERTAKEN = ("stale info", "cannot lock ref", "incorrect old value")
MOVED = (*OVERTAKEN, "fetch first", "non-fast-forward")


class Push(NamedTuple):
    """What to push where.

    signature: git's author and committer variables. judge: given the words of a declined push, says what it lacked.
    scratch: an empty folder of this process alone. below: the folder of the repository that the files go into. start:
    the branch that a new branch starts at; '' for the default branch. afresh: an existing branch takes up the state of
    `start` first, for what it holds has been dealt with. expected: the commit that the branch is at, where the files
    were made from it; Moved is raised when it is at another. absent: paths of which the branch may hold none, unless
    it holds the folder already; Present is raised when it does.
    """

    upstream: Upstream
    folder: Path
    branch: str
    force: bool
    message: str
    signature: Mapping[str, str]
    judge: Callable[[str], Rejection]
    scratch: Path
    signer: Signer | None = None
    below: str = ""
    start: str = ""
    afresh: bool = False
    expected: str = ""
    absent: tuple[str, ...] = ()


class Pushed(NamedTuple):
    """What came of it: the commit the branch holds now, and whether this run put it there."""

    commit: str
    pushed: bool


class Protected(Refused):
    """The branch does not take a push; a pull request may bring it what was pushed."""


class Moved(Conflict):
    """The branch is not at the commit that the files were made from."""


class Present(Conflict):
    """The branch holds a file that was to be new."""


class _Moved(Exception):
    """The branch moved between the look at it and the push."""


def push(wanted: Push, *, dry_run: bool) -> Pushed:
    """Bring the branch to hold the folder. Nothing to commit is success."""
    own = prepared(wanted)
    attempts = wanted.upstream.deadline.attempts(at_least=MOVED_TRIES)
    for _ in attempts:
        there = branches(wanted.upstream, wanted.branch, cwd=wanted.scratch)
        if wanted.expected not in ("", there.tip(wanted.branch)):
            raise Moved(f"{wanted.branch} of {wanted.upstream.url} moved while files from it were changed.")
        built = _built(wanted, own, there)
        if built.commit == there.tip(wanted.branch):
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


def held(wanted: Push) -> str:
    """Give the commit of the branch if it holds the folder already. Raises Conflict when there is no such branch."""
    own = prepared(wanted)
    there = branches(wanted.upstream, wanted.branch, cwd=wanted.scratch)
    if not there.tip(wanted.branch):
        raise Conflict(
            f"{wanted.upstream.url} has no branch {wanted.branch} that a pull request could be merged into.",
            next_step="Have it made first: by a push of who may (PUSH_MODE=push), or, where the repository is empty, by"
            " CreateRepo (INITIALIZE=always).",
        )
    parent = _fetched(wanted, own, wanted.branch)
    if commit.build(own, [parent], wanted.message, Content(wanted.below)).commit == parent:
        return parent
    _check_absent(wanted, own, parent)
    return ""


def prepared(wanted: Push) -> commit.Repository:
    """Check the folder, and make the repository that its commit is built in; it is there from the first call on."""
    found = check_folder(wanted.folder)
    if found.lfs:
        lfs.check_installed()
    return commit.make(wanted.upstream.git, wanted.scratch, wanted.folder, wanted.signature, found)


def _content(wanted: Push, *, alone: bool = False) -> Content:
    return Content(wanted.below, wanted.signer, alone=alone)


def _fetched(wanted: Push, own: commit.Repository, branch: str) -> str:
    fetch(wanted.upstream, branch, BASE, cwd=wanted.scratch, extra=own.places)
    return (own.folder_of_git / BASE).read_text(encoding="ascii").strip()


def _built(wanted: Push, own: commit.Repository, there: Branches) -> Built:
    """Build the commit on what is there: on the branch, or for a new one on the branch that it starts at."""
    tip = there.tip(wanted.branch)
    start = wanted.start or there.default_branch
    if tip and wanted.afresh:
        parents = [_fetched(wanted, own, start), _fetched(wanted, own, wanted.branch)]
    elif tip:
        parents = [_fetched(wanted, own, wanted.branch)]
    elif wanted.force or not there.tip(start):
        parents = []
    else:
        parents = [_fetched(wanted, own, start)]
    built = commit.build(own, parents, wanted.message, _content(wanted, alone=wanted.force))
    if built.commit not in parents:
        if parents and not wanted.start:
            _check_absent(wanted, own, parents[-1])
        _tell_plan(wanted, start if not tip else "", parents, built)
    return built


def _check_absent(wanted: Push, own: commit.Repository, parent: str) -> None:
    """Raise Present when the commit holds one of the paths; those of a pull request's branch are its own."""
    found = own.run("ls-tree", "--name-only", "-z", parent, "--", *wanted.absent) if wanted.absent else ""
    if path := found.partition("\0")[0]:
        raise Present(f"{wanted.branch} of {wanted.upstream.url} holds {path} already, which was to be new.")


def _tell_plan(wanted: Push, start: str, parents: list[str], built: Built) -> None:
    files, changed = counted(built.files, "file"), counted(built.changed, "file")
    if not parents:
        log.info(f"First commit of {wanted.branch}: {files}.")
    elif wanted.force:
        log.info(f"{wanted.branch} ({parents[0][:10]}) is overwritten by {files}, {built.changed} changed.")
    elif start:
        log.info(f"{wanted.branch} is new, from {start} with {changed} changed.")
    else:
        log.info(f"{changed} changed on top of {wanted.branch} ({parents[-1][:10]}).")


def _send(wanted: Push, own: commit.Repository, sha: str, there: Branches, *, dry_run: bool) -> None:
    """Push the commit; after a doubtful end look whether it arrived before trying again. Raises _Moved."""
    target = f"refs/heads/{wanted.branch}"
    options = ["--dry-run"] if dry_run else ["--progress"]
    if wanted.force:
        options.append(f"--force-with-lease={target}:{there.tip(wanted.branch)}")
    upstream = wanted.upstream
    failing = _push_failures(wanted)
    lfs_push.push(upstream, own.folder_of_git, failure=failing, dry_run=dry_run)

    def sent() -> bool:
        arguments = ("push", *options, upstream.url, f"{sha}:{target}")
        upstream.git.talk(*arguments, cwd=wanted.folder, extra=own.places, silent_seconds=upstream.silence)
        return True

    def look() -> bool | None:
        return True if branches(upstream, wanted.branch, cwd=wanted.scratch).tip(wanted.branch) == sha else None

    repeat.write(sent, look, failing, upstream.deadline)
    verb = "Dry run: would push" if dry_run else "Pushed"
    log.info(f"{verb} {sha[:10]} to {wanted.branch} of {upstream.url}.")


def _push_failures(wanted: Push) -> Callable[[Exception], Failure | None]:
    upstream = wanted.upstream
    doing = f"push to {wanted.branch} of {upstream.url}"
    advice = upstream.login_advice
    otherwise = failures(doing=doing, url=upstream.url, login_advice=advice, right="write to", judge=wanted.judge)

    def failure(error: Exception) -> Failure | None:
        if isinstance(error, GitFailed) and not error.broke_off and (reason := _declined(error)):
            if any(sign in error.text for sign in (OVERTAKEN if wanted.force else MOVED)):
                if wanted.force:
                    return Failure(Outcome.REFUSED, _overtaken(wanted, error))
                raise _Moved from error
            said = f"{said_by_server(error)}\n{reason}"
            verdict = judged(wanted.judge(said), said)
            declined = f"Could not {doing}: the server declined it ({reason})."
            kind = Protected if verdict.protected else verdict.error
            return Failure(Outcome.REFUSED, kind(declined, next_step=verdict.advice, detail=error.text))
        return otherwise(error)

    return failure


def _declined(error: GitFailed) -> str:
    """Give the server's reason for not taking the branch; '' when it said nothing of that kind."""
    found = (line.partition(" (")[2].rstrip().removesuffix(")") for line in error.lines if "rejected]" in line)
    return next(found, "")


def _overtaken(wanted: Push, error: GitFailed) -> StepError:
    return Conflict(
        f"{wanted.branch} of {wanted.upstream.url} moved while it was to be overwritten.",
        next_step="Look at what was pushed there, then run the step again.",
        detail=error.text,
    )
