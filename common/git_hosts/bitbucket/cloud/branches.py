"""Branches on Bitbucket Cloud: which is the main one, and the restrictions that protect them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from common.git_hosts.bitbucket.cloud.access import connect
from common.git_hosts.bitbucket.cloud.api import named, path
from common.git_hosts.bitbucket.rest import Call, objects, part
from common.git_hosts.context import HostContext
from common.git_hosts.settings import Part, bring_about

RIGHT = "Give the token the scope admin:repository:bitbucket, and its owner the role of an administrator there."
RESTRICTIONS: Mapping[str, Mapping[str, Any]] = {  # kind -> what it takes besides the branch
    "force": {},
    "delete": {},
    "push": {"users": [], "groups": []},  # nobody pushes; a pull request still brings changes in
    "require_approvals_to_merge": {"value": 1},
}


def set_default_branch(context: HostContext, branch: str) -> None:
    """Make this the main branch, which must have commits."""
    rest, call = connect(context), Call(f"make {branch} the main branch of {named(context)}", RIGHT)

    def differing() -> list[str]:
        there = rest.read(call, path(context), lambda told: part(told, "mainbranch", "name"))
        return [] if there == branch else ["defaultBranch"]

    def write() -> None:
        rest.sent("PUT", path(context), {"mainbranch": {"name": branch}})

    bring_about([Part(differing, write, rest.failures(call, writes=True))], context.deadline, write=True)


def protect_branch(context: HostContext, branch: str) -> bool:
    """Restrict the branch by what it is not restricted by yet."""
    rest, call = connect(context), Call(f"protect {branch} of {named(context)}", RIGHT)
    restrictions = f"{path(context)}/branch-restrictions"

    def differing(kind: str) -> list[str]:
        found = rest.read(call, restrictions, objects, kind=kind, pattern=branch)
        return [] if any(one.get("kind") == kind and one.get("pattern") == branch for one in found) else [kind]

    def write(kind: str) -> None:
        body = {"kind": kind, "branch_match_kind": "glob", "pattern": branch, **RESTRICTIONS[kind]}
        rest.sent("POST", restrictions, body)

    failures = rest.failures(call, writes=True)
    parts = [Part(partial(differing, kind), partial(write, kind), failures) for kind in RESTRICTIONS]
    return bool(bring_about(parts, context.deadline, write=True))
