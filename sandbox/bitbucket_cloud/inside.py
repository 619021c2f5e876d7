"""What is inside a repository by Bitbucket Cloud's API: restrictions of branches, permissions, pull requests."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from flask import jsonify, request

from sandbox.access import current_state
from sandbox.bitbucket_cloud.api import ADMIN, caller_of, cloud, find, sent_json, stop
from sandbox.bitbucket_cloud.git import MACHINE
from sandbox.git import bare, pull_requests, repositories

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from sandbox.git.repositories import Repository

_REPOSITORY = "/repositories/<workspace>/<slug>"
_PERMISSIONS = ("read", "write", "admin")
_UNKNOWN = "no-such-"  # no user or group whose name begins so exists; every other does


def _page(values: list[dict[str, Any]]) -> ResponseReturnValue:
    return jsonify({"size": len(values), "page": 1, "pagelen": 10, "values": values})


def _mine(workspace: str, slug: str) -> Repository:
    """Find a repository that the caller administers."""
    caller_of(write=True, scope=ADMIN)
    return find(workspace, slug)


@cloud.get(f"{_REPOSITORY}/branch-restrictions")
def read_restrictions(workspace: str, slug: str) -> ResponseReturnValue:
    found = _mine(workspace, slug).settings.get("restrictions", [])
    for name in ("kind", "pattern"):
        found = [one for one in found if one[name] == request.args.get(name, one[name])]
    return _page(found)


@cloud.post(f"{_REPOSITORY}/branch-restrictions")
def create_restriction(workspace: str, slug: str) -> ResponseReturnValue:
    hosted, wanted = _mine(workspace, slug), sent_json()
    found = hosted.settings.get("restrictions", [])
    if any((one["kind"], one["pattern"]) == (wanted.get("kind"), wanted.get("pattern")) for one in found):
        stop(409, "Conflict", detail="A branch restriction of this kind and pattern exists already.")
    known = ("kind", "branch_match_kind", "pattern", "value", "users", "groups")
    made = {"type": "branchrestriction", "id": len(found) + 1, **{key: wanted[key] for key in known if key in wanted}}
    repositories.change(current_state(), hosted, restrictions=[*found, made])
    return jsonify(made), 201


@cloud.get(f"{_REPOSITORY}/permissions-config/<any(users, groups):kind>/<name>")
def read_permission(workspace: str, slug: str, kind: str, name: str) -> ResponseReturnValue:
    permission = _mine(workspace, slug).settings.get(kind, {}).get(name)
    if permission is None:
        stop(404, f"{name} has no explicit permission for this repository.")
    return jsonify({"type": f"repository_{kind[:-1]}_permission", "permission": permission})


@cloud.put(f"{_REPOSITORY}/permissions-config/<any(users, groups):kind>/<name>")
def set_permission(workspace: str, slug: str, kind: str, name: str) -> ResponseReturnValue:
    hosted, permission = _mine(workspace, slug), sent_json().get("permission")
    if name.startswith(_UNKNOWN):
        stop(404, f"{name} does not exist.")
    if permission not in _PERMISSIONS:
        stop(400, "Bad request", fields={"permission": ["It can be read, write or admin."]})
    repositories.change(current_state(), hosted, **{kind: hosted.settings.get(kind, {}) | {name: permission}})
    return read_permission(workspace, slug, kind, name)


@cloud.get(f"{_REPOSITORY}/pullrequests")
def read_pull_requests(workspace: str, slug: str) -> ResponseReturnValue:
    caller_of()
    hosted, query = find(workspace, slug), request.args.get("q", "")
    asked = dict(re.findall(r'(source|destination)\.branch\.name = "([^"]*)"', query))
    names = {"source": asked.get("source", ""), "target": asked.get("destination", "")}
    return _page([_shown(hosted, one) for one in pull_requests.find_all(current_state(), hosted, **names)])


@cloud.post(f"{_REPOSITORY}/pullrequests")
def open_pull_request(workspace: str, slug: str) -> ResponseReturnValue:
    caller_of(write=True)
    hosted, wanted = find(workspace, slug), sent_json()
    source, target = (
        str(((wanted.get(end) or {}).get("branch") or {}).get("name", "")) for end in ("source", "destination")
    )
    known = bare.branches(hosted.folder)
    for end, branch in (("source", source), ("destination", target)):
        if branch not in known:
            stop(400, f"{end}: branch not found: {branch}", fields={end: [f"branch not found: {branch}"]})
    if known[source] == known[target]:
        stop(400, "There are no changes to be pulled")
    try:
        made = pull_requests.create(
            current_state(), hosted, source=source, target=target, title=str(wanted.get("title", "")),
            body=str(wanted.get("description") or ""),
        )  # fmt: skip
    except pull_requests.AlreadyOpen:
        stop(409, "There is an open pull request for these branches already.")
    return jsonify(_shown(hosted, made)), 201


def _shown(hosted: Repository, asked: pull_requests.PullRequest) -> dict[str, Any]:
    page = f"http://{MACHINE}/{hosted.full_name}/pull-requests/{asked.number}"
    return {
        "type": "pullrequest",
        "id": asked.number,
        "title": asked.title,
        "state": "OPEN",
        "source": {"branch": {"name": asked.source}},
        "destination": {"branch": {"name": asked.target}},
        "links": {"html": {"href": page}},
    }
