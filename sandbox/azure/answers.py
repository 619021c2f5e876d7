"""The bodies of the answers of Azure DevOps, as its published API description has them."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from sandbox.git import bare

if TYPE_CHECKING:
    from sandbox.git.pull_requests import PullRequest
    from sandbox.git.repositories import Repository

JsonObject = dict[str, Any]
_SPACE = uuid.UUID("6ce954b1-ce1f-45d1-b94d-e6bf2464ba2c")
_PUBLIC = "public"  # projects whose name begins so are public, and so are their repositories


def identifier(*parts: object) -> str:
    """Make the same id for the same thing, always."""
    return str(uuid.uuid5(_SPACE, "/".join(map(str, parts)).lower()))


def visibility(project: str) -> str:
    return "public" if project.lower().startswith(_PUBLIC) else "private"


def error(key: str, message: str) -> JsonObject:
    return {
        "$id": "1",
        "innerException": None,
        "message": message,
        "typeName": f"Microsoft.TeamFoundation.Git.Server.{key}, Microsoft.TeamFoundation.Git.Server",
        "typeKey": key,
        "errorCode": 0,
        "eventId": 3000,
    }


def project(base: str, organization: str, name: str) -> JsonObject:
    number = identifier(organization, name)
    return {
        "id": number,
        "name": name,
        "url": f"{base}/{quote(organization)}/_apis/projects/{number}",
        "state": "wellFormed",
        "revision": 11,
        "visibility": visibility(name),
        "lastUpdateTime": "2024-01-01T00:00:00Z",
    }


def repository(base: str, hosted: Repository) -> JsonObject:
    """Return a repository in full; it has no default branch before the first push."""
    organization, _, name = hosted.owner.partition("/")
    place, number = f"{base}/{quote(organization)}/{quote(name)}", identifier(hosted.id)
    git, host = f"{place}/_git/{quote(hosted.name)}", base.partition("://")[2]
    known = bare.branches(hosted.folder)
    return {
        "id": number,
        "name": hosted.name,
        "url": f"{place}/_apis/git/repositories/{number}",
        "project": project(base, organization, name),
        **({"defaultBranch": f"refs/heads/{hosted.default_branch}"} if known else {}),
        "size": 0,
        "remoteUrl": git.replace("://", f"://{organization}@"),
        "sshUrl": f"git@ssh.{host.partition(':')[0]}:v3/{organization}/{quote(name)}/{quote(hosted.name)}",
        "webUrl": git,
        "isDisabled": hosted.settings.get("archived") is True,
        "isInMaintenance": False,
    }


def listed(values: list[JsonObject]) -> JsonObject:
    return {"count": len(values), "value": values}


def reference(base: str, hosted: Repository, branch: str, sha: str) -> JsonObject:
    organization, _, name = hosted.owner.partition("/")
    api = f"{base}/{quote(organization)}/{quote(name)}/_apis/git/repositories/{identifier(hosted.id)}"
    return {"name": f"refs/heads/{branch}", "objectId": sha, "url": f"{api}/refs?filter=heads%2F{quote(branch)}"}


def pull_request(base: str, hosted: Repository, asked: PullRequest) -> JsonObject:
    own = repository(base, hosted)
    return {
        "repository": own,
        "pullRequestId": asked.number,
        "status": "active",
        "title": asked.title,
        "description": asked.body,
        "sourceRefName": f"refs/heads/{asked.source}",
        "targetRefName": f"refs/heads/{asked.target}",
        "isDraft": False,
        "url": f"{own['url']}/pullRequests/{asked.number}",
    }
