"""Branches of Harness Code: which is the default one, and the rules that protect them."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, NamedTuple

from common.git_hosts.context import HostContext
from common.git_hosts.harness import place
from common.git_hosts.harness.api import send
from common.git_hosts.harness.failures import failure, listed, refusal, told, unreadable
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


class Pattern(NamedTuple):
    """Which branches a rule is for: those that it names with `*`, and the default one; without either, all."""

    include: list[str]
    exclude: list[str]
    default: bool


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
        answer = send(context, "GET", "/rules", params={"limit": "100"})
        patterns = [_pattern(rule, context, answer) for rule in listed(context, answer, doing=doing) if _counts(rule)]
        return [] if any(_protects(pattern, branch, context) for pattern in patterns) else ["protection"]

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


def _counts(rule: dict[str, Any]) -> bool:
    return rule.get("state") == "active" and rule.get("type", "branch") == "branch"


def _pattern(rule: dict[str, Any], context: HostContext, answer: requests.Response) -> Pattern:
    found = rule.get("pattern") or {}
    if isinstance(found, dict):
        include, exclude = found.get("include") or [], found.get("exclude") or []
        if all(isinstance(part, list) and all(isinstance(text, str) for text in part) for part in (include, exclude)):
            return Pattern(include, exclude, found.get("default") is True)
    raise unreadable(context, "a rule has a pattern of another form", answer)


def _protects(pattern: Pattern, branch: str, context: HostContext) -> bool:
    if any(fnmatchcase(branch, excluded) for excluded in pattern.exclude):
        return False
    named = any(fnmatchcase(branch, included) for included in pattern.include)
    every = not pattern.include and not pattern.default
    return named or every or (pattern.default and branch == _default_branch(context))


def _checked(context: HostContext, answer: requests.Response, doing: str) -> None:
    if not succeeded(answer):
        raise refusal(context, answer, doing=doing)
