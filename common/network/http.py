"""One HTTP session for the services a step talks to: time-outs, sizes, repeats, authorities, proxies.

A write raises Uncertain when it may have happened; what then has to be looked at, only its caller knows.
"""

from __future__ import annotations

import io
import re
import ssl
import urllib.parse
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, NamedTuple

import requests
import requests.adapters
import urllib3
from requests.auth import AuthBase

from common.errors import Conflict, NotAllowed, Refused, StepError, Unavailable
from common.network import repeat, unreachable, whole_head
from common.network.deadline import LONGEST_TRY, Deadline, retry_after_seconds
from common.network.nesting import bounded
from common.network.repeat import TRANSIENT_STATUS, Failure, Outcome
from common.network.settings import Network
from common.network.url import origin, path_of
from common.secret import Secret

CONNECT_SECONDS = 10.0
LARGEST_ANSWER = 32 * 1024 * 1024  # bytes, unpacked; no answer that a step reads comes near it
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
LONGEST_QUOTE = 500
LENGTHS = frozenset({"content-length", "transfer-encoding"})  # a body without either ends with the connection
REFUSALS: Mapping[int, tuple[type[StepError], str]] = {  # status -> how it fails, and what to do about it
    401: (NotAllowed, "Check {}: it is wrong or has expired."),
    403: (NotAllowed, "Give {} the permission that this needs."),
    404: (Refused, "Check the names, and that the credentials may see it."),
    409: (Conflict, ""),
}
BROKEN = (  # what requests raises when a connection fails or breaks off, also within the body of an answer
    requests.exceptions.ConnectionError,
    requests.exceptions.Timeout,
    requests.exceptions.ChunkedEncodingError,
    requests.exceptions.ContentDecodingError,
)


class StepAdapter(requests.adapters.HTTPAdapter):
    """Gives every try of a session its wall clock, caps the size of an answer, and uses the step's TLS context.

    urllib3 would make a context with its own idea of strictness, start a time-out anew with every byte, and read a
    body of any size.
    """

    def __init__(self, deadline: Deadline, context: ssl.SSLContext | None) -> None:
        self._deadline = deadline
        self._context = context
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._context, **kwargs)
        whole_head.demand(self.poolmanager)

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        return whole_head.demand(super().proxy_manager_for(*args, ssl_context=self._context, **kwargs))

    def send(self, request: requests.PreparedRequest, *_: Any, **options: Any) -> requests.Response:
        options |= {"stream": True, "timeout": (CONNECT_SECONDS, LONGEST_TRY)}
        try:
            with self._deadline.limit():
                answer = super().send(request, **options)
                body = _whole(answer.raw, request.url or "")
        except TimeoutError as error:
            raise requests.exceptions.ReadTimeout(error, request=request) from error
        except urllib3.exceptions.HTTPError as error:  # within the body, where requests would translate it
            raise requests.exceptions.ChunkedEncodingError(error, request=request) from error
        if not body and answer.status_code == HTTPStatus.OK and not LENGTHS & {name.lower() for name in answer.headers}:
            raise requests.exceptions.ChunkedEncodingError("the answer broke off after its head", request=request)
        answer.raw = _Body(body)
        return answer


class _Body(io.BytesIO):
    """A body that requests takes as it is, where it would put it together anew from parts of 10 KB."""

    def stream(self, *_: object, **__: object) -> Iterator[bytes]:
        yield self.getvalue()


def _whole(raw: urllib3.BaseHTTPResponse, url: str) -> bytes:
    try:
        body = raw.read(LARGEST_ANSWER + 1, decode_content=True)
        if len(body) > LARGEST_ANSWER:
            raw.close()
            raise Refused(
                f"{origin(url)} answered with more than {LARGEST_ANSWER // 1024 // 1024} MiB.",
                next_step="Check the address: this is no answer of its API.",
            )
    finally:
        raw.release_conn()
    return body


class HeaderAuth(AuthBase):
    """Adds the credentials; being set at all, it keeps requests from reading a netrc file."""

    def __init__(self, headers: Mapping[str, str | Secret]) -> None:
        self._headers = headers

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        for name, value in self._headers.items():
            request.headers[name] = value.reveal() if isinstance(value, Secret) else value
        return request


class Transient(Exception):
    """An answer whose status may change by itself."""

    def __init__(self, answer: requests.Response) -> None:
        super().__init__(answer.status_code)
        self.answer = answer


class Client(NamedTuple):
    """A service at one base URL. Credentials go to its host only: redirects are not followed."""

    base: str
    network: Network
    deadline: Deadline
    headers: Mapping[str, str | Secret]
    session: requests.Session

    def send(  # noqa: PLR0913 - what a request is made of
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        json: object = None,
        content: tuple[str, bytes] | None = None,
        retry_not_found: bool = False,
        safe: bool = False,
    ) -> requests.Response:
        """Send one request and give whatever final answer comes back, also an error's.

        content: the type and the bytes of a body that is no JSON. safe: it may be repeated, whatever its method says.
        `path` is below the base, or a full URL on the same origin. Raises Unavailable when the service could not be
        reached or kept failing, and Uncertain when a write may have happened.
        """
        url = urllib.parse.urljoin(self.base.rstrip("/") + "/", path)
        if origin(url) != origin(self.base):
            raise AssertionError(f"{url} is not at {self.base}, so the credentials are not for it")
        missing: list[requests.Response] = []

        def ask() -> requests.Response:
            missing.clear()
            answer = self.session.request(
                method,
                url,
                auth=HeaderAuth(self.headers),
                allow_redirects=False,
                params=params,
                json=json,
                data=content[1] if content else None,
                headers={"Content-Type": content[0]} if content else None,
            )
            if retry_not_found and answer.status_code == HTTPStatus.NOT_FOUND:
                missing.append(answer)
            if missing or answer.status_code in TRANSIENT_STATUS:
                raise Transient(answer)
            return answer

        try:
            if safe or method in SAFE_METHODS:
                return repeat.read(ask, lambda error: failure(url, error), self.deadline)
            return repeat.write(ask, None, lambda error: failure(url, error), self.deadline)
        except Unavailable:
            if missing:
                return missing[0]
            raise


def client(
    base: str, *, network: Network, deadline: Deadline, headers: Mapping[str, str | Secret] | None = None
) -> Client:
    """Make a client for the service at the base URL."""
    session = requests.Session()
    configure(session, base, network, deadline)
    return Client(base, network, deadline, headers or {}, session)


def configure(session: requests.Session, base: str, network: Network, deadline: Deadline) -> None:
    """Make the session use the network as prepared, for the service at the base URL."""
    session.trust_env = False  # proxies and authorities come from `network`, netrc from nowhere
    # Reading the authorities takes longer than a plain request, so that is done for https alone.
    scheme = "https://" if base.startswith("https:") else "http://"
    session.mount(scheme, StepAdapter(deadline, network.ssl_context() if scheme == "https://" else None))
    proxy = network.proxy_for(base)
    if proxy:
        session.proxies = {"http": proxy, "https": proxy}


def failure(url: str, error: Exception) -> Failure | None:
    """Tell what an exception of requests left behind, for a request to the URL; None when it is none."""
    if isinstance(error, Transient):
        return _of_answer(url, error.answer)
    if isinstance(error, requests.exceptions.SSLError) or _is_refused_by_proxy(error):
        return Failure(Outcome.REFUSED, _unreachable(url, error))
    if isinstance(error, BROKEN):
        return Failure(Outcome.NOT_DONE if _never_sent(error) else Outcome.UNKNOWN, _unreachable(url, error))
    return None


def _of_answer(url: str, answer: requests.Response) -> Failure:
    wait = retry_after_seconds(answer.headers.get("Retry-After"))
    said = quote(answer)
    told = f"{answer.request.method} {path_of(url)} answered {answer.status_code}{f' ({said})' if said else ''}"
    error = Unavailable(f"{origin(url)} is not available: {told}.")
    if answer.status_code == HTTPStatus.NOT_FOUND:  # one that may still appear
        return Failure(Outcome.NOT_DONE, error, wait)
    return Failure(repeat.of_status(answer.status_code, retry_after=wait), error, wait)


def _is_refused_by_proxy(error: Exception) -> bool:
    """Tell a proxy that is not there, or opens no tunnel; one that breaks off in a request has sent it on, perhaps."""
    if not isinstance(error, requests.exceptions.ProxyError):
        return False
    return _never_sent(error) or "Tunnel" in str(error)


def _never_sent(error: Exception) -> bool:
    """Tell whether the connection failed before the request could reach the server."""
    from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, NewConnectionError | ConnectTimeoutError):
            return True
        reason = (
            getattr(cause, "reason", None)
            or getattr(cause, "original_error", None)
            or (cause.args[0] if cause.args else None)
        )
        cause = reason if isinstance(reason, BaseException) else cause.__cause__
    return False


def _unreachable(url: str, error: Exception) -> StepError:
    said = str(error)
    if isinstance(error, requests.exceptions.SSLError):
        return unreachable.untrusted(origin(url), said)
    if isinstance(error, requests.exceptions.ProxyError):
        refused = re.search(r"Tunnel[\w ]+: (4[\w ]+)", said)
        if refused is not None:
            return unreachable.stopped_by_proxy(origin(url), refused.group(1))
        return unreachable.proxy_is_silent(origin(url), said)
    return unreachable.cannot_be_reached(origin(url), said)


def refusal(answer: requests.Response, *, doing: str, credentials: str) -> StepError:
    """Turn an error answer into the failure to raise.

    doing: what was tried, as in "create the repository acme/payments"; credentials: the input that holds them.
    """
    said = quote(answer)
    where = f"{origin(answer.url)} answered {answer.status_code}{f': {said}' if said else ''}"
    message = f"Could not {doing}: {where.rstrip('.')}."
    if answer.status_code == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
        return unreachable.stopped_by_proxy(origin(answer.url), f"407 {answer.reason}")
    if HTTPStatus.MULTIPLE_CHOICES <= answer.status_code < HTTPStatus.BAD_REQUEST:
        return Refused(message, next_step="Give the final address; redirects are not followed with credentials.")
    kind, advice = REFUSALS.get(answer.status_code, (Refused, ""))
    return kind(message, next_step=advice.format(credentials))


def json_of(answer: requests.Response) -> object:
    """Give the JSON of an answer. Raises ValueError for anything else, also for what is nested without end."""
    with bounded():
        return answer.json()


def quote(answer: requests.Response) -> str:
    """Give what the server said, from the usual places of a JSON body, or the start of its text."""
    try:
        body = json_of(answer)
    except ValueError:
        text = " ".join(answer.text[: 10 * LONGEST_QUOTE].split())
        return "" if text.startswith("<") else text[:LONGEST_QUOTE]
    if not isinstance(body, dict):
        return answer.text[:LONGEST_QUOTE]
    found = [body.get(key) for key in ("message", "error", "error_description", "detail")]
    errors = body.get("errors")
    found += errors if isinstance(errors, list) else []
    return "; ".join(dict.fromkeys(filter(None, map(_words, found))))[:LONGEST_QUOTE]


def _words(said: object) -> str:
    if isinstance(said, dict):
        said = said.get("message")
    return str(said) if isinstance(said, str | int) else ""
