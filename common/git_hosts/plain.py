"""A git server that speaks HTTP and nothing else: no API, no pages. The connector's URL is all that is known of it."""

from __future__ import annotations

import urllib.parse

from common.errors import BadInput
from common.git.credentials import Credentials
from common.git.failures import Rejection
from common.git_hosts.context import HostContext, check_location
from common.git_hosts.faults import Missing
from common.network.url import checked, origin

NAME = "A plain Git server"
FILE_PAGE = ""
UNSUPPORTED = {
    "CreateRepo": (
        "API that creates repositories",
        "Have the repository made by whoever keeps the server, and take the step CreateRepo out of the pipeline.",
    ),
    "RegisterCatalog": (
        "pages that show files, by which a catalog registers them",
        "Push to a git host that has them, and give its kind as CONNECTOR_TYPE.",
    ),
    "listRepositories": (
        "API that lists repositories",
        "Name a git host that has one as CONNECTOR_TYPE.",
    ),
    "pushMode": ("pull requests", "Set PUSH_MODE=push."),
    "protect": ("API that protects branches", "Leave protect out, and have its keeper protect the branch."),
}


def check(context: HostContext) -> None:
    """Raise BadInput when the connector's URL and the name of the repository do not make one address."""
    connector, name = context.connector, _name(context)
    if not connector.remote_url:
        raise Missing(["remoteUrl (set DRONE_REMOTE_URL)"])
    checked(connector.remote_url, what="DRONE_REMOTE_URL", next_step="Give the connector's https URL.")
    if origin(connector.remote_url) != connector.origin:
        raise BadInput(
            f"The connector's URL is at {origin(connector.remote_url)}, but its host is {connector.host}.",
            next_step="Give DRONE_REMOTE_URL and DRONE_NETRC_MACHINE of the same connector.",
        )
    own = connector.path.strip("/")
    check_location(context, host=NAME, needs=() if own else ("repository",), has=("repository",))
    if any(part in {"", ".", ".."} for part in name.split("/")) and name:
        raise BadInput(f"{name!r} is no path of a repository.", next_step="Set REPO_NAME to its path on the server.")
    if own.endswith(".git") and name and not _names(own, name):
        raise BadInput(
            f"The connector's URL is that of the repository {own}, but the step names {name}.",
            next_step="Leave repository out, or use a connector for the account (its URL without a repository).",
        )
    if connector.password is not None and not connector.username:
        raise Missing(["gitUsername (set DRONE_NETRC_USERNAME)"])


def clone_url(context: HostContext) -> str:
    """Give the repository's address: the connector's URL, or that of an account with the repository's name behind it.

    The platform has put the name there already, and `.git` behind it (contract, B.2).
    """
    connector, name = context.connector, _name(context)
    if not name or _names(connector.path, name):
        return f"{connector.origin}{connector.path}"
    return f"{connector.origin}{connector.path}/{urllib.parse.quote(name)}.git"


def commit_url(_: HostContext, *, commit: str) -> None:  # noqa: ARG001 - there is no page of any commit
    return None


def git_credentials(context: HostContext) -> Credentials | None:
    connector = context.connector
    if connector.password is None:
        return None
    return Credentials(connector.origin, connector.username, connector.password)


def explain_rejection(_: HostContext, text: str) -> Rejection:  # noqa: ARG001 - the server's own words are all there is
    return Rejection()


def _name(context: HostContext) -> str:
    return context.location.repository.strip("/").removesuffix(".git")


def _names(path: str, name: str) -> bool:
    """Tell whether the path ends with the repository's name."""
    return f"/{urllib.parse.unquote(path).strip('/').removesuffix('.git')}".endswith(f"/{name}")
