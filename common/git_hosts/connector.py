"""Which git host, and which credentials: the contract's section B as inputs that several steps share."""

from __future__ import annotations

import urllib.parse
from dataclasses import dataclass

from common.contract.inputs import option
from common.git.credentials import Credentials
from common.git_hosts.table import HOSTS
from common.secret import Secret

ANY_NAME = "x-access-token"  # GitHub, GitLab and Azure look at the token alone, and want some name


@dataclass(frozen=True, kw_only=True)
class ConnectorName:
    """Which connector a step names, and of what kind it is."""

    ref: str = option("connectorRef", default="", help="The platform's connector, as its catalog names it.")
    type: str = option(
        "connectorType",
        env=["CONNECTOR_TYPE"],
        default="",
        help=f"Kind of git host: {', '.join(HOSTS)}. Told from the host's name when absent.",
    )


@dataclass(frozen=True, kw_only=True)
class GitLogin:
    """A git host, and who is known there: what a connector comes to in a step's environment."""

    machine: str = option(
        "gitHost",
        env=["DRONE_NETRC_MACHINE"],
        default="",
        spec=False,
        help="Host name of the git host, as in github.com.",
    )
    port: str = option(
        "gitPort", env=["DRONE_NETRC_PORT"], default="", spec=False, help="Its port, when not the usual one."
    )
    username: str = option(
        "gitUsername",
        env=["DRONE_NETRC_USERNAME"],
        default="",
        spec=False,
        help="User name for git and the host's API.",
    )
    password: Secret | None = option(
        "gitToken",
        env=["DRONE_NETRC_PASSWORD"],
        default=None,
        spec=False,
        help="Token or password for git and the host's API.",
    )
    remote_url: str = option(
        "remoteUrl",
        env=["DRONE_REMOTE_URL"],
        default="",
        spec=False,
        help="The connector's URL. Only a host of the type Git takes it for the repository's address.",
    )

    @property
    def host(self) -> str:
        """The host with its port, from the netrc variables, else from the connector's URL; empty when unknown."""
        if self.machine:
            return f"{self.machine}:{self.port}" if self.port else self.machine
        return _host_of(self.remote_url)

    @property
    def scheme(self) -> str:
        """The scheme of the connector's URL when that is on the same host, else https."""
        return "http" if self._on_same_host and self.remote_url.startswith("http://") else "https"

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return f"{self.scheme}://{self.host}"

    @property
    def path(self) -> str:
        """The whole path of the connector's URL when that is on the same host: a server may live below one.

        What is in it differs (contract, B.2): the path of an account, of a repository, or of both in one.
        """
        return urllib.parse.urlsplit(self.remote_url).path.rstrip("/") if self._on_same_host else ""

    def credentials(self) -> Credentials | None:
        """Give what git sends to this host; None without a token. A token alone goes with a name that hosts take."""
        if self.password is None or not self.host:
            return None
        return Credentials(self.origin, self.username or ANY_NAME, self.password)

    @property
    def _on_same_host(self) -> bool:
        return bool(self.host) and _host_of(self.remote_url) == self.host


@dataclass(frozen=True, kw_only=True)
class Connector(GitLogin, ConnectorName):
    """A git connector. On the platform its values come from the step's connectorRef."""


def _host_of(url: str) -> str:
    return url.partition("://")[2].partition("/")[0].rpartition("@")[2]


@dataclass(frozen=True, kw_only=True)
class RepositoryLocation:
    """Where a repository is. Which of the fields count, and which are needed, the git host decides (contract, A.11)."""

    organization: str = option(
        "organization",
        env=["ORG_NAME", "IDP_ORG_NAME"],
        default="",
        help="Organization or user that owns the repository.",
    )
    project: str = option(
        "project",
        env=["PROJECT_NAME", "IDP_PROJECT_NAME"],
        default="",
        help="Project, on git hosts that have them.",
    )
    workspace: str = option(
        "workspace",
        env=["WORKSPACE_NAME", "IDP_WORKSPACE_NAME"],
        default="",
        help="Workspace, on git hosts that have them.",
    )
    repository: str = option(
        "repository", env=["REPO_NAME", "IDP_REPO_NAME"], default="", help="Name of the repository."
    )
    harness_code_repo_type: str = option(
        "harnessCodeRepoType", default="", help="Scope of a Harness Code repository: account, org or project."
    )
