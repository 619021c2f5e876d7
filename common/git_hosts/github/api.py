"""The API of GitHub and GitHub Enterprise Server, through PyGithub: finding and creating a repository.

PyGithub's own retries repeat a POST after a 5xx and sleep up to an hour on rate limits, so they are off. PyGithub is
imported only by the functions that call the API.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING

from common import log
from common.errors import BadInput, Conflict, NotAllowed, Refused, StepError, Unavailable
from common.git_hosts import NewRepository, Repository
from common.git_hosts.connector import Connector
from common.git_hosts.github.connection import CHECK_HOST, Moved, api_url, connect, web
from common.network import repeat
from common.network.deadline import Deadline, retry_after_seconds
from common.network.repeat import Failure, Outcome
from common.network.settings import Network

if TYPE_CHECKING:
    from github import Github, GithubException
    from github.Repository import Repository as ApiRepository

TAKEN = "already exists"
RATE_LIMITED = frozenset({403, 429})
SECONDARY_LIMIT_WAIT = 60.0  # seconds; GitHub's docs: wait at least one minute


def find_repository(
    connector: Connector, wanted: NewRepository, *, network: Network, deadline: Deadline
) -> Repository | None:
    """Give the repository if it exists and the token may see it."""
    from github import UnknownObjectException

    api = connect(connector, network, deadline)

    def found() -> Repository | None:
        try:
            return _described(api.get_repo(_full_name(api, wanted)), wanted)
        except UnknownObjectException:
            return None
        except Moved as place:
            raise Conflict(
                f"{web(connector)} had a repository {wanted.location.repository} there, which was renamed or moved.",
                next_step="Choose another name: a new repository of this one would break the links to the old one.",
            ) from place

    return repeat.read(found, _failures(connector, wanted), deadline)


def create_repository(
    connector: Connector, wanted: NewRepository, *, network: Network, deadline: Deadline
) -> tuple[Repository, bool]:
    """Create the repository. The flag is False when somebody else did in the same moment."""
    api = connect(connector, network, deadline)

    def create() -> tuple[Repository, bool]:
        try:
            return _described(_create(api, wanted), wanted), True
        except Moved as place:
            raise Refused(
                f"{web(connector)} has moved {wanted.location.organization} to another name ({place}).",
                next_step="Set ORG_NAME to its present name.",
            ) from place

    def look() -> tuple[Repository, bool] | None:
        found = find_repository(connector, wanted, network=network, deadline=deadline)
        return None if found is None else (found, True)

    try:
        return repeat.write(create, look, _failures(connector, wanted), deadline)
    except Taken as taken:
        found = find_repository(connector, wanted, network=network, deadline=deadline)
        if found is None:
            raise
        log.detail(str(taken))
        return found, False


class Taken(Conflict):
    """There is a repository of that name."""


def _failures(connector: Connector, wanted: NewRepository) -> Callable[[Exception], Failure | None]:
    """Give the function that tells what an exception of PyGithub left behind."""
    from github import GithubException

    here = api_url(connector)

    def failure(error: Exception) -> Failure | None:
        from common.network import http

        if isinstance(error, GithubException):
            wait = _wait(error)
            if wait is not None and error.status in RATE_LIMITED:
                return Failure(
                    Outcome.NOT_DONE,
                    Unavailable(f"{here} asks to wait: it answered {error.status}{_quoted(error)}."),
                    wait,
                )
            outcome = repeat.of_status(error.status, retry_after=wait)
            if outcome is Outcome.REFUSED:
                return Failure(outcome, _refusal(error, wanted, connector))
            told = f"{here} is not available: it answered {error.status}{_quoted(error)}."
            return Failure(outcome, Unavailable(told), wait)
        if isinstance(error, json.JSONDecodeError | RecursionError):  # PyGithub lets the JSON parser's errors through
            told = f"{here} is not available: its answer cannot be read ({error})."
            return Failure(Outcome.UNKNOWN, Unavailable(told))
        return http.failure(here, error)

    return failure


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
    if TAKEN in _said(error):
        return Taken(
            f"{web(connector)} has a repository {wanted.location.repository} there already, which the token cannot"
            " see.",
            next_step="Choose another name, or give the token the right to read it.",
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
