"""Where a repository is cloned from: the inputs that name it, its address, and the credentials for its host."""

from __future__ import annotations

from dataclasses import dataclass

from common import git_hosts
from common.contract.inputs import option
from common.contract.step import Context
from common.errors import BadInput
from common.git.credentials import Credentials, in_url
from common.git_hosts.by_url import login_of
from common.git_hosts.connector import Connector, RepositoryLocation
from common.git_hosts.context import HarnessAccount, HostInputs, addressed
from common.network.url import checked as checked_url
from common.network.url import origin, without_credentials

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
    connector = repository.connector
    given = connector.remote_url
    if not given or addressed(context.sources) & set(LOCATION):
        return _located(repository, context)
    checked_url(given, what="DRONE_REMOTE_URL", next_step=HTTPS)
    url = without_credentials(given)
    if login := in_url(given):
        return url, login
    if connector.password is None and not connector.is_app:
        return url, None
    credentials = login_of(connector, context, step_type="GitClone", harness=repository.harness)
    if credentials is not None and credentials.origin != origin(url):
        raise BadInput(
            f"The connector's URL is at {origin(url)}, but its host is {credentials.origin}.",
            next_step="Give DRONE_REMOTE_URL and DRONE_NETRC_MACHINE of the same connector.",
        )
    return url, credentials


def _located(repository: Repository, context: Context) -> tuple[str, Credentials | None]:
    inputs = HostInputs(
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
    host, where = git_hosts.open_host(inputs, context, step_type="GitClone")
    where = git_hosts.signed_in(host, where, "GitClone")
    return host.clone_url(where), host.git_credentials(where)
