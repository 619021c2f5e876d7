"""The API of Harness Code over plain HTTP (/code/api/v1): finding and creating a repository.

There is no Python library for it. Its source is open: github.com/harness/harness.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from common import log
from common.errors import Refused
from common.git_hosts import NewRepository, Repository
from common.git_hosts.context import HostContext, Unsupported
from common.git_hosts.harness import place
from common.git_hosts.harness.failures import Taken, failure, refusal, unreadable
from common.git_hosts.harness.words import CHECK_HOST
from common.harness.access import GIT_HOST, Access, Portal
from common.harness.client import PortalClient, object_of, succeeded
from common.network import repeat

if TYPE_CHECKING:
    import requests


def find_repository(context: HostContext, wanted: NewRepository) -> Repository | None:
    """Give the repository if it exists and the key may see it."""
    if wanted.visibility == "internal":
        raise Unsupported(GIT_HOST, "internal repositories", next_step="Set repoType to private or public.")
    answer = _send(context, "GET", f"/repos/{context.location.repository}")
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
    }

    def create() -> tuple[Repository, bool]:
        answer = _send(context, "POST", "/repos", json=body)
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


def _send(context: HostContext, method: str, path: str, **kwargs: Any) -> requests.Response:
    account = place.account(context)
    access = Access(portal=Portal(account=account), api_key=place.credentials(context))
    params = {"accountIdentifier": account, **place.scope(context).query}
    client = PortalClient(access, context.network, context.deadline)
    return client.send(method, f"{place.api(context)}{path}", params=params, **kwargs)


def _described(context: HostContext, answer: requests.Response) -> Repository:
    told, name = object_of(answer), context.location.repository
    if told is None:
        raise unreadable(context, "what it gives is no JSON object", answer)
    for field in ("identifier", "git_url"):
        if not isinstance(told.get(field), str) or not told[field]:
            raise unreadable(context, f"there is no {field} in what it gives", answer)
    if told["identifier"].lower() != name.lower():
        raise Refused(
            f"The answer for the repository {name} describes another one, {told['identifier']}.", next_step=CHECK_HOST
        )
    return Repository(
        url=place.page(context),
        clone_url=told["git_url"],
        default_branch=str(told.get("default_branch") or ""),
        visibility="public" if told.get("is_public") is True else "private",
        description=str(told.get("description") or ""),
    )
