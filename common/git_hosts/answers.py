"""What a git host's API answers over requests, for hosts whose library or code takes a session.

The session gives JSON on success and raises for everything else, so a library neither repeats, follows nor guesses. A
host adds how its refusals read. Requests is loaded only where a session is made.
"""

from __future__ import annotations

import json
import urllib.parse
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple

from common.errors import Refused, StepError, Unavailable
from common.git_hosts.context import HostContext
from common.network import repeat
from common.network.deadline import retry_after_seconds
from common.network.nesting import bounded
from common.network.repeat import Failure, FailureOf, Outcome
from common.network.unreachable import stopped_by_proxy
from common.network.url import origin

if TYPE_CHECKING:
    import requests

CHECK_HOST = (
    "Check the connector's host (DRONE_NETRC_MACHINE, DRONE_REMOTE_URL), and that no log-in page stands before it."
)
NOT_THE_API = "{api} does not answer as {host}'s API: {why}."
NO_CONTENT = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.RESET_CONTENT})
LONGEST_SAID = 500


class Answered(Exception):
    """An answer that is no success. told: its JSON, None when it is none; wait: the seconds it asks to wait."""

    def __init__(self, status: int, told: Any, wait: float | None = None) -> None:
        super().__init__(status)
        self.status = status
        self.told = told
        self.wait = wait


class Redirected(Exception):
    """The answer points elsewhere. `within`: to another address of the same server."""

    def __init__(self, place: str, *, within: bool) -> None:
        super().__init__(place)
        self.place = place
        self.within = within


class Unreadable(Exception):
    """A successful answer that is none of the API's; the text says why. `cut_short`: another try may bring it whole."""

    def __init__(self, why: str, *, cut_short: bool = False) -> None:
        super().__init__(why)
        self.cut_short = cut_short


class Api(NamedTuple):
    """An API of a git host. said: what an error's JSON says; refusal: how an answer that will not change is told.

    A refusal that may pass by itself is given as a Failure.
    """

    host: str
    url: str
    said: Callable[[Any], str]
    refusal: Callable[[Answered, str], StepError | Failure]
    advice: str = CHECK_HOST

    def not_the_api(self, why: object) -> Refused:
        return Refused(NOT_THE_API.format(api=self.url, host=self.host, why=why), next_step=self.advice)


def session(context: HostContext, api: str, check: Callable[[requests.Response], None]) -> requests.Session:
    """Make a session for the API that follows no redirect and hands each answer to `check`, which raises."""
    import requests

    from common.network.http import configure

    class Session(requests.Session):
        def request(self, *arguments: Any, **options: Any) -> requests.Response:
            answer = super().request(*arguments, **{**options, "allow_redirects": False})
            check(answer)
            return answer

    made = Session()
    configure(made, api, context.network, context.deadline)
    return made


def check(answer: requests.Response) -> None:
    """Raise for what is no success with JSON."""
    status, here = answer.status_code, answer.url
    if status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
        raise stopped_by_proxy(origin(here), f"{status} {answer.reason}")
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        if not answer.headers.get("Location"):
            raise Unreadable(f"its {status} leads nowhere")
        place = urllib.parse.urljoin(here, answer.headers["Location"])
        raise Redirected(place, within=origin(place) == origin(here))
    body = answer.content
    told = read(body)
    if status >= HTTPStatus.BAD_REQUEST:
        raise Answered(status, told, retry_after_seconds(answer.headers.get("Retry-After")))
    if told is None and status not in NO_CONTENT:
        is_cut = body.lstrip()[:1] in {b"{", b"["} and body.rstrip()[-1:] not in {b"}", b"]"}
        raise Unreadable("its answer is cut short" if is_cut else "what it gives is no JSON object", cut_short=is_cut)


def read(body: bytes) -> Any:
    """Read a JSON object or list; None for anything else, on which libraries stumble.

    That is JSON in UTF-8 without a mark before it (RFC 8259, 8.1): requests and PyGithub take no other.
    """
    try:
        with bounded():
            told = json.loads(body.decode())
    except ValueError:
        return None
    return told if isinstance(told, dict | list) else None


def object_of(told: Any) -> dict[str, Any]:
    """Give what has to be a JSON object. Raises Unreadable."""
    if not isinstance(told, dict):
        raise Unreadable("what it gives is no JSON object")
    return told


def list_of(told: Any) -> list[Any]:
    """Give what has to be a JSON list. Raises Unreadable."""
    if not isinstance(told, list):
        raise Unreadable("what it gives is no JSON list")
    return told


def texts(told: Any, *names: str) -> list[str]:
    """Give values of an object that must be texts. Raises Unreadable."""
    values = [object_of(told).get(name) for name in names]
    for name, value in zip(names, values, strict=True):
        if not isinstance(value, str) or not value:
            raise Unreadable(f"there is no {name} in what it gives")
    return [str(value) for value in values]


def failures(api: Api, *, writes: bool) -> FailureOf:
    """Give the function that reads the exceptions of one call; `writes`: it may have worked without saying so."""
    from common.network import http

    def failure(error: Exception) -> Failure | None:
        if isinstance(error, Answered):
            return _of_answer(error, api)
        if isinstance(error, Redirected):
            return Failure(Outcome.REFUSED, api.not_the_api(f"it redirects to {origin(error.place)}"))
        if isinstance(error, Unreadable):
            if error.cut_short:
                return Failure(Outcome.UNKNOWN, Unavailable(f"{api.url} is not available: {error}."))
            return Failure(Outcome.UNKNOWN if writes else Outcome.REFUSED, api.not_the_api(error))
        return http.failure(api.url, error)

    return failure


def _of_answer(error: Answered, api: Api) -> Failure:
    said = quoted(api.said(error.told))
    answered = f"it answered {error.status}{said}"
    outcome = repeat.of_status(error.status, retry_after=error.wait)
    if outcome is Outcome.REFUSED:
        if error.status == HTTPStatus.NOT_FOUND and error.told is None:
            return Failure(outcome, api.not_the_api("its 404 is no JSON of its API"))
        refusal = api.refusal(error, said)
        return refusal if isinstance(refusal, Failure) else Failure(outcome, refusal)
    if outcome is Outcome.NOT_DONE:
        return Failure(outcome, Unavailable(f"{api.url} asks to wait: {answered}."), error.wait)
    return Failure(outcome, Unavailable(f"{api.url} is not available: {answered}."), error.wait)


def quoted(said: str) -> str:
    """Give what an API said as it stands behind a status in a sentence; '' when it said nothing."""
    said = " ".join(said.split()).rstrip(".")[:LONGEST_SAID]
    return f" ({said})" if said else ""
