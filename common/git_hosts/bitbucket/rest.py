"""Calls of an API of Bitbucket: by atlassian-python-api where CreateRepo finds and creates, else over a plain session.

The library's own functions leave out fields that the hosts document (the description, the default branch), or send one
that Data Center does not know (is_private), so each call is the documented path and body by its authenticated client.
It sleeps after 429 by itself; our session raises before that (answers.py).
"""

from __future__ import annotations

import base64
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from common.errors import NotAllowed
from common.git_hosts import answers, rest
from common.git_hosts.answers import Api
from common.git_hosts.context import HostContext

if TYPE_CHECKING:
    import requests


class Call(NamedTuple):
    """What is being done, as in "create the repository acme/payments", and what to do when it is not allowed."""

    doing: str
    right: str = ""


Rest = rest.Rest[Call]


@dataclass(frozen=True, kw_only=True)
class Login:
    """The address of an API, and how the connector's credentials are used there: a user's, or the password as a bearer.

    describe: tells how the API's refusals of a call read.
    """

    base: str
    user: str
    bearer: bool
    describe: Callable[[Call], Api]


def connect(context: HostContext, login: Login) -> Rest:
    """Give the API over a plain session. Raises NotAllowed without credentials."""
    secret = _secret(context)
    made = answers.session(context, login.base, answers.check)
    pair = base64.b64encode(f"{login.user}:{secret}".encode()).decode()
    rest.authorized(made, f"Bearer {secret}" if login.bearer else f"Basic {pair}")
    return _over(rest.over(made, login.base), context, login)


def connect_by_library(context: HostContext, login: Login) -> Rest:
    """Give the API over the client of atlassian-python-api. Raises NotAllowed without credentials."""
    secret = _secret(context)
    from atlassian.rest_client import AtlassianRestAPI

    credentials: dict[str, Any] = {"token": secret} if login.bearer else {"username": login.user, "password": secret}
    session = answers.session(context, login.base, answers.check)
    client = AtlassianRestAPI(
        login.base, session=session, retry_with_header=False, backoff_and_retry=False, **credentials
    )

    def send(method: str, path: str, **options: Any) -> requests.Response:
        answer: requests.Response = client.request(method, path, advanced_mode=True, **options)
        return answer

    return _over(send, context, login)


def _over(send: rest.Send, context: HostContext, login: Login) -> Rest:
    return Rest(context, send, lambda call, writes: answers.failures(login.describe(call), writes=writes))


def _secret(context: HostContext) -> str:
    connector = context.connector
    if connector.password is None:
        raise NotAllowed(
            f"There are no credentials for {connector.origin}.",
            next_step="Give the connector's user name and token (DRONE_NETRC_USERNAME, DRONE_NETRC_PASSWORD).",
        )
    return connector.password.reveal()


def objects(told: Any, key: str = "values") -> list[dict[str, Any]]:
    """Give the objects of a page of a list. Raises Unreadable."""
    found = told.get(key) if isinstance(told, dict) else None
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise answers.Unreadable(f"there is no list of {key} in what it gives")
    return found


def part(told: Any, *names: str) -> Any:
    """Give what is at the end of a path of keys; None where it ends before."""
    for name in names:
        told = told.get(name) if isinstance(told, dict) else None
    return told


def quoted(*parts: str) -> str:
    """Give names as parts of a path."""
    return "/".join(urllib.parse.quote(one, safe="~") for one in parts)
