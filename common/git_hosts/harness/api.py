"""The API of Harness Code over plain HTTP (/code/api/v1): finding and creating a repository.

There is no Python library for it. Its source is open: github.com/harness/harness.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING

from common import log
from common.errors import Refused
from common.git_hosts import NewRepository, Repository
from common.git_hosts.context import HostContext
from common.git_hosts.faults import UNSEEN, UNSEEN_ADVICE, Unsupported
from common.git_hosts.harness import place
from common.git_hosts.harness.failures import Taken, failure, refusal, told, unreadable
from common.git_hosts.harness.words import CHECK_HOST
from common.harness.access import GIT_HOST, Access, Portal
from common.harness.client import PortalClient
from common.network import repeat
from common.network.answer import object_of, succeeded

if TYPE_CHECKING:
    import requests


def find_repository(context: HostContext, wanted: NewRepository) -> Repository | None:
    """Give the repository if it exists and the key may see it."""
    if wanted.visibility == "internal":
        raise Unsupported(GIT_HOST, "internal repositories", next_step="Set repoType to private or public.")
    answer = send(context, "GET")
    if answer.status_code == HTTPStatus.NOT_FOUND and object_of(answer) is not None:
        return None
    if not succeeded(answer):
        raise refusal(context, answer, doing=f"look for the repository {place.path(context)}")
    return _described(context, answer)


def create_repository(context: HostContext, wanted: NewRepository) -> tuple[Repository, bool]:
    """Create the repository. The flag is False when somebody else did since it was looked for."""
    location = context.location
    body = {
        "identifier": location.repository,
        "parent_ref": place.path(context).rpartition("/")[0],
        "description": wanted.description,
        "is_public": wanted.visibility == "public",
        **({"default_branch": wanted.default_branch} if wanted.default_branch else {}),
    }

    def create() -> tuple[Repository, bool]:
        answer = send(context, "POST", whole=True, json=body)
        if answer.status_code == HTTPStatus.CONFLICT:
            raise Taken(
                f"{place.portal(context)} has a repository {location.repository} there already, {UNSEEN}.",
                next_step=UNSEEN_ADVICE,
            )
        if not succeeded(answer):
            raise refusal(context, answer, doing=f"create the repository {place.path(context)}")
        return _described(context, answer), True

    def look() -> tuple[Repository, bool] | None:
        found = find_repository(context, wanted)
        return None if found is None else (found, True)

    try:
        return repeat.write(create, look, failure, context.deadline)
    except Taken as taken:
        found = find_repository(context, wanted)
        if found is None:
            raise
        log.detail(str(taken))
        return found, False


def send(  # noqa: PLR0913 - a request
    context: HostContext,
    method: str,
    path: str = "",
    *,
    whole: bool = False,
    params: Mapping[str, str] | None = None,
    json: object = None,
) -> requests.Response:
    """Send a request about the repository, to the path below it; `whole`: about all repositories of the scope.

    Reads are tried again here. A write that may have happened raises Uncertain.
    """
    account = place.account(context)
    access = Access(portal=Portal(account=account), api_key=place.credentials(context))
    scope = {"accountIdentifier": account, **place.scope(context).query}
    below = "" if whole else f"/{context.location.repository}{path}"
    client = PortalClient(access, context.network, context.deadline)
    return client.send(method, f"{place.api(context)}/repos{below}", params={**scope, **(params or {})}, json=json)


def _described(context: HostContext, answer: requests.Response) -> Repository:
    found, name = told(context, answer), context.location.repository
    for field in ("identifier", "git_url"):
        if not isinstance(found.get(field), str) or not found[field]:
            raise unreadable(context, f"there is no {field} in what it gives", answer)
    if found["identifier"].lower() != name.lower():
        raise Refused(
            f"The answer for the repository {name} describes another one, {found['identifier']}.", next_step=CHECK_HOST
        )
    return Repository(
        url=place.page(context),
        clone_url=found["git_url"],
        default_branch=str(found.get("default_branch") or ""),
        visibility="public" if found.get("is_public") is True else "private",
        description=str(found.get("description") or ""),
    )
