"""The API of GitHub and GitHub Enterprise Server, through PyGithub: finding and creating a repository.

PyGithub's own retries repeat a POST after a 5xx and sleep up to an hour on rate limits, so they are off. PyGithub is
imported only by the functions that call the API.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from common import log
from common.errors import BadInput, Conflict, Refused
from common.git_hosts import NewRepository, Repository
from common.git_hosts.context import HostContext
from common.git_hosts.github.calls import texts
from common.git_hosts.github.connection import Moved, connect, web
from common.git_hosts.github.failures import Taken, failures
from common.git_hosts.github.words import CHECK_HOST
from common.network import repeat

if TYPE_CHECKING:
    from github import Github
    from github.Repository import Repository as ApiRepository


def find_repository(context: HostContext, wanted: NewRepository) -> Repository | None:
    """Give the repository if it exists and the token may see it."""
    from github import UnknownObjectException

    api = connect(context)

    def found() -> Repository | None:
        try:
            if context.personal and wanted.visibility == "internal":
                raise _not_internal()
            return _described(api.get_repo(full_name(api, context)), context)
        except UnknownObjectException:
            return None
        except Moved as place:
            raise Conflict(
                f"{web(context.connector)} had a repository {context.location.repository} there, which was renamed or"
                " moved.",
                next_step="Choose another name: a new repository of this one would break the links to the old one.",
            ) from place

    return repeat.read(found, failures(context, writes=False), context.deadline)


def create_repository(context: HostContext, wanted: NewRepository) -> tuple[Repository, bool]:
    """Create the repository. The flag is False when somebody else did since it was looked for."""
    api = connect(context)

    def create() -> tuple[Repository, bool]:
        try:
            return _described(_create(api, context, wanted), context), True
        except Moved as place:
            raise Refused(
                f"{web(context.connector)} has moved {context.location.organization} to another name ({place}).",
                next_step="Set ORG_NAME to its present name.",
            ) from place

    def look() -> tuple[Repository, bool] | None:
        found = find_repository(context, wanted)
        return None if found is None else (found, True)

    try:
        return repeat.write(create, look, failures(context, writes=True), context.deadline)
    except Taken as taken:
        found = find_repository(context, wanted)
        if found is None:
            raise
        log.detail(str(taken))
        return found, False


def _create(api: Github, context: HostContext, wanted: NewRepository) -> ApiRepository:
    from github import UnknownObjectException

    name, organization = context.location.repository, context.location.organization
    private = wanted.visibility != "public"
    user = api.get_user()
    if context.personal:
        return user.create_repo(name, description=wanted.description, private=private)
    owner = api.get_organization(organization)
    try:
        if wanted.visibility == "internal":
            return owner.create_repo(name, description=wanted.description, visibility="internal")
        return owner.create_repo(name, description=wanted.description, private=private)
    except UnknownObjectException as error:
        if not _is_own_account(api, organization):
            raise
        if wanted.visibility == "internal":
            raise _not_internal() from error
        return user.create_repo(name, description=wanted.description, private=private)


def _is_own_account(api: Github, owner: str) -> bool:
    from github import GithubException

    try:
        return _login(api).lower() == owner.lower()
    except GithubException as error:
        if error.status == HTTPStatus.FORBIDDEN:  # the token of an App belongs to no user
            return False
        raise


def _not_internal() -> BadInput:
    return BadInput(
        "An account of a person cannot have an internal repository.",
        next_step="Set repoType to private or public, or organization to one of an enterprise.",
    )


def full_name(api: Github, context: HostContext) -> str:
    """Give owner/name; for a personal repository this asks whose the token is. Raises as PyGithub does."""
    owner = context.location.organization
    if context.personal:
        login = _login(api)
        if owner and owner.lower() != login.lower():
            raise BadInput(
                f"personalAccount asks for the account of the token, {login}, but organization says {owner}.",
                next_step="Leave organization out, or set personalAccount to false.",
            )
        owner = login
    return f"{owner}/{context.location.repository}"


def _login(api: Github) -> str:
    return texts(api.get_user().raw_data, "login")[0]


def _described(found: ApiRepository, context: HostContext) -> Repository:
    told, wanted = found.raw_data, context.location.repository
    name, url, clone_url, visibility = texts(told, "name", "html_url", "clone_url", "visibility")
    if name.lower() != wanted.lower():
        raise Refused(f"The answer for the repository {wanted} describes another one, {url}.", next_step=CHECK_HOST)
    return Repository(
        url=url,
        clone_url=clone_url,
        default_branch=str(told.get("default_branch") or ""),
        visibility=visibility,
        description=str(told.get("description") or ""),
    )
