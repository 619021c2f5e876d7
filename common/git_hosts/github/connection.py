"""A connection to the API of GitHub or GitHub Enterprise Server: PyGithub with our network, and without redirects."""

from __future__ import annotations

import json
import re
import urllib.parse
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from common.errors import BadInput, NotAllowed, Refused
from common.git_hosts.connector import Connector
from common.git_hosts.context import HostContext
from common.git_hosts.github.words import CHECK_HOST, NOT_THE_API
from common.network.deadline import LONGEST_TRY
from common.network.unreachable import stopped_by_proxy
from common.network.url import origin

if TYPE_CHECKING:
    from github import Github
    from github.Requester import RequestsResponse

DEFAULT_MACHINE = "github.com"
LISTS = ("/pulls", "/invitations", "/repos")  # ends of paths whose answers are lists


class Moved(Exception):
    """The API says that the repository was renamed or moved."""


class Unreadable(Exception):
    """A successful answer that is none of the API's; the text says why. `cut_short`: another try may bring it whole."""

    def __init__(self, why: str, *, cut_short: bool = False) -> None:
        super().__init__(why)
        self.cut_short = cut_short


def web(connector: Connector) -> str:
    return connector.origin if connector.host else f"https://{DEFAULT_MACHINE}"


def api_url(connector: Connector) -> str:
    """Derive the API's base from the host (contract, B.4; ghe.com: docs of data residency)."""
    host = connector.host or DEFAULT_MACHINE
    if host == DEFAULT_MACHINE:
        return "https://api.github.com"
    if host.endswith(".ghe.com"):
        return f"https://api.{host}"
    return f"{connector.origin}/api/v3"


def connect(context: HostContext) -> Github:
    """Make a client that uses the network as prepared, with the connector's token for its host alone."""
    from github import Auth, Github
    from github.Requester import HTTPRequestsConnectionClass, HTTPSRequestsConnectionClass, Requester

    from common.network.http import configure

    connector = context.connector
    here = api_url(connector)

    class Plain(HTTPRequestsConnectionClass):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            configure(self.session, here, context.network, context.deadline)

        def getresponse(self) -> RequestsResponse:
            return _checked(super().getresponse(), here, _kind(self.verb, self.url))

    class Encrypted(HTTPSRequestsConnectionClass):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            configure(self.session, here, context.network, context.deadline)

        def getresponse(self) -> RequestsResponse:
            return _checked(super().getresponse(), here, _kind(self.verb, self.url))

    if connector.host.startswith("["):
        raise BadInput(
            f"GitHub's API cannot be called at the IPv6 address {connector.host}.",
            next_step="Give the host's name as DRONE_NETRC_MACHINE.",
        )
    if connector.password is None:
        raise NotAllowed(
            f"There are no credentials for {web(connector)}.",
            next_step="Give the connector's user name and token (DRONE_NETRC_USERNAME, DRONE_NETRC_PASSWORD).",
        )
    # PyGithub has no other way to be given a TLS context and proxies, and it would follow redirects with the token.
    # A client keeps the classes that are in place when it is made; no other client is to get this connector's.
    Requester.injectConnectionClasses(Plain, Encrypted)
    try:
        return Github(
            base_url=here,
            auth=Auth.Token(connector.password.reveal()),
            timeout=int(LONGEST_TRY),
            retry=None,
            seconds_between_requests=0,
            seconds_between_writes=0,
            lazy=True,
        )
    finally:
        Requester.resetConnectionClasses()


def _kind(verb: str, url: str) -> type:
    """Give what a successful answer to the request holds, an object or a list."""
    return list if verb == "GET" and url.partition("?")[0].endswith(LISTS) else dict


def _checked(answer: RequestsResponse, here: str, kind: type) -> RequestsResponse:
    """Refuse what PyGithub would follow, or take for the description of a repository that has no values."""
    from github import GithubException

    headers = {name.lower(): value for name, value in answer.getheaders()}
    if answer.status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
        raise stopped_by_proxy(here, "407 Proxy Authentication Required")
    if HTTPStatus.MULTIPLE_CHOICES <= answer.status < HTTPStatus.BAD_REQUEST:
        place = urllib.parse.urljoin(here, headers.get("location", ""))
        if origin(place) == origin(here) and re.search(r"/(repos|repositories|organizations)/", place):
            raise Moved(place)
        why = f"it redirects to {origin(place)}"
        raise Refused(NOT_THE_API.format(api=here, why=why), next_step=CHECK_HOST)
    body = answer.read()
    told = _json(body)
    if answer.status >= HTTPStatus.BAD_REQUEST:
        if not (isinstance(told, dict) and isinstance(told.get("message"), str)):
            raise GithubException(answer.status, {}, headers)
    elif answer.status == HTTPStatus.NO_CONTENT:
        pass
    elif not isinstance(told, kind) and _is_cut_short(body):
        raise Unreadable("its answer is cut short", cut_short=True)
    elif not isinstance(told, kind):
        raise Unreadable(f"what it gives is no JSON {'list' if kind is list else 'object'}")
    return answer


def _json(body: str) -> object:
    """Read JSON; None for anything else, on which PyGithub would stumble."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _is_cut_short(body: str) -> bool:
    """Tell whether this is the beginning of JSON; what is nested too deeply ends as it should."""
    start, end = body.lstrip()[:1], body.rstrip()[-1:]
    return (start, end) in {("{", end), ("[", end)} and end != {"{": "}", "[": "]"}[start]
