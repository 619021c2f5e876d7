"""Branches on GitLab: which is the default one, and their protection."""

from __future__ import annotations

from common.errors import Conflict
from common.git_hosts.answers import object_of
from common.git_hosts.context import HostContext
from common.git_hosts.gitlab.calls import project, quoted
from common.git_hosts.gitlab.words import MAINTAINS, Call
from common.git_hosts.settings import Part, bring_about

MAINTAINERS = 40  # access level


def set_default_branch(context: HostContext, branch: str) -> None:
    """Make this the default branch, which must have commits."""
    own = project(context)
    call = Call(f"make {branch} the default branch of {own.path}", MAINTAINS)

    def differing() -> list[str]:
        there = own.rest.read(call, own.place, lambda told: object_of(told).get("default_branch"))
        return [] if there == branch else ["defaultBranch"]

    def write() -> None:
        own.rest.sent("PUT", own.place, {"default_branch": branch})

    bring_about([Part(differing, write, own.rest.failures(call))], context.deadline, write=True)


def protect_branch(context: HostContext, branch: str) -> bool:
    """Protect the branch, if no protection fits it: Maintainers alone push and merge to it, nobody by force."""
    own = project(context)
    call = Call(f"protect {branch} of {own.path}", MAINTAINS)

    def differing() -> list[str]:
        path = f"{own.place}/repository/branches/{quoted(branch)}"
        protected = own.rest.read_if_there(call, path, lambda told: object_of(told).get("protected") is True)
        if protected is None:
            raise Conflict(f"{own.path} has no branch {branch} to protect.", next_step="Push to it first.")
        return [] if protected else ["protection"]

    def write() -> None:
        body = {
            "name": branch,
            "push_access_level": MAINTAINERS,
            "merge_access_level": MAINTAINERS,
            "allow_force_push": False,
        }
        own.rest.sent("POST", f"{own.place}/protected_branches", body)

    return bool(bring_about([Part(differing, write, own.rest.failures(call))], context.deadline, write=True))
