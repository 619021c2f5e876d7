"""Calls of a git host's API by their documented paths and bodies, over a plain session or a library's own.

What DirectPush asks goes over a plain session, so that its image holds no host's library.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, Protocol, TypeVar

from common.git_hosts import answers
from common.git_hosts.answers import Answered
from common.git_hosts.context import HostContext
from common.network import repeat
from common.network.repeat import FailureOf
from common.secret import Secret

if TYPE_CHECKING:
    import requests

CallT = TypeVar("CallT")
ReadT = TypeVar("ReadT")


class Send(Protocol):
    """Sends one request to a path of the API; raises as answers.check does."""

    def __call__(
        self, method: str, path: str, *, json: Any, params: Mapping[str, str] | None, headers: Mapping[str, str] | None
    ) -> requests.Response: ...


class Rest(NamedTuple, Generic[CallT]):
    """An API with the credentials of the connector.

    failure_of: gives the function that reads the exceptions of a call; the flag: it may have worked without saying so.
    """

    context: HostContext
    send: Send
    failure_of: Callable[[CallT, bool], FailureOf]

    def sent(self, method: str, path: str, body: Any = None, *, accept: str = "", **query: str) -> Any:
        """Send one request and give its JSON, None where there is none. Raises as answers.check does."""
        headers = {"Accept": accept} if accept else None
        return answers.read(self.send(method, path, json=body, params=query or None, headers=headers).content)

    def failures(self, call: CallT, *, writes: bool = True) -> FailureOf:
        return self.failure_of(call, writes)

    def read(self, call: CallT, path: str, of: Callable[[Any], ReadT], *, accept: str = "", **query: str) -> ReadT:
        """Read what is there; `of` makes of the answer what is wanted, and may raise Unreadable. Raises StepError."""
        asking = self.failures(call, writes=False)
        return repeat.read(lambda: of(self.sent("GET", path, accept=accept, **query)), asking, self.context.deadline)

    def read_if_there(
        self, call: CallT, path: str, of: Callable[[Any], ReadT], *, accept: str = "", **query: str
    ) -> ReadT | None:
        """Read what is there; None when the host says that it is not."""

        def found() -> ReadT | None:
            try:
                return of(self.sent("GET", path, accept=accept, **query))
            except Answered as answer:
                if answer.status == HTTPStatus.NOT_FOUND and answer.told is not None:
                    return None
                raise

        return repeat.read(found, self.failures(call, writes=False), self.context.deadline)


def authorized(session: requests.Session, authorization: str) -> requests.Session:
    """Have every request of the session bear the header Authorization."""
    from common.network.http import HeaderAuth

    session.auth = HeaderAuth({"Authorization": Secret(authorization)})
    return session


def over(session: requests.Session, base: str) -> Send:
    """Give what sends requests to paths below the base."""

    def send(method: str, path: str, **options: Any) -> requests.Response:
        return session.request(method, f"{base}/{path.lstrip('/')}", **options)

    return send


def for_library(session: requests.Session) -> requests.Session:
    """Have the session refuse a list, which a library takes for the description of an object without values.

    So it does an answer without a content, for what CreateRepo asks for is always described.
    """

    def look(answer: requests.Response, **_: Any) -> None:
        told = answers.read(answer.content)
        if answer.status_code in answers.NO_CONTENT or (isinstance(told, list) and answer.ok):
            answers.object_of(told)

    session.hooks["response"].append(look)
    return session
