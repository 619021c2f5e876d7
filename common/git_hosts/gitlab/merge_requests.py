"""Merge requests on GitLab: the open one from a branch into another, or a new one."""

from __future__ import annotations

from typing import Any

from common.git_hosts import NewPullRequest
from common.git_hosts.answers import list_of, texts
from common.git_hosts.context import HostContext
from common.git_hosts.gitlab.calls import Project, project
from common.git_hosts.gitlab.words import Call
from common.network import repeat

RIGHT = "Give the token the scope `api`, and its account the role Developer in the project."


def find_pull_request(context: HostContext, *, source: str, target: str) -> str | None:
    """Give the page of the open merge request from the one branch into the other."""
    return _found(project(context), source, target)


def _found(own: Project, source: str, target: str) -> str | None:
    call = Call(f"look for merge requests of {own.path}", RIGHT)
    query = {"state": "opened", "source_branch": source, "target_branch": target}
    return own.rest.read(call, f"{own.place}/merge_requests", _first, **query)


def _first(told: Any) -> str | None:
    return texts(told[0], "web_url")[0] if list_of(told) else None


def open_pull_request(context: HostContext, wanted: NewPullRequest) -> tuple[str, bool]:
    """Open a merge request and give its page. The flag is False when there was an open one."""
    own = project(context)
    found = _found(own, wanted.source, wanted.target)
    if found is not None:
        return found, False
    call = Call(f"open a merge request from {wanted.source} into {wanted.target} of {own.path}", RIGHT)
    body = {
        "source_branch": wanted.source,
        "target_branch": wanted.target,
        "title": wanted.title,
        "description": wanted.body,
    }

    def opened() -> tuple[str, bool]:
        return texts(own.rest.sent("POST", f"{own.place}/merge_requests", body), "web_url")[0], True

    def look() -> tuple[str, bool] | None:
        there = _found(own, wanted.source, wanted.target)
        return None if there is None else (there, True)

    return repeat.write(opened, look, own.rest.failures(call), context.deadline)
