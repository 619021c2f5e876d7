"""GitLab.com and self-managed GitLab: their names and URLs. What is asked of their API is in api.py."""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Mapping

from common.errors import BadInput
from common.git.credentials import Credentials
from common.git_hosts.context import HostContext, check_location
from common.git_hosts.gitlab.api import create_repository, find_repository
from common.git_hosts.gitlab.branches import protect_branch, set_default_branch
from common.git_hosts.gitlab.listing import list_repositories
from common.git_hosts.gitlab.merge_requests import find_pull_request, open_pull_request
from common.git_hosts.gitlab.place import full_path, group, name, web
from common.git_hosts.gitlab.project_settings import ALTERNATIVES, SETTINGS, apply_settings
from common.git_hosts.gitlab.words import explain_rejection

__all__ = [
    "ALTERNATIVES",
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

NAME = "GitLab"
FILE_PAGE = r"/(?P<organization>.+)/(?P<repository>[^/]+)/-/(?:blob|edit|raw)/(?P<branch>[^/]+)/(?P<path>.+)"
UNSUPPORTED: Mapping[str, tuple[str, str]] = {}
SETS_DEFAULT_BRANCH_OF_EMPTY = False  # GitLab's words: "Could not change HEAD: branch 'x' does not exist"
GIT_USERNAME = "oauth2"  # with an OAuth token there is no other; with an access token any will do
PATH = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,253}[A-Za-z0-9_])?")
ENDS = (".git", ".atom")


def check(context: HostContext) -> None:
    """Raise BadInput for names that are missing, or that GitLab refuses.

    GitLab's projects are its repositories: in the platform's older form the field project alone names it (contract,
    A.11), so it stands for a repository that is not given.
    """
    location = context.location
    in_one = "/" in name(context)  # the group's path may stand before the name
    needs = [] if context.personal or in_one else ["organization"]
    stands_in = bool(location.project) and location.repository in {"", location.project}
    check_location(
        context,
        host=NAME,
        needs=needs if stands_in else [*needs, "repository"],
        has=["organization", "repository", *(["project"] if stands_in else [])],
    )
    faults = []
    if not _is_path(full_path(context).rpartition("/")[2]):
        faults.append(
            f"GitLab takes no project named {name(context)!r}: use letters, digits, '_', '-' and '.', which is no sign"
            " to begin or end with, and no ending .git or .atom."
        )
    if group(context) and not all(map(_is_path, group(context).split("/"))):
        faults.append(f"GitLab has no group or user {group(context)!r}: give its whole path, as in group/subgroup.")
    if faults:
        raise BadInput(" ".join(faults))


def _is_path(part: str) -> bool:
    return PATH.fullmatch(part) is not None and not part.endswith(ENDS)


def repository_url(context: HostContext) -> str:
    return f"{web(context)}/{full_path(context)}"


def clone_url(context: HostContext) -> str:
    return f"{repository_url(context)}.git"


def file_url(context: HostContext, *, branch: str, path: str) -> str:
    quoted = urllib.parse.quote(f"{branch or 'HEAD'}/{path.lstrip('/')}")
    return f"{repository_url(context)}/-/blob/{quoted}"


def commit_url(context: HostContext, *, commit: str) -> str:
    return f"{repository_url(context)}/-/commit/{commit}"


def git_credentials(context: HostContext) -> Credentials | None:
    connector = context.connector
    if connector.password is None:
        return None
    return Credentials(web(context, root=False), connector.username or GIT_USERNAME, connector.password)
