"""The API of Bitbucket Data Center: finding and creating a repository."""

from __future__ import annotations

from typing import Any

from common import log
from common.errors import Refused
from common.git_hosts import NewRepository, Repository
from common.git_hosts.answers import CHECK_HOST, Unreadable, texts
from common.git_hosts.bitbucket.data_center import place, words
from common.git_hosts.bitbucket.rest import Call, Rest, part, quoted
from common.git_hosts.context import HostContext
from common.git_hosts.faults import Unsupported
from common.git_hosts.settings import Part, bring_about
from common.network import repeat


def find_repository(context: HostContext, wanted: NewRepository) -> Repository | None:
    """Give the repository if it exists and the credentials may see it."""
    if wanted.visibility == "internal":
        raise Unsupported(words.NAME, "internal repositories", next_step="Set repoType to private or public.")
    return _found(place.connect_by_library(context), context)


def create_repository(context: HostContext, wanted: NewRepository) -> tuple[Repository, bool]:
    """Create the repository. The flag is False when somebody else did since it was looked for.

    Older servers read nothing but the name, so what the answer does not show is set afterwards.
    """
    rest, location = place.connect_by_library(context), context.location
    told = {"public": wanted.visibility == "public", "description": wanted.description}
    branch = {"defaultBranch": wanted.default_branch} if wanted.default_branch else {}
    body = {"name": location.repository, "scmId": "git", **branch, **told}

    def create() -> tuple[Repository, bool]:
        made = rest.sent("POST", f"projects/{quoted(place.project(context))}/repos", body)
        return _described(made, context, rest), True

    def look() -> tuple[Repository, bool] | None:
        found = _found(rest, context)
        return None if found is None else (found, True)

    call = Call(f"create the repository {place.named(context)}", words.CREATE_RIGHT)
    try:
        made, own = repeat.write(create, look, rest.failures(call, writes=True), context.deadline)
    except words.Taken as taken:
        found = _found(rest, context)
        if found is None:
            raise
        log.detail(str(taken))
        return found, False
    if (made.visibility, made.description) == (wanted.visibility, wanted.description):
        return made, own
    return _completed(context, rest, wanted), own


def _completed(context: HostContext, rest: Rest, wanted: NewRepository) -> Repository:
    call = Call(f"set visibility and description of {place.named(context)}", words.CREATE_RIGHT)
    last: list[Repository] = []

    def differing() -> list[str]:
        last[:] = [rest.read(call, place.path(context), lambda told: _described(told, context, rest))]
        asked = {"visibility": wanted.visibility, "description": wanted.description}
        return [name for name, value in asked.items() if getattr(last[0], name) != value]

    def write() -> None:
        body = {"public": wanted.visibility == "public", "description": wanted.description}
        rest.sent("PUT", place.path(context), body)

    bring_about([Part(differing, write, rest.failures(call, writes=True))], context.deadline, write=True)
    return last[0]


def _found(rest: Rest, context: HostContext) -> Repository | None:
    call = Call(f"look for the repository {place.named(context)}", words.CREATE_RIGHT)
    return rest.read_if_there(call, place.path(context), lambda told: _described(told, context, rest))


def _described(told: Any, context: HostContext, rest: Rest) -> Repository:
    (slug,) = texts(told, "slug")
    clone = next((link.get("href") for link in links(told, "clone") if link.get("name") in ("http", "https")), None)
    if not isinstance(clone, str) or not isinstance(told.get("public"), bool):
        raise Unreadable("there is no link for cloning by HTTP, or no public, in what it gives")
    if slug.lower() != place.slug(context):
        raise Refused(
            f"The answer for the repository {place.named(context)} describes another one, {slug}.", next_step=CHECK_HOST
        )
    return Repository(
        url=place.page(context),
        clone_url=_without_user(clone),
        default_branch=default_branch(rest, context),
        visibility="public" if told["public"] else "private",
        description=str(told.get("description") or ""),
    )


def default_branch(rest: Rest, context: HostContext) -> str:
    """Give the default branch; '' while it has no commit."""
    call = Call(f"read the default branch of {place.named(context)}")
    found = rest.read_if_there(call, f"{place.path(context)}/default-branch", lambda told: part(told, "displayId"))
    return str(found or "")


def links(told: Any, kind: str) -> list[dict[str, Any]]:
    """Give the links of a kind that an object has."""
    found = part(told, "links", kind)
    return [link for link in found if isinstance(link, dict)] if isinstance(found, list) else []


def _without_user(url: str) -> str:
    from common.network.url import without_credentials

    return without_credentials(url)
