"""GitHub and GitHub Enterprise Server, through PyGithub.

PyGithub's own retries repeat a POST after a 5xx and sleep up to an hour on rate limits, so they are off: the loop here
looks at what exists before it repeats a create. PyGithub is imported only by the functions that call the API.
"""

from __future__ import annotations

import re
import time
import urllib.parse
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from common import log
from common.connector import Connector, Credentials, RepositoryLocation
from common.errors import BadInput, NotAllowed, Refused, StepError, Unavailable
from common.git_hosts import NewRepository, Repository
from common.network import Network
from common.retry import TRANSIENT_STATUS, Budget, retry_after_seconds

if TYPE_CHECKING:
    from github import Github, GithubException
    from github.Repository import Repository as ApiRepository

DEFAULT_MACHINE = "github.com"
GIT_USERNAME = "x-access-token"  # with any kind of token, also an App's
NAME = re.compile(r"[A-Za-z0-9._-]{1,100}")  # other characters are silently replaced by GitHub
OWNER = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})")
RESERVED = frozenset({".", ".."})
TAKEN = "already exists"
TIMEOUT = 30  # seconds between two bytes of an answer
SECONDARY_LIMIT_WAIT = 60.0  # seconds; GitHub's docs: wait at least one minute

Answer = TypeVar("Answer")


def check(_: Connector, location: RepositoryLocation) -> None:
    """Raise BadInput for names that GitHub refuses or would silently change; say which inputs it has no use for."""
    for name, value in (("project", location.project), ("workspace", location.workspace)):
        if value:
            log.info(f"GitHub has no {name}, so {value!r} is not used.")
    faults = []
    name = location.repository
    if not NAME.fullmatch(name) or name in RESERVED or name.endswith((".git", ".wiki")):
        faults.append(
            f"GitHub takes no repository named {name!r}: use at most 100 letters, digits, '-', '_' and '.',"
            " and no ending .git or .wiki."
        )
    if location.organization and not OWNER.fullmatch(location.organization):
        faults.append(f"GitHub has no organization or user named {location.organization!r}.")
    if faults:
        raise BadInput(" ".join(faults))


def repository_url(connector: Connector, location: RepositoryLocation) -> str:
    return f"{_web(connector)}/{location.organization}/{location.repository}"


def clone_url(connector: Connector, location: RepositoryLocation) -> str:
    return f"{repository_url(connector, location)}.git"


def file_url(connector: Connector, location: RepositoryLocation, *, branch: str, path: str) -> str:
    quoted = urllib.parse.quote(f"{branch}/{path.lstrip('/')}")
    return f"{repository_url(connector, location)}/blob/{quoted}"


def commit_url(connector: Connector, location: RepositoryLocation, *, commit: str) -> str:
    return f"{repository_url(connector, location)}/commit/{commit}"


def git_credentials(connector: Connector) -> Credentials | None:
    if connector.password is None:
        return None
    return Credentials(_web(connector), GIT_USERNAME, connector.password)


REJECTIONS = (  # words of a declined push -> what to do
    ("without `workflow` scope", "Give the token the `workflow` scope: the push holds .github/workflows."),
    ("without `workflows` permission", "Give the App the permission workflows: write."),
    ("GH006", "The branch is protected: push to another branch, or let this account bypass the protection."),
    ("GH013", "A ruleset of the repository declines it: push to another branch, or let this account bypass it."),
    ("push declined due to repository rule", "A ruleset declines it: let this account bypass it."),
    ("GH001", "A file is larger than 100 MB: keep it out of the template, or use Git LFS."),
)


def explain_rejection(text: str) -> str:
    return next((advice for words, advice in REJECTIONS if words in text), "")


def find_repository(
    connector: Connector, wanted: NewRepository, *, network: Network, budget: Budget
) -> Repository | None:
    """Give the repository if it exists and the token may see it."""
    from github import GithubException, UnknownObjectException

    api = _api(connector, network)
    try:
        return _ask(lambda: _described(api.get_repo(_full_name(api, wanted))), connector, budget)
    except UnknownObjectException:
        return None
    except GithubException as error:
        raise _refusal(error, wanted, connector) from error


def create_repository(
    connector: Connector, wanted: NewRepository, *, network: Network, budget: Budget
) -> tuple[Repository, bool]:
    """Create the repository; after a doubtful answer look whether it is there before trying again."""
    from github import GithubException

    api = _api(connector, network)

    def find() -> Repository | None:
        return find_repository(connector, wanted, network=network, budget=budget)

    try:
        return _ask(lambda: _described(_create(api, wanted)), connector, budget, look_first=find), True
    except GithubException as error:
        if TAKEN in _said(error) and (found := find()) is not None:
            return found, False
        raise _refusal(error, wanted, connector) from error


def _api(connector: Connector, network: Network) -> Github:
    from github import Auth, Github
    from github.Requester import HTTPRequestsConnectionClass, HTTPSRequestsConnectionClass, Requester

    from common.http import TlsAdapter

    class Connection(HTTPSRequestsConnectionClass):  # PyGithub offers no way to hand it a TLS context
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.session.mount("https://", TlsAdapter(network.ssl_context()))

    Requester.injectConnectionClasses(HTTPRequestsConnectionClass, Connection)
    if connector.password is None:
        raise NotAllowed(
            f"There are no credentials for {_web(connector)}.",
            next_step="Give the connector's user name and token (DRONE_NETRC_USERNAME, DRONE_NETRC_PASSWORD).",
        )
    return Github(
        base_url=_api_url(connector),
        auth=Auth.Token(connector.password.reveal()),
        timeout=TIMEOUT,
        retry=None,
        seconds_between_requests=0,
        seconds_between_writes=0,
        lazy=True,
    )


def _ask(
    call: Callable[[], Answer],
    connector: Connector,
    budget: Budget,
    *,
    look_first: Callable[[], Answer | None] = lambda: None,
) -> Answer:
    """Call the API until it gives a final answer. Before a repeat, look_first may find that the first try worked."""
    import requests
    from github import GithubException

    from common.http import unreachable

    attempts = budget.start()
    for number in attempts:
        if number > 1 and (found := look_first()) is not None:
            return found
        try:
            return call()
        except GithubException as error:
            wait = _wait(error)
            if error.status not in TRANSIENT_STATUS and wait is None:
                raise
            attempts.failed(f"{_api_url(connector)} answered {error.status}{_quoted(error)}.", retry_after=wait)
        except (requests.exceptions.SSLError, requests.exceptions.ProxyError) as error:
            raise unreachable(_api_url(connector), error) from error
        except (requests.exceptions.ConnectionError, requests.exceptions.Timeout) as error:
            attempts.failed(unreachable(_api_url(connector), error).message)
    raise Unavailable(
        f"{_api_url(connector)} is not available: {attempts.reason}",
        next_step="Check the address, the network and the proxy, or raise RETRY_BUDGET; running again is safe.",
    )


def _create(api: Github, wanted: NewRepository) -> ApiRepository:
    from github import UnknownObjectException

    name = wanted.location.repository
    private = wanted.visibility != "public"
    user = api.get_user()
    if wanted.personal:
        return user.create_repo(name, description=wanted.description, private=private)
    owner = api.get_organization(wanted.location.organization)
    try:
        if wanted.visibility == "internal":
            return owner.create_repo(name, description=wanted.description, visibility="internal")
        return owner.create_repo(name, description=wanted.description, private=private)
    except UnknownObjectException:
        if user.login.lower() != wanted.location.organization.lower():
            raise
        return user.create_repo(name, description=wanted.description, private=private)


def _full_name(api: Github, wanted: NewRepository) -> str:
    owner = wanted.location.organization
    if wanted.personal:
        login = api.get_user().login
        if owner and owner.lower() != login.lower():
            raise BadInput(
                f"personalAccount asks for the account of the token, {login}, but organization says {owner}.",
                next_step="Leave organization out, or set personalAccount to false.",
            )
        owner = login
    return f"{owner}/{wanted.location.repository}"


def _described(found: ApiRepository) -> Repository:
    return Repository(
        url=found.html_url,
        clone_url=found.clone_url,
        default_branch=found.default_branch,
        visibility=found.visibility,
        description=found.description or "",
    )


def _wait(error: GithubException) -> float | None:
    """Give the seconds that GitHub asks to wait, for rate limits only (docs: REST API, rate limits)."""
    from github import RateLimitExceededException

    headers = {name.lower(): value for name, value in (error.headers or {}).items()}
    asked = retry_after_seconds(headers.get("retry-after"))
    if asked is None and isinstance(error, RateLimitExceededException):
        reset = headers.get("x-ratelimit-reset", "")
        return max(1.0, float(reset) - time.time()) if reset.isdigit() else SECONDARY_LIMIT_WAIT
    return asked


def _refusal(error: GithubException, wanted: NewRepository, connector: Connector) -> StepError:
    where = "the token's account" if wanted.personal else wanted.location.organization
    message = (
        f"GitHub did not give the repository {wanted.location.repository} of {where}:"
        f" it answered {error.status}{_quoted(error)}."
    )
    match error.status:
        case 401:
            return NotAllowed(
                message, next_step="Check the connector's token (DRONE_NETRC_PASSWORD): it is wrong or has expired."
            )
        case 403:
            return NotAllowed(
                message,
                next_step="Give the token the right to create repositories there: Administration write for a"
                " fine-grained token or an App, the scope `repo` for a classic one.",
            )
        case 404:
            return BadInput(
                f"{_web(connector)} has no organization {where!r}, or the token may not see it.",
                next_step="Check ORG_NAME; for an account of your own set personalAccount to true.",
            )
    return Refused(message)


def _said(error: GithubException) -> str:
    body = error.data if isinstance(error.data, dict) else {}
    errors = body.get("errors") or []
    parts = [str(one.get("message", one) if isinstance(one, dict) else one) for one in errors]
    return "; ".join(dict.fromkeys([str(body.get("message", "")).rstrip("."), *parts])).strip("; ")


def _quoted(error: GithubException) -> str:
    said = _said(error)
    return f" ({said})" if said else ""


def _web(connector: Connector) -> str:
    return f"{connector.scheme}://{connector.host or DEFAULT_MACHINE}"


def _api_url(connector: Connector) -> str:
    """Derive the API's base from the host (contract, B.4; ghe.com: docs of data residency)."""
    host = connector.host or DEFAULT_MACHINE
    if host == DEFAULT_MACHINE:
        return "https://api.github.com"
    if host.endswith(".ghe.com"):
        return f"https://api.{host}"
    return f"{connector.scheme}://{host}/api/v3"
