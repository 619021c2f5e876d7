"""Commit a folder as it is and push it: no checkout, no .git in the folder, no history that was not asked for.

The commit is built in a bare repository of our own beside a throw-away index: the branch's newest state (one commit
deep) with the folder laid over it, or the folder alone when the branch may be overwritten.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from common import log
from common.errors import BadInput, Conflict, Refused, StepError
from common.git.command import Git, GitFailed, explain, tracks_lfs, transient
from common.git.credentials import Credentials
from common.git.work_tree import RIGHT_FOLDER, check_folder
from common.network.deadline import Deadline
from common.network.url import origin

OWN_REPOSITORY = "push.git"
BASE = "refs/idp-steps/base"
OVERTAKEN = ("stale info", "cannot lock ref", "incorrect old value")
MOVED_TRIES = 3
CREATED_MOMENTS_AGO = 10.0  # seconds for which a repository that is not found may be one that is just being made
NAMED = 5


@dataclass(frozen=True, kw_only=True)
class Push:
    """What to push where.

    signature: git's author and committer variables. advise: given the words of a declined push, says what to do.
    scratch: an empty folder of this process alone.
    """

    git: Git
    folder: Path
    url: str
    branch: str
    force: bool
    message: str
    signature: Mapping[str, str]
    credentials: Credentials | None
    advise: Callable[[str], str]
    scratch: Path
    deadline: Deadline

    @property
    def login_advice(self) -> str:
        """What to do when the host asks for a login."""
        if self.credentials is not None:
            return "Check the connector's user name and token: they are wrong or have expired."
        return "Give the connector's user name and token (DRONE_NETRC_USERNAME, DRONE_NETRC_PASSWORD)."

    def git_in(self, *arguments: str, stdin: str = "", show: tuple[str, ...] = ()) -> str:
        """Run git on our bare repository with the folder as its work tree."""
        places = {
            "GIT_DIR": str(self.scratch / OWN_REPOSITORY),
            "GIT_WORK_TREE": str(self.folder),
            "GIT_INDEX_FILE": str(self.scratch / "push.index"),
        }
        return self.git.run(
            *arguments, cwd=self.folder, stdin=stdin, extra={**places, **self.signature}, show=show
        ).strip()


@dataclass(frozen=True)
class Remote:
    """The other side before the push: the branch's tip, and the default branch with its tip. Empty: there is none."""

    tip: str
    default_branch: str
    default_tip: str


@dataclass(frozen=True)
class Pushed:
    """What came of it: the commit the branch holds now, and whether this run put it there."""

    commit: str
    pushed: bool


def push(wanted: Push, *, dry_run: bool) -> Pushed:
    """Bring the branch to hold the folder. Nothing to commit is success."""
    check_folder(wanted.folder)
    _check_branch(wanted)
    if tracks_lfs(wanted.folder):
        log.warning("A .gitattributes puts files under Git LFS; they are pushed as ordinary files.")
    wanted.git.run("init", "--quiet", "--bare", OWN_REPOSITORY, cwd=wanted.scratch)
    for number in range(1, MOVED_TRIES + 1):
        remote = _look(wanted)
        commit = _commit(wanted, remote)
        if commit == remote.tip:
            log.info(f"Nothing to commit: {wanted.branch} holds exactly this already ({commit[:10]}).")
            return Pushed(commit, pushed=False)
        try:
            _send(wanted, commit, remote, dry_run=dry_run)
        except GitFailed as failure:
            if wanted.force or not _moved(wanted, failure) or number == MOVED_TRIES:
                raise _rejection(wanted, failure) from failure
            log.info(f"{wanted.branch} moved while this was pushed; laying the files over its new state.")
        else:
            return Pushed(commit, pushed=not dry_run)
    raise AssertionError("the last try either returns or raises")


def _check_branch(wanted: Push) -> None:
    if wanted.branch.startswith("refs/"):
        raise BadInput(
            f"The branch {wanted.branch!r} is given with its full reference.",
            next_step=f"Set BRANCH to the name alone: {wanted.branch.removeprefix('refs/heads/')}.",
        )
    try:
        wanted.git.run("check-ref-format", "--branch", wanted.branch, cwd=wanted.scratch)
    except GitFailed as failure:
        raise BadInput(f"{wanted.branch!r} is no name for a branch.", next_step="Set BRANCH to another.") from failure


def _look(wanted: Push) -> Remote:
    attempts = wanted.deadline.attempts(within=CREATED_MOMENTS_AGO)
    for _ in attempts:
        try:
            listing = _retrying(wanted, "ls-remote", "--symref", wanted.url, "HEAD", "refs/heads/*")
        except GitFailed as failure:
            last = failure
            if not transient(failure, not_found=True) or transient(failure):
                break
            attempts.failed(f"{wanted.url} is not there yet.")
        else:
            return _remote(listing, wanted.branch)
    raise _explained(wanted, last, f"read {wanted.url}") from last


def _remote(listing: str, branch: str) -> Remote:
    refs: dict[str, str] = {}
    default = ""
    for line in listing.splitlines():
        value, _, name = line.partition("\t")
        if value.startswith("ref: "):
            default = value.removeprefix("ref: refs/heads/")
        else:
            refs[name.removeprefix("refs/heads/")] = value
    clash = next(
        (name for name in refs if f"{branch}/".startswith(f"{name}/") != f"{name}/".startswith(f"{branch}/")), ""
    )
    if clash:
        raise Conflict(
            f"The branch {clash} exists, and git cannot have {branch} beside it.", next_step="Choose another branch."
        )
    return Remote(refs.get(branch, ""), default, refs.get(default, ""))


def _commit(wanted: Push, remote: Remote) -> str:
    """Build the commit; gives the branch's tip itself when there is nothing to change."""
    try:
        return _built(wanted, remote)
    except GitFailed as failure:
        raise BadInput(
            f"Git cannot commit {wanted.folder}: {failure.reason}.",
            next_step="Mend the file or the input that git names.",
            detail=failure.text,
        ) from failure


def _built(wanted: Push, remote: Remote) -> str:
    start = remote.tip or ("" if wanted.force else remote.default_tip)
    parent = _fetch(wanted, wanted.branch if remote.tip else remote.default_branch) if start else ""
    wanted.git_in("read-tree", "--empty")
    if parent and not wanted.force:
        wanted.git_in("read-tree", parent)
    wanted.git_in("add", "--ignore-removal", "--", ".")
    files = wanted.git_in("ls-files", "--cached", "-z").count("\0")
    _tell_ignored(wanted)
    if not files:
        raise BadInput(
            f"The code directory {wanted.folder} holds no file to push that .gitignore lets through.",
            next_step=RIGHT_FOLDER,
        )
    tree = wanted.git_in("write-tree")
    if parent and tree == wanted.git_in("rev-parse", f"{parent}^{{tree}}"):
        return parent
    parents = ["-p", parent] if parent and not wanted.force else []
    commit = wanted.git_in("commit-tree", tree, *parents, stdin=wanted.message)
    _tell_plan(wanted, remote, parent, commit, files)
    return commit


def _fetch(wanted: Push, branch: str) -> str:
    try:
        _retrying(wanted, "fetch", "--quiet", "--depth=1", "--no-tags", wanted.url, f"+refs/heads/{branch}:{BASE}")
    except GitFailed as failure:
        raise _explained(wanted, failure, f"fetch {branch} of {wanted.url}") from failure
    return wanted.git_in("rev-parse", BASE)


def _tell_ignored(wanted: Push) -> None:
    listing = wanted.git_in("ls-files", "--others", "--ignored", "--exclude-standard", "--directory", "-z")
    ignored = [name for name in listing.split("\0") if name]
    if ignored:
        more = f" and {len(ignored) - NAMED} more" if len(ignored) > NAMED else ""
        log.info(f"Not pushed, because .gitignore says so: {', '.join(ignored[:NAMED])}{more}.")


def _tell_plan(wanted: Push, remote: Remote, parent: str, commit: str, files: int) -> None:
    if not parent:
        log.info(f"First commit of {wanted.branch}: {_counted(files)}.")
        return
    changed = wanted.git_in("diff-tree", "-r", "--name-only", "-z", parent, commit).count("\0")
    if wanted.force:
        log.info(f"{wanted.branch} ({parent[:10]}) is overwritten by {_counted(files)}, {changed} of them changed.")
    elif remote.tip:
        log.info(f"{_counted(changed)} changed on top of {wanted.branch} ({parent[:10]}).")
    else:
        log.info(f"{wanted.branch} is new, from {remote.default_branch} with {_counted(changed)} changed.")


def _send(wanted: Push, commit: str, remote: Remote, *, dry_run: bool) -> None:
    """Push the commit; after a doubtful end look whether it arrived before trying again."""
    target = f"refs/heads/{wanted.branch}"
    options = ["--dry-run"] if dry_run else []
    if wanted.force:
        options.append(f"--force-with-lease={target}:{remote.tip}")
    attempts = wanted.deadline.attempts()
    for number in attempts:
        if number > 1 and _look(wanted).tip == commit:
            return
        try:
            wanted.git_in("push", *options, wanted.url, f"{commit}:{target}", show=("remote:",))
        except GitFailed as failure:
            if not transient(failure) or _says(failure, ("remote rejected", "[rejected]")):
                raise
            last = failure
            attempts.failed(f"{origin(wanted.url)} is not available.")
        else:
            verb = "Dry run: would push" if dry_run else "Pushed"
            log.info(f"{verb} {commit[:10]} to {wanted.branch} of {wanted.url}.")
            return
    raise last


def _retrying(wanted: Push, *arguments: str) -> str:
    attempts = wanted.deadline.attempts()
    for _ in attempts:
        try:
            return wanted.git_in(*arguments)
        except GitFailed as failure:
            if not transient(failure):
                raise
            last = failure
            attempts.failed(f"{origin(wanted.url)} is not available.")
    raise last


def _rejection(wanted: Push, failure: GitFailed) -> StepError:
    if _moved(wanted, failure):
        return Conflict(
            f"{wanted.branch} of {wanted.url} kept moving while this was pushed.",
            next_step="Look at what was pushed there, then run the step again.",
            detail=failure.text,
        )
    return _explained(wanted, failure, f"push to {wanted.branch} of {wanted.url}")


def _moved(wanted: Push, failure: GitFailed) -> bool:
    """Tell whether the branch moved since it was read. A host may forbid to overwrite, with the same words."""
    return _says(failure, OVERTAKEN if wanted.force else (*OVERTAKEN, "fetch first", "non-fast-forward"))


def _explained(wanted: Push, failure: GitFailed, doing: str) -> StepError:
    reason = next((line.rpartition("(")[2].rstrip(") ") for line in failure.lines if "rejected]" in line), "")
    if reason:
        return Refused(
            f"Could not {doing}: the server declined it ({reason}).",
            next_step=wanted.advise(failure.text),
            detail=failure.text,
        )
    return explain(failure, doing=doing, url=wanted.url, login_advice=wanted.login_advice)


def _counted(files: int) -> str:
    return "1 file" if files == 1 else f"{files} files"


def _says(failure: GitFailed, signs: tuple[str, ...]) -> bool:
    return any(sign in failure.text for sign in signs)
