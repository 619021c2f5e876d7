"""What is inside a repository by GitHub's API: its settings, who may do what, branches, pull requests."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from flask import jsonify, request

from sandbox.access import current_state
from sandbox.git import bare, pull_requests, repositories
from sandbox.github import accounts, answers
from sandbox.github.api import base, caller_of, find, github, sent_json, shown, stop, stop_invalid

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from sandbox.git.repositories import Repository

_TOPIC = re.compile(r"[a-z0-9][a-z0-9-]{0,49}")
_MOST_TOPICS = 20
_ROLES = {"pull": "read", "triage": "triage", "push": "write", "maintain": "maintain", "admin": "admin"}
_UNKNOWN = "no-such-"  # no team or user whose name begins so exists; every other does
_WITH_ROLE = "repository+json"


def _mine(owner: str, name: str, *, right: str = "administration") -> Repository:
    """Find a repository that the caller may change; an App needs the right."""
    return find(caller_of(write=True, right=right), owner, name)


@github.patch("/repos/<owner>/<name>")
def change_repository(owner: str, name: str) -> ResponseReturnValue:
    hosted, wanted = _mine(owner, name), sent_json()
    branch = wanted.get("default_branch")
    if branch is not None:
        if branch not in bare.branches(hosted.folder):
            words = f"The branch {branch} was not found. Please push that ref first or create it via the Git Data API."
            stop_invalid("Repository", "default_branch", words, "Validation Failed")
        bare.set_head(hosted.folder, branch)
    settings = {key: wanted[key] for key in ("description", "homepage", *answers.FLAGS) if key in wanted}
    merged = hosted.settings | settings
    if not any(merged.get(method, True) for method in answers.MERGE_METHODS):
        words = "Sorry, you need to allow at least one merge strategy. (no_merge_method)"
        stop_invalid("Repository", "merge_commit_allowed", words, "Validation Failed")
    changed = repositories.change(current_state(), hosted, **settings)
    return jsonify(shown(changed, caller_of(write=True)))


@github.get("/repos/<owner>/<name>/topics")
def read_topics(owner: str, name: str) -> ResponseReturnValue:
    return jsonify({"names": find(caller_of(), owner, name).settings.get("topics", [])})


@github.put("/repos/<owner>/<name>/topics")
def set_topics(owner: str, name: str) -> ResponseReturnValue:
    hosted, names = _mine(owner, name), sent_json().get("names")
    if not isinstance(names, list):
        stop_invalid("Repository", "names", "names is missing", "Invalid request.")
    if len(names) > _MOST_TOPICS:
        stop(422, f"A repository cannot have more than {_MOST_TOPICS} topics.")
    if not all(isinstance(topic, str) and _TOPIC.fullmatch(topic) for topic in names):
        stop(
            422,
            "Topics must start with a lowercase letter or number, consist of 50 characters or less, and can include"
            " hyphens.",
        )
    repositories.change(current_state(), hosted, topics=sorted(set(names)))
    return jsonify({"names": sorted(set(names))})


@github.get("/orgs/<login>/teams/<team>/repos/<owner>/<name>")
def read_team(login: str, team: str, owner: str, name: str) -> ResponseReturnValue:
    caller = caller_of(needs_login=True)
    hosted = find(caller, owner, name)
    permission = hosted.settings.get("teams", {}).get(_existing(team))
    if permission is None or login.lower() != hosted.owner.lower():
        stop(404, "Not Found")
    if _WITH_ROLE not in request.headers.get("Accept", ""):
        return "", 204
    return jsonify(shown(hosted, caller) | {"role_name": _ROLES[permission]})


@github.put("/orgs/<login>/teams/<team>/repos/<owner>/<name>")
def set_team(login: str, team: str, owner: str, name: str) -> ResponseReturnValue:
    hosted = _mine(owner, name)
    if login.lower() != hosted.owner.lower() or accounts.kind_of(current_state(), login) != "Organization":
        stop(404, "Not Found")
    teams = hosted.settings.get("teams", {}) | {_existing(team): _permission(sent_json())}
    repositories.change(current_state(), hosted, teams=teams)
    return "", 204


@github.get("/repos/<owner>/<name>/collaborators/<user>/permission")
def read_collaborator(owner: str, name: str, user: str) -> ResponseReturnValue:
    hosted = find(caller_of(needs_login=True), owner, name)
    is_owner = _existing(user) == current_state().credentials["github"].user.lower()
    permission = "admin" if is_owner else hosted.settings.get("collaborators", {}).get(_existing(user))
    role = _ROLES[permission] if permission else "none" if hosted.is_private else "read"
    old = {"maintain": "write", "triage": "read"}.get(role, role)
    return jsonify({"permission": old, "role_name": role, "user": answers.account(base(), user, "User")})


@github.put("/repos/<owner>/<name>/collaborators/<user>")
def set_collaborator(owner: str, name: str, user: str) -> ResponseReturnValue:
    hosted = _mine(owner, name)
    people = hosted.settings.get("collaborators", {}) | {_existing(user): _permission(sent_json())}
    repositories.change(current_state(), hosted, collaborators=people)
    return "", 204  # everybody is a member here, so nobody is invited


@github.get("/repos/<owner>/<name>/invitations")
def read_invitations(owner: str, name: str) -> ResponseReturnValue:
    _mine(owner, name)
    return jsonify([])


def _existing(name: str) -> str:
    if name.lower().startswith(_UNKNOWN):
        stop(404, "Not Found")
    return name.lower()


def _permission(wanted: dict[str, Any]) -> str:
    permission = wanted.get("permission", "push")
    if permission not in _ROLES:
        stop_invalid("Repository", "permission", "permission is not included in the list", "Validation Failed")
    return str(permission)


@github.get("/repos/<owner>/<name>/branches/<path:branch>")
def read_branch(owner: str, name: str, branch: str) -> ResponseReturnValue:
    hosted = find(caller_of(), owner, name)
    commit = bare.branches(hosted.folder).get(branch)
    if commit is None:
        stop(404, "Branch not found")
    api = f"{base()}/api/v3/repos/{hosted.full_name}"
    protection = hosted.settings.get("protected", {}).get(branch)
    return jsonify(
        {
            "name": branch,
            "commit": answers.commit(base(), hosted.full_name, bare.commit(hosted.folder, commit)),
            "_links": {"self": f"{api}/branches/{branch}", "html": f"{base()}/{hosted.full_name}/tree/{branch}"},
            "protected": protection is not None,
            "protection": {"enabled": protection is not None},
            "protection_url": f"{api}/branches/{branch}/protection",
        }
    )


@github.put("/repos/<owner>/<name>/branches/<path:branch>/protection")
def protect_branch(owner: str, name: str, branch: str) -> ResponseReturnValue:
    hosted, wanted = _mine(owner, name), sent_json()
    if branch not in bare.branches(hosted.folder):
        stop(404, "Branch not found")
    needed = {"required_status_checks", "enforce_admins", "required_pull_request_reviews", "restrictions"}
    if missing := needed - wanted.keys():
        stop(422, f"Invalid request.\n\n{', '.join(sorted(missing))} weren't supplied.")
    protected = hosted.settings.get("protected", {}) | {branch: wanted}
    repositories.change(current_state(), hosted, protected=protected)
    api = f"{base()}/api/v3/repos/{hosted.full_name}/branches/{branch}/protection"
    switches = ("allow_force_pushes", "allow_deletions")
    return jsonify(
        {
            "url": api,
            "enforce_admins": {"url": f"{api}/enforce_admins", "enabled": bool(wanted["enforce_admins"])},
            **{switch: {"enabled": bool(wanted.get(switch))} for switch in switches},
        }
    )


@github.get("/repos/<owner>/<name>/pulls")
def read_pull_requests(owner: str, name: str) -> ResponseReturnValue:
    hosted = find(caller_of(), owner, name)
    head, target = request.args.get("head", ""), request.args.get("base", "")
    account, _, source = head.rpartition(":")
    if account and account.lower() != hosted.owner.lower():
        return jsonify([])
    found = pull_requests.find_all(current_state(), hosted, source=source, target=target)
    return jsonify([_pull_request(hosted, asked) for asked in found])


@github.post("/repos/<owner>/<name>/pulls")
def open_pull_request(owner: str, name: str) -> ResponseReturnValue:
    hosted, wanted = _mine(owner, name, right="pull_requests"), sent_json()
    source, target = str(wanted.get("head", "")).rpartition(":")[2], str(wanted.get("base", ""))
    known = bare.branches(hosted.folder)
    for field, branch in (("head", source), ("base", target)):
        if branch not in known:
            stop_invalid("PullRequest", field, "", "Validation Failed")
    if known[source] == known[target]:
        words = f"No commits between {target} and {source}"
        stop_invalid("PullRequest", "base", words, "Validation Failed")
    try:
        asked = pull_requests.create(
            current_state(), hosted, source=source, target=target, title=str(wanted.get("title", "")),
            body=str(wanted.get("body") or ""),
        )  # fmt: skip
    except pull_requests.AlreadyOpen:
        words = f"A pull request already exists for {hosted.owner}:{source}."
        stop_invalid("PullRequest", "head", words, "Validation Failed")
    return jsonify(_pull_request(hosted, asked)), 201


def _pull_request(hosted: Repository, asked: pull_requests.PullRequest) -> dict[str, Any]:
    author = answers.account(base(), current_state().credentials["github"].user, "User")
    return answers.pull_request(base(), hosted, asked, author)
