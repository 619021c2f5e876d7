"""GitHub and GitHub Enterprise Server: their names, URLs and words. What is asked of their API is in api.py."""

from __future__ import annotations

import re
import urllib.parse

from common import log
from common.errors import BadInput
from common.git.credentials import Credentials
from common.git_hosts.connector import Connector, RepositoryLocation
from common.git_hosts.github.api import create_repository, find_repository
from common.git_hosts.github.connection import web

__all__ = [
    "check",
    "clone_url",
    "commit_url",
    "create_repository",
    "explain_rejection",
    "file_url",
    "find_repository",
    "git_credentials",
    "repository_url",
]

GIT_USERNAME = "x-access-token"  # with any kind of token, also an App's
NAME = re.compile(r"[A-Za-z0-9._-]{1,100}")  # other characters are silently replaced by GitHub
OWNER = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})")
RESERVED = frozenset({".", ".."})


def check(_: Connector, location: RepositoryLocation) -> None:
    """Raise BadInput for names that GitHub refuses or would silently change; say which inputs it has no use for."""
    unused = {
        "project": location.project,
        "workspace": location.workspace,
        "harnessCodeRepoType": location.harness_code_repo_type,
    }
    for name, value in unused.items():
        if value:
            log.info(f"GitHub has no {name}, so {value!r} is not used.")
    faults = []
    name = location.repository
    if not NAME.fullmatch(name) or name in RESERVED or name.endswith((".git", ".wiki")):
        faults.append(
            f"GitHub takes no repository named {name!r}: use at most 100 letters, digits, '-', '_' and '.',"
            " and no ending .git or .wiki."
        )
    if location.organization and not OWNER.fullmatch(location.organization):
        faults.append(f"GitHub has no organization or user named {location.organization!r}.")
    if faults:
        raise BadInput(" ".join(faults))


def repository_url(connector: Connector, location: RepositoryLocation) -> str:
    return f"{web(connector)}/{location.organization}/{location.repository}"


def clone_url(connector: Connector, location: RepositoryLocation) -> str:
    return f"{repository_url(connector, location)}.git"


def file_url(connector: Connector, location: RepositoryLocation, *, branch: str, path: str) -> str:
    quoted = urllib.parse.quote(f"{branch}/{path.lstrip('/')}")
    return f"{repository_url(connector, location)}/blob/{quoted}"


def commit_url(connector: Connector, location: RepositoryLocation, *, commit: str) -> str:
    return f"{repository_url(connector, location)}/commit/{commit}"


def git_credentials(connector: Connector) -> Credentials | None:
    if connector.password is None:
        return None
    return Credentials(web(connector), GIT_USERNAME, connector.password)


REJECTIONS = (  # words of a declined push -> what to do
    ("without `workflow` scope", "Give the token the `workflow` scope: the push holds .github/workflows."),
    ("without `workflows` permission", "Give the App the permission workflows: write."),
    ("GH006", "The branch is protected: push to another branch, or let this account bypass the protection."),
    ("GH013", "A ruleset of the repository declines it: push to another branch, or let this account bypass it."),
    ("push declined due to repository rule", "A ruleset declines it: let this account bypass it."),
    ("GH001", "A file is larger than 100 MB: keep it out of the template, or use Git LFS."),
)


def explain_rejection(text: str) -> str:
    return next((advice for words, advice in REJECTIONS if words in text), "")
