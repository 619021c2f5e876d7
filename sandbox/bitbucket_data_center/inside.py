"""What is inside a repository by Bitbucket Data Center's API: pull requests, merge strategies, permissions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import jsonify, request

from sandbox.access import current_state
from sandbox.bitbucket_data_center.api import caller_of, find, part, sent_json, server, shown, stop
from sandbox.git import bare, pull_requests, repositories

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from sandbox.git.repositories import Repository

permissions = part("bitbucket_permissions")
_REPOSITORY = "/projects/<project>/repos/<slug>"
_STRATEGIES = ("no-ff", "ff", "ff-only", "rebase-no-ff", "rebase-ff-only", "squash", "squash-ff-only")
_PERMISSIONS = ("REPO_READ", "REPO_WRITE", "REPO_ADMIN")
_UNKNOWN = "no-such-"  # no user or group whose name begins so exists; every other does


def _mine(project: str, slug: str) -> Repository:
    """Find a repository that the caller may change."""
    caller_of(write=True)
    return find(project, slug)


def _page(values: list[dict[str, Any]]) -> ResponseReturnValue:
    return jsonify({"size": len(values), "limit": 25, "isLastPage": True, "start": 0, "values": values})


@server.get(f"{_REPOSITORY}/settings/pull-requests")
def read_merge_config(project: str, slug: str) -> ResponseReturnValue:
    caller_of()
    enabled = find(project, slug).settings.get("strategies", ["no-ff"])
    strategies = [{"id": one, "enabled": one in enabled} for one in _STRATEGIES]
    return jsonify({"mergeConfig": {"defaultStrategy": {"id": enabled[0]}, "strategies": strategies}})


@server.post(f"{_REPOSITORY}/settings/pull-requests")
def set_merge_config(project: str, slug: str) -> ResponseReturnValue:
    hosted, config = _mine(project, slug), sent_json().get("mergeConfig") or {}
    strategies = [one.get("id") for one in config.get("strategies", [])]
    if not strategies or not set(strategies) <= set(_STRATEGIES):
        stop(400, "At least one known merge strategy must be enabled.", "validation.ValidationException")
    repositories.change(current_state(), hosted, strategies=strategies)
    return read_merge_config(project, slug)


@server.get(f"{_REPOSITORY}/permissions/<any(users, groups):kind>")
def read_permissions(project: str, slug: str, kind: str) -> ResponseReturnValue:
    granted = _mine(project, slug).settings.get(kind, {})
    named = {name: value for name, value in granted.items() if request.args.get("filter", "").lower() in name}
    return _page([{kind[:-1]: {"name": name}, "permission": value} for name, value in named.items()])


@server.put(f"{_REPOSITORY}/permissions/<any(users, groups):kind>")
def set_permission(project: str, slug: str, kind: str) -> ResponseReturnValue:
    hosted, name = _mine(project, slug), request.args.get("name", "").lower()
    if not name or name.startswith(_UNKNOWN):
        stop(404, f"No such {kind[:-1]}: {name}", f"user.NoSuch{kind[:-1].title()}Exception")
    if request.args.get("permission") not in _PERMISSIONS:
        stop(400, "The permission is not known.", "rest.BadRequestException")
    granted = hosted.settings.get(kind, {}) | {name: request.args["permission"]}
    repositories.change(current_state(), hosted, **{kind: granted})
    return "", 204


@server.get(f"{_REPOSITORY}/pull-requests")
def read_pull_requests(project: str, slug: str) -> ResponseReturnValue:
    caller_of()
    hosted, source = find(project, slug), request.args.get("at", "").removeprefix("refs/heads/")
    found = pull_requests.find_all(current_state(), hosted, source=source)
    return _page([_shown(hosted, asked) for asked in found])


@server.post(f"{_REPOSITORY}/pull-requests")
def open_pull_request(project: str, slug: str) -> ResponseReturnValue:
    hosted, wanted = _mine(project, slug), sent_json()
    source, target = (
        str((wanted.get(ref) or {}).get("id", "")).removeprefix("refs/heads/") for ref in ("fromRef", "toRef")
    )
    known = bare.branches(hosted.folder)
    for branch in (source, target):
        if branch not in known:
            stop(404, f'Branch "{branch}" does not exist in {slug}.', "repository.NoSuchBranchException")
    if known[source] == known[target]:
        stop(409, f'"{source}" is already up-to-date with branch "{target}".', "pull.EmptyPullRequestException")
    try:
        made = pull_requests.create(
            current_state(), hosted, source=source, target=target, title=str(wanted.get("title", "")),
            body=str(wanted.get("description") or ""),
        )  # fmt: skip
    except pull_requests.AlreadyOpen:
        message = "Only one pull request may be open for a given source and target branch"
        stop(409, message, "pull.DuplicatePullRequestException")
    return jsonify(_shown(hosted, made)), 201


def _shown(hosted: Repository, asked: pull_requests.PullRequest) -> dict[str, Any]:
    page = shown(hosted)["links"]["self"][0]["href"].removesuffix("/browse")
    refs = {"fromRef": asked.source, "toRef": asked.target}
    return {
        "id": asked.number,
        "title": asked.title,
        "description": asked.body,
        "state": "OPEN",
        "open": True,
        **{name: {"id": f"refs/heads/{branch}", "displayId": branch} for name, branch in refs.items()},
        "links": {"self": [{"href": f"{page}/pull-requests/{asked.number}"}]},
    }


@permissions.get(f"{_REPOSITORY}/restrictions")
def read_restrictions(project: str, slug: str) -> ResponseReturnValue:
    found = _mine(project, slug).settings.get("restrictions", [])
    kind, ref = request.args.get("type"), request.args.get("matcherId")
    return _page([one for one in found if (kind or one["type"], ref or one["matcher"]["id"]) == _about(one)])


def _about(restriction: dict[str, Any]) -> tuple[str, str]:
    return restriction["type"], restriction["matcher"]["id"]


@permissions.post(f"{_REPOSITORY}/restrictions")
def create_restriction(project: str, slug: str) -> ResponseReturnValue:
    hosted, wanted = _mine(project, slug), sent_json()
    found = hosted.settings.get("restrictions", [])
    made = {"id": len(found) + 1, **{key: wanted.get(key) for key in ("type", "matcher", "users", "groups")}}
    repositories.change(current_state(), hosted, restrictions=[*found, made])
    return jsonify(made)
