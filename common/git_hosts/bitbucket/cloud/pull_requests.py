"""Pull requests on Bitbucket Cloud: the open one from a branch into another, or a new one."""

from __future__ import annotations

import json
from typing import Any

from common.git_hosts import NewPullRequest
from common.git_hosts.answers import Unreadable
from common.git_hosts.bitbucket.cloud.access import connect
from common.git_hosts.bitbucket.cloud.api import named, path
from common.git_hosts.bitbucket.rest import Call, objects, part
from common.git_hosts.context import HostContext
from common.network import repeat

RIGHT = "Give the token the scope write:pullrequest:bitbucket."


def find_pull_request(context: HostContext, *, source: str, target: str) -> str | None:
    """Give the page of the open pull request from the one branch into the other."""
    rest, call = connect(context), Call(f"look for pull requests of {named(context)}", RIGHT)
    names = f"source.branch.name = {json.dumps(source)} AND destination.branch.name = {json.dumps(target)}"
    query = f'state = "OPEN" AND {names}'
    return rest.read(call, f"{path(context)}/pullrequests", _first, q=query)


def open_pull_request(context: HostContext, wanted: NewPullRequest) -> tuple[str, bool]:
    """Open a pull request and give its page. The flag is False when there was an open one."""
    found = find_pull_request(context, source=wanted.source, target=wanted.target)
    if found is not None:
        return found, False
    rest = connect(context)
    call = Call(f"open a pull request from {wanted.source} into {wanted.target} of {named(context)}", RIGHT)
    body = {
        "title": wanted.title,
        "description": wanted.body,
        "source": {"branch": {"name": wanted.source}},
        "destination": {"branch": {"name": wanted.target}},
    }

    def opened() -> tuple[str, bool]:
        return _page(rest.sent("POST", f"{path(context)}/pullrequests", body)), True

    def look() -> tuple[str, bool] | None:
        there = find_pull_request(context, source=wanted.source, target=wanted.target)
        return None if there is None else (there, True)

    return repeat.write(opened, look, rest.failures(call, writes=True), context.deadline)


def _first(told: Any) -> str | None:
    found = objects(told)
    return _page(found[0]) if found else None


def _page(told: Any) -> str:
    page = part(told, "links", "html", "href")
    if not isinstance(page, str):
        raise Unreadable("there is no link in what it gives")
    return page
