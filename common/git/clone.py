"""Cloning one state of a repository: the newest, or that of a branch, a tag or a commit.

Only that commit is fetched. Where a server does not give one by its name, the history is, without the files of others
(`--filter=blob:none`, which a server that does not know it passes over).
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from common.errors import BadInput, Unavailable
from common.git.command import GitFailed
from common.git.state import COMMIT
from common.git.upstream import NO_BRANCH, NO_REFERENCE, ONLY_HTTP, Missing, Upstream, ask, listed
from common.network.url import without_credentials

ABBREVIATED = re.compile(r"[0-9a-fA-F]{4,64}")
NO_REVISION = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|^-|^/|/$|//")  # git-check-ref-format(1)
NAMED = 20  # branches and tags in a message
TIMES = 2  # how often a revision of the list is asked for: a host may answer from several machines


def clone(upstream: Upstream, into: Path, *, revision: str = "") -> None:
    """Clone one commit into a folder that is not there yet: of the default branch, or of `revision`.

    Redirects are followed only where no credentials are sent. Raises BadInput for a revision that there is not, by
    the list of those that there are; one of the list is asked for once more.
    """
    if NO_REVISION.search(revision):
        raise BadInput(
            f"{revision[:100]!r} is no name of a branch, a tag or a commit.", next_step="Give one that the server has."
        )
    where = without_credentials(upstream.url)
    for _ in range(TIMES):
        if _cloned(upstream, into, revision):
            return
        there = names(upstream, into.parent)
        if revision not in there:
            raise BadInput(f"{where} has no branch, tag or commit {revision!r}.", next_step=f"It has {_listed(there)}.")
    raise Unavailable(
        f"{where} lists {revision}, and does not give it.", next_step="Run the step again, which is safe."
    )


def _cloned(upstream: Upstream, into: Path, revision: str) -> bool:
    """Clone it; gives whether there is such a revision."""
    if COMMIT.fullmatch(revision):
        return _try(upstream, into, lambda: _one_commit(upstream, into, revision), NO_REFERENCE)
    branch = [f"--branch={revision}"] if revision else []
    if _try(upstream, into, lambda: _newest(upstream, into, branch), NO_BRANCH):
        return True
    history = ABBREVIATED.fullmatch(revision)
    return history is not None and _try(upstream, into, lambda: _of_history(upstream, into, revision), ())


def names(upstream: Upstream, cwd: Path) -> dict[str, str]:
    """Give the commit of each branch and tag by its name, that of the default branch as HEAD. Branches go first."""

    def read() -> list[tuple[str, str]]:
        arguments = ("--", upstream.url, "HEAD", "refs/heads/*", "refs/tags/*")
        found = listed(upstream, *arguments, cwd=cwd, settings=_settings(upstream), extra=ONLY_HTTP)
        if not found:
            raise _empty(upstream, "read")
        return found

    heads: dict[str, str] = {}
    tags: dict[str, str] = {}
    for name, commit in ask(upstream, read, doing="read"):
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
    """Clone until it works. Gives whether there is such a revision, by git's words for one that is `missing`."""

    def begun() -> bool:
        if into.exists():
            shutil.rmtree(into)
        try:
            return work()
        except GitFailed as failed:
            if failed.says(*missing):
                return False
            raise

    return ask(upstream, begun, doing="clone")


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
        raise _empty(upstream, "clone") from failure


def _empty(upstream: Upstream, doing: str) -> Missing:
    """Make the failure for a repository that holds nothing."""
    where = without_credentials(upstream.url)
    return Missing(f"Could not {doing} {where}: it holds no commit.", next_step="Check the address.")
