"""Pull requests on Bitbucket Data Center: the open one from a branch into another, or a new one."""

from __future__ import annotations

from typing import Any

from common.git_hosts import NewPullRequest
from common.git_hosts.answers import Unreadable
from common.git_hosts.bitbucket.data_center import place
from common.git_hosts.bitbucket.data_center.api import links
from common.git_hosts.bitbucket.rest import Call, objects, part
from common.git_hosts.context import HostContext
from common.network import repeat

RIGHT = "Give the user or the token the permission repository write."


def find_pull_request(context: HostContext, *, source: str, target: str) -> str | None:
    """Give the page of the open pull request from the one branch into the other."""
    rest, call = place.connect(context), Call(f"look for pull requests of {place.named(context)}", RIGHT)
    asked = {"state": "OPEN", "direction": "OUTGOING", "at": f"refs/heads/{source}", "limit": "100"}

    def first(told: Any) -> str | None:
        into = (one for one in objects(told) if part(one, "toRef", "id") == f"refs/heads/{target}")
        return next(map(_page, into), None)

    return rest.read(call, f"{place.path(context)}/pull-requests", first, **asked)


def open_pull_request(context: HostContext, wanted: NewPullRequest) -> tuple[str, bool]:
    """Open a pull request and give its page. The flag is False when there was an open one."""
    found = find_pull_request(context, source=wanted.source, target=wanted.target)
    if found is not None:
        return found, False
    rest = place.connect(context)
    call = Call(f"open a pull request from {wanted.source} into {wanted.target} of {place.named(context)}", RIGHT)
    body = {
        "title": wanted.title,
        "description": wanted.body,
        "fromRef": {"id": f"refs/heads/{wanted.source}"},
        "toRef": {"id": f"refs/heads/{wanted.target}"},
    }

    def opened() -> tuple[str, bool]:
        return _page(rest.sent("POST", f"{place.path(context)}/pull-requests", body)), True

    def look() -> tuple[str, bool] | None:
        there = find_pull_request(context, source=wanted.source, target=wanted.target)
        return None if there is None else (there, True)

    return repeat.write(opened, look, rest.failures(call, writes=True), context.deadline)


def _page(told: Any) -> str:
    page = next((link.get("href") for link in links(told, "self")), None)
    if not isinstance(page, str):
        raise Unreadable("there is no link in what it gives")
    return page
