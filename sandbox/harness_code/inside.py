"""What is inside a repository by Harness Code's API: the default branch, rules and pull requests."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from flask import jsonify, request

from sandbox.access import current_state, json_body
from sandbox.git import bare, pull_requests, repositories
from sandbox.harness_code.api import caller_of, code_routes, find, shown, stop

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from sandbox.git.repositories import Repository

_IDENTIFIER = re.compile(r"[a-zA-Z0-9-_.]{1,100}")


def _mine(identifier: str) -> Repository:
    """Find a repository that the caller may change."""
    caller_of(write=True)
    return find(identifier)


def _sent() -> dict[str, Any]:
    body = json_body()
    if not isinstance(body, dict):
        stop(400, "Invalid Request Body: EOF")
    return body


@code_routes.post("/repos/<identifier>/default-branch")
def set_default_branch(identifier: str) -> ResponseReturnValue:
    hosted, branch = _mine(identifier), str(_sent().get("name") or "")
    if branch not in bare.branches(hosted.folder):
        stop(404, f'branch "{branch}" not found')
    bare.set_head(hosted.folder, branch)
    return jsonify(shown(hosted))


@code_routes.get("/repos/<identifier>/rules")
def read_rules(identifier: str) -> ResponseReturnValue:
    caller_of()
    return jsonify(find(identifier).settings.get("rules", []))


@code_routes.post("/repos/<identifier>/rules")
def create_rule(identifier: str) -> ResponseReturnValue:
    hosted, wanted = _mine(identifier), _sent()
    if not _IDENTIFIER.fullmatch(str(wanted.get("identifier"))):
        stop(400, "Identifier can only contain the following characters [a-zA-Z0-9-_.].")
    if not isinstance(wanted.get("definition"), dict) or not wanted["definition"]:
        stop(400, "rule definition missing")
    rules = hosted.settings.get("rules", [])
    if any(rule["identifier"] == wanted["identifier"] for rule in rules):
        stop(409, "Resource already exists")
    known = {"type", "state", "identifier", "description", "pattern", "definition"}
    rule = {"state": "active", "type": "branch", **{key: wanted[key] for key in known & wanted.keys()}}
    repositories.change(current_state(), hosted, rules=[*rules, rule])
    return jsonify(rule), 201


@code_routes.get("/repos/<identifier>/pullreq")
def read_pull_requests(identifier: str) -> ResponseReturnValue:
    caller_of()
    hosted = find(identifier)
    asked = {key: request.args.get(f"{key}_branch", "") for key in ("source", "target")}
    return jsonify([_shown(found) for found in pull_requests.find_all(current_state(), hosted, **asked)])


@code_routes.post("/repos/<identifier>/pullreq")
def open_pull_request(identifier: str) -> ResponseReturnValue:
    hosted, wanted = _mine(identifier), _sent()
    source, target = str(wanted.get("source_branch")), str(wanted.get("target_branch"))
    known = bare.branches(hosted.folder)
    for branch in (source, target):
        if branch not in known:
            stop(400, f'branch "{branch}" does not exist in the repository "{hosted.name}"')
    if known[source] == known[target]:
        stop(400, "The source branch doesn't contain any new commits")
    try:
        made = pull_requests.create(
            current_state(), hosted, source=source, target=target, title=str(wanted.get("title", "")),
            body=str(wanted.get("description") or ""),
        )  # fmt: skip
    except pull_requests.AlreadyOpen:
        stop(409, "a pull request for this target and source branch already exists")
    return jsonify(_shown(made)), 201


def _shown(asked: pull_requests.PullRequest) -> dict[str, Any]:
    return {
        "number": asked.number,
        "created": int(asked.created_at * 1000),
        "state": "open",
        "is_draft": False,
        "title": asked.title,
        "description": asked.body,
        "source_branch": asked.source,
        "target_branch": asked.target,
    }
