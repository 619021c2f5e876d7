"""The bodies of GitHub's REST answers, whole as its published API description has them.

Every address in them is below the sandbox's own, as on a GitHub Enterprise Server.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sandbox.git.bare import Commit
    from sandbox.git.pull_requests import PullRequest
    from sandbox.git.repositories import Repository

JsonObject = dict[str, Any]
FLAGS = {
    "has_issues": True,
    "has_projects": True,
    "has_wiki": True,
    "has_discussions": False,
    "has_downloads": True,
    "is_template": False,
    "archived": False,
    "allow_squash_merge": True,
    "allow_merge_commit": True,
    "allow_rebase_merge": True,
    "allow_auto_merge": False,
    "delete_branch_on_merge": False,
    "allow_update_branch": False,
    "allow_forking": True,
    "web_commit_signoff_required": False,
}
"""What create and update take, the sandbox only remembers, and its value if not given."""
MERGE_METHODS = ("allow_squash_merge", "allow_merge_commit", "allow_rebase_merge")

_REPOSITORY_LINKS = {
    "archive_url": "/{archive_format}{/ref}",
    "assignees_url": "/assignees{/user}",
    "blobs_url": "/git/blobs{/sha}",
    "branches_url": "/branches{/branch}",
    "collaborators_url": "/collaborators{/collaborator}",
    "comments_url": "/comments{/number}",
    "commits_url": "/commits{/sha}",
    "compare_url": "/compare/{base}...{head}",
    "contents_url": "/contents/{+path}",
    "contributors_url": "/contributors",
    "deployments_url": "/deployments",
    "downloads_url": "/downloads",
    "events_url": "/events",
    "forks_url": "/forks",
    "git_commits_url": "/git/commits{/sha}",
    "git_refs_url": "/git/refs{/sha}",
    "git_tags_url": "/git/tags{/sha}",
    "hooks_url": "/hooks",
    "issue_comment_url": "/issues/comments{/number}",
    "issue_events_url": "/issues/events{/number}",
    "issues_url": "/issues{/number}",
    "keys_url": "/keys{/key_id}",
    "labels_url": "/labels{/name}",
    "languages_url": "/languages",
    "merges_url": "/merges",
    "milestones_url": "/milestones{/number}",
    "notifications_url": "/notifications{?since,all,participating}",
    "pulls_url": "/pulls{/number}",
    "releases_url": "/releases{/id}",
    "stargazers_url": "/stargazers",
    "statuses_url": "/statuses/{sha}",
    "subscribers_url": "/subscribers",
    "subscription_url": "/subscription",
    "tags_url": "/tags",
    "teams_url": "/teams",
    "trees_url": "/git/trees{/sha}",
}
_ACCOUNT_LINKS = {
    "followers_url": "/followers",
    "following_url": "/following{/other_user}",
    "gists_url": "/gists{/gist_id}",
    "starred_url": "/starred{/owner}{/repo}",
    "subscriptions_url": "/subscriptions",
    "organizations_url": "/orgs",
    "repos_url": "/repos",
    "events_url": "/events{/privacy}",
    "received_events_url": "/received_events",
}
SINCE = "2024-01-01T00:00:00Z"


def moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def account_id(login: str) -> int:
    """Make the same number for the same name, always."""
    return int.from_bytes(hashlib.sha256(login.lower().encode()).digest()[:4]) % 900_000_000 + 1000


def _node_id(kind: str, number: object) -> str:
    return base64.b64encode(f"{kind}{number}".encode()).decode()


def account(base: str, login: str, kind: str) -> JsonObject:
    """Return the short form in which an owner or author appears inside other answers."""
    api = f"{base}/api/v3/users/{login}"
    return {
        "login": login,
        "id": account_id(login),
        "node_id": _node_id(kind, account_id(login)),
        "avatar_url": f"{base}/-/static/avatar.svg",
        "gravatar_id": "",
        "url": api,
        "html_url": f"{base}/{login}",
        **{name: api + path for name, path in _ACCOUNT_LINKS.items()},
        "type": kind,
        "site_admin": False,
    }


def own_user(base: str, login: str, public_repositories: int, private_repositories: int) -> JsonObject:
    """Return the caller's own view of its account."""
    return {
        **account(base, login, "User"),
        "name": login,
        "company": None,
        "blog": "",
        "location": None,
        "email": None,
        "hireable": None,
        "bio": None,
        "twitter_username": None,
        "public_repos": public_repositories,
        "public_gists": 0,
        "followers": 0,
        "following": 0,
        "created_at": SINCE,
        "updated_at": SINCE,
        "user_view_type": "private",
        "private_gists": 0,
        "total_private_repos": private_repositories,
        "owned_private_repos": private_repositories,
        "disk_usage": 0,
        "collaborators": 0,
        "two_factor_authentication": True,
    }


def commit(base: str, full_name: str, made: Commit) -> JsonObject:
    """Return a commit of a repository, without its files."""
    api, html = f"{base}/api/v3/repos/{full_name}", f"{base}/{full_name}/commit"
    unsigned = {"verified": False, "reason": "unsigned", "signature": None, "payload": None, "verified_at": None}
    return {
        "url": f"{api}/commits/{made.sha}",
        "sha": made.sha,
        "node_id": _node_id("Commit", made.sha),
        "html_url": f"{html}/{made.sha}",
        "comments_url": f"{api}/commits/{made.sha}/comments",
        "commit": {
            "url": f"{api}/git/commits/{made.sha}",
            "author": {"name": made.author, "email": made.author_email, "date": made.author_date},
            "committer": {"name": made.committer, "email": made.committer_email, "date": made.commit_date},
            "message": made.message,
            "comment_count": 0,
            "tree": {"sha": made.tree, "url": f"{api}/git/trees/{made.tree}"},
            "verification": unsigned,
        },
        "author": None,
        "committer": None,
        "parents": [{"sha": sha, "url": f"{api}/commits/{sha}", "html_url": f"{html}/{sha}"} for sha in made.parents],
    }


def pull_request(base: str, hosted: Repository, asked: PullRequest, author: JsonObject) -> JsonObject:
    """Return a pull request, with what the steps and people look at."""
    html = f"{base}/{hosted.full_name}/pull/{asked.number}"
    return {
        "id": asked.id,
        "node_id": _node_id("PullRequest", asked.id),
        "number": asked.number,
        "state": "open",
        "locked": False,
        "draft": False,
        "merged": False,
        "title": asked.title,
        "body": asked.body,
        "user": author,
        "url": f"{base}/api/v3/repos/{hosted.full_name}/pulls/{asked.number}",
        "html_url": html,
        "diff_url": f"{html}.diff",
        "patch_url": f"{html}.patch",
        "created_at": moment(asked.created_at),
        "updated_at": moment(asked.created_at),
        "head": {"label": f"{hosted.owner}:{asked.source}", "ref": asked.source},
        "base": {"label": f"{hosted.owner}:{asked.target}", "ref": asked.target},
    }


def repository(base: str, hosted: Repository, owner_kind: str, *, may_write: bool) -> JsonObject:
    """Return a repository in full."""
    api = f"{base}/api/v3/repos/{hosted.full_name}"
    html = f"{base}/{hosted.full_name}"
    host = base.partition("://")[2]
    owner = account(base, hosted.owner, owner_kind)
    answer = {
        "id": hosted.id,
        "node_id": _node_id("Repository", hosted.id),
        "name": hosted.name,
        "full_name": hosted.full_name,
        "private": hosted.is_private,
        "visibility": hosted.visibility,
        "owner": owner,
        "html_url": html,
        "description": hosted.settings.get("description"),
        "homepage": hosted.settings.get("homepage"),
        "fork": False,
        "url": api,
        **{name: api + path for name, path in _REPOSITORY_LINKS.items()},
        "git_url": f"git://{host}/{hosted.full_name}.git",
        "ssh_url": f"git@{host.partition(':')[0]}:{hosted.full_name}.git",
        "clone_url": f"{html}.git",
        "svn_url": html,
        "mirror_url": None,
        "created_at": moment(hosted.created_at),
        "updated_at": moment(hosted.created_at),
        "pushed_at": moment(hosted.pushed_at),
        "size": 0,
        "language": None,
        "license": None,
        "topics": hosted.settings.get("topics", []),
        "has_pages": False,
        "disabled": False,
        "forks": 0,
        "forks_count": 0,
        "stargazers_count": 0,
        "watchers": 0,
        "watchers_count": 0,
        "open_issues": 0,
        "open_issues_count": 0,
        "network_count": 0,
        "subscribers_count": 0,
        "default_branch": hosted.default_branch,
        **{name: hosted.settings.get(name, value) for name, value in FLAGS.items()},
        "permissions": dict.fromkeys(("admin", "maintain", "push"), may_write) | {"triage": may_write, "pull": True},
        "custom_properties": {},
    }
    return answer | ({"organization": owner} if owner_kind == "Organization" else {})
