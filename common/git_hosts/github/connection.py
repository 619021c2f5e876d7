"""A connection to the API of GitHub or GitHub Enterprise Server: where it is, and a session for it."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

from common.errors import NotAllowed
from common.git_hosts import answers
from common.git_hosts.answers import Answered, Redirected
from common.git_hosts.connector import Connector
from common.git_hosts.context import HostContext
from common.git_hosts.rest import authorized
from common.secret import Secret

if TYPE_CHECKING:
    import requests

DEFAULT_MACHINE = "github.com"
GIT_USERNAME = "x-access-token"  # with any kind of token, also an App's
HEADERS = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
MOVED = re.compile(r"/(repos|repositories|organizations)/")
RATE_LIMITED = frozenset({403, 429})
# Words of GitHub's in lower case (docs: REST API, rate limits): at the beginning, or at the end.
LIMIT_BEGINNINGS = ("api rate limit exceeded", "you have exceeded a secondary rate limit")
LIMIT_ENDS = ("please retry your request again later.", "please wait a few minutes before you try again.")
SECONDARY_LIMIT_WAIT = 60.0  # seconds; GitHub's docs: wait at least one minute


class Moved(Exception):
    """The API says that the repository was renamed or moved."""


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


def session(context: HostContext) -> requests.Session:
    """Make a session that uses the network as prepared, with the connector's token for its host alone."""
    connector = context.connector
    if connector.password is None:
        raise NotAllowed(
            f"There are no credentials for {web(connector)}.",
            next_step="Give the connector's user name and token (DRONE_NETRC_USERNAME, DRONE_NETRC_PASSWORD).",
        )
    return bearing(context, connector.password)


def bearing(context: HostContext, token: Secret) -> requests.Session:
    """Make such a session with another token."""
    made = answers.session(context, api_url(context.connector), check)
    made.headers.update(HEADERS)
    return authorized(made, f"Bearer {token.reveal()}")


def check(answer: requests.Response) -> None:
    """Raise for what is no success with JSON, and Moved for what has another address now."""
    try:
        answers.check(answer)
    except Redirected as elsewhere:
        if elsewhere.within and MOVED.search(elsewhere.place):
            raise Moved(elsewhere.place) from elsewhere
        raise
    except Answered as refused:
        is_githubs = isinstance(refused.told, dict) and isinstance(refused.told.get("message"), str)
        told = refused.told if is_githubs else None
        raise Answered(refused.status, told, _wait(refused, answer.headers)) from None


def _wait(refused: Answered, headers: Any) -> float | None:
    """Give the seconds that GitHub asks to wait: what it says itself, or what its kind of limit comes to."""
    said = str(refused.told.get("message")).lower() if isinstance(refused.told, dict) else ""
    is_limit = refused.status in RATE_LIMITED and (said.startswith(LIMIT_BEGINNINGS) or said.endswith(LIMIT_ENDS))
    if refused.wait is not None or not is_limit:
        return refused.wait
    reset = headers.get("x-ratelimit-reset", "")
    return max(1.0, float(reset) - time.time()) if reset.isdigit() else SECONDARY_LIMIT_WAIT
