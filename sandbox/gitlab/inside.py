"""What is inside a project by GitLab's API: its settings, who may do what, branches, merge requests."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

from flask import jsonify, request

from sandbox.access import current_state
from sandbox.git import bare, pull_requests, repositories
from sandbox.gitlab import answers, namespaces
from sandbox.gitlab.api import base, body, caller, find, gitlab, shown, stop

if TYPE_CHECKING:
    from flask import Response
    from flask.typing import ResponseReturnValue

    from sandbox.git.repositories import Repository

_UNKNOWN = "no-such-"  # no group or user whose name begins so exists; every other does
_LEVELS = frozenset({10, 20, 30, 40, 50})
_MERGE_METHODS = ("merge", "rebase_merge", "ff")
_SQUASH_OPTIONS = ("never", "always", "default_on", "default_off")


def _mine(project: str) -> Repository:
    """Find a project that the caller may change."""
    return find(caller(write=True), project)


@gitlab.put("/projects/<path:project>")
def change_project(project: str) -> ResponseReturnValue:
    hosted, wanted = _mine(project), body()
    branch = wanted.get("default_branch")
    if branch is not None:
        if branch not in bare.branches(hosted.folder):
            stop(400, {"base": [f"Could not change HEAD: branch '{branch}' does not exist"]})
        bare.set_head(hosted.folder, branch)
    for name, known in (("merge_method", _MERGE_METHODS), ("squash_option", _SQUASH_OPTIONS)):
        if wanted.get(name, known[0]) not in known:
            stop(400, {name: ["does not have a valid value"]})
    settings = {key: wanted[key] for key in ("name", "description", *answers.SETTINGS) if key in wanted}
    changed = repositories.change(current_state(), hosted, **settings)
    return jsonify(shown(changed, caller(write=True)))


@gitlab.get("/groups/<path:path>")
def read_group(path: str) -> ResponseReturnValue:
    caller()
    found = None if path.startswith(_UNKNOWN) else namespaces.find(current_state(), path)
    if found is None or found.is_user:
        stop(404, "404 Group Not Found")
    place = answers.namespace(base(), found)
    return jsonify({name: place[name] for name in ("id", "name", "path", "full_path", "web_url")})


@gitlab.post("/projects/<path:project>/share")
def share(project: str) -> ResponseReturnValue:
    hosted, wanted, state = _mine(project), body(), current_state()
    number, level = wanted.get("group_id"), _level(wanted.get("group_access"))
    group = namespaces.by_id(state, number) if isinstance(number, int) else None
    if group is None:
        stop(404, "404 Group Not Found")
    shares = hosted.settings.get("shares", {})
    if str(group.id) in shares:
        stop(409, "The group is already shared with this project")
    shared = {
        "group_id": group.id,
        "group_name": group.path.rpartition("/")[2],
        "group_full_path": group.path,
        "group_access_level": level,
        "expires_at": None,
    }
    repositories.change(state, hosted, shares=shares | {str(group.id): shared})
    return jsonify({"id": group.id, "project_id": hosted.id, "group_id": group.id, "group_access": level}), 201


@gitlab.delete("/projects/<path:project>/share/<int:group>")
def unshare(project: str, group: int) -> ResponseReturnValue:
    hosted = _mine(project)
    shares = dict(hosted.settings.get("shares", {}))
    if shares.pop(str(group), None) is None:
        stop(404, "404 Group Link Not Found")
    repositories.change(current_state(), hosted, shares=shares)
    return "", 204


@gitlab.get("/users")
def read_users() -> ResponseReturnValue:
    caller(write=False)
    login = request.args.get("username", "")
    if not login or login.startswith(_UNKNOWN):
        return jsonify([])
    found = answers.user(base(), login) | {"id": _number(login)}
    return jsonify([{name: found[name] for name in ("id", "username", "name", "state", "avatar_url", "web_url")}])


def _number(login: str) -> int:
    """Make the same number for the same user, always; that of the tokens has 1."""
    return 1 if login == current_state().credentials["gitlab"].user else zlib.crc32(login.lower().encode()) % 10**9 + 2


@gitlab.get("/projects/<path:project>/members/<int:user>", defaults={"inherited": False})
@gitlab.get("/projects/<path:project>/members/all/<int:user>", defaults={"inherited": True})
def read_member(project: str, user: int, *, inherited: bool) -> ResponseReturnValue:
    hosted, owner = find(caller(), project), 50
    level = hosted.settings.get("members", {}).get(str(user), owner if inherited and user == 1 else None)
    if level is None:
        stop(404, "404 Not found")
    return jsonify(answers.member(base(), f"user-{user}", user, level))


@gitlab.post("/projects/<path:project>/members")
def add_member(project: str) -> ResponseReturnValue:
    hosted, wanted = _mine(project), body()
    user, members = wanted.get("user_id"), hosted.settings.get("members", {})
    if not isinstance(user, int):
        stop(404, "404 User Not Found")
    if str(user) in members:
        stop(409, "Member already exists")
    return _set_member(hosted, user, wanted), 201


@gitlab.put("/projects/<path:project>/members/<int:user>")
def change_member(project: str, user: int) -> ResponseReturnValue:
    hosted = _mine(project)
    if str(user) not in hosted.settings.get("members", {}):
        stop(404, "404 Not found")
    return _set_member(hosted, user, body())


def _set_member(hosted: Repository, user: int, wanted: dict[str, Any]) -> Response:
    level = _level(wanted.get("access_level"))
    members = hosted.settings.get("members", {}) | {str(user): level}
    repositories.change(current_state(), hosted, members=members)
    return jsonify(answers.member(base(), f"user-{user}", user, level))


def _level(value: object) -> int:
    if not isinstance(value, int) or value not in _LEVELS:
        stop(400, {"access_level": ["is not included in the list"]})
    return value


@gitlab.get("/projects/<path:project>/repository/branches/<path:branch>")
def read_branch(project: str, branch: str) -> ResponseReturnValue:
    hosted = find(caller(), project)
    if branch not in bare.branches(hosted.folder):
        stop(404, "404 Branch Not Found")
    protected = branch in hosted.settings.get("protected", {})
    return jsonify(answers.branch(base(), hosted, branch, protected=protected))


@gitlab.post("/projects/<path:project>/protected_branches")
def protect_branch(project: str) -> ResponseReturnValue:
    hosted, wanted = _mine(project), body()
    name, protected = wanted.get("name"), hosted.settings.get("protected", {})
    if not isinstance(name, str) or not name:
        stop(400, "name is missing")
    if name in protected:
        stop(409, f"Protected branch '{name}' already exists")
    repositories.change(current_state(), hosted, protected=protected | {name: wanted})
    return jsonify(answers.protected_branch(len(protected) + 1, name, wanted)), 201


@gitlab.get("/projects/<path:project>/merge_requests")
def read_merge_requests(project: str) -> ResponseReturnValue:
    hosted = find(caller(), project)
    source, target = request.args.get("source_branch", ""), request.args.get("target_branch", "")
    if request.args.get("state", "all") not in {"all", "opened"}:
        return jsonify([])
    found = pull_requests.find_all(current_state(), hosted, source=source, target=target)
    return jsonify([_merge_request(hosted, asked) for asked in found])


@gitlab.post("/projects/<path:project>/merge_requests")
def open_merge_request(project: str) -> ResponseReturnValue:
    hosted, wanted = _mine(project), body()
    source, target = str(wanted.get("source_branch", "")), str(wanted.get("target_branch", ""))
    known, faults = bare.branches(hosted.folder), []
    if source not in known:
        faults.append(f'Source branch "{source}" does not exist')
    if target not in known:
        faults.append(f'Target branch "{target}" does not exist')
    if faults:
        stop(400, faults)
    try:
        asked = pull_requests.create(
            current_state(), hosted, source=source, target=target, title=str(wanted.get("title", "")),
            body=str(wanted.get("description") or ""),
        )  # fmt: skip
    except pull_requests.AlreadyOpen:
        number = pull_requests.find_all(current_state(), hosted, source=source, target=target)[0].number
        stop(409, [f"Another open merge request already exists for this source branch: !{number}"])
    return jsonify(_merge_request(hosted, asked)), 201


def _merge_request(hosted: Repository, asked: pull_requests.PullRequest) -> dict[str, Any]:
    return answers.merge_request(base(), hosted, asked, current_state().credentials["gitlab"].user)
