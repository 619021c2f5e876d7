"""Cloning one state of a repository: the newest, or that of a branch, a tag or a commit.

Only that commit is fetched. Where a server does not give one by its name, the history is, without the files of others
(`--filter=blob:none`, which a server that does not know it passes over).
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from common.errors import BadInput
from common.git.command import GitFailed
from common.git.failures import failures
from common.git.upstream import Upstream
from common.network import repeat
from common.network.repeat import Failure, Outcome
from common.network.url import without_credentials

EMPTY_TIMES = 2  # how often a repository has to be found empty to be taken for that
COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
ABBREVIATED = re.compile(r"[0-9a-fA-F]{4,64}")
NO_REVISION = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|^-|^/|/$|//")  # git-check-ref-format(1)
NO_BRANCH = "Remote branch "  # ... not found in upstream origin
NO_COMMIT = ("not our ref", "unadvertised object", "couldn't find remote ref", "no such remote ref")
NAMED = 20  # branches and tags in a message
ONLY_HTTP = {"GIT_ALLOW_PROTOCOL": "http:https"}


def clone(upstream: Upstream, into: Path, *, revision: str = "") -> None:
    """Clone one commit into a folder that is not there yet: of the default branch, or of `revision`.

    Redirects are followed only where no credentials are sent. Raises BadInput for a revision that there is not.
    """
    if NO_REVISION.search(revision):
        raise BadInput(
            f"{revision[:100]!r} is no name of a branch, a tag or a commit.", next_step="Give one that the server has."
        )
    if COMMIT.fullmatch(revision):
        found = _try(upstream, into, lambda: _one_commit(upstream, into, revision), NO_COMMIT)
    else:
        branch = [f"--branch={revision}"] if revision else []
        found = _try(upstream, into, lambda: _newest(upstream, into, branch), (NO_BRANCH,))
    if not found and ABBREVIATED.fullmatch(revision):
        found = _try(upstream, into, lambda: _of_history(upstream, into, revision), ())
    if not found:
        raise BadInput(
            f"{without_credentials(upstream.url)} has no branch, tag or commit {revision!r}.",
            next_step=f"It has {_listed(names(upstream, into.parent))}.",
        )


def names(upstream: Upstream, cwd: Path) -> dict[str, str]:
    """Give the commit of each branch and tag by its name, that of the default branch as HEAD. Branches go first."""
    asking = failures(
        doing=f"read {without_credentials(upstream.url)}", url=upstream.url, login_advice=upstream.login_advice
    )

    def listed() -> str:
        arguments = ("ls-remote", "--", upstream.url, "HEAD", "refs/heads/*", "refs/tags/*")
        longest = upstream.deadline.longest_try
        silence = upstream.silence
        settings = _settings(upstream)
        return upstream.git.talk(
            *arguments, cwd=cwd, settings=settings, extra=ONLY_HTTP, silent_seconds=silence, seconds=longest
        )

    heads: dict[str, str] = {}
    tags: dict[str, str] = {}
    for line in repeat.read(listed, asking, upstream.deadline).splitlines():
        commit, _, name = line.partition("\t")
        if name.startswith("refs/tags/"):
            tags[name.removeprefix("refs/tags/").removesuffix("^{}")] = commit  # the tagged commit comes after the tag
        else:
            heads[name.removeprefix("refs/heads/")] = commit
    return tags | heads


def _listed(found: Mapping[str, str]) -> str:
    shown = sorted(name for name in found if name != "HEAD")
    more = f" and {len(shown) - NAMED} more" if len(shown) > NAMED else ""
    return ", ".join(shown[:NAMED]) + more


def _settings(upstream: Upstream) -> dict[str, str]:
    return {"http.followRedirects": "initial"} if upstream.git.credentials is None else {}


def _try(upstream: Upstream, into: Path, work: Callable[[], bool], missing: tuple[str, ...]) -> bool:
    """Do it until it works. Gives whether there is such a revision, by git's words for one that is `missing`."""
    doing = f"clone {without_credentials(upstream.url)}"
    asking = failures(doing=doing, url=upstream.url, login_advice=upstream.login_advice)
    times = 0

    def begun() -> bool:
        if into.exists():
            shutil.rmtree(into)
        try:
            return work()
        except GitFailed as failed:
            if any(words in failed.text for words in missing):
                return False
            raise

    def failure(error: Exception) -> Failure | None:
        nonlocal times
        if not isinstance(error, _Empty):
            return asking(error)
        times += 1
        empty = BadInput(f"Could not {doing}: it holds no commit.", next_step="Check the address.")
        return Failure(Outcome.NOT_DONE if times < EMPTY_TIMES else Outcome.REFUSED, empty)

    return repeat.read(begun, failure, upstream.deadline)


def _newest(upstream: Upstream, into: Path, branch: list[str]) -> bool:
    _talk(upstream, into.parent, "clone", "--quiet", "--depth=1", "--no-tags", *branch, "--", upstream.url, str(into))
    _check_not_empty(upstream, into)
    return True


def _one_commit(upstream: Upstream, into: Path, commit: str) -> bool:
    upstream.git.run("init", "--quiet", str(into), cwd=into.parent)
    upstream.git.run("remote", "add", "origin", upstream.url, cwd=into)
    _talk(upstream, into, "fetch", "--quiet", "--depth=1", "--no-tags", "origin", commit)
    _talk(upstream, into, "checkout", "--quiet", "--detach", "FETCH_HEAD")
    return True


def _of_history(upstream: Upstream, into: Path, revision: str) -> bool:
    filters = ("--filter=blob:none", "--no-checkout")
    _talk(upstream, into.parent, "clone", "--quiet", *filters, "--", upstream.url, str(into))
    _check_not_empty(upstream, into)
    try:
        commit = upstream.git.run("rev-parse", "--quiet", "--verify", f"{revision}^{{commit}}", cwd=into).strip()
    except GitFailed:
        return False
    _talk(upstream, into, "checkout", "--quiet", "--detach", commit)  # fetches the files of that commit
    return True


def _talk(upstream: Upstream, cwd: Path, *arguments: str) -> None:
    upstream.git.talk(
        *arguments,
        cwd=cwd,  # there, so that no repository around counts
        settings=_settings(upstream),
        extra=ONLY_HTTP,
        silent_seconds=upstream.silence,
    )


def _check_not_empty(upstream: Upstream, into: Path) -> None:
    try:
        upstream.git.run("rev-parse", "--quiet", "--verify", "HEAD", cwd=into)
    except GitFailed as failure:
        shutil.rmtree(into)
        raise _Empty from failure


class _Empty(Exception):
    """What was cloned holds nothing. Git says so too when an answer breaks off after its head."""
