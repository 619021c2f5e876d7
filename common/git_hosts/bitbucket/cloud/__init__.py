"""Bitbucket Cloud: its names and URLs. What is asked of its API is in api.py and the modules next to it."""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Mapping

from common.errors import BadInput
from common.git_hosts.bitbucket.cloud.access import git_credentials, web
from common.git_hosts.bitbucket.cloud.api import create_repository, find_repository
from common.git_hosts.bitbucket.cloud.branches import protect_branch, set_default_branch
from common.git_hosts.bitbucket.cloud.listing import list_repositories
from common.git_hosts.bitbucket.cloud.pull_requests import find_pull_request, open_pull_request
from common.git_hosts.bitbucket.cloud.repository_settings import SETTINGS, apply_settings
from common.git_hosts.bitbucket.cloud.words import NAME, explain_rejection
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

FILE_PAGE = r"/(?P<workspace>[^/]+)/(?P<repository>[^/]+)/(?:src|raw)/(?P<branch>[^/]+)/(?P<path>.+)"
UNSUPPORTED: Mapping[str, tuple[str, str]] = {}
SETS_DEFAULT_BRANCH_OF_EMPTY = False
SLUG = re.compile(r"[a-z0-9_.-]{1,62}")
WORKSPACE = re.compile(r"[A-Za-z0-9_-]{1,62}")
PROJECT = re.compile(r"[A-Z][A-Z0-9_]*")


def check(context: HostContext) -> None:
    """Raise BadInput for names that are missing, or that Bitbucket Cloud refuses or would change."""
    location = context.location
    if context.personal:
        raise Unsupported(
            NAME, "personal accounts", next_step="Set personalAccount to false, and workspace to one of your own."
        )
    check_location(context, host=NAME, needs=("workspace", "repository"), has=("project",))
    faults = []
    name = location.repository
    if not SLUG.fullmatch(name) or not name.strip(".") or name.endswith(".git"):
        meant = re.sub(r"[^a-z0-9_.-]+", "-", name.lower().removesuffix(".git")).strip(".-")
        faults.append(
            f"{NAME} takes no repository named {name!r}: at most 62 lower-case letters, digits, '-', '_' and '.'"
            f"{f' (as {meant[:62]})' if meant else ''}."
        )
    if not WORKSPACE.fullmatch(location.workspace):
        faults.append(f"{NAME} has no workspace {location.workspace!r}: give its id, as it stands in its address.")
    if location.project and not PROJECT.fullmatch(location.project):
        faults.append(f"{location.project!r} is no key of a project: upper-case letters, digits and '_', as in SHOP.")
    if faults:
        raise BadInput(" ".join(faults))


def repository_url(context: HostContext) -> str:
    return f"{web(context)}/{context.location.workspace}/{context.location.repository}"


def clone_url(context: HostContext) -> str:
    return f"{repository_url(context)}.git"


def file_url(context: HostContext, *, branch: str, path: str) -> str:
    """Give the page of a file. A slash in the branch is quoted, for the branch ends at the first one."""
    ref = urllib.parse.quote(branch or "HEAD", safe="")
    return f"{repository_url(context)}/src/{ref}/{urllib.parse.quote(path.lstrip('/'))}"


def commit_url(context: HostContext, *, commit: str) -> str:
    return f"{repository_url(context)}/commits/{commit}"
