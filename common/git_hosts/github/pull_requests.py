"""Pull requests on GitHub: the open one from a branch into another, or a new one."""

from __future__ import annotations

from typing import Any

from common.git_hosts import NewPullRequest
from common.git_hosts.answers import list_of, texts
from common.git_hosts.context import HostContext
from common.git_hosts.github.calls import Own, own
from common.git_hosts.github.words import Call
from common.network import repeat

RIGHT = "Give the token the right to open pull requests: Pull requests write for a fine-grained token or an App."


def find_pull_request(context: HostContext, *, source: str, target: str) -> str | None:
    """Give the page of the open pull request from the one branch into the other."""
    return _found(own(context), source, target)


def _found(there: Own, source: str, target: str) -> str | None:
    call = Call(f"look for pull requests of {there.name}", RIGHT)
    query = {"state": "open", "head": f"{there.owner}:{source}", "base": target}
    return there.rest.read(call, f"{there.place}/pulls", _first, **query)


def _first(told: Any) -> str | None:
    return texts(told[0], "html_url")[0] if list_of(told) else None


def open_pull_request(context: HostContext, wanted: NewPullRequest) -> tuple[str, bool]:
    """Open a pull request and give its page. The flag is False when there was an open one."""
    there = own(context)
    found = _found(there, wanted.source, wanted.target)
    if found is not None:
        return found, False
    call = Call(f"open a pull request from {wanted.source} into {wanted.target} of {there.name}", RIGHT)

    def opened() -> tuple[str, bool]:
        body = {"title": wanted.title, "body": wanted.body, "head": wanted.source, "base": wanted.target}
        return texts(there.rest.sent("POST", f"{there.place}/pulls", body), "html_url")[0], True

    def look() -> tuple[str, bool] | None:
        page = _found(there, wanted.source, wanted.target)
        return None if page is None else (page, True)

    return repeat.write(opened, look, there.rest.failures(call), context.deadline)
