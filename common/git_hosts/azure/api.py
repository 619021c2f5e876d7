"""The API of Azure Repos: finding and creating a repository, and its default branch. Who sees it, its project says."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from common import log
from common.errors import BadInput, Refused
from common.git_hosts import NewRepository, Repository, answers
from common.git_hosts.answers import Answered, texts
from common.git_hosts.azure import place
from common.git_hosts.azure.calls import Client, Taken
from common.git_hosts.azure.words import NAME, Call
from common.git_hosts.context import HostContext
from common.git_hosts.faults import Unsupported
from common.git_hosts.settings import Part, Settings, bring_about
from common.network import repeat

BRANCH = "refs/heads/"
NO_REPOSITORY = ("GitRepositoryNotFoundException", "TF401019")
MANAGE = "Give the token the scope Code (read, write and manage), and its account the permission Create repository."


def repositories(context: HostContext) -> str:
    return f"{place.project(context)}/_apis/git/repositories"


def own(context: HostContext) -> str:
    return f"{repositories(context)}/{place.quoted(context.location.repository)}"


def find_repository(context: HostContext, wanted: NewRepository) -> Repository | None:
    """Give the repository if it exists and the token may see it."""
    if wanted.visibility == "internal":
        raise Unsupported(NAME, "internal repositories", next_step="Set repoType to private or public.")
    client = Client(context)
    call = Call(f"look for the repository {place.repository(context)}", missing=_no_project(context))

    def found() -> Repository | None:
        try:
            return _described(client.sent("GET", own(context)), context)
        except Answered as answer:
            if answer.status == HTTPStatus.NOT_FOUND and _is_about_repository(answer.told):
                return None
            raise

    return repeat.read(found, client.failures(call, writes=False), context.deadline)


def create_repository(context: HostContext, wanted: NewRepository) -> tuple[Repository, bool]:
    """Create the repository. The flag is False when somebody else did since it was looked for."""
    client, location = Client(context), context.location
    number, visibility = _project(client, context)
    if visibility != wanted.visibility:
        raise BadInput(
            f"A repository of the project {location.project} is {visibility}, as the project is, but"
            f" {wanted.visibility} was asked for.",
            next_step=f"Set repoType to {visibility}, or project to one that is {wanted.visibility}.",
        )
    if wanted.description:
        log.info(f"{NAME} has no descriptions of repositories, so {wanted.description!r} is not used.")
    call = Call(f"create the repository {place.repository(context)}", MANAGE, _no_project(context))
    body = {"name": location.repository, "project": {"id": number}}

    def look() -> tuple[Repository, bool] | None:
        found = find_repository(context, wanted)
        return None if found is None else (found, True)

    try:
        return repeat.write(
            lambda: (_described(client.sent("POST", repositories(context), body), context), True),
            look,
            client.failures(call),
            context.deadline,
        )
    except Taken as taken:
        found = find_repository(context, wanted)
        if found is None:
            raise
        log.detail(str(taken))
        return found, False


def set_default_branch(context: HostContext, branch: str) -> None:
    """Make this the default branch, which must have commits."""
    client = Client(context)
    call = Call(f"make {branch} the default branch of {place.repository(context)}")
    reference = f"{BRANCH}{branch}"

    def differing() -> list[str]:
        there = client.read(call, own(context), lambda told: answers.object_of(told).get("defaultBranch"))
        return [] if there == reference else ["defaultBranch"]

    def write() -> None:
        number = client.read(call, own(context), identifier)  # to change it, its name will not do
        client.sent("PATCH", f"{repositories(context)}/{number}", {"defaultBranch": reference})

    bring_about([Part(differing, write, client.failures(call))], context.deadline, write=True)


def apply_settings(_: HostContext, settings: Settings, *, write: bool) -> list[str]:  # noqa: ARG001 - see SETTINGS
    """Do nothing: there is none of them."""
    return []


def identifier(told: Any) -> str:
    return texts(told, "id")[0]


def _project(client: Client, context: HostContext) -> tuple[str, str]:
    """Give the project's id and visibility."""
    name = context.location.project
    call = Call(f"look for the project {name}", missing=_no_project(context))
    url = f"{place.organization(context)}/_apis/projects/{place.quoted(name)}"
    return client.read(call, url, lambda told: (identifier(told), _visibility(told)))


def _no_project(context: HostContext) -> str:
    return (
        f"Check organization and project: {place.organization(context)} has no project {context.location.project}, or"
        " the token may not see it."
    )


def _is_about_repository(told: Any) -> bool:
    return isinstance(told, dict) and any(sign in str(told.get(key)) for sign in NO_REPOSITORY for key in KEYS)


KEYS = ("typeKey", "message")


def _visibility(project: Any) -> str:
    """Give a project's visibility; servers older than public projects do not tell it."""
    found = project.get("visibility") if isinstance(project, dict) else None
    return {"public": "public", "organization": "internal"}.get(str(found), "private")


def _described(told: Any, context: HostContext) -> Repository:
    name, _ = texts(told, "name", "id")
    wanted = context.location.repository
    if name.lower() != wanted.lower():
        raise Refused(
            f"The answer for the repository {wanted} describes another one, {name}.", next_step=answers.CHECK_HOST
        )
    return Repository(
        url=place.repository(context),
        clone_url=place.repository(context),  # what it gives itself holds the name of a user
        default_branch=str(told.get("defaultBranch") or "").removeprefix(BRANCH),
        visibility=_visibility(told.get("project")),
        description="",
    )
