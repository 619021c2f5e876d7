"""The bodies of GitLab's REST answers, as its published API description has them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sandbox.git import bare

if TYPE_CHECKING:
    from sandbox.git.pull_requests import PullRequest
    from sandbox.git.repositories import Repository
    from sandbox.gitlab.namespaces import Namespace

JsonObject = dict[str, Any]
SETTINGS: JsonObject = {
    "topics": [],
    "issues_access_level": "enabled",
    "wiki_access_level": "enabled",
    "merge_requests_enabled": True,
    "jobs_enabled": True,
    "snippets_enabled": True,
    "lfs_enabled": True,
    "merge_method": "merge",
    "squash_option": "default_off",
    "remove_source_branch_after_merge": True,
    "only_allow_merge_if_pipeline_succeeds": False,
    "only_allow_merge_if_all_discussions_are_resolved": False,
}
"""What create and update take, the sandbox only remembers, and its value if not given."""


_LEVELS = {0: "No one", 30: "Developers + Maintainers", 40: "Maintainers"}


def moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def user(base: str, login: str) -> JsonObject:
    """Return an account as its own token sees it."""
    return {
        "id": 1,
        "username": login,
        "name": login,
        "state": "active",
        "locked": False,
        "avatar_url": None,
        "web_url": f"{base}/{login}",
        "created_at": "2024-01-01T00:00:00.000Z",
        "bot": False,
        "can_create_project": True,
        "namespace_id": 1,
    }


def namespace(base: str, found: Namespace) -> JsonObject:
    """Return a group or user as a place for projects."""
    path = found.path.rpartition("/")[2]
    return {
        "id": found.id,
        "name": path,
        "path": path,
        "kind": "user" if found.is_user else "group",
        "full_path": found.path,
        "parent_id": None,
        "avatar_url": None,
        "web_url": f"{base}/{'' if found.is_user else 'groups/'}{found.path}",
    }


def project(base: str, hosted: Repository, place: Namespace, *, may_write: bool) -> JsonObject:
    """Return a project in full."""
    web, api = f"{base}/{hosted.full_name}", f"{base}/api/v4/projects/{hosted.id}"
    host = base.partition("://")[2].partition("/")[0].partition(":")[0]
    links = ("issues", "merge_requests", "labels", "events", "members", "cluster_agents")
    return {
        "id": hosted.id,
        "description": hosted.settings.get("description"),
        "name": hosted.settings.get("name", hosted.name),
        "name_with_namespace": f"{hosted.owner.replace('/', ' / ')} / {hosted.name}",
        "path": hosted.name,
        "path_with_namespace": hosted.full_name,
        "created_at": moment(hosted.created_at),
        "default_branch": hosted.default_branch,
        "tag_list": hosted.settings.get("topics", []),
        "ssh_url_to_repo": f"git@{host}:{hosted.full_name}.git",
        "http_url_to_repo": f"{web}.git",
        "web_url": web,
        "readme_url": None,
        "forks_count": 0,
        "avatar_url": None,
        "star_count": 0,
        "last_activity_at": moment(hosted.pushed_at),
        "visibility": hosted.visibility,
        "namespace": namespace(base, place),
        "_links": {"self": api, "repo_branches": f"{api}/repository/branches"}
        | {name: f"{api}/{name}" for name in links},
        **dict.fromkeys(
            ("marked_for_deletion_at", "marked_for_deletion_on"), hosted.settings.get("marked_for_deletion_on")
        ),
        "empty_repo": not bare.branches(hosted.folder),
        "archived": hosted.settings.get("archived") is True,
        "can_create_merge_request_in": may_write,
        "creator_id": 1,
        "import_url": None,
        "import_status": "none",
        "open_issues_count": 0,
        "updated_at": moment(hosted.pushed_at),
        "shared_with_groups": list(hosted.settings.get("shares", {}).values()),
        "permissions": {
            "project_access" if place.is_user else "group_access": {"access_level": 50, "notification_level": 3}
        },
        **{name: hosted.settings.get(name, value) for name, value in SETTINGS.items()},
    }


def member(base: str, login: str, number: int, level: int) -> JsonObject:
    return {**user(base, login), "id": number, "access_level": level, "expires_at": None}


def branch(base: str, hosted: Repository, name: str, *, protected: bool) -> JsonObject:
    """Return a branch with its commit."""
    commit = bare.commit(hosted.folder, bare.branches(hosted.folder)[name])
    web = f"{base}/{hosted.full_name}/-"
    return {
        "name": name,
        "commit": {
            "id": commit.sha,
            "short_id": commit.sha[:8],
            "created_at": commit.commit_date,
            "parent_ids": list(commit.parents),
            "title": commit.subject,
            "message": commit.message,
            "author_name": commit.author,
            "author_email": commit.author_email,
            "authored_date": commit.author_date,
            "committer_name": commit.committer,
            "committer_email": commit.committer_email,
            "committed_date": commit.commit_date,
            "web_url": f"{web}/commit/{commit.sha}",
        },
        "merged": False,
        "protected": protected,
        "developers_can_push": False,
        "developers_can_merge": False,
        "can_push": True,
        "default": name == hosted.default_branch,
        "web_url": f"{web}/tree/{name}",
    }


def protected_branch(number: int, name: str, rules: JsonObject) -> JsonObject:
    """Return the protection of a branch."""

    def levels(key: str) -> list[JsonObject]:
        level = rules.get(key, 40)
        return [{"id": number, "access_level": level, "access_level_description": _LEVELS.get(level, "Maintainers")}]

    return {
        "id": number,
        "name": name,
        "push_access_levels": levels("push_access_level"),
        "merge_access_levels": levels("merge_access_level"),
        "allow_force_push": bool(rules.get("allow_force_push")),
        "unprotect_access_levels": [],
        "code_owner_approval_required": False,
    }


def merge_request(base: str, hosted: Repository, asked: PullRequest, login: str) -> JsonObject:
    """Return an open merge request."""
    return {
        "id": asked.id,
        "iid": asked.number,
        "project_id": hosted.id,
        "title": asked.title,
        "description": asked.body,
        "state": "opened",
        "created_at": moment(asked.created_at),
        "updated_at": moment(asked.created_at),
        "source_branch": asked.source,
        "target_branch": asked.target,
        "source_project_id": hosted.id,
        "target_project_id": hosted.id,
        "author": user(base, login),
        "draft": False,
        "merge_status": "can_be_merged",
        "detailed_merge_status": "mergeable",
        "sha": bare.branches(hosted.folder).get(asked.source),
        "web_url": f"{base}/{hosted.full_name}/-/merge_requests/{asked.number}",
    }
