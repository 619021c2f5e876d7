"""The API of Bitbucket Cloud: finding and creating a repository."""

from __future__ import annotations

from typing import Any

from common import log
from common.errors import Conflict, Refused
from common.git_hosts import NewRepository, Repository
from common.git_hosts.answers import CHECK_HOST, Unreadable, texts
from common.git_hosts.bitbucket.cloud import words
from common.git_hosts.bitbucket.cloud.access import check_may_create, connect_by_library
from common.git_hosts.bitbucket.rest import Call, Rest, part, quoted
from common.git_hosts.context import HostContext
from common.git_hosts.faults import Unsupported
from common.network import repeat


def path(context: HostContext) -> str:
    return f"repositories/{quoted(context.location.workspace, context.location.repository)}"


def named(context: HostContext) -> str:
    """Name the repository in a sentence."""
    return f"{context.location.workspace}/{context.location.repository}"


def find_repository(context: HostContext, wanted: NewRepository) -> Repository | None:
    """Give the repository if it exists and the credentials may see it."""
    if wanted.visibility == "internal":
        raise Unsupported(words.NAME, "internal repositories", next_step="Set repoType to private or public.")
    check_may_create(context)
    return _found(connect_by_library(context), context)


def create_repository(context: HostContext, wanted: NewRepository) -> tuple[Repository, bool]:
    """Create the repository. The flag is False when somebody else did since it was looked for."""
    rest, location = connect_by_library(context), context.location
    if not location.project:
        log.info(f"No project is given: {words.NAME} puts the repository into the oldest one of the workspace.")
    body = {
        "scm": "git",
        "is_private": wanted.visibility != "public",
        "description": wanted.description,
        **({"project": {"key": location.project}} if location.project else {}),
    }

    def create() -> tuple[Repository, bool]:
        return _described(rest.sent("POST", path(context), body), context), True

    def look() -> tuple[Repository, bool] | None:
        found = _found(rest, context)
        return None if found is None else (found, True)

    call = Call(f"create the repository {named(context)}", words.CREATE_RIGHT)
    try:
        return repeat.write(create, look, rest.failures(call, writes=True), context.deadline)
    except words.Taken as taken:
        found = _found(rest, context)
        if found is None:
            raise
        log.detail(str(taken))
        return found, False


def _found(rest: Rest, context: HostContext) -> Repository | None:
    call = Call(f"look for the repository {named(context)}", words.CREATE_RIGHT)
    return rest.read_if_there(call, path(context), lambda told: _described(told, context))


def _described(told: Any, context: HostContext) -> Repository:
    (full_name,) = texts(told, "full_name")
    page = part(told, "links", "html", "href")
    clone = next((link.get("href") for link in _links(told) if link.get("name") == "https"), None)
    if not isinstance(page, str) or not isinstance(clone, str) or not isinstance(told.get("is_private"), bool):
        raise Unreadable("there are no links, or no is_private, in what it gives")
    if full_name.rpartition("/")[2].lower() != context.location.repository:
        raise Refused(
            f"The answer for the repository {named(context)} describes another one, {full_name}.", next_step=CHECK_HOST
        )
    project, asked = part(told, "project", "key"), context.location.project
    if asked and project != asked:
        raise Conflict(
            f"The repository {page} exists in the project {project}, but {asked} was asked for.",
            next_step="Change the input project, or choose another name: a workspace has each name once.",
        )
    return Repository(
        url=page,
        clone_url=_without_user(clone),
        default_branch=str(part(told, "mainbranch", "name") or ""),
        visibility="private" if told["is_private"] else "public",
        description=str(told.get("description") or ""),
    )


def _links(told: Any) -> list[dict[str, Any]]:
    links = part(told, "links", "clone")
    return [link for link in links if isinstance(link, dict)] if isinstance(links, list) else []


def _without_user(url: str) -> str:
    from common.network.url import without_credentials

    return without_credentials(url)
