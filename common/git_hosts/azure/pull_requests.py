"""Pull requests on Azure Repos: the open one from a branch into another, or a new one."""

from __future__ import annotations

from typing import Any

from common.git_hosts import NewPullRequest
from common.git_hosts.answers import Unreadable
from common.git_hosts.azure import place
from common.git_hosts.azure.api import BRANCH, own
from common.git_hosts.azure.calls import Client
from common.git_hosts.azure.words import Call
from common.git_hosts.context import HostContext
from common.network import repeat

RIGHT = "Give the token the scope Code (read and write), and its account the permission Contribute to pull requests."


def find_pull_request(context: HostContext, *, source: str, target: str) -> str | None:
    """Give the page of the open pull request from the one branch into the other."""
    call = Call(f"look for pull requests of {place.repository(context)}", RIGHT)
    query = {
        "searchCriteria.status": "active",
        "searchCriteria.sourceRefName": f"{BRANCH}{source}",
        "searchCriteria.targetRefName": f"{BRANCH}{target}",
    }
    found = Client(context).read(call, f"{own(context)}/pullrequests", _numbers, **query)
    return _page(context, found[0]) if found else None


def open_pull_request(context: HostContext, wanted: NewPullRequest) -> tuple[str, bool]:
    """Open a pull request and give its page. The flag is False when there was an open one."""
    found = find_pull_request(context, source=wanted.source, target=wanted.target)
    if found is not None:
        return found, False
    client = Client(context)
    call = Call(f"open a pull request from {wanted.source} into {wanted.target} of {place.repository(context)}", RIGHT)
    body = {
        "sourceRefName": f"{BRANCH}{wanted.source}",
        "targetRefName": f"{BRANCH}{wanted.target}",
        "title": wanted.title,
        "description": wanted.body,
    }

    def opened() -> tuple[str, bool]:
        return _page(context, _number(client.sent("POST", f"{own(context)}/pullrequests", body))), True

    def look() -> tuple[str, bool] | None:
        there = find_pull_request(context, source=wanted.source, target=wanted.target)
        return None if there is None else (there, True)

    return repeat.write(opened, look, client.failures(call), context.deadline)


def _page(context: HostContext, number: int) -> str:
    return f"{place.repository(context)}/pullrequest/{number}"


def _numbers(told: Any) -> list[int]:
    listed = told.get("value") if isinstance(told, dict) else None
    if not isinstance(listed, list):
        raise Unreadable("there is no value in what it gives")
    return [_number(entry) for entry in listed]


def _number(told: Any) -> int:
    number = told.get("pullRequestId") if isinstance(told, dict) else None
    if not isinstance(number, int) or isinstance(number, bool):
        raise Unreadable("there is no pullRequestId in what it gives")
    return number
