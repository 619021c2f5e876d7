"""Calls of GitHub's API that need no object of PyGithub's: a path and a body, by PyGithub's own connection.

Its objects would ask for what they lack by themselves, and know other paths than the documented ones for some settings.
"""

from __future__ import annotations

import urllib.parse
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from common.git_hosts.context import HostContext
from common.git_hosts.github.connection import Unreadable
from common.git_hosts.github.failures import failures
from common.git_hosts.github.words import Call
from common.network import repeat

if TYPE_CHECKING:
    from github import Github

ReadT = TypeVar("ReadT")


def sent(api: Github, method: str, path: str, body: object = None, *, accept: str = "", **parameters: str) -> Any:
    """Send one request and give the JSON of its answer, None where it has none. Raises as PyGithub does."""
    headers = {"Accept": accept} if accept else None
    _, told = api.requester.requestJsonAndCheck(method, path, parameters or None, headers, body)
    return told


def read(  # noqa: PLR0913 - what to ask, and what to make of the answer
    api: Github,
    context: HostContext,
    call: Call,
    path: str,
    of: Callable[[Any], ReadT],
    *,
    accept: str = "",
    **parameters: str,
) -> ReadT:
    """Read what is there; `of` makes of the answer what is wanted, and may raise Unreadable. Raises StepError."""
    asking = failures(context, writes=False, call=call)
    return repeat.read(lambda: of(sent(api, "GET", path, accept=accept, **parameters)), asking, context.deadline)


def read_if_there(  # noqa: PLR0913 - as `read`
    api: Github, context: HostContext, call: Call, path: str, of: Callable[[Any], ReadT], *, accept: str = ""
) -> ReadT | None:
    """Read what is there; None when GitHub says that it is not."""
    from github import UnknownObjectException

    def found() -> ReadT | None:
        try:
            return of(sent(api, "GET", path, accept=accept))
        except UnknownObjectException:
            return None

    return repeat.read(found, failures(context, writes=False, call=call), context.deadline)


def quoted(*parts: str) -> str:
    """Give names as parts of a path."""
    return "/".join(urllib.parse.quote(part, safe="") for part in parts)


def texts(told: Any, *names: str) -> list[str]:
    """Give values that must be texts. PyGithub's attributes would ask again for one that is absent, wherever told."""
    values = [told.get(name) if isinstance(told, dict) else None for name in names]
    for name, value in zip(names, values, strict=True):
        if not isinstance(value, str) or not value:
            raise Unreadable(f"there is no {name} in what it gives")
    return [str(value) for value in values]
