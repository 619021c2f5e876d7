"""Harness Code: its names and URLs. Where a repository is, is in place.py; what is asked of the API, in api.py."""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Mapping

from common.errors import BadInput
from common.git.credentials import Credentials
from common.git_hosts.context import HostContext, check_location
from common.git_hosts.faults import Unsupported
from common.git_hosts.harness import place
from common.git_hosts.harness.api import create_repository, find_repository
from common.git_hosts.harness.branches import protect_branch, set_default_branch
from common.git_hosts.harness.listing import list_repositories
from common.git_hosts.harness.pull_requests import find_pull_request, open_pull_request
from common.git_hosts.harness.words import explain_rejection
from common.git_hosts.settings import Settings
from common.harness.access import GIT_HOST

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

NAME = GIT_HOST
FILE_PAGE = (
    r".*/module/code/orgs/(?P<organization>[^/]+)(?:/projects/(?P<project>[^/]+))?/repos/(?P<repository>[^/]+)"
    r"/files/(?:(?P<branch>.+?)/)?~/(?P<path>.+)"  # no branch has a ~, a path may
)
UNSUPPORTED: Mapping[str, tuple[str, str]] = {}
SETTINGS: frozenset[str] = frozenset()  # roles are the portal's, merge methods and the rest are rules of a branch
SETS_DEFAULT_BRANCH_OF_EMPTY = False  # only when it is created, and then no commit is needed
GIT_USERNAME = "harness"  # only the key counts
IDENTIFIER = re.compile(r"[A-Za-z0-9_.-]{1,100}")  # gitness: types/check/common.go
NEEDS = (("repository",), ("organization", "repository"), ("organization", "project", "repository"))


def check(context: HostContext) -> None:
    """Raise BadInput for a scope that is not clear, and for names that are missing or that Harness Code refuses."""
    if context.personal:
        raise Unsupported(
            NAME,
            "personal accounts",
            next_step="Set personalAccount to false, and say where the repository belongs by harnessCodeRepoType.",
        )
    names = place.depth(context)
    if names is None:
        raise BadInput(
            "Where the repository belongs in Harness Code is not said.",
            next_step="Set harnessCodeRepoType to account, org or project, and organization and project accordingly.",
        )
    check_location(context, host=NAME, needs=NEEDS[names], has=("harnessCodeRepoType",))
    place.account(context)
    faults = [
        f"Harness Code has no {what} named {name!r}: use at most 100 letters, digits, '-', '_' and '.'."
        for what, name in zip(("organization", "project"), place.scope(context).names, strict=False)
        if not IDENTIFIER.fullmatch(name)
    ]
    name = context.location.repository
    if not IDENTIFIER.fullmatch(name) or name.lower().endswith(".git") or name.strip(".") == "":
        faults.append(
            f"Harness Code takes no repository named {name!r}: use at most 100 letters, digits, '-', '_' and '.',"
            " and no ending .git."
        )
    if faults:
        raise BadInput(" ".join(faults))


def repository_url(context: HostContext) -> str:
    return place.page(context)


def clone_url(context: HostContext) -> str:
    return f"{place.git(context)}/{place.path(context)}.git"


def file_url(context: HostContext, *, branch: str, path: str) -> str:
    """Give the page of a file. The `~` ends the branch, which may have slashes; the default branch is left out."""
    quoted = urllib.parse.quote("/".join(filter(None, ("files", branch, "~", path.lstrip("/")))))
    return f"{repository_url(context)}/{quoted}"


def commit_url(context: HostContext, *, commit: str) -> str:
    return f"{repository_url(context)}/commit/{commit}"


def git_credentials(context: HostContext) -> Credentials | None:
    connector = context.connector
    password = connector.password or context.harness.api_key
    if password is None:
        return None
    return Credentials(place.git_origin(context), connector.username or GIT_USERNAME, password)


def apply_settings(_: HostContext, settings: Settings, *, write: bool) -> list[str]:  # noqa: ARG001 - there are none
    return []
