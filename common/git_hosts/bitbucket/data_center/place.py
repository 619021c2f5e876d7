"""Where a Bitbucket Data Center is, with its context path, and a repository on it; and how its credentials are used."""

from __future__ import annotations

import re
import urllib.parse

from common.git.credentials import Credentials
from common.git_hosts.bitbucket import rest
from common.git_hosts.bitbucket.data_center import words
from common.git_hosts.context import HostContext

TOKEN_USER = "x-token-auth"  # noqa: S105 - a user name; git's with a token of a project or repository
BELOW = ("/scm/", "/projects/", "/users/")  # what follows the context path in a connector's URL (contract, B.4)


def web(context: HostContext) -> str:
    """Give the server's address with its context path."""
    return f"{context.connector.origin}{_context_path(context)}"


def _context_path(context: HostContext) -> str:
    """Give what the whole server lies below.

    Every address of a repository has one of the marks. A path without them is the server's own, as in its base URL,
    with the repository that the platform puts behind the URL of an account (contract, B.2), or a project.
    """
    path = f"{context.connector.path}/"
    ends = [path.index(mark) for mark in BELOW if mark in path]
    if ends:
        return path[: min(ends)]
    parts = [part for part in path.split("/") if part]
    if parts and (parts[-1].endswith(".git") or parts[-1].lower() == slug(context)):
        parts.pop()
    if parts and parts[-1].lower() == project(context).lower():
        parts.pop()
    return "".join(f"/{part}" for part in parts)


def project(context: HostContext) -> str:
    """Give the key of the project: a person's own is ~ and the user's name."""
    if context.personal and not context.location.project:
        return f"~{context.connector.username}"
    return context.location.project


def slug(context: HostContext) -> str:
    """Give what the server makes of the repository's name in addresses."""
    return re.sub(r"[^a-z0-9._-]+", "-", context.location.repository.lower())


def page(context: HostContext) -> str:
    key = project(context)
    owner = f"users/{rest.quoted(key[1:])}" if key.startswith("~") else f"projects/{rest.quoted(key.upper())}"
    return f"{web(context)}/{owner}/repos/{slug(context)}"


def clone_url(context: HostContext) -> str:
    return f"{web(context)}/scm/{urllib.parse.quote(project(context).lower(), safe='~')}/{slug(context)}.git"


def path(context: HostContext) -> str:
    """Give the repository's place in the API."""
    return f"projects/{rest.quoted(project(context))}/repos/{rest.quoted(slug(context))}"


def named(context: HostContext) -> str:
    """Name the repository in a sentence."""
    return f"{project(context)}/{slug(context)}"


def connect(context: HostContext, api: str = "rest/api/latest") -> rest.Rest:
    """Give the API with the connector's credentials. Raises NotAllowed."""
    return rest.connect(context, _login(context, api))


def connect_by_library(context: HostContext) -> rest.Rest:
    """Give the same by atlassian-python-api."""
    return rest.connect_by_library(context, _login(context, "rest/api/latest"))


def _login(context: HostContext, api: str) -> rest.Login:
    url, user = f"{web(context)}/{api}", context.connector.username
    return rest.Login(
        base=url, user=user, bearer=_is_bearer(context), describe=lambda call: words.api(context, url, call)
    )


def git_credentials(context: HostContext) -> Credentials | None:
    connector = context.connector
    if connector.password is None:
        return None
    return Credentials(connector.origin, connector.username or TOKEN_USER, connector.password)


def _is_bearer(context: HostContext) -> bool:
    """Tell a token of a project or repository, which has no user; a person's also works as the password."""
    return context.connector.username in {"", TOKEN_USER}
