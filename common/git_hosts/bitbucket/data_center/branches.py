"""Branches on Bitbucket Data Center: which is the default one, and the restrictions that protect them."""

from __future__ import annotations

from functools import partial

from common.git_hosts.bitbucket.data_center import place
from common.git_hosts.bitbucket.data_center.api import default_branch
from common.git_hosts.bitbucket.rest import Call, objects, part
from common.git_hosts.context import HostContext
from common.git_hosts.settings import Part, bring_about

RIGHT = "Give the user or the token the permission repository admin."
RESTRICTIONS = ("pull-request-only", "fast-forward-only", "no-deletes")


def set_default_branch(context: HostContext, branch: str) -> None:
    """Make this the default branch, which must have commits."""
    rest, call = place.connect(context), Call(f"make {branch} the default branch of {place.named(context)}", RIGHT)

    def differing() -> list[str]:
        return [] if default_branch(rest, context) == branch else ["defaultBranch"]

    def write() -> None:
        rest.sent("PUT", f"{place.path(context)}/default-branch", {"id": f"refs/heads/{branch}"})

    bring_about([Part(differing, write, rest.failures(call, writes=True))], context.deadline, write=True)


def protect_branch(context: HostContext, branch: str) -> bool:
    """Restrict the branch by what it is not restricted by yet."""
    rest = place.connect(context, "rest/branch-permissions/latest")
    call, ref = Call(f"protect {branch} of {place.named(context)}", RIGHT), f"refs/heads/{branch}"
    restrictions = f"{place.path(context)}/restrictions"

    def differing(kind: str) -> list[str]:
        found = rest.read(call, restrictions, objects, matcherType="BRANCH", matcherId=ref, type=kind)
        there = [one for one in found if one.get("type") == kind and part(one, "matcher", "id") == ref]
        return [] if there else [kind]

    def write(kind: str) -> None:
        matcher = {"id": ref, "displayId": branch, "type": {"id": "BRANCH", "name": "Branch"}, "active": True}
        rest.sent("POST", restrictions, {"type": kind, "matcher": matcher, "users": [], "groups": []})

    failures = rest.failures(call, writes=True)
    parts = [Part(partial(differing, kind), partial(write, kind), failures) for kind in RESTRICTIONS]
    return bool(bring_about(parts, context.deadline, write=True))
