"""Pull requests of Harness Code: the open one from a branch into another, or a new one."""

from __future__ import annotations

from typing import Any

from common.git_hosts import NewPullRequest
from common.git_hosts.context import HostContext
from common.git_hosts.harness import place
from common.git_hosts.harness.api import send
from common.git_hosts.harness.failures import failure, listed, refusal, told, unreadable
from common.network import repeat
from common.network.answer import succeeded


def find_pull_request(context: HostContext, *, source: str, target: str) -> str | None:
    """Give the page of the open pull request from the one branch into the other."""
    asked = {"state": "open", "source_branch": source, "target_branch": target}
    answer = send(context, "GET", "/pullreq", params=asked)
    found = listed(context, answer, doing=f"look for pull requests of {place.path(context)}")
    return _page(context, found[0]) if found else None


def open_pull_request(context: HostContext, wanted: NewPullRequest) -> tuple[str, bool]:
    """Open a pull request and give its page. The flag is False when there was an open one."""
    found = find_pull_request(context, source=wanted.source, target=wanted.target)
    if found is not None:
        return found, False
    body = {
        "source_branch": wanted.source,
        "target_branch": wanted.target,
        "title": wanted.title,
        "description": wanted.body,
    }

    def opened() -> tuple[str, bool]:
        answer = send(context, "POST", "/pullreq", json=body)
        if not succeeded(answer):
            doing = f"open a pull request from {wanted.source} into {wanted.target} of {place.path(context)}"
            raise refusal(context, answer, doing=doing)
        described = told(context, answer)
        if not isinstance(described.get("number"), int):
            raise unreadable(context, "there is no number in what it gives", answer)
        return _page(context, described), True

    def look() -> tuple[str, bool] | None:
        there = find_pull_request(context, source=wanted.source, target=wanted.target)
        return None if there is None else (there, True)

    return repeat.write(opened, look, failure, context.deadline)


def _page(context: HostContext, described: dict[str, Any]) -> str:
    return f"{place.page(context)}/pulls/{described.get('number')}"
