"""A repository on its host, as git reaches it: its branches, and its newest state."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from common.errors import Conflict
from common.git.command import Git
from common.git.credentials import Credentials
from common.git.failures import failures
from common.network import repeat
from common.network.deadline import Deadline

LONGEST_SILENCE = 60.0


class Upstream(NamedTuple):
    """The repository with the git that reaches it. `login_advice` says what to do when its host asks for a login."""

    git: Git
    url: str
    deadline: Deadline
    login_advice: str

    @property
    def silence(self) -> float:
        """How many seconds a transfer may stand still now."""
        return self.deadline.patience(LONGEST_SILENCE)


def login_advice(credentials: Credentials | None) -> str:
    """Say what to do when the host of a connector asks for a login."""
    if credentials is not None:
        return "Check the connector's user name and token: they are wrong or have expired."
    return "Give the connector's user name and token (DRONE_NETRC_USERNAME, DRONE_NETRC_PASSWORD)."


class Branches(NamedTuple):
    """What the other side holds: its branches with their commits, and which one is the default ('' for none)."""

    tips: Mapping[str, str]
    default_branch: str

    def tip(self, branch: str) -> str:
        """Give the commit of a branch; '' when there is none."""
        return self.tips.get(branch, "")


def branches(upstream: Upstream, branch: str, *, cwd: Path) -> Branches:
    """Ask for the branches. Raises Conflict when git could not have this one next to one that exists."""
    asking = failures(
        doing=f"read {upstream.url}", url=upstream.url, login_advice=upstream.login_advice, may_appear=True
    )

    def listed() -> str:
        arguments = ("ls-remote", "--symref", upstream.url, "HEAD", "refs/heads/*")
        longest = upstream.deadline.longest_try
        return upstream.git.talk(*arguments, cwd=cwd, silent_seconds=upstream.silence, seconds=longest)

    return _parsed(repeat.read(listed, asking, upstream.deadline), branch)


def fetch(upstream: Upstream, branch: str, into: str, *, cwd: Path, extra: Mapping[str, str]) -> None:
    """Fetch the newest commit of a branch into the reference `into` of the repository that `extra` names."""
    doing = f"fetch {branch} of {upstream.url}"

    def fetched() -> str:
        arguments = ("fetch", "--quiet", "--depth=1", "--no-tags", upstream.url, f"+refs/heads/{branch}:{into}")
        return upstream.git.talk(*arguments, cwd=cwd, extra=extra, silent_seconds=upstream.silence)

    asking = failures(doing=doing, url=upstream.url, login_advice=upstream.login_advice)
    repeat.read(fetched, asking, upstream.deadline)


def _parsed(listing: str, branch: str) -> Branches:
    tips: dict[str, str] = {}
    default = ""
    for line in listing.splitlines():
        value, _, name = line.partition("\t")
        if value.startswith("ref: "):
            default = value.removeprefix("ref: refs/heads/")
        else:
            tips[name.removeprefix("refs/heads/")] = value
    clash = next(
        (name for name in tips if f"{branch}/".startswith(f"{name}/") != f"{name}/".startswith(f"{branch}/")), ""
    )
    if clash:
        raise Conflict(
            f"The branch {clash} exists, and git cannot have {branch} next to it.", next_step="Choose another branch."
        )
    return Branches(tips, default)
