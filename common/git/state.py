"""Which state of a repository is meant: a branch, tag, commit or pull request, as the references of its server.

A pull request has a reference of its own on most hosts, each in its own form; which form a server has, its list of
references tells, so this module need not know the host.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from common.errors import BadInput
from common.git.command import Git, GitFailed
from common.git.upstream import Missing, Upstream, ask, branches, listed

COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")  # whole; SHA-1 or SHA-256
PLAIN_NAME = re.compile(r"[A-Za-z0-9_]+(?:[-/][A-Za-z0-9_]+)*")  # of any reference, without asking git
ABBREVIATED = re.compile(r"[0-9a-fA-F]{7,64}")
# GitHub and Gitea; GitLab; Bitbucket Data Center; Harness Code; Azure, which has but the merged state.
PULL_REQUESTS = (
    "refs/pull/{}/head",
    "refs/merge-requests/{}/head",
    "refs/pull-requests/{}/from",
    "refs/pullreq/{}/head",
    "refs/pull/{}/merge",
)


class State(NamedTuple):
    """The state that is wanted. With nothing given it is the newest of the default branch.

    A commit goes before all others, and may come with the branch that it is to be on. `reference` is a full one.
    """

    branch: str = ""
    tag: str = ""
    commit: str = ""
    pull_request: str = ""
    reference: str = ""

    def __str__(self) -> str:
        named = (
            ("commit", self.commit),
            ("pull request", self.pull_request),
            ("", self.reference),
            ("tag", self.tag),
            ("branch", self.branch),
        )
        return next((f"{kind} {name}".strip() for kind, name in named if name), "default branch")


class Place(NamedTuple):
    """Where the server keeps a state: a full reference, or '' for a commit that no reference names; its branch."""

    reference: str
    branch: str = ""
    commit: str = ""


def check(state: State, git: Git, *, cwd: Path) -> None:
    """Raise BadInput for what names nothing in any repository."""
    if state.commit and not ABBREVIATED.fullmatch(state.commit):
        raise BadInput(f"{state.commit[:100]!r} is no commit.", next_step="Give the 40 hexadecimal digits of its hash.")
    if state.pull_request and not re.fullmatch("[0-9]{1,18}", state.pull_request):
        raise BadInput(f"{state.pull_request[:100]!r} is no number of a pull request.", next_step="Give its number.")
    for kind, name in (("branch", state.branch), ("tag", state.tag)):
        if name.startswith("refs/"):
            alone = re.sub(r"^refs/(heads|tags)/", "", name)
            raise BadInput(
                f"The {kind} {name[:200]!r} is given with its full reference.", next_step=f"Give {alone!r} alone."
            )
        if name and not PLAIN_NAME.fullmatch(name) and not _is_reference(f"refs/heads/{name}", git, cwd):
            raise BadInput(f"{name[:200]!r} is no name for a {kind}.", next_step="Give another.")
    if state.reference and not (state.reference.startswith("refs/") and _is_reference(state.reference, git, cwd)):
        raise BadInput(f"{state.reference[:200]!r} is no full reference.", next_step="Give one as refs/heads/main.")


def _is_reference(name: str, git: Git, cwd: Path) -> bool:
    try:
        git.run("check-ref-format", name, cwd=cwd)
    except GitFailed:
        return False
    return not name.startswith("refs/heads/-")


def find(state: State, upstream: Upstream, *, cwd: Path) -> Place:
    """Say where the state is, and ask the server where only that knows. Raises BadInput when it has no such state."""
    if state.commit:
        return Place("", state.branch, state.commit.lower())
    if state.pull_request:
        there = references(upstream, *(form.format(state.pull_request) for form in PULL_REQUESTS), cwd=cwd)
        if not there:
            raise BadInput(
                f"{upstream.url} shows no reference of a pull request {state.pull_request}.",
                next_step="Check the number; on a host without such references (Bitbucket Cloud) give its branch.",
            )
        return Place(next(iter(there)))
    if state.reference:
        return Place(state.reference)
    if state.tag:
        return Place(f"refs/tags/{state.tag}")
    branch = state.branch or _default_branch(upstream, cwd)
    return Place(f"refs/heads/{branch}", branch)


def newest(place: Place, upstream: Upstream, *, cwd: Path) -> str:
    """Ask the server for the commit that a place holds now. Raises BadInput when there is none."""
    if not place.reference:
        return place.commit
    # A tag that is an object of its own is listed twice, the second time with the commit that it is for.
    there = references(upstream, place.reference, f"{place.reference}^{{}}", cwd=cwd)
    if not there:
        raise absent(place, upstream.url)
    return list(there.values())[-1]


def absent(place: Place, url: str) -> Missing:
    """Make the failure for a state that the server does not have."""
    told = f"commit {place.commit}" if place.commit else place.reference
    for start, kind in (("refs/heads/", "branch"), ("refs/tags/", "tag")):
        if told.startswith(start):
            told = f"{kind} {told.removeprefix(start)}"
    return Missing(f"{url} has no {told}.", next_step="Check the name, and that it has been pushed.")


def references(upstream: Upstream, *names: str, cwd: Path) -> dict[str, str]:
    """Ask the server for references; those that it has, with their commits, in the order of the names."""

    def read() -> dict[str, str]:
        found = dict(listed(upstream, upstream.url, *names, cwd=cwd))
        return {name: found[name] for name in names if name in found}

    return ask(upstream, read, doing="read")


def _default_branch(upstream: Upstream, cwd: Path) -> str:
    there = branches(upstream, "", cwd=cwd)
    if not there.tip(there.default_branch):
        raise BadInput(
            f"{upstream.url} holds no commit on its default branch.", next_step="Check the address, or name a branch."
        )
    return there.default_branch
