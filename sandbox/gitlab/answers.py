"""The bodies of GitLab's REST answers, as its published API description has them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sandbox.git import bare

if TYPE_CHECKING:
    from sandbox.git.repositories import Repository
    from sandbox.gitlab.namespaces import Namespace

JsonObject = dict[str, Any]
SETTINGS: JsonObject = {
    "topics": [],
    "issues_enabled": True,
    "wiki_enabled": True,
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
        "marked_for_deletion_at": None,
        "marked_for_deletion_on": None,
        "empty_repo": not bare.branches(hosted.folder),
        "archived": False,
        "can_create_merge_request_in": may_write,
        "creator_id": 1,
        "import_url": None,
        "import_status": "none",
        "open_issues_count": 0,
        "updated_at": moment(hosted.pushed_at),
        "shared_with_groups": [],
        "permissions": {
            "project_access": None,
            "group_access": None if place.is_user else {"access_level": 50, "notification_level": 3},
        },
        **{name: hosted.settings.get(name, value) for name, value in SETTINGS.items()},
    }
