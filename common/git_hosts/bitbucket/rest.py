"""Calls of an API of Bitbucket by the authenticated client of atlassian-python-api.

Its own functions leave out fields that the hosts document (the description, the default branch), or send one that Data
Center does not know (is_private), so each call is the documented path and body. It sleeps after 429 by itself; our
session raises before that (answers.py).
"""

from __future__ import annotations

import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar

from common.errors import NotAllowed
from common.git_hosts import answers
from common.git_hosts.answers import Answered, Api
from common.git_hosts.context import HostContext
from common.network import repeat
from common.network.repeat import FailureOf

if TYPE_CHECKING:
    from atlassian.rest_client import AtlassianRestAPI

ResultT = TypeVar("ResultT")


@dataclass(frozen=True)
class Call:
    """What is being done, as in "create the repository acme/payments", and what to do when it is not allowed."""

    doing: str
    right: str = ""


@dataclass(frozen=True)
class Rest:
    """An API with the credentials of the connector. `describe` tells how its refusals of a call read."""

    context: HostContext
    client: AtlassianRestAPI
    describe: Callable[[Call], Api]

    def sent(self, method: str, path: str, json: Any = None, **parameters: str) -> Any:
        """Send one request and give its JSON, None where there is none. Raises as answers.check does."""
        answer = self.client.request(method, path, json=json, params=parameters or None, advanced_mode=True)
        return answers.read(answer.content)

    def failures(self, call: Call, *, writes: bool) -> FailureOf:
        return answers.failures(self.describe(call), writes=writes)

    def read(self, call: Call, path: str, take: Callable[[Any], ResultT], **parameters: str) -> ResultT:
        """Read what is there, and take from it what is wanted. Raises StepError."""
        asking = self.failures(call, writes=False)
        return repeat.read(lambda: take(self.sent("GET", path, **parameters)), asking, self.context.deadline)

    def read_if_there(self, call: Call, path: str, take: Callable[[Any], ResultT], **parameters: str) -> ResultT | None:
        """Read what is there; None when the host says that it is not."""

        def found() -> ResultT | None:
            try:
                return take(self.sent("GET", path, **parameters))
            except Answered as answer:
                if answer.status == HTTPStatus.NOT_FOUND and answer.told is not None:
                    return None
                raise

        return repeat.read(found, self.failures(call, writes=False), self.context.deadline)


def client(context: HostContext, base: str, *, user: str, bearer: bool) -> AtlassianRestAPI:
    """Make a client for the API: user and password, or the password as a bearer token.

    Raises NotAllowed without credentials.
    """
    connector = context.connector
    if connector.password is None:
        raise NotAllowed(
            f"There are no credentials for {connector.origin}.",
            next_step="Give the connector's user name and token (DRONE_NETRC_USERNAME, DRONE_NETRC_PASSWORD).",
        )
    from atlassian.rest_client import AtlassianRestAPI

    secret = connector.password.reveal()
    credentials: dict[str, Any] = {"token": secret} if bearer else {"username": user, "password": secret}
    session = answers.session(context, base, answers.check)
    return AtlassianRestAPI(base, session=session, retry_with_header=False, backoff_and_retry=False, **credentials)


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
