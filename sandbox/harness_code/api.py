"""Harness Code's REST API below /gateway/code/api/v1, for what the steps use (source: github.com/harness/harness)."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NoReturn

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from sandbox.access import current_state, json_body, recognise
from sandbox.git import repositories
from sandbox.harness_code.git import HARNESS_CODE, caller
from sandbox.service import Caller

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from sandbox.git.repositories import Repository

code_routes = Blueprint("harness_code", __name__)
_IDENTIFIER = re.compile(r"[A-Za-z0-9_.-]*")
_LONGEST_IDENTIFIER = 100
_LONGEST_DESCRIPTION = 1024


class CodeError(Exception):
    """An error answer: the status, and a message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def stop(status: int, message: str) -> NoReturn:
    raise CodeError(status, message)


@code_routes.errorhandler(CodeError)
def _answer_error(error: CodeError) -> tuple[Response, int]:
    return jsonify({"message": str(error)}), error.status


@code_routes.errorhandler(HTTPException)
def _answer_http_error(error: HTTPException) -> tuple[Response, int]:
    status = HTTPStatus(error.code or 500)
    return _answer_error(CodeError(status, status.phrase))


@code_routes.route("/<path:_path>", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
def unknown(_path: str) -> ResponseReturnValue:
    caller_of()
    stop(404, "Not Found")


def caller_of(*, write: bool = False) -> Caller:
    found = recognise("harness", caller)
    if not found.known:
        stop(401, "Invalid or missing token" if found.sent else "Unauthorized")
    if write and not found.may_write:
        stop(403, "Forbidden")
    return found


def _space() -> str:
    """Give what the repository belongs to, as the query names it: a space, in the words of the source."""
    account = request.args.get("accountIdentifier")
    if not account:
        stop(400, "Parent space required - standalone repositories are not supported.")
    if account != current_state().credentials["harness"].account:
        stop(403, "Forbidden")
    organization, project = request.args.get("orgIdentifier"), request.args.get("projectIdentifier")
    if project and not organization:
        stop(400, "Bad Request")
    return "/".join(filter(None, (account, organization, project)))


def find(identifier: str) -> Repository:
    try:
        return repositories.find(current_state(), "harness", _space(), identifier)
    except repositories.NoSuchRepository:
        stop(404, "Not Found")


def shown(hosted: Repository) -> dict[str, Any]:
    created, pushed = int(hosted.created_at * 1000), int(hosted.pushed_at * 1000)
    counts = ("num_forks", "num_pulls", "num_closed_pulls", "num_open_pulls", "num_merged_pulls", "fork_id", "size")
    return {
        "id": hosted.id,
        "parent_id": 1,
        "identifier": hosted.name,
        "path": hosted.full_name,
        "description": hosted.settings.get("description", ""),
        "is_public": not hosted.is_private,
        "created_by": 1,
        "created": created,
        "updated": pushed,
        "size_updated": pushed,
        **dict.fromkeys(counts, 0),
        "default_branch": hosted.default_branch,
        "importing": False,
        "git_url": request.url_root.rstrip("/") + HARNESS_CODE.clone_path(hosted.owner, hosted.name),
    }


@code_routes.get("/repos")
def list_repositories() -> ResponseReturnValue:
    caller_of()
    number, size = (request.args.get(name, default, type=int) for name, default in (("page", 1), ("limit", 30)))
    found, total = repositories.page(current_state(), "harness", _space(), number=number - 1, size=min(size, 100))
    return jsonify([shown(hosted) for hosted in found]), 200, {"X-Total": str(total)}


@code_routes.get("/repos/<identifier>")
def read_repository(identifier: str) -> ResponseReturnValue:
    caller_of()
    return jsonify(shown(find(identifier)))


@code_routes.post("/repos")
def create_repository() -> ResponseReturnValue:
    caller_of(write=True)
    space, body = _space(), json_body()
    if not isinstance(body, dict):
        stop(400, "Invalid Request Body: EOF")
    if body.get("parent_ref", space) != space:
        stop(404, "Not Found")
    description = str(body.get("description") or "").strip()
    if len(description) > _LONGEST_DESCRIPTION:
        stop(400, f"Description can be at most {_LONGEST_DESCRIPTION} in length.")
    try:
        hosted = repositories.create(
            current_state(),
            "harness",
            space,
            _identifier(body.get("identifier") or body.get("uid")),
            visibility="public" if body.get("is_public") is True else "private",
            settings={"description": description},
            default_branch=str(body.get("default_branch") or repositories.DEFAULT_BRANCH),
        )
    except repositories.AlreadyExists:
        stop(409, "Resource already exists")
    return jsonify(shown(hosted)), 201


def _identifier(value: object) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= _LONGEST_IDENTIFIER:
        stop(400, f"Identifier has to be between 1 and {_LONGEST_IDENTIFIER} in length.")
    if not _IDENTIFIER.fullmatch(value):
        stop(400, "Identifier can only contain the following characters [a-zA-Z0-9-_.].")
    if value.lower().endswith(".git"):
        stop(400, 'Space and repository identifiers cannot end with ".git".')
    return value
