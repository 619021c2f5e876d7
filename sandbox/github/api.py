"""GitHub's REST API below /api/v3, as a GitHub Enterprise Server has it, for what the steps and the runner use."""

from __future__ import annotations

import re
import secrets
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NoReturn

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from sandbox.access import current_state, json_body, recognise
from sandbox.git import bare, repositories
from sandbox.github import access, accounts, answers
from sandbox.service import Caller

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from sandbox.git.repositories import Repository

github = Blueprint("github", __name__)
_DOCUMENTATION = "https://docs.github.com/rest"
_LONGEST_NAME = 100
_RESERVED_NAMES = frozenset({".", ".."})


class GitHubError(Exception):
    """An error answer, as GitHub words it."""

    def __init__(self, status: int, message: str, errors: list[dict[str, str]] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.errors = errors


def stop(status: int, message: str) -> NoReturn:
    raise GitHubError(status, message)


def stop_invalid(resource: str, field: str, message: str, told: str) -> NoReturn:
    """Answer that a field is wrong, in the form in which GitHub validates."""
    code = {"code": "custom", "message": message} if message else {"code": "invalid"}
    raise GitHubError(422, told, [{"resource": resource, "field": field, **code}])


def _invalid(field: str, message: str) -> NoReturn:
    stop_invalid("Repository", field, message, "Repository creation failed.")


@github.errorhandler(GitHubError)
def _answer_error(error: GitHubError) -> ResponseReturnValue:
    body = {"message": str(error), "documentation_url": _DOCUMENTATION, "status": str(error.status)}
    return jsonify(body | ({"errors": error.errors} if error.errors else {})), error.status


@github.errorhandler(HTTPException)
def _answer_http_error(error: HTTPException) -> ResponseReturnValue:
    status = HTTPStatus(error.code or 500)
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        status = HTTPStatus.NOT_FOUND  # GitHub does not tell the two apart
    return _answer_error(GitHubError(status, status.phrase))


@github.after_request
def _headers(answer: Response) -> Response:
    answer.headers["X-GitHub-Request-Id"] = secrets.token_hex(12).upper()
    answer.headers["X-GitHub-Media-Type"] = "github.v3; format=json"
    answer.headers["X-RateLimit-Limit"] = "5000"
    answer.headers["X-RateLimit-Remaining"] = "4999"
    answer.headers["X-RateLimit-Used"] = "1"
    answer.headers["X-RateLimit-Reset"] = "4102444800"
    answer.headers["X-RateLimit-Resource"] = "core"
    return answer


@github.route("/<path:_path>", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
def unknown(_path: str) -> ResponseReturnValue:
    caller_of()
    stop(404, "Not Found")


def base() -> str:
    return request.url_root.rstrip("/")


def caller_of(*, write: bool = False, needs_login: bool = False, right: str = "administration") -> Caller:
    """Give who sent the request. right: the one that a write needs of an App's token."""
    caller = recognise("github", access.caller)
    if caller.sent and not caller.known:
        stop(401, "Bad credentials")
    if not caller.known and (write or needs_login):
        stop(401, "Requires authentication")
    is_app = caller.made is not None
    if write and not (right in caller.scopes if is_app else caller.may_write):
        stop(403, f"Resource not accessible by {'integration' if is_app else 'personal access token'}")
    return caller


def sent_json() -> dict[str, Any]:
    body = json_body()
    if body is None and request.get_data():
        stop(400, "Problems parsing JSON")
    if body is not None and not isinstance(body, dict):
        stop(400, "Body should be a JSON object")
    return body or {}


def find(caller: Caller, owner: str, name: str) -> Repository:
    try:
        found = repositories.find(current_state(), "github", owner, name.removesuffix(".git"))
    except repositories.NoSuchRepository:
        stop(404, "Not Found")
    if found.is_private and not _sees(caller, found):
        stop(404, "Not Found")
    return found


def _sees(caller: Caller, hosted: Repository) -> bool:
    return caller.known and caller.sees(hosted.owner, hosted.name)


def shown(hosted: Repository, caller: Caller) -> dict[str, Any]:
    kind = accounts.kind_of(current_state(), hosted.owner) or "Organization"
    return answers.repository(base(), hosted, kind, may_write=caller.may_write)


@github.get("/user")
def own_user() -> ResponseReturnValue:
    if caller_of(needs_login=True).made is not None:
        stop(403, "Resource not accessible by integration")
    login = current_state().credentials["github"].user
    owned = repositories.find_all(current_state(), host="github", owner=login)
    private = sum(repository.is_private for repository in owned)
    return jsonify(answers.own_user(base(), login, len(owned) - private, private))


@github.get("/orgs/<login>/repos")
def list_of_organization(login: str) -> ResponseReturnValue:
    caller = caller_of()
    if accounts.kind_of(current_state(), login) != "Organization":
        stop(404, "Not Found")
    size, number = (request.args.get(name, default, type=int) for name, default in (("per_page", 30), ("page", 1)))
    found, _ = repositories.page(current_state(), "github", login, number=number - 1, size=min(size, 100))
    return jsonify([shown(hosted, caller) for hosted in found if not hosted.is_private or _sees(caller, hosted)])


@github.post("/orgs/<login>/repos")
def create_in_organization(login: str) -> ResponseReturnValue:
    caller = caller_of(write=True)
    if accounts.kind_of(current_state(), login) != "Organization":
        stop(404, "Not Found")
    return _create(caller, login, organization=True)


@github.post("/user/repos")
def create_for_user() -> ResponseReturnValue:
    caller = caller_of(write=True)
    if caller.made is not None:
        stop(403, "Resource not accessible by integration")
    return _create(caller, current_state().credentials["github"].user, organization=False)


def _create(caller: Caller, owner: str, *, organization: bool) -> ResponseReturnValue:
    body = sent_json()
    name = _name(body.get("name"))
    visibility = _visibility(body, "private" if body.get("private") is True else "public", organization=organization)
    settings = {key: body[key] for key in ("description", "homepage", *answers.FLAGS) if key in body}
    try:
        hosted = repositories.create(current_state(), "github", owner, name, visibility=visibility, settings=settings)
    except repositories.AlreadyExists:
        _invalid("name", "name already exists on this account")
    if caller.made is not None:
        caller.made(hosted.full_name)
    if body.get("auto_init") is True:
        text = f"# {name}\n\n{body.get('description') or ''}".rstrip() + "\n"
        files = {"README.md": ("100644", text.encode())}
        bare.commit_files(hosted.folder, repositories.DEFAULT_BRANCH, files, "Initial commit\n")
    answer = jsonify(shown(hosted, caller))
    answer.headers["Location"] = f"{base()}/api/v3/repos/{hosted.full_name}"
    return answer, 201


def _name(name: object) -> str:
    """Return the name that GitHub gives a repository: each run of characters that it does not take becomes `-`."""
    if not isinstance(name, str) or not name:
        errors = [{"resource": "Repository", "code": "missing_field", "field": "name"}]
        raise GitHubError(422, "Repository creation failed.", errors)
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", name).removesuffix(".git")
    if len(name) > _LONGEST_NAME:
        _invalid("name", f"name is too long (maximum is {_LONGEST_NAME} characters)")
    if name in _RESERVED_NAMES or not name:
        _invalid("name", "name is a reserved name")
    return name


def _visibility(body: dict[str, Any], default: str, *, organization: bool) -> str:
    visibility = body.get("visibility") or default
    if visibility not in {"public", "private", "internal"}:
        _invalid("visibility", "visibility is not included in the list")
    if visibility == "internal" and not organization:
        _invalid("visibility", "Only organizations associated with an enterprise can set visibility to internal")
    return str(visibility)


@github.get("/repos/<owner>/<name>")
def read_repository(owner: str, name: str) -> ResponseReturnValue:
    caller = caller_of()
    return jsonify(shown(find(caller, owner, name), caller))
