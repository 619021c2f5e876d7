"""Cloning the newest state of a repository."""

from __future__ import annotations

import shutil
from pathlib import Path

from common.errors import BadInput
from common.git import lfs
from common.git.command import GitFailed
from common.git.failures import failures
from common.git.upstream import Upstream
from common.network import repeat
from common.network.repeat import Failure, Outcome
from common.network.url import without_credentials

EMPTY_TIMES = 2  # how often a repository has to be found empty to be taken for that


def clone(upstream: Upstream, into: Path) -> None:
    """Clone the newest commit of the default branch. Redirects are followed only where no credentials are sent."""
    settings = lfs.settings()
    if upstream.git.credentials is None:
        settings = {**settings, "http.followRedirects": "initial"}

    def cloned() -> None:
        upstream.git.talk(
            *("clone", "--quiet", "--depth=1", "--no-tags", "--", upstream.url, str(into)),
            cwd=into.parent,  # there, so that no repository around counts
            settings=settings,
            silent_seconds=upstream.silence,
        )
        try:
            upstream.git.run("rev-parse", "--quiet", "--verify", "HEAD", cwd=into)
        except GitFailed as failure:
            shutil.rmtree(into)
            raise _Empty from failure

    doing = f"clone {without_credentials(upstream.url)}"
    asking = failures(doing=doing, url=upstream.url, login_advice=upstream.login_advice)
    times = 0

    def failure(error: Exception) -> Failure | None:
        nonlocal times
        if not isinstance(error, _Empty):
            return asking(error)
        times += 1
        empty = BadInput(f"Could not {doing}: it holds no commit.", next_step="Check the address.")
        return Failure(Outcome.NOT_DONE if times < EMPTY_TIMES else Outcome.REFUSED, empty)

    repeat.read(cloned, failure, upstream.deadline)


class _Empty(Exception):
    """What was cloned holds nothing. Git says so too when an answer breaks off after its head."""
