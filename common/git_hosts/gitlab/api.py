"""The API of GitLab, through python-gitlab: finding and creating a project.

python-gitlab sleeps and repeats by itself after 429; its session raises before that (answers.py). It is imported only
by the function that connects.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from common import log
from common.errors import Conflict, Refused
from common.git_hosts import NewRepository, Repository, answers
from common.git_hosts.answers import Answered, Redirected, texts
from common.git_hosts.context import HostContext
from common.git_hosts.faults import Unsupported
from common.git_hosts.gitlab.calls import project_path
from common.git_hosts.gitlab.connection import session
from common.git_hosts.gitlab.failures import Taken, failures
from common.git_hosts.gitlab.place import full_path, group, is_gitlab_com, web
from common.git_hosts.rest import for_library
from common.network import repeat

if TYPE_CHECKING:
    from gitlab import Gitlab


def connect(context: HostContext) -> Gitlab:
    """Make a client whose requests go over our session, with the connector's token for its host alone."""
    made = for_library(session(context))
    from gitlab import Gitlab

    return Gitlab(web(context), session=made)


def find_repository(context: HostContext, wanted: NewRepository) -> Repository | None:
    """Give the project if it exists and the token may see it."""
    if wanted.visibility == "internal" and is_gitlab_com(context):
        raise Unsupported("GitLab.com", "internal visibility", next_step="Set repoType to private or public.")
    api, path = connect(context), project_path(context)

    def found() -> Repository | None:
        try:
            return _described(api.projects.get(path).attributes, context)
        except Answered as answer:
            if answer.status == HTTPStatus.NOT_FOUND and answer.told is not None:
                return None
            raise
        except Redirected as place:
            if not place.within or "/projects/" not in place.place:
                raise
            raise Conflict(
                f"{web(context)} had a project {full_path(context)}, which was renamed or moved.",
                next_step="Choose another name: a new project of this one would break the links to the old one.",
            ) from place

    return repeat.read(found, failures(context, writes=False), context.deadline)


def create_repository(context: HostContext, wanted: NewRepository) -> tuple[Repository, bool]:
    """Create the project. The flag is False when somebody else did since it was looked for."""
    api = connect(context)
    # What the create needs to know is asked for by itself: a failure of that leaves no doubt whether it worked.
    namespace = repeat.read(lambda: _namespace(api, context), failures(context, writes=False), context.deadline)
    name = full_path(context).rpartition("/")[2]
    body = {
        "name": name,
        "path": name,
        "visibility": wanted.visibility,
        **({"namespace_id": namespace} if namespace is not None else {}),
        **({"description": wanted.description} if wanted.description else {}),
    }

    def look() -> tuple[Repository, bool] | None:
        found = find_repository(context, wanted)
        return None if found is None else (found, True)

    try:
        return repeat.write(
            lambda: (_described(api.projects.create(body).attributes, context), True),
            look,
            failures(context, writes=True),
            context.deadline,
        )
    except Taken as taken:
        found = find_repository(context, wanted)
        if found is None:
            raise
        log.detail(str(taken))
        return found, False


def _namespace(api: Gitlab, context: HostContext) -> int | None:
    """Give the number of the group or user, by which alone a project can be put there; None for the token's own."""
    if context.personal:
        return None
    number = api.namespaces.get(group(context)).attributes.get("id")
    if not isinstance(number, int) or isinstance(number, bool):
        raise answers.Unreadable("there is no id in what it gives")
    return number


def _described(told: dict[str, Any], context: HostContext) -> Repository:
    path, url, clone_url, visibility = texts(told, "path", "web_url", "http_url_to_repo", "visibility")
    wanted = full_path(context).rpartition("/")[2]
    if path.lower() != wanted.lower():
        raise Refused(
            f"The answer for the project {wanted} describes another one, {url}.", next_step=answers.CHECK_HOST
        )
    if told.get("marked_for_deletion_on") or told.get("marked_for_deletion_at"):
        raise Conflict(
            f"The project {url} is to be deleted soon, and keeps its name until then.",
            next_step="Restore it (Settings, General), delete it at once, or choose another name.",
        )
    return Repository(
        url=url,
        clone_url=clone_url,
        default_branch=str(told.get("default_branch") or ""),
        visibility=visibility,
        description=str(told.get("description") or ""),
    )
