"""Pull requests on GitHub: the open one from a branch into another, or a new one."""

from __future__ import annotations

from typing import Any

from common.git_hosts import NewPullRequest
from common.git_hosts.context import HostContext
from common.git_hosts.github.api import full_name
from common.git_hosts.github.calls import read, sent, texts
from common.git_hosts.github.connection import connect
from common.git_hosts.github.failures import failures
from common.git_hosts.github.words import Call
from common.network import repeat

RIGHT = "Give the token the right to open pull requests: Pull requests write for a fine-grained token or an App."


def find_pull_request(context: HostContext, *, source: str, target: str) -> str | None:
    """Give the page of the open pull request from the one branch into the other."""
    api = connect(context)
    name = repeat.read(lambda: full_name(api, context), failures(context, writes=False), context.deadline)
    call = Call(f"look for pull requests of {name}", RIGHT)
    head = f"{name.partition('/')[0]}:{source}"
    return read(api, context, call, f"/repos/{name}/pulls", _first, state="open", head=head, base=target)


def _first(told: Any) -> str | None:
    return texts(told[0], "html_url")[0] if told else None


def open_pull_request(context: HostContext, wanted: NewPullRequest) -> tuple[str, bool]:
    """Open a pull request and give its page. The flag is False when there was an open one."""
    found = find_pull_request(context, source=wanted.source, target=wanted.target)
    if found is not None:
        return found, False
    api = connect(context)
    name = repeat.read(lambda: full_name(api, context), failures(context, writes=False), context.deadline)
    call = Call(f"open a pull request from {wanted.source} into {wanted.target} of {name}", RIGHT)

    def opened() -> tuple[str, bool]:
        body = {"title": wanted.title, "body": wanted.body, "head": wanted.source, "base": wanted.target}
        return texts(sent(api, "POST", f"/repos/{name}/pulls", body), "html_url")[0], True

    def look() -> tuple[str, bool] | None:
        there = find_pull_request(context, source=wanted.source, target=wanted.target)
        return None if there is None else (there, True)

    return repeat.write(opened, look, failures(context, writes=True, call=call), context.deadline)
