"""Brings files to a branch, or to one of their own with a pull request that asks for them to be merged into it."""

from __future__ import annotations

from typing import NamedTuple

from common import log
from common.git.command import Git
from common.git.push import Protected, Push, Pushed, held, push
from common.git.upstream import Upstream, login_advice
from common.git_hosts import GitHost, NewPullRequest, plain
from common.git_hosts.context import HostContext
from common.git_hosts.proposal import Proposal


class Proposed(NamedTuple):
    """What came of it. url: the page of the open pull request; '' when the files are in the target already."""

    branch: str
    pushed: Pushed
    url: str


def writable(host: GitHost, where: HostContext) -> Upstream:
    """Give the repository for git to push to. A host whose API we know takes the basic form of a login for that."""
    credentials = host.git_credentials(where)
    if credentials is not None and host.NAME != plain.NAME:
        credentials = credentials._replace(at_once=True)
    git = Git(where.network, credentials)
    return Upstream(git, host.clone_url(where), where.deadline, login_advice(credentials))


def bring(host: GitHost, where: HostContext, wanted: Push, proposal: Proposal, *, dry_run: bool) -> Proposed:
    """Push to the branch, or to one that a pull request into it comes from."""
    source = proposal.source(wanted.branch)
    if proposal.mode == "pull_request":
        return propose(host, where, wanted, source, dry_run=dry_run)
    try:
        return Proposed(wanted.branch, push(wanted, dry_run=dry_run), "")
    except Protected as declined:
        if proposal.mode != "auto":
            raise
        log.info(f"{declined.message} A pull request takes its place.")
        return propose(host, where, wanted, source, dry_run=dry_run)


def propose(host: GitHost, where: HostContext, wanted: Push, source: str, *, dry_run: bool) -> Proposed:
    """Push to `source` instead of the wanted branch, and find or open the pull request into that.

    What others pushed to the source of an open pull request stays. A source whose last one is closed takes up the
    target's state again. Raises Conflict when there is no target.
    """
    target = wanted.branch
    if commit := held(wanted):
        log.info(f"Nothing to propose: {target} holds exactly this already ({commit[:10]}).")
        return Proposed(target, Pushed(commit, pushed=False), "")
    url = host.find_pull_request(where, source=source, target=target)
    own = wanted._replace(branch=source, start=target, afresh=url is None)
    pushed = push(own, dry_run=dry_run)
    if url is not None:
        log.info(f"The pull request is open already: {url}.")
        return Proposed(source, pushed, url)
    if dry_run:
        log.info(f"Dry run: a pull request from {source} into {target} would be opened.")
        return Proposed(source, pushed, "")
    title, _, body = wanted.message.strip().partition("\n")
    url, opened = host.open_pull_request(
        where, NewPullRequest(source=source, target=target, title=title, body=body.strip())
    )
    log.info(f"{'Opened the pull request' if opened else 'The pull request is open already:'} {url}.")
    return Proposed(source, pushed, url)
