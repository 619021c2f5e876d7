"""The API of GitHub and GitHub Enterprise Server, through PyGithub: finding and creating a repository.

PyGithub's own retries repeat a POST after a 5xx and sleep up to an hour on rate limits, so they are off. It would
follow redirects with the token, so its requests go over our session. Only the function that connects imports it.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from common import log
from common.errors import BadInput, Conflict, Refused
from common.git_hosts import NewRepository, Repository
from common.git_hosts.answers import CHECK_HOST, Answered, texts
from common.git_hosts.context import HostContext
from common.git_hosts.github.calls import full_name, login
from common.git_hosts.github.connection import Moved, api_url, session, web
from common.git_hosts.github.failures import Taken, failures
from common.git_hosts.rest import for_library
from common.network import repeat
from common.network.deadline import LONGEST_TRY

if TYPE_CHECKING:
    from github import Github
    from github.Repository import Repository as ApiRepository


def connect(context: HostContext) -> Github:
    """Make a client whose requests go over our session, with the connector's token for its host alone."""
    from github import Github
    from github.Requester import HTTPRequestsConnectionClass, HTTPSRequestsConnectionClass, Requester

    connector, made = context.connector, for_library(session(context))

    class Plain(HTTPRequestsConnectionClass):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.session = made

    class Encrypted(HTTPSRequestsConnectionClass):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.session = made

    if connector.host.startswith("["):
        raise BadInput(
            f"GitHub's API cannot be called at the IPv6 address {connector.host}.",
            next_step="Give the host's name as DRONE_NETRC_MACHINE.",
        )
    # PyGithub has no other way to be given a session. A client keeps the classes that are in place when it is made; no
    # other client is to get this connector's.
    Requester.injectConnectionClasses(Plain, Encrypted)
    try:
        return Github(
            base_url=api_url(connector),
            timeout=int(LONGEST_TRY),
            retry=None,
            seconds_between_requests=0,
            seconds_between_writes=0,
            lazy=True,
        )
    finally:
        Requester.resetConnectionClasses()


def find_repository(context: HostContext, wanted: NewRepository) -> Repository | None:
    """Give the repository if it exists and the token may see it."""
    api = connect(context)
    if context.personal and wanted.visibility == "internal":
        raise _not_internal()
    name = full_name(context)

    def found() -> Repository | None:
        try:
            return _described(api.get_repo(name), context)
        except Answered as answer:
            if _is_missing(answer):
                return None
            raise
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
    except Answered as error:
        if not _is_missing(error) or not _is_own_account(context, organization):
            raise
        if wanted.visibility == "internal":
            raise _not_internal() from error
        return user.create_repo(name, description=wanted.description, private=private)


def _is_missing(answer: Answered) -> bool:
    return answer.status == HTTPStatus.NOT_FOUND and answer.told is not None


def _is_own_account(context: HostContext, owner: str) -> bool:
    try:
        return login(context).lower() == owner.lower()
    except Answered as error:
        if error.status == HTTPStatus.FORBIDDEN:  # the token of an App belongs to no user
            return False
        raise


def _not_internal() -> BadInput:
    return BadInput(
        "An account of a person cannot have an internal repository.",
        next_step="Set repoType to private or public, or organization to one of an enterprise.",
    )


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
