"""Which git host, and which credentials: the contract's section B as inputs that several steps share."""

from __future__ import annotations

from dataclasses import dataclass

from common.contract.inputs import option
from common.git.login import GitHubApp, GitLogin
from common.git_hosts.table import HOSTS


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
class Connector(GitHubApp, GitLogin, ConnectorName):
    """A git connector. On the platform its values come from the step's connectorRef."""


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
        "harnessCodeRepoType",
        env=["HARNESS_CODE_REPO_TYPE"],
        default="",
        help="Scope of a Harness Code repository: account, org or project.",
    )
