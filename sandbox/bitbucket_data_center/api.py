"""Bitbucket Data Center's REST API below /rest/api/latest, for what the steps use."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NoReturn

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from sandbox.access import current_state, json_body, recognise
from sandbox.bitbucket_data_center.git import HOST, SERVICE, caller
from sandbox.git import bare, repositories
from sandbox.service import Caller

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from sandbox.git.repositories import Repository

NOT_PERMITTED = "You are not permitted to access this resource"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _.-]{0,127}")
_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,127}")
_UNKNOWN = "NO_SUCH"  # no project whose key begins so exists; every other does


class ServerError(Exception):
    """An error answer: the status, a message, and the last part of the exception's name."""

    def __init__(self, status: int, message: str, name: str, context: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"errors": [{"context": context, "message": message, "exceptionName": f"com.atlassian.{name}"}]}


def stop(status: int, message: str, name: str, context: str | None = None) -> NoReturn:
    raise ServerError(status, message, f"bitbucket.{name}", context)


def answer_error(error: ServerError) -> tuple[Response, int]:
    return jsonify(error.body), error.status


def answer_http_error(error: HTTPException) -> tuple[Response, int]:
    status = HTTPStatus(error.code or 500)
    return answer_error(ServerError(status, status.phrase, "bitbucket.rest.RestException"))


def part(name: str) -> Blueprint:
    """Make a blueprint whose errors are Bitbucket's."""
    routes = Blueprint(name, __name__)
    routes.register_error_handler(ServerError, answer_error)
    routes.register_error_handler(HTTPException, answer_http_error)
    return routes


server = part("bitbucket_server")


@server.route("/<path:_path>", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
def unknown(_path: str) -> ResponseReturnValue:
    caller_of()
    stop(404, "Not Found", "rest.NotFoundException")


def caller_of(*, write: bool = False) -> Caller:
    found = recognise(SERVICE, caller)
    if found.sent and not found.known:
        message = "Authentication failed. Please check your credentials and try again."
        stop(401, message, "auth.IncorrectPasswordAuthenticationException")
    if not found.known or (write and not found.may_write):
        stop(401, NOT_PERMITTED, "AuthorisationException")
    return found


def sent_json() -> dict[str, Any]:
    body = json_body()
    if not isinstance(body, dict):
        stop(400, "The request body is no JSON object.", "rest.BadRequestException")
    return body


def key_of(project: str) -> str:
    """Give the key of a project that exists. People have their own only."""
    own = f"~{current_state().credentials[SERVICE].user}"
    exists = project.lower() == own if project.startswith("~") else _KEY.fullmatch(project)
    if not exists or project.upper().startswith(_UNKNOWN):
        stop(404, f"Project {project} does not exist.", "project.NoSuchProjectException")
    return project.lower() if project.startswith("~") else project.upper()


def find(project: str, slug: str) -> Repository:
    key = key_of(project)
    try:
        return repositories.find(current_state(), SERVICE, key, slug)
    except repositories.NoSuchRepository:
        stop(404, f"Repository {key}/{slug} does not exist.", "repository.NoSuchRepositoryException")


def shown(hosted: Repository) -> dict[str, Any]:
    base = request.url_root.rstrip("/")
    page = base + HOST.web_address(hosted.owner, hosted.name)
    personal = hosted.owner.startswith("~")
    return {
        "slug": hosted.name,
        "id": hosted.id,
        "name": hosted.settings.get("name", hosted.name),
        "description": hosted.settings.get("description", ""),
        "hierarchyId": f"{hosted.id:020x}",
        "scmId": "git",
        "state": "AVAILABLE",
        "statusMessage": "Available",
        "forkable": True,
        "public": not hosted.is_private,
        "archived": hosted.settings.get("archived") is True,
        "project": {
            "key": hosted.owner,
            "id": 1,
            "name": hosted.owner,
            "public": False,
            "type": "PERSONAL" if personal else "NORMAL",
            "links": {"self": [{"href": page.rpartition("/repos/")[0]}]},
        },
        "links": {
            "clone": [
                {"href": base + HOST.clone_path(hosted.owner.lower(), hosted.name), "name": "http"},
                {"href": f"ssh://git@localhost:7999/{hosted.owner.lower()}/{hosted.name}.git", "name": "ssh"},
            ],
            "self": [{"href": f"{page}/browse"}],
        },
    }


@server.get("/projects/<project>/repos")
def list_repositories(project: str) -> ResponseReturnValue:
    caller_of()
    start, limit = (request.args.get(name, default, type=int) for name, default in (("start", 0), ("limit", 25)))
    found = repositories.find_all(current_state(), host=SERVICE, owner=key_of(project))[::-1]
    shown_now = [shown(hosted) for hosted in found[start : start + limit]]
    last = start + limit >= len(found)
    more = {} if last else {"nextPageStart": start + limit}
    body = {"size": len(shown_now), "limit": limit, "start": start, "isLastPage": last, "values": shown_now}
    return jsonify(body | more)


@server.get("/projects/<project>/repos/<slug>")
def read_repository(project: str, slug: str) -> ResponseReturnValue:
    caller_of()
    return jsonify(shown(find(project, slug)))


@server.post("/projects/<project>/repos")
def create_repository(project: str) -> ResponseReturnValue:
    caller_of(write=True)
    key, body = key_of(project), sent_json()
    name = body.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        message = "Repository names are limited to 128 characters. They must start with a letter or number and may"
        stop(
            400, f"{message} contain spaces, hyphens, underscores and periods", "validation.ValidationException", "name"
        )
    slug = re.sub(r"[^a-z0-9._-]+", "-", name.lower())
    try:
        hosted = repositories.create(
            current_state(),
            SERVICE,
            key,
            slug,
            visibility="public" if body.get("public") is True else "private",
            settings={"name": name, "description": str(body.get("description") or "")},
            default_branch=str(body.get("defaultBranch") or repositories.DEFAULT_BRANCH),
        )
    except repositories.AlreadyExists:
        message = f"This repository URL is already taken by '{name}' in '{key}'"
        stop(409, message, "repository.DuplicateRepositoryException", "name")
    return jsonify(shown(hosted)), 201


@server.get("/projects/<project>/repos/<slug>/default-branch")
def read_default_branch(project: str, slug: str) -> ResponseReturnValue:
    caller_of()
    hosted = find(project, slug)
    branch, branches = hosted.default_branch, bare.branches(hosted.folder)
    if not branches:
        return "", 204
    if branch not in branches:
        stop(404, f"{slug} has no default branch.", "repository.NoDefaultBranchException")
    return jsonify({"id": f"refs/heads/{branch}", "displayId": branch, "type": "BRANCH"})


@server.put("/projects/<project>/repos/<slug>/default-branch")
def set_default_branch(project: str, slug: str) -> ResponseReturnValue:
    caller_of(write=True)
    hosted, branch = find(project, slug), str(sent_json().get("id", "")).removeprefix("refs/heads/")
    if branch not in bare.branches(hosted.folder):
        stop(404, f"Branch {branch} does not exist.", "repository.NoSuchBranchException")
    bare.set_head(hosted.folder, branch)
    return "", 204
