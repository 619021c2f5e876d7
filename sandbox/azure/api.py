"""The REST API of Azure DevOps below /azure/{organization}, for what the steps use."""

from __future__ import annotations

import re
import secrets
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NoReturn

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from sandbox.access import current_state, json_body, recognise
from sandbox.azure import access, answers
from sandbox.git import bare, pull_requests, repositories
from sandbox.service import Caller

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from sandbox.git.repositories import Repository

azure = Blueprint("azure", __name__)
ROOT = "/azure"
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_HEADS = "refs/heads/"
_UNKNOWN = "no-such-"  # no project whose name begins so exists; every other does
_NAME = re.compile(r"""[^/:\\~&%;@'"?<>|#$*}{,+=\[\]\x00-\x1f]{1,64}""")
_ABSENT = " does not exist or you do not have permissions for the operation you are attempting."
_REPOSITORIES = "/<organization>/<project>/_apis/git/repositories"
_SIGN_IN = "<!DOCTYPE html><html><head><title>Azure DevOps Services | Sign In</title></head><body></body></html>"


class AzureError(Exception):
    """An error answer: its status, the kind of exception, and the message."""

    def __init__(self, status: int, key: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.key = key


class _SignIn(Exception):
    """The caller is not known, and is shown the page to sign in."""


@azure.errorhandler(AzureError)
def _answer_error(error: AzureError) -> ResponseReturnValue:
    return jsonify(answers.error(error.key, str(error))), error.status


@azure.errorhandler(_SignIn)
def _answer_sign_in(_: _SignIn) -> ResponseReturnValue:
    """Whoever does not ask for a 401 gets a page with a status of success."""
    if request.headers.get("X-TFS-FedAuthRedirect") == "Suppress":
        return Response("", 401, {"WWW-Authenticate": f'Basic realm="{request.host_url}"'})
    return Response(_SIGN_IN, HTTPStatus.NON_AUTHORITATIVE_INFORMATION, mimetype="text/html")


@azure.errorhandler(HTTPException)
def _answer_http_error(error: HTTPException) -> ResponseReturnValue:
    status = HTTPStatus(error.code or 500)
    return jsonify(answers.error("HttpException", status.phrase)), status


@azure.after_request
def _headers(answer: Response) -> Response:
    answer.headers["X-TFS-ProcessId"] = secrets.token_hex(16)
    answer.headers["X-VSS-E2EID"] = secrets.token_hex(16)
    return answer


@azure.route("/<_organization>/_apis/<path:_rest>", methods=_METHODS)
@azure.route("/<_organization>/<_project>/_apis/<path:_rest>", methods=_METHODS)
def unknown(_organization: str, _rest: str, _project: str = "") -> ResponseReturnValue:
    _caller()
    stop(404, "VssResourceNotFoundException", f"The controller for path '{request.path}' was not found.")


def stop(status: int, key: str, message: str) -> NoReturn:
    raise AzureError(status, key, message)


def _base() -> str:
    return request.url_root.rstrip("/") + ROOT


def _caller(*, permission: str = "") -> Caller:
    """Stop a request without valid credentials, or that needs a permission that the caller does not have."""
    who = recognise("azure", access.caller)
    if not who.known:
        raise _SignIn
    if permission and not who.may_write:
        words = f"TF401027: You need the Git '{permission}' permission to perform this action. Details: identity"
        user = current_state().credentials["azure"].user
        stop(403, "GitNeedsPermissionException", f"{words} '{user}', scope 'repository'.")
    return who


def _body() -> dict[str, Any]:
    sent = json_body()
    if not isinstance(sent, dict):
        stop(400, "VssPropertyValidationException", "Value cannot be null. Parameter name: body")
    return sent


def _project(name: str) -> str:
    if not _NAME.fullmatch(name) or name.lower().startswith(_UNKNOWN):
        stop(
            404,
            "ProjectDoesNotExistWithNameException",
            f"TF200016: The following project does not exist: {name}. Verify that the name of the project is correct"
            " and that the project exists on the specified Azure DevOps Server.",
        )
    return name


def _find(organization: str, project: str, repository: str) -> Repository:
    """Find a repository by its name or its id."""
    owner = f"{organization}/{_project(project)}"
    for known in repositories.find_all(current_state(), host="azure", owner=owner):
        if repository.lower() in {known.name.lower(), answers.identifier(known.id)}:
            return known
    message = f"TF401019: The Git repository with name or identifier {repository}{_ABSENT}"
    stop(404, "GitRepositoryNotFoundException", message)


@azure.get("/<organization>/_apis/projects/<project>")
def read_project(organization: str, project: str) -> ResponseReturnValue:
    _caller()
    return jsonify(answers.project(_base(), organization, _project(project)))


@azure.get(_REPOSITORIES)
def list_repositories(organization: str, project: str) -> ResponseReturnValue:
    _caller()
    found = repositories.find_all(current_state(), host="azure", owner=f"{organization}/{_project(project)}")
    return jsonify(answers.listed([answers.repository(_base(), hosted) for hosted in found]))


@azure.get(f"{_REPOSITORIES}/<repository>")
def read_repository(organization: str, project: str, repository: str) -> ResponseReturnValue:
    _caller()
    return jsonify(answers.repository(_base(), _find(organization, project, repository)))


@azure.post(_REPOSITORIES)
def create_repository(organization: str, project: str) -> ResponseReturnValue:
    _caller(permission="CreateRepository")
    sent, own = _body(), _project(project)
    name, there = sent.get("name"), sent.get("project", {}).get("id")
    if there not in {None, answers.identifier(organization, own)}:
        stop(404, "ProjectDoesNotExistException", f"VS800075: The project with id '{there}' does not exist.")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        stop(400, "InvalidGitRepositoryNameException", f"TF401025: '{name}' is not a valid name for a Git repository.")
    try:
        hosted = repositories.create(
            current_state(), "azure", f"{organization}/{own}", name, visibility=answers.visibility(own)
        )
    except repositories.AlreadyExists:
        message = f"TF400948: A Git repository with the name {name} already exists."
        stop(409, "GitRepositoryNameAlreadyExistsException", message)
    return jsonify(answers.repository(_base(), hosted)), 201


@azure.patch(f"{_REPOSITORIES}/<uuid:repository>")
def change_repository(organization: str, project: str, repository: object) -> ResponseReturnValue:
    _caller(permission="EditRepository")
    hosted, sent = _find(organization, project, str(repository)), _body()
    branch = str(sent.get("defaultBranch", "")).removeprefix(_HEADS)
    if branch not in bare.branches(hosted.folder):
        message = f"TF401398: The default branch cannot be set to {branch!r}, which does not exist."
        stop(400, "GitReferenceNotFoundException", message)
    bare.set_head(hosted.folder, branch)
    return jsonify(answers.repository(_base(), hosted))


@azure.get(f"{_REPOSITORIES}/<repository>/refs")
def read_references(organization: str, project: str, repository: str) -> ResponseReturnValue:
    _caller()
    hosted = _find(organization, project, repository)
    start = f"refs/{request.args.get('filter', '')}"
    known = bare.branches(hosted.folder)
    found = [
        answers.reference(_base(), hosted, branch, sha)
        for branch, sha in known.items()
        if f"{_HEADS}{branch}".startswith(start)
    ]
    return jsonify(answers.listed(found))


@azure.get(f"{_REPOSITORIES}/<repository>/pullrequests")
def read_pull_requests(organization: str, project: str, repository: str) -> ResponseReturnValue:
    _caller()
    hosted = _find(organization, project, repository)
    source, target = (
        request.args.get(f"searchCriteria.{end}RefName", "").removeprefix(_HEADS) for end in ("source", "target")
    )
    found = pull_requests.find_all(current_state(), hosted, source=source, target=target)
    return jsonify(answers.listed([answers.pull_request(_base(), hosted, asked) for asked in found]))


@azure.post(f"{_REPOSITORIES}/<repository>/pullrequests")
def open_pull_request(organization: str, project: str, repository: str) -> ResponseReturnValue:
    _caller(permission="PullRequestContribute")
    hosted, sent = _find(organization, project, repository), _body()
    source, target = (str(sent.get(f"{end}RefName", "")).removeprefix(_HEADS) for end in ("source", "target"))
    for branch in (source, target):
        if branch not in bare.branches(hosted.folder):
            message = f"TF401398: The pull request cannot be activated because the branch {branch} no longer exists."
            stop(400, "GitPullRequestCannotBeActivated", message)
    try:
        asked = pull_requests.create(
            current_state(), hosted, source=source, target=target, title=str(sent.get("title", "")),
            body=str(sent.get("description") or ""),
        )  # fmt: skip
    except pull_requests.AlreadyOpen:
        message = "TF401179: An active pull request for the source and target branch already exists."
        stop(409, "GitPullRequestExistsException", message)
    return jsonify(answers.pull_request(_base(), hosted, asked)), 201


@azure.get("/<organization>/<project>/_apis/git/policy/configurations")
def read_policies(organization: str, project: str) -> ResponseReturnValue:
    _caller()
    hosted = _find(organization, project, request.args.get("repositoryId", ""))
    return jsonify(answers.listed(hosted.settings.get("policies", {}).get(request.args.get("refName", ""), [])))


@azure.post("/<organization>/<project>/_apis/policy/configurations")
def add_policy(organization: str, project: str) -> ResponseReturnValue:
    _caller(permission="EditPolicies")
    sent = _body()
    (scope,) = sent.get("settings", {}).get("scope") or [{}]
    hosted = _find(organization, project, str(scope.get("repositoryId")))
    policies = hosted.settings.get("policies", {})
    own = policies.get(str(scope.get("refName")), [])
    made = {**sent, "id": len(own) + 1, "isDeleted": False}
    repositories.change(current_state(), hosted, policies={**policies, str(scope.get("refName")): [*own, made]})
    return jsonify(made)
