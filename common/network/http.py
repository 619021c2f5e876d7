"""One HTTP session for the services a step talks to: time-outs, retries within the budget, authorities, proxies.

A request is repeated only when that cannot do harm: it never reached the server, the server said it did not take it
(429, 503), or it writes nothing. After any other doubtful answer a write raises Uncertain, and the step looks again.
"""

from __future__ import annotations

import re
import ssl
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import requests
import requests.adapters
from requests.auth import AuthBase

from common.errors import Conflict, NotAllowed, Refused, StepError, Unavailable
from common.network.deadline import TRANSIENT_STATUS, Attempts, Budget, retry_after_seconds
from common.network.settings import Network
from common.network.url import origin, path_of
from common.secret import Secret

TIMEOUT = (10, 30)  # seconds to connect, and between two bytes of an answer
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
NOT_TAKEN = frozenset({429, 503})
LONGEST_QUOTE = 500
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


class Uncertain(Unavailable):
    """A write may or may not have happened."""


class TlsAdapter(requests.adapters.HTTPAdapter):
    """Uses the step's TLS context; urllib3 would otherwise make one with its own idea of strictness."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._context, **kwargs)

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        return super().proxy_manager_for(*args, ssl_context=self._context, **kwargs)


class _HeaderAuth(AuthBase):
    """Adds the credentials; being set at all, it keeps requests from reading a netrc file."""

    def __init__(self, headers: Mapping[str, str | Secret]) -> None:
        self._headers = headers

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        for name, value in self._headers.items():
            request.headers[name] = value.reveal() if isinstance(value, Secret) else value
        return request


@dataclass(frozen=True)
class Client:
    """A service at one base URL. Credentials go to its host only: redirects are not followed."""

    base: str
    network: Network
    budget: Budget
    headers: Mapping[str, str | Secret]
    session: requests.Session

    def send(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        json: object = None,
        retry_not_found: bool = False,
    ) -> requests.Response:
        """Send one request and give whatever final answer comes back, also an error's.

        `path` is below the base, or a full URL on the same origin. Raises Unavailable when the service could not be
        reached or kept failing, and Uncertain when a write may have happened.
        """
        url = urllib.parse.urljoin(self.base.rstrip("/") + "/", path)
        if origin(url) != origin(self.base):
            raise AssertionError(f"{url} is not at {self.base}, so the credentials are not for it")
        attempts = self.budget.start()
        for _ in attempts:
            answer = self._once(method, url, attempts, params=params, json=json)
            if answer is None:
                continue
            if retry_not_found and answer.status_code == requests.codes.not_found:
                attempts.failed(f"{method} {path_of(url)} answered 404.")
                continue
            if answer.status_code not in TRANSIENT_STATUS:
                return answer
            attempts.failed(
                f"{method} {origin(url)}{path_of(url)} answered {answer.status_code}.",
                retry_after=retry_after_seconds(answer.headers.get("Retry-After")),
            )
            if method not in SAFE_METHODS and answer.status_code not in NOT_TAKEN:
                raise Uncertain(attempts.reason, next_step="Run the step again: it looks at what exists first.")
        if answer is not None and answer.status_code == requests.codes.not_found:
            return answer
        raise Unavailable(
            f"{origin(url)} is not available: {attempts.reason}",
            next_step="Check the address, the network and the proxy, or raise RETRY_BUDGET; running again is safe.",
        )

    def _once(
        self,
        method: str,
        url: str,
        attempts: Attempts,
        **kwargs: Any,
    ) -> requests.Response | None:
        try:
            return self.session.request(
                method,
                url,
                auth=_HeaderAuth(self.headers),
                timeout=TIMEOUT,
                allow_redirects=False,
                **kwargs,
            )
        except (requests.exceptions.SSLError, requests.exceptions.ProxyError) as error:
            raise unreachable(url, error) from error
        except requests.exceptions.ConnectTimeout as error:
            attempts.failed(unreachable(url, error).message)
        except BROKEN as error:
            if method not in SAFE_METHODS and not never_sent(error):
                raise Uncertain(
                    f"The connection to {origin(url)} broke while it was answering.",
                    next_step="Run the step again: it looks at what exists first.",
                    detail=str(error),
                ) from error
            attempts.failed(unreachable(url, error).message)
        return None


def client(base: str, *, network: Network, budget: Budget, headers: Mapping[str, str | Secret] | None = None) -> Client:
    """Make a client for the service at the base URL."""
    session = requests.Session()
    configure(session, base, network)
    return Client(base, network, budget, headers or {}, session)


def configure(session: requests.Session, base: str, network: Network) -> None:
    """Make the session use the network as prepared, for the service at the base URL."""
    session.trust_env = False  # proxies and authorities come from `network`, netrc from nowhere
    if base.startswith("https:"):  # reading the authorities takes longer than a plain request
        session.mount("https://", TlsAdapter(network.ssl_context()))
    proxy = network.proxy_for(base)
    if proxy:
        session.proxies = {"http": proxy, "https": proxy}


def never_sent(error: Exception) -> bool:
    """Tell whether the connection failed before the request could reach the server."""
    from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, NewConnectionError | ConnectTimeoutError):
            return True
        reason = getattr(cause, "reason", None) or (cause.args[0] if cause.args else None)
        cause = reason if isinstance(reason, BaseException) else cause.__cause__
    return False


def unreachable(url: str, error: Exception) -> Unavailable:
    """Say in words why a service could not be reached."""
    text = str(error)
    if isinstance(error, requests.exceptions.SSLError):
        return Unavailable(
            f"The certificate of {origin(url)} is not trusted.",
            next_step="Give the authority that signed it as CA_BUNDLE (a path or the PEM text)"
            " and, if that authority is an old one, TLS_STRICT=false.",
            detail=text,
        )
    if isinstance(error, requests.exceptions.ProxyError) and (refused := re.search(r"Tunnel[\w ]+: (4[\w ]+)", text)):
        return proxy_refusal(url, refused.group(1))
    if isinstance(error, requests.exceptions.ProxyError):
        return Unavailable(
            f"The proxy for {origin(url)} does not answer.",
            next_step="Check HTTPS_PROXY and HTTP_PROXY, or name the host in NO_PROXY.",
            detail=text,
        )
    kinds = {
        "Name or service not known": "its name does not resolve",
        "Temporary failure in name resolution": "its name does not resolve",
        "No address associated": "its name does not resolve",
        "Connection refused": "the connection was refused",
        "Network is unreachable": "the network is unreachable",
        "timed out": "it did not answer in time",
    }
    reason = next((words for sign, words in kinds.items() if sign in text), "the connection failed")
    return Unavailable(f"{origin(url)} cannot be reached: {reason}.", detail=text)


def proxy_refusal(url: str, said: str) -> Unavailable:
    """Say that the proxy answered in place of the service, with a status of 4xx."""
    return Unavailable(
        f"The proxy does not let {origin(url)} through: {said}.",
        next_step="Check the proxy's credentials in HTTPS_PROXY and HTTP_PROXY, or name the host in NO_PROXY.",
    )


def refusal(answer: requests.Response, *, doing: str, credentials: str) -> StepError:
    """Turn an error answer into the failure to raise.

    doing: what was tried, as in "create the repository acme/payments"; credentials: the input that holds them.
    """
    said = quote(answer)
    where = f"{origin(answer.url)} answered {answer.status_code}{f': {said}' if said else ''}"
    message = f"Could not {doing}: {where.rstrip('.')}."
    if answer.status_code == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
        return proxy_refusal(answer.url, f"407 {answer.reason}")
    if HTTPStatus.MULTIPLE_CHOICES <= answer.status_code < HTTPStatus.BAD_REQUEST:
        return Refused(message, next_step="Give the final address; redirects are not followed with credentials.")
    kind, advice = REFUSALS.get(answer.status_code, (Refused, ""))
    return kind(message, next_step=advice.format(credentials))


def quote(answer: requests.Response) -> str:
    """Give what the server said, from the usual places of a JSON body, or the start of its text."""
    try:
        body = answer.json()
    except ValueError:
        text = " ".join(answer.text.split())
        return "" if text.startswith("<") else text[:LONGEST_QUOTE]
    if not isinstance(body, dict):
        return str(body)[:LONGEST_QUOTE]
    parts = [str(body[key]) for key in ("message", "error", "error_description", "detail") if body.get(key)]
    errors = body.get("errors")
    if isinstance(errors, list):
        parts += [str(one.get("message", one) if isinstance(one, dict) else one) for one in errors]
    return "; ".join(dict.fromkeys(parts))[:LONGEST_QUOTE]
