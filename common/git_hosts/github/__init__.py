"""GitHub and GitHub Enterprise Server: their names and URLs. What is asked of their API is in api.py."""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Mapping

from common.errors import BadInput
from common.git.credentials import Credentials
from common.git_hosts.context import HostContext, check_location
from common.git_hosts.github.api import create_repository, find_repository
from common.git_hosts.github.app import sign_in
from common.git_hosts.github.branches import protect_branch, set_default_branch
from common.git_hosts.github.connection import GIT_USERNAME, web
from common.git_hosts.github.listing import list_repositories
from common.git_hosts.github.pull_requests import find_pull_request, open_pull_request
from common.git_hosts.github.repository_settings import SETTINGS, apply_settings
from common.git_hosts.github.words import explain_rejection

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
    "sign_in",
]

NAME = "GitHub"
FILE_PAGE = r"/(?P<organization>[^/]+)/(?P<repository>[^/]+)/(?:blob|edit|raw|tree)/(?P<branch>[^/]+)/(?P<path>.+)"
UNSUPPORTED: Mapping[str, tuple[str, str]] = {}
SETS_DEFAULT_BRANCH_OF_EMPTY = False  # the branch that is pushed first becomes the default branch
REPOSITORY = re.compile(r"[A-Za-z0-9._-]{1,100}")  # other characters are silently replaced by GitHub
OWNER = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})")
RESERVED = frozenset({".", ".."})


def check(context: HostContext) -> None:
    """Raise BadInput for names that are missing, or that GitHub refuses or would silently change."""
    needs = ["repository"] if context.personal else ["organization", "repository"]
    check_location(context, host=NAME, needs=needs, has=["organization"])
    faults = []
    name, owner = context.location.repository, context.location.organization
    if not REPOSITORY.fullmatch(name) or name in RESERVED or name.endswith((".git", ".wiki")):
        faults.append(
            f"GitHub takes no repository named {name!r}: use at most 100 letters, digits, '-', '_' and '.',"
            " and no ending .git or .wiki."
        )
    if owner and not OWNER.fullmatch(owner):
        faults.append(f"GitHub has no organization or user named {owner!r}.")
    if faults:
        raise BadInput(" ".join(faults))


def repository_url(context: HostContext) -> str:
    return f"{web(context.connector)}/{context.location.organization}/{context.location.repository}"


def clone_url(context: HostContext) -> str:
    return f"{repository_url(context)}.git"


def file_url(context: HostContext, *, branch: str, path: str) -> str:
    quoted = urllib.parse.quote(f"{branch or 'HEAD'}/{path.lstrip('/')}")
    return f"{repository_url(context)}/blob/{quoted}"


def commit_url(context: HostContext, *, commit: str) -> str:
    return f"{repository_url(context)}/commit/{commit}"


def git_credentials(context: HostContext) -> Credentials | None:
    connector = context.connector
    if connector.password is None:
        return None
    return Credentials(web(connector), GIT_USERNAME, connector.password)
