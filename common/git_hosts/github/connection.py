"""A connection to the API of GitHub or GitHub Enterprise Server: PyGithub with our network, and without redirects."""

from __future__ import annotations

import json
import re
import urllib.parse
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from common.errors import NotAllowed, Refused
from common.git_hosts.connector import Connector
from common.network.deadline import LONGEST_TRY, Deadline
from common.network.settings import Network
from common.network.unreachable import stopped_by_proxy
from common.network.url import origin

if TYPE_CHECKING:
    from github import Github
    from github.Requester import RequestsResponse

DEFAULT_MACHINE = "github.com"
CHECK_HOST = (
    "Check the connector's host (DRONE_NETRC_MACHINE, DRONE_REMOTE_URL), and that no log-in page stands before it."
)


class Moved(Exception):
    """The API says that the repository was renamed or moved."""


def web(connector: Connector) -> str:
    return f"{connector.scheme}://{connector.host or DEFAULT_MACHINE}"


def api_url(connector: Connector) -> str:
    """Derive the API's base from the host (contract, B.4; ghe.com: docs of data residency)."""
    host = connector.host or DEFAULT_MACHINE
    if host == DEFAULT_MACHINE:
        return "https://api.github.com"
    if host.endswith(".ghe.com"):
        return f"https://api.{host}"
    return f"{connector.scheme}://{host}/api/v3"


def connect(connector: Connector, network: Network, deadline: Deadline) -> Github:
    """Make a client that uses the network as prepared, with the connector's token for its host alone."""
    from github import Auth, Github
    from github.Requester import HTTPRequestsConnectionClass, HTTPSRequestsConnectionClass, Requester

    from common.network.http import configure

    class Plain(HTTPRequestsConnectionClass):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            configure(self.session, api_url(connector), network, deadline)

        def getresponse(self) -> RequestsResponse:
            return _checked(super().getresponse(), connector)

    class Encrypted(HTTPSRequestsConnectionClass):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            configure(self.session, api_url(connector), network, deadline)

        def getresponse(self) -> RequestsResponse:
            return _checked(super().getresponse(), connector)

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
            base_url=api_url(connector),
            auth=Auth.Token(connector.password.reveal()),
            timeout=int(LONGEST_TRY),
            retry=None,
            seconds_between_requests=0,
            seconds_between_writes=0,
            lazy=True,
        )
    finally:
        Requester.resetConnectionClasses()


def _checked(answer: RequestsResponse, connector: Connector) -> RequestsResponse:
    """Refuse what PyGithub would follow, or take for the description of a repository that has no values."""
    from github import GithubException

    here = api_url(connector)
    if answer.status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
        raise stopped_by_proxy(here, "407 Proxy Authentication Required")
    if HTTPStatus.MULTIPLE_CHOICES <= answer.status < HTTPStatus.BAD_REQUEST:
        place = next((value for name, value in answer.getheaders() if name.lower() == "location"), "")
        place = urllib.parse.urljoin(here, place)
        if origin(place) == origin(here) and re.search(r"/(repos|repositories|organizations)/", place):
            raise Moved(place)
        raise Refused(f"{here} does not answer as GitHub's API: it redirects to {origin(place)}.", next_step=CHECK_HOST)
    if answer.status >= HTTPStatus.BAD_REQUEST and not _says_why(answer.read()):
        headers = {name.lower(): value for name, value in answer.getheaders()}
        raise GithubException(answer.status, {}, headers)
    if answer.status < HTTPStatus.MULTIPLE_CHOICES and not answer.read().lstrip().startswith("{"):
        raise Refused(f"{here} does not answer as GitHub's API: what it gives is no JSON.", next_step=CHECK_HOST)
    return answer


def _says_why(body: str) -> bool:
    """Tell whether this is an error as GitHub's API gives it; PyGithub takes any JSON for one, and stumbles."""
    try:
        error = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return isinstance(error, dict) and isinstance(error.get("message"), str)
