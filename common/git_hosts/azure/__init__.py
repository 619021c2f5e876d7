"""Azure Repos: dev.azure.com, visualstudio.com and Azure DevOps Server. Where a repository is, is in place.py."""

from __future__ import annotations

import urllib.parse
from collections.abc import Mapping

from common.errors import BadInput
from common.git.credentials import Credentials
from common.git_hosts.azure import place
from common.git_hosts.azure.api import apply_settings, create_repository, find_repository, set_default_branch
from common.git_hosts.azure.listing import list_repositories
from common.git_hosts.azure.policies import protect_branch
from common.git_hosts.azure.pull_requests import find_pull_request, open_pull_request
from common.git_hosts.azure.words import NAME, explain_rejection
from common.git_hosts.context import HostContext, check_location
from common.git_hosts.faults import Unsupported

__all__ = [
    "FILE_PAGE",
    "NAME",
    "SETS_DEFAULT_BRANCH_OF_EMPTY",
    "SETTINGS",
    "UNSUPPORTED",
    "apply_settings",
    "check",
    "clone_url",
    "commit_url",
    "create_repository",
    "explain_rejection",
    "file_url",
    "find_pull_request",
    "find_repository",
    "git_credentials",
    "list_repositories",
    "open_pull_request",
    "protect_branch",
    "repository_url",
    "set_default_branch",
]

FILE_PAGE = (
    r"(?:.*/(?P<organization>[^/]+))?/(?P<project>[^/]+)/_git/(?P<repository>[^/?]+)"
    r"\?path=(?P<path>[^&]+)(?:&version=GB(?P<branch>[^&]+))?"
)
UNSUPPORTED: Mapping[str, tuple[str, str]] = {}
SETTINGS: frozenset[str] = frozenset()  # rights and features are the project's, ways to merge a policy of a branch
SETS_DEFAULT_BRANCH_OF_EMPTY = False  # the branch that is pushed first becomes the default branch
GIT_USERNAME = "azure"  # any name will do, with a token of either kind
LONGEST = 64
REFUSED = frozenset(r"""/:\~&%;@'"?<>|#$*}{,+=[]""")  # docs: naming restrictions and conventions


def check(context: HostContext) -> None:
    """Raise BadInput for names that are missing, or that Azure Repos refuses."""
    if context.personal:
        raise Unsupported(NAME, "personal accounts", next_step="Set personalAccount to false, and name a project.")
    needs = ["project", "repository"]
    if place.named_by_host(context) is None:
        needs.insert(0, "organization")
    check_location(context, host=NAME, needs=needs, has=["organization"])
    place.check(context)
    location = context.location
    faults = [
        f"{NAME} takes no {what} named {name!r}: use at most {LONGEST} characters, no '.' at an end, and none of"
        f" {' '.join(sorted(REFUSED))}"
        for what, name in (("project", location.project), ("repository", location.repository))
        if not _is_name(name)
    ]
    if faults:
        raise BadInput(". ".join(faults) + ".")


def _is_name(name: str) -> bool:
    return (
        len(name) <= LONGEST
        and name.isprintable()
        and not REFUSED & set(name)
        and name.strip() == name
        and not name.startswith(("_", "."))
        and not name.endswith(".")
    )


def repository_url(context: HostContext) -> str:
    return place.repository(context)


def clone_url(context: HostContext) -> str:
    return place.repository(context)


def file_url(context: HostContext, *, branch: str, path: str) -> str:
    version = f"&version=GB{urllib.parse.quote(branch)}" if branch else ""
    return f"{repository_url(context)}?path=/{urllib.parse.quote(path.lstrip('/'))}{version}"


def commit_url(context: HostContext, *, commit: str) -> str:
    return f"{repository_url(context)}/commit/{commit}"


def git_credentials(context: HostContext) -> Credentials | None:
    connector = context.connector
    if connector.password is None:
        return None
    return Credentials(place.origin(context), connector.username or GIT_USERNAME, connector.password)
