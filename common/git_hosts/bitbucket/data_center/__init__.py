"""Bitbucket Data Center: its names and URLs. Where a repository is, is in place.py; its API, in api.py."""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Mapping

from common.errors import BadInput
from common.git_hosts.bitbucket.data_center import place
from common.git_hosts.bitbucket.data_center.api import create_repository, find_repository
from common.git_hosts.bitbucket.data_center.branches import protect_branch, set_default_branch
from common.git_hosts.bitbucket.data_center.listing import list_repositories
from common.git_hosts.bitbucket.data_center.place import clone_url, git_credentials
from common.git_hosts.bitbucket.data_center.pull_requests import find_pull_request, open_pull_request
from common.git_hosts.bitbucket.data_center.repository_settings import SETTINGS, apply_settings
from common.git_hosts.bitbucket.data_center.words import NAME, explain_rejection
from common.git_hosts.context import HostContext, check_location
from common.git_hosts.faults import Missing

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
    r".*/(?:projects|users)/(?P<project>[^/]+)/repos/(?P<repository>[^/]+)/(?:browse|raw)/(?P<path>[^?]+)"
    r"(?:\?at=(?:refs%2Fheads%2F)?(?P<branch>[^&]+))?"
)
UNSUPPORTED: Mapping[str, tuple[str, str]] = {}
SETS_DEFAULT_BRANCH_OF_EMPTY = False  # only when it is created; it then says none before the first commit
REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _.-]{0,127}")
PROJECT = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,127}|~[A-Za-z0-9._@-]+")


def check(context: HostContext) -> None:
    """Raise BadInput for names that are missing, or that Bitbucket Data Center refuses."""
    location = context.location
    needs = ("repository",) if context.personal else ("project", "repository")
    check_location(context, host=NAME, needs=needs, has=("project",))
    if context.personal and not location.project and not context.connector.username:
        raise Missing(["gitUsername (set DRONE_NETRC_USERNAME)"])
    key, faults = place.project(context), []
    if not PROJECT.fullmatch(key):
        faults.append(f"{key!r} is no key of a project: letters, digits and '_', as in SHOP; or ~ and a user's name.")
    elif context.personal and not key.startswith("~"):
        faults.append(f"personalAccount asks for a project of a person, as in ~jane, but project says {key}.")
    name = location.repository
    if not REPOSITORY.fullmatch(name) or name.endswith((".git", " ", ".")):
        faults.append(
            f"{NAME} takes no repository named {name!r}: at most 128 letters, digits, '-', '_', '.' and blanks, a"
            " letter or digit first, and no ending .git."
        )
    if faults:
        raise BadInput(" ".join(faults))


def repository_url(context: HostContext) -> str:
    return place.page(context)


def file_url(context: HostContext, *, branch: str, path: str) -> str:
    at = f"?at={urllib.parse.quote(f'refs/heads/{branch}', safe='')}" if branch else ""
    return f"{place.page(context)}/browse/{urllib.parse.quote(path.lstrip('/'))}{at}"


def commit_url(context: HostContext, *, commit: str) -> str:
    return f"{place.page(context)}/commits/{commit}"
