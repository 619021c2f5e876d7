"""Where a repository is cloned from: the inputs that name it, its address, and the credentials for its host."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote

from common import git_hosts
from common.contract.inputs import option
from common.contract.step import Context
from common.errors import BadInput
from common.git.credentials import Credentials
from common.git_hosts.connector import Connector, RepositoryLocation
from common.git_hosts.context import HarnessAccount, HostInputs, addressed
from common.network.url import checked as checked_url
from common.network.url import origin, without_credentials
from common.secret import Secret

LOCATION = ("organization", "workspace", "projectName", "repoName")  # fields that say where a repository is
HTTPS = "Give the https URL of a repository; SSH is not supported."


@dataclass(frozen=True, kw_only=True)
class Repository:
    """Which repository. The platform sets the connector's URL with the repository in it, and that alone counts then."""

    connector: Connector
    harness: HarnessAccount
    name: str = option(
        "repoName",
        env=["REPO_NAME", "IDP_REPO_NAME"],
        default="",
        help="Name of the repository, for a connector whose URL is that of an account.",
    )
    project: str = option(
        "projectName",
        env=["PROJECT_NAME", "IDP_PROJECT_NAME"],
        default="",
        help="Project, on git hosts that have them.",
    )
    organization: str = option(
        "organization",
        env=["ORG_NAME", "IDP_ORG_NAME"],
        default="",
        spec=False,
        help="Organization or user that owns the repository, where no URL tells it.",
    )
    workspace: str = option(
        "workspace",
        env=["WORKSPACE_NAME", "IDP_WORKSPACE_NAME"],
        default="",
        spec=False,
        help="Workspace, on git hosts that have them.",
    )
    scope: str = option(
        "harnessCodeRepoType",
        env=["HARNESS_CODE_REPO_TYPE"],
        default="",
        spec=False,
        help="Scope of a Harness Code repository: account, org or project.",
    )


def source(repository: Repository, context: Context) -> tuple[str, Credentials | None]:
    """Give the repository's address, and the credentials for its host."""
    given = repository.connector.remote_url
    host_inputs = HostInputs(
        connector=repository.connector,
        location=RepositoryLocation(
            organization=repository.organization,
            project=repository.project,
            workspace=repository.workspace,
            repository=repository.name,
            harness_code_repo_type=repository.scope,
        ),
        harness=repository.harness,
    )
    if not given or addressed(context.sources) & set(LOCATION):
        host, where = git_hosts.open_host(host_inputs, context, step_type="GitClone")
        where = git_hosts.signed_in(host, where, "GitClone")
        return host.clone_url(where), host.git_credentials(where)
    parts = checked_url(given, what="DRONE_REMOTE_URL", next_step=HTTPS)
    url = without_credentials(given)
    if parts.username:
        return url, Credentials(origin(url), unquote(parts.username), Secret(unquote(parts.password or "")))
    if repository.connector.password is None and not repository.connector.is_app:
        return url, None
    host, where = git_hosts.open_host(host_inputs, context, step_type="GitClone", located=False)
    by_url = where._replace(location=RepositoryLocation())  # what else is said may be about another repository
    credentials = host.git_credentials(git_hosts.signed_in(host, by_url, "GitClone"))
    if credentials is not None and credentials.origin != origin(url):
        raise BadInput(
            f"The connector's URL is at {origin(url)}, but its host is {credentials.origin}.",
            next_step="Give DRONE_REMOTE_URL and DRONE_NETRC_MACHINE of the same connector.",
        )
    return url, credentials
