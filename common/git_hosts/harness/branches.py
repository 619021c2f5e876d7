"""Branches of Harness Code: which is the default one, and the rules that protect them."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from common.git_hosts.context import HostContext
from common.git_hosts.harness import place
from common.git_hosts.harness.api import send
from common.git_hosts.harness.failures import failure, listed, refusal, told
from common.git_hosts.settings import Part, bring_about
from common.network.answer import succeeded

if TYPE_CHECKING:
    import requests

PROTECTION = {  # gitness: app/services/protection/rule_branch.go
    "bypass": {"repo_owners": True},
    "lifecycle": {"delete_forbidden": True, "update_forbidden": True, "update_force_forbidden": True},
    "pullreq": {"approvals": {"require_minimum_count": 1}},
}
LONGEST_RULE = 100  # characters of its identifier


def set_default_branch(context: HostContext, branch: str) -> None:
    """Make this the default branch, which must have commits."""

    def differing() -> list[str]:
        return [] if _default_branch(context) == branch else ["defaultBranch"]

    def write() -> None:
        answer = send(context, "POST", "/default-branch", json={"name": branch})
        _checked(context, answer, f"make {branch} the default branch of {place.path(context)}")

    bring_about([Part(differing, write, failure)], context.deadline, write=True)


def protect_branch(context: HostContext, branch: str) -> bool:
    """Protect the branch by a rule, if no active rule names it. Owners of the repository may pass it by."""
    doing = f"protect {branch} of {place.path(context)}"

    def differing() -> list[str]:
        rules = listed(context, send(context, "GET", "/rules", params={"limit": "100"}), doing=doing)
        return [] if any(_protects(rule, branch, context) for rule in rules) else ["protection"]

    def write() -> None:
        rule = {
            "type": "branch",
            "state": "active",
            "identifier": f"protect_{re.sub('[^A-Za-z0-9_.-]', '_', branch)}"[:LONGEST_RULE],
            "description": "Made by the developer portal",
            "pattern": {"include": [branch]},
            "definition": PROTECTION,
        }
        _checked(context, send(context, "POST", "/rules", json=rule), doing)

    return bool(bring_about([Part(differing, write, failure)], context.deadline, write=True))


def _default_branch(context: HostContext) -> str:
    answer = send(context, "GET")
    _checked(context, answer, f"read the repository {place.path(context)}")
    return str(told(context, answer).get("default_branch"))


def _protects(rule: dict[str, Any], branch: str, context: HostContext) -> bool:
    pattern = rule.get("pattern") or {}
    if rule.get("state") != "active" or rule.get("type", "branch") != "branch":
        return False
    if any(fnmatchcase(branch, excluded) for excluded in pattern.get("exclude") or ()):
        return False
    named = any(fnmatchcase(branch, included) for included in pattern.get("include") or ())
    every = not pattern.get("include") and not pattern.get("default")
    return named or every or (pattern.get("default") is True and branch == _default_branch(context))


def _checked(context: HostContext, answer: requests.Response, doing: str) -> None:
    if not succeeded(answer):
        raise refusal(context, answer, doing=doing)
