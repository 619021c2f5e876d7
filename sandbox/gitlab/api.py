"""GitLab's REST API below /gitlab/api/v4, as a server under a relative URL has it, for what the steps use."""

from __future__ import annotations

import secrets
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NoReturn

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from sandbox.access import current_state, json_body, recognise
from sandbox.git import bare, repositories
from sandbox.gitlab import access, answers, namespaces, protection
from sandbox.service import Caller

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from sandbox.git.repositories import Repository

gitlab = Blueprint("gitlab", __name__)
ROOT = "/gitlab"
_VISIBILITIES = ("private", "internal", "public")
_TAKEN = "has already been taken"
_FORM = (
    "can only include non-accented letters, digits, '_', '-' and '.'. It must not start with '-', '_', or '.', nor end "
    "with '-', '_', '.', '.git', or '.atom'."
)


class GitLabError(Exception):
    """An error answer. GitLab has two forms: `message` with any value, and OAuth's `error`."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(status)
        self.status = status
        self.body = body


def stop(status: int, message: object) -> NoReturn:
    raise GitLabError(status, {"message": message})


@gitlab.errorhandler(GitLabError)
def _answer_error(error: GitLabError) -> ResponseReturnValue:
    return jsonify(error.body), error.status


@gitlab.errorhandler(HTTPException)
def _answer_http_error(error: HTTPException) -> ResponseReturnValue:
    status = HTTPStatus(error.code or 500)
    return jsonify({"error": f"{status} {status.phrase}"}), status


@gitlab.after_request
def _headers(answer: Response) -> Response:
    answer.headers["X-Request-Id"] = secrets.token_hex(13).upper()
    answer.headers["X-Gitlab-Meta"] = '{"version":"1"}'
    return answer


@gitlab.route("/<path:_path>", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
def unknown(_path: str) -> ResponseReturnValue:
    return jsonify({"error": "404 Not Found"}), 404


def base() -> str:
    return request.url_root.rstrip("/") + ROOT


def caller(*, write: bool = False, maintain: bool = False) -> Caller:
    """Stop a request without valid credentials, or that may not write, or not what only a Maintainer may."""
    who = recognise("gitlab", access.caller)
    if (who.sent or write) and not who.known:
        stop(401, "401 Unauthorized")
    if write and not who.may_write:
        told = "The request requires higher privileges than provided by the access token."
        raise GitLabError(403, {"error": "insufficient_scope", "error_description": told, "scope": "api"})
    if maintain and protection.DEVELOPER in who.scopes:
        stop(403, "403 Forbidden")
    return who


def body() -> dict[str, Any]:
    sent = json_body()
    if not isinstance(sent, dict):
        raise GitLabError(400, {"error": "The request body is not a JSON object"})
    return sent


def find(who: Caller, number_or_path: str) -> Repository:
    """Find a project by its number or its whole path."""
    owner, _, name = number_or_path.rpartition("/")
    state = current_state()
    if number_or_path.isdecimal():
        numbered = (known for known in repositories.find_all(state, host="gitlab") if known.id == int(number_or_path))
        found = next(numbered, None)
    else:
        found = next(iter(repositories.find_all(state, host="gitlab", owner=owner, name=name)), None)
    if found is None or (found.is_private and not who.known):
        stop(404, "404 Project Not Found")
    return found


def shown(hosted: Repository, who: Caller) -> dict[str, Any]:
    place = namespaces.find(current_state(), hosted.owner)
    if place is None:  # seeded below a name that no group can have
        stop(404, "404 Namespace Not Found")
    return answers.project(base(), hosted, place, may_write=who.may_write)


@gitlab.get("/user")
def own_user() -> ResponseReturnValue:
    if not caller().known:
        stop(401, "401 Unauthorized")
    return jsonify(answers.user(base(), current_state().credentials["gitlab"].user))


@gitlab.get("/namespaces/<path:path>")
def read_namespace(path: str) -> ResponseReturnValue:
    if not caller().known:
        stop(401, "401 Unauthorized")
    state = current_state()
    found = namespaces.by_id(state, int(path)) if path.isdecimal() else namespaces.find(state, path)
    if found is None:
        stop(404, "404 Namespace Not Found")
    return jsonify(answers.namespace(base(), found))


@gitlab.get("/groups/<path:group>/projects")
def list_projects(group: str) -> ResponseReturnValue:
    who, state = caller(), current_state()
    place = namespaces.find(state, group)
    if not who.known or place is None:
        stop(404, "404 Group Not Found")
    size, number = (request.args.get(name, default, type=int) for name, default in (("per_page", 20), ("page", 1)))
    within = request.args.get("include_subgroups") == "true"
    found, _ = repositories.page(state, "gitlab", group, number=number - 1, size=min(size, 100), within=within)
    if request.args.get("with_shared") != "false":  # those of other groups that this one may use
        every = repositories.find_all(state, host="gitlab")
        found += [one for one in every if str(place.id) in one.settings.get("shares", {})]
    return jsonify([shown(hosted, who) for hosted in found])


@gitlab.get("/projects/<path:project>")
def read_project(project: str) -> ResponseReturnValue:
    who = caller()
    return jsonify(shown(find(who, project), who))


@gitlab.post("/projects")
def create_project() -> ResponseReturnValue:
    who = caller(write=True)
    sent, state = body(), current_state()
    name = sent.get("path") or sent.get("name")
    if not isinstance(name, str):
        raise GitLabError(400, {"error": "name, path are missing, at least one parameter must be provided"})
    visibility = sent.get("visibility", "private")
    if visibility not in _VISIBILITIES:
        raise GitLabError(400, {"error": "visibility does not have a valid value"})
    if "namespace_id" in sent:
        place = namespaces.by_id(state, sent["namespace_id"]) if isinstance(sent["namespace_id"], int) else None
    else:
        place = namespaces.find(state, state.credentials["gitlab"].user)
    if place is None:
        stop(400, {"namespace": ["is not valid"]})
    if not namespaces.is_path(name):
        stop(400, {"path": [_FORM]})
    settings = {key: sent[key] for key in ("name", "description", *answers.SETTINGS) if key in sent}
    try:
        hosted = repositories.create(state, "gitlab", place.path, name, visibility=visibility, settings=settings)
    except repositories.AlreadyExists:
        stop(400, {"project_namespace.name": [_TAKEN], "name": [_TAKEN], "path": [_TAKEN]})
    if protection.protects_default_branch(place.path):
        protection.protect(hosted, hosted.default_branch)
        hosted = repositories.change(state, hosted, protected={hosted.default_branch: {}})
    if sent.get("initialize_with_readme") is True:
        files = {"README.md": ("100644", f"# {name}\n".encode())}
        bare.commit_files(hosted.folder, repositories.DEFAULT_BRANCH, files, "Initial commit\n")
    return jsonify(shown(hosted, who)), 201
