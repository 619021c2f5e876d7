"""Brings a repository that holds nothing to the default branch that was asked for, on every kind of host."""

from __future__ import annotations

from typing import NamedTuple

from common import log
from common.errors import Refused
from common.git import first_commit
from common.git.refs import Server
from common.git_hosts import GitHost, NewRepository, Repository
from common.git_hosts.context import HostContext

FALLBACK = "main"  # for a first commit, when neither the input nor the host names a default branch


class Wanted(NamedTuple):
    """The repository and where it is. initialize: when an empty first commit may be made: auto, never or always."""

    host: GitHost
    where: HostContext
    repository: NewRepository
    initialize: str

    def found(self, last: Repository) -> Repository:
        """Give the repository as its host has it now."""
        return self.host.find_repository(self.where, self.repository) or last


def settle(wanted: Wanted, there: Repository, branches: dict[str, str], server: Server) -> Repository:
    """Make the default branch the one that is wanted, and give the repository as the host then has it.

    branches: what it holds, nothing but the empty first commit. Raises Refused when the host keeps another.
    """
    host, asked = wanted.host, wanted.repository.default_branch
    branch = asked or there.default_branch or FALLBACK
    by_itself = host.SETS_DEFAULT_BRANCH_OF_EMPTY
    if branch not in branches and _needs_commit(wanted, there, branch):
        first_commit.push(
            server,
            branch,
            judge=lambda text: host.explain_rejection(wanted.where, text),
            deadline=wanted.where.deadline,
        )
        log.info(f"Made the branch {branch} by an empty first commit.")
        branches = {**branches, branch: first_commit.FIRST_COMMIT}
        there = wanted.found(there)
    if not asked or there.default_branch == asked:
        return there
    if branch not in branches and not by_itself:
        log.warning(
            f"The default branch is {there.default_branch or 'not named yet'}: INITIALIZE=never leaves {there.url}"
            " without a commit, and the first push decides it."
        )
        return there
    host.set_default_branch(wanted.where, asked)
    there = wanted.found(there)
    if there.default_branch != asked:
        raise Refused(
            f"{host.NAME} keeps {there.default_branch or 'no branch'} as the default branch of {there.url}, though"
            f" {asked} was asked for.",
            next_step="Set it there, and look for a rule of the organization about it.",
        )
    return there


def _needs_commit(wanted: Wanted, there: Repository, branch: str) -> bool:
    if wanted.initialize == "auto":
        other = bool(wanted.repository.default_branch) and branch != there.default_branch
        return other and not wanted.host.SETS_DEFAULT_BRANCH_OF_EMPTY
    return wanted.initialize == "always"
