"""Bitbucket Cloud's REST API below /2.0, for what the steps use."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import urlencode

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from sandbox.access import current_state, json_body, recognise
from sandbox.bitbucket_cloud.git import MACHINE, SERVICE, api_caller
from sandbox.git import bare, repositories
from sandbox.service import Caller

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from sandbox.git.repositories import Repository

ADMIN = "repository:admin"
_SLUG = re.compile(r"[a-z0-9_.-]{1,62}")
_WORKSPACE = re.compile(r"[a-z0-9_-]{1,62}")
_KEY = re.compile(r"[A-Z][A-Z0-9_]*")
_UNKNOWN = "no-such-"  # no workspace whose name begins so exists; every other does
_MISSING = (
    "You may not have access to this repository or it no longer exists in this workspace. If you think this repository"
    " exists and you have access, make sure you are authenticated."
)

cloud = Blueprint("bitbucket_cloud", __name__)


class CloudError(Exception):
    """An error answer: the status, a message, and what is wrong with which field."""

    def __init__(self, status: int, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"type": "error", "error": {"message": message, **more}}


def stop(status: int, message: str, **more: Any) -> NoReturn:
    raise CloudError(status, message, **more)


@cloud.errorhandler(CloudError)
def _answer_error(error: CloudError) -> tuple[Response, int]:
    return jsonify(error.body), error.status


@cloud.errorhandler(HTTPException)
def _answer_http_error(error: HTTPException) -> tuple[Response, int]:
    status = HTTPStatus(error.code or 500)
    return _answer_error(CloudError(status, status.phrase))


@cloud.route("/<path:_path>", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
def unknown(_path: str) -> ResponseReturnValue:
    caller_of()
    stop(404, "Resource not found")


def caller_of(*, write: bool = False, scope: str = "") -> Caller:
    found = recognise(SERVICE, api_caller)
    if not found.known:
        stop(401, "Token is invalid, expired, or not supported for this endpoint.")
    if (write and not found.may_write) or (scope and scope not in found.scopes):
        detail = {"granted": list(found.scopes) or ["repository"], "required": [scope or "repository:write"]}
        stop(403, "Your credentials lack one or more required privilege scopes.", detail=detail)
    return found


def sent_json() -> dict[str, Any]:
    body = json_body()
    if not isinstance(body, dict):
        stop(400, "Bad request", detail="The body is no JSON object.")
    return body


def find(workspace: str, slug: str) -> Repository:
    try:
        return repositories.find(current_state(), SERVICE, workspace_of(workspace), slug)
    except repositories.NoSuchRepository:
        stop(404, _MISSING)


def workspace_of(name: str) -> str:
    if not _WORKSPACE.fullmatch(name.lower()) or name.lower().startswith(_UNKNOWN):
        stop(404, f"No workspace with identifier '{name}'.")
    return name.lower()


def shown(hosted: Repository) -> dict[str, Any]:
    """Return a repository in full; its links are those of the real host."""
    page, api = f"http://{MACHINE}/{hosted.full_name}", f"http://api.{MACHINE}/2.0/repositories/{hosted.full_name}"
    branches = bare.branches(hosted.folder)
    main = {"type": "branch", "name": hosted.default_branch} if branches else None
    return {
        "type": "repository",
        "uuid": f"{{{hosted.id:08d}-0000-4000-8000-000000000000}}",
        "name": hosted.name,
        "full_name": hosted.full_name,
        "slug": hosted.name,
        "scm": "git",
        "is_private": hosted.is_private,
        "description": hosted.settings.get("description", ""),
        "has_issues": hosted.settings.get("has_issues", False),
        "has_wiki": hosted.settings.get("has_wiki", False),
        "fork_policy": "no_public_forks" if hosted.is_private else "allow_forks",
        "language": "",
        "size": 0,
        "project": {"type": "project", "key": hosted.settings["project"], "name": hosted.settings["project"]},
        **({"mainbranch": main} if main else {}),
        "links": {
            "self": {"href": api},
            "html": {"href": page},
            "clone": [
                {"name": "https", "href": f"http://sandbox-user@{MACHINE}/{hosted.full_name}.git"},
                {"name": "ssh", "href": f"git@{MACHINE}:{hosted.full_name}.git"},
            ],
        },
    }


@cloud.get("/repositories/<workspace>")
def list_repositories(workspace: str) -> ResponseReturnValue:
    caller_of()
    owner = workspace_of(workspace)
    size, number = (request.args.get(name, default, type=int) for name, default in (("pagelen", 10), ("page", 1)))
    asked, size = request.args.get("q", ""), min(size, 100)
    found = [
        hosted
        for hosted in reversed(repositories.find_all(current_state(), host=SERVICE, owner=owner))
        if not asked or asked == f'project.key="{hosted.settings["project"]}"'
    ]
    begin, end = (number - 1) * size, number * size
    values = [shown(hosted) for hosted in found[begin:end]]
    more = {"next": f"{request.base_url}?{urlencode({**request.args, 'page': number + 1})}"} if end < len(found) else {}
    return jsonify({"size": len(found), "page": number, "pagelen": size, "values": values, **more})


@cloud.get("/repositories/<workspace>/<slug>")
def read_repository(workspace: str, slug: str) -> ResponseReturnValue:
    caller_of()
    return jsonify(shown(find(workspace, slug)))


@cloud.post("/repositories/<workspace>/<slug>")
def create_repository(workspace: str, slug: str) -> ResponseReturnValue:
    caller_of(write=True, scope=ADMIN)
    owner, body = workspace_of(workspace), sent_json()
    if not _SLUG.fullmatch(slug):
        stop(400, "Bad request", fields={"slug": ["Invalid slug."]})
    project = (body.get("project") or {}).get("key", "OLDEST")
    if not _KEY.fullmatch(str(project)):
        stop(
            400, "Bad request", fields={"project": [f"Project key '{project}' does not exist in workspace '{owner}'."]}
        )
    try:
        hosted = repositories.create(
            current_state(),
            SERVICE,
            owner,
            slug,
            visibility="private" if body.get("is_private") is True else "public",
            settings={"description": str(body.get("description") or ""), "project": project},
        )
    except repositories.AlreadyExists:
        stop(400, "Repository with this Slug and Owner already exists.")
    return jsonify(shown(hosted))


@cloud.put("/repositories/<workspace>/<slug>")
def change_repository(workspace: str, slug: str) -> ResponseReturnValue:
    caller_of(write=True, scope=ADMIN)
    hosted, body = find(workspace, slug), sent_json()
    if "mainbranch" in body:
        branch = str((body["mainbranch"] or {}).get("name"))
        if branch not in bare.branches(hosted.folder):
            stop(400, "Bad request", fields={"mainbranch": [f"Branch '{branch}' does not exist."]})
        bare.set_head(hosted.folder, branch)
    settings = {key: body[key] for key in ("description", "has_issues", "has_wiki") if key in body}
    return jsonify(shown(repositories.change(current_state(), hosted, **settings)))
