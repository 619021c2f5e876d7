"""Branch policies on Azure Repos: a branch with one takes changes by pull requests alone."""

from __future__ import annotations

from typing import Any

from common.errors import Conflict
from common.git_hosts.answers import Unreadable
from common.git_hosts.azure import place
from common.git_hosts.azure.api import BRANCH, identifier, own
from common.git_hosts.azure.calls import Client
from common.git_hosts.azure.words import Call
from common.git_hosts.context import HostContext
from common.git_hosts.settings import Part, bring_about

REVIEWERS = "fa4e907d-c16b-4a4c-9dfa-4906e5d171dd"  # the type of policy "Minimum number of reviewers" everywhere
RIGHT = "Give the token the scope Code (read, write and manage), and its account the permission Edit policies."


def protect_branch(context: HostContext, branch: str) -> bool:
    """Want one review for changes of the branch, if no policy blocks pushes to it. Whoever may bypass policies can."""
    client, reference = Client(context), f"{BRANCH}{branch}"
    call = Call(f"protect {branch} of {place.repository(context)}", RIGHT)
    repository = client.read(call, own(context), identifier)
    heads = client.read(call, f"{own(context)}/refs", _names, filter=f"heads/{branch}")
    if reference not in heads:
        raise Conflict(f"{place.repository(context)} has no branch {branch} to protect.", next_step="Push to it first.")
    where = {"repositoryId": repository, "refName": reference}
    policies = f"{place.project(context)}/_apis/git/policy/configurations"

    def differing() -> list[str]:
        return [] if client.read(call, policies, _blocks, **where) else ["protection"]

    def write() -> None:
        body = {
            "isEnabled": True,
            "isBlocking": True,
            "type": {"id": REVIEWERS},
            "settings": {
                "minimumApproverCount": 1,
                "creatorVoteCounts": False,
                "scope": [{**where, "matchKind": "exact"}],
            },
        }
        client.sent("POST", f"{place.project(context)}/_apis/policy/configurations", body)

    return bool(bring_about([Part(differing, write, client.failures(call))], context.deadline, write=True))


def _names(told: Any) -> set[str]:
    return {str(entry.get("name")) for entry in _listed(told)}


def _blocks(told: Any) -> bool:
    return any(entry.get("isEnabled") is True and entry.get("isBlocking") is True for entry in _listed(told))


def _listed(told: Any) -> list[dict[str, Any]]:
    listed = told.get("value") if isinstance(told, dict) else None
    if not isinstance(listed, list):
        raise Unreadable("there is no value in what it gives")
    return [entry for entry in listed if isinstance(entry, dict)]
