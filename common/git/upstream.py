"""A repository on its host, as git reaches it: what it is asked, its references, its branches, and its newest state."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple, TypeVar

from common.errors import BadInput, Conflict
from common.git.command import Git
from common.git.credentials import Credentials
from common.git.failures import failures
from common.network import repeat
from common.network.deadline import Deadline
from common.network.repeat import FailureOf
from common.network.url import without_credentials

LONGEST_SILENCE = 60.0
NO_BRANCH = ("Remote branch ",)  # ... not found in upstream origin
NO_REFERENCE = (
    "couldn't find remote ref",
    "couldn't find any ref",
    "no such remote ref",
    "not our ref",
    "unadvertised object",
)
ONLY_HTTP = {"GIT_ALLOW_PROTOCOL": "http:https"}
ResultT = TypeVar("ResultT")


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


class Missing(BadInput):
    """The other side does not have what was asked for, or does not give it by this name."""


def ask(
    upstream: Upstream,
    work: Callable[[], ResultT],
    *,
    doing: str,
    may_appear: bool = False,
    telling: Callable[[FailureOf, str], FailureOf] = lambda failure_of, _: failure_of,
) -> ResultT:
    """Do what reads from the other side until it is done or refused. `doing` is as in "clone".

    may_appear: a repository that is not found may be one that was created moments ago. telling: given how failures are
    told and the address, tells them better.
    """
    url = upstream.url
    doing = f"{doing} {without_credentials(url)}"
    tell = failures(doing=doing, url=url, login_advice=upstream.login_advice, may_appear=may_appear)
    return repeat.read(work, telling(tell, url), upstream.deadline)


def listed(
    upstream: Upstream,
    *arguments: str,
    cwd: Path,
    settings: Mapping[str, str] | None = None,
    extra: Mapping[str, str] | None = None,
) -> list[tuple[str, str]]:
    """Ask once for references by `git ls-remote`: pairs of a name and what it holds, in the server's order."""
    listing = upstream.git.talk(
        *("ls-remote", *arguments),
        cwd=cwd,
        settings=settings,
        extra=extra,
        silent_seconds=upstream.silence,
        seconds=upstream.deadline.longest_try,
    )
    pairs = (line.partition("\t") for line in listing.splitlines())
    return [(name, value) for value, _, name in pairs]


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

    def read() -> list[tuple[str, str]]:
        return listed(upstream, "--symref", upstream.url, "HEAD", "refs/heads/*", cwd=cwd)

    return _checked(ask(upstream, read, doing="read", may_appear=True), branch)


def fetch(upstream: Upstream, branch: str, into: str, *, cwd: Path, extra: Mapping[str, str]) -> None:
    """Fetch the newest commit of a branch into the reference `into` of the repository that `extra` names."""

    def talked() -> str:
        arguments = ("fetch", "--quiet", "--depth=1", "--no-tags", upstream.url, f"+refs/heads/{branch}:{into}")
        return upstream.git.talk(*arguments, cwd=cwd, extra=extra, silent_seconds=upstream.silence)

    ask(upstream, talked, doing=f"fetch {branch} of")


def _checked(references: list[tuple[str, str]], branch: str) -> Branches:
    tips: dict[str, str] = {}
    default = ""
    for name, value in references:
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
