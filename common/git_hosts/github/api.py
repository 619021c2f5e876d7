"""The API of GitHub and GitHub Enterprise Server, through PyGithub: finding and creating a repository.

PyGithub's own retries repeat a POST after a 5xx and sleep up to an hour on rate limits, so they are off: the loop here
looks at what exists before it repeats a create. PyGithub is imported only by the functions that call the API.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, TypeVar

from common.errors import BadInput, Conflict, NotAllowed, Refused, StepError, Unavailable
from common.git_hosts import NewRepository, Repository
from common.git_hosts.connector import Connector
from common.git_hosts.github.connection import CHECK_HOST, Moved, api_url, connect, web
from common.network.deadline import TRANSIENT_STATUS, Budget, retry_after_seconds
from common.network.settings import Network

if TYPE_CHECKING:
    from github import Github, GithubException
    from github.Repository import Repository as ApiRepository

TAKEN = "already exists"
SECONDARY_LIMIT_WAIT = 60.0  # seconds; GitHub's docs: wait at least one minute

Answer = TypeVar("Answer")


def find_repository(
    connector: Connector, wanted: NewRepository, *, network: Network, budget: Budget
) -> Repository | None:
    """Give the repository if it exists and the token may see it."""
    from github import GithubException, UnknownObjectException

    api = connect(connector, network)
    try:
        return _ask(lambda: _described(api.get_repo(_full_name(api, wanted)), wanted), connector, budget)
    except UnknownObjectException:
        return None
    except Moved as place:
        raise Conflict(
            f"{web(connector)} had a repository {wanted.location.repository} there, which was renamed or moved.",
            next_step="Choose another name: a new repository of this one would break the links to the old one.",
        ) from place
    except GithubException as error:
        raise _refusal(error, wanted, connector) from error


def create_repository(
    connector: Connector, wanted: NewRepository, *, network: Network, budget: Budget
) -> tuple[Repository, bool]:
    """Create the repository; after a doubtful answer look whether it is there before trying again."""
    from github import GithubException

    api = connect(connector, network)
    doubts: list[str] = []

    def create() -> Repository:
        return _described(_create(api, wanted), wanted)

    def find(rest: Budget) -> Repository | None:
        return find_repository(connector, wanted, network=network, budget=rest)

    try:
        return _ask(create, connector, budget, look_first=find, doubts=doubts), True
    except Moved as place:
        raise Refused(
            f"{web(connector)} has moved {wanted.location.organization} to another name ({place}).",
            next_step="Set ORG_NAME to its present name.",
        ) from place
    except GithubException as error:
        if TAKEN in _said(error):
            if (found := find(budget)) is not None:
                return found, bool(doubts)
            raise Conflict(
                f"{web(connector)} has a repository {wanted.location.repository} there already, which the token cannot"
                " see.",
                next_step="Choose another name, or give the token the right to read it.",
            ) from error
        raise _refusal(error, wanted, connector) from error


def _ask(
    call: Callable[[], Answer],
    connector: Connector,
    budget: Budget,
    *,
    look_first: Callable[[Budget], Answer | None] = lambda _: None,
    doubts: list[str] | None = None,
) -> Answer:
    """Call the API until it gives a final answer. Before a repeat, look_first may find that the first try worked.

    doubts: gets the reason of each try that ended without saying whether it did anything.
    """
    import requests
    from github import GithubException

    from common.network.http import BROKEN, NOT_TAKEN, never_sent, unreachable

    attempts = budget.start()
    doubts = [] if doubts is None else doubts
    for _ in attempts:
        if doubts and (found := look_first(attempts.rest())) is not None:
            return found
        try:
            return call()
        except GithubException as error:
            wait = _wait(error)
            if error.status not in TRANSIENT_STATUS and wait is None:
                raise
            attempts.failed(f"{api_url(connector)} answered {error.status}{_quoted(error)}.", retry_after=wait)
            if error.status in TRANSIENT_STATUS - NOT_TAKEN:
                doubts.append(attempts.reason)
        except (requests.exceptions.SSLError, requests.exceptions.ProxyError) as error:
            raise unreachable(api_url(connector), error) from error
        except BROKEN as error:
            attempts.failed(unreachable(api_url(connector), error).message)
            if not never_sent(error):
                doubts.append(attempts.reason)
        except json.JSONDecodeError as error:  # PyGithub lets the JSON parser's error through
            attempts.failed(f"{api_url(connector)} broke off its answer ({error}).")
            doubts.append(attempts.reason)
    raise Unavailable(
        f"{api_url(connector)} is not available: {attempts.reason}",
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
    except UnknownObjectException as error:
        if not _is_own_account(api, wanted.location.organization):
            raise
        if wanted.visibility == "internal":
            raise _not_internal() from error
        return user.create_repo(name, description=wanted.description, private=private)


def _is_own_account(api: Github, owner: str) -> bool:
    from github import GithubException

    try:
        return bool(api.get_user().login.lower() == owner.lower())
    except GithubException as error:
        if error.status == HTTPStatus.FORBIDDEN:  # the token of an App belongs to no user
            return False
        raise


def _not_internal() -> BadInput:
    return BadInput(
        "An account of a person cannot have an internal repository.",
        next_step="Set repoType to private or public, or organization to one of an enterprise.",
    )


def _full_name(api: Github, wanted: NewRepository) -> str:
    owner = wanted.location.organization
    if wanted.personal:
        if wanted.visibility == "internal":
            raise _not_internal()
        login = api.get_user().login
        if owner and owner.lower() != login.lower():
            raise BadInput(
                f"personalAccount asks for the account of the token, {login}, but organization says {owner}.",
                next_step="Leave organization out, or set personalAccount to false.",
            )
        owner = login
    return f"{owner}/{wanted.location.repository}"


def _described(found: ApiRepository, wanted: NewRepository) -> Repository:
    name = wanted.location.repository
    if not all((found.html_url, found.clone_url, found.visibility)) or found.name.lower() != name.lower():
        raise Refused(
            f"The answer for the repository {name} describes another one, or none ({found.html_url}).",
            next_step=CHECK_HOST,
        )
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
                f"{web(connector)} has no organization {where!r}, or the token may not see it.",
                next_step="Check ORG_NAME; for an account of your own set personalAccount to true.",
            )
    return Refused(message)


def _said(error: GithubException) -> str:
    body = error.data if isinstance(error.data, dict) else {}
    errors = body.get("errors") or []
    errors = errors if isinstance(errors, list) else [errors]
    parts = [str(one.get("message", one) if isinstance(one, dict) else one) for one in errors]
    return "; ".join(dict.fromkeys([str(body.get("message", "")).rstrip("."), *parts])).strip("; ")


def _quoted(error: GithubException) -> str:
    said = _said(error)
    return f" ({said})" if said else ""
