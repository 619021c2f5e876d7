"""Which git host, and which credentials: the contract's section B as inputs that several steps share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from common.contract.inputs import option
from common.secret import Secret


@dataclass(frozen=True, kw_only=True)
class Connector:
    """A git connector. On the platform its values come from the step's connectorRef."""

    ref: str = option("connectorRef", default="", help="The platform's connector, as its catalog names it.")
    type: str = option(
        "connectorType",
        env=["CONNECTOR_TYPE"],
        default="",
        help="Kind of git host: Github. Told from the host's name when absent.",
    )
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
        help="The connector's URL; a hint for scheme and host, not the repository's address.",
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
        same = self.remote_url.startswith("http://") and _host_of(self.remote_url) == self.host
        return "http" if same else "https"


def _host_of(url: str) -> str:
    return url.partition("://")[2].partition("/")[0].rpartition("@")[2]


def _needs_organization(given: Mapping[str, Any]) -> bool:
    return not given.get("personalAccount")


@dataclass(frozen=True, kw_only=True)
class RepositoryLocation:
    """Where a repository is. Which of the fields count depends on the git host (contract, A.11)."""

    organization: str = option(
        "organization",
        env=["ORG_NAME", "IDP_ORG_NAME"],
        default="",
        required_if=_needs_organization,
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
    repository: str = option("repository", env=["REPO_NAME", "IDP_REPO_NAME"], help="Name of the repository.")
    harness_code_repo_type: str = option(
        "harnessCodeRepoType", default="", help="Scope of a Harness Code repository: account, org or project."
    )
