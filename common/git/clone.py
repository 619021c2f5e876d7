"""Cloning the newest state of a repository."""

from __future__ import annotations

from pathlib import Path

from common.git.failures import failures
from common.git.upstream import Upstream
from common.network import repeat
from common.network.url import without_credentials


def clone(upstream: Upstream, into: Path) -> None:
    """Clone the newest commit of the default branch. Redirects are followed only where no credentials are sent."""
    settings = {"http.followRedirects": "initial"} if upstream.git.credentials is None else {}

    def cloned() -> str:
        return upstream.git.talk(
            *("clone", "--quiet", "--depth=1", "--no-tags", "--", upstream.url, str(into)),
            cwd=into.parent,  # there, so that no repository around counts
            settings=settings,
            silent_seconds=upstream.silence,
        )

    doing = f"clone {without_credentials(upstream.url)}"
    asking = failures(doing=doing, url=upstream.url, login_advice=upstream.login_advice)
    repeat.read(cloned, asking, upstream.deadline)
