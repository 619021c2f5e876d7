"""The git hosts: one module each, with the same few functions. A host is added by its module and its line in HOSTS."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Protocol, cast

from common.errors import BadInput
from common.git.credentials import Credentials
from common.git_hosts.connector import Connector, RepositoryLocation
from common.network.deadline import Deadline
from common.network.settings import Network
from common.network.url import checked

HOSTS: dict[str, str] = {  # connector type of the platform -> module
    "Github": "common.git_hosts.github",
}
KNOWN_MACHINES = {"github.com": "Github"}  # host name -> connector type, for connectors that do not say theirs


@dataclass(frozen=True, kw_only=True)
class NewRepository:
    """What to create. `personal` asks for a place under the token's own account."""

    location: RepositoryLocation
    visibility: str
    description: str
    personal: bool


@dataclass(frozen=True, kw_only=True)
class Repository:
    """A repository as its host describes it."""

    url: str
    clone_url: str
    default_branch: str
    visibility: str
    description: str


class GitHost(Protocol):
    """What a module of a git host offers. URLs are made without asking the host."""

    def check(self, connector: Connector, location: RepositoryLocation) -> None:
        """Raise BadInput when a name breaks the host's rules or an input does not exist on this host."""

    def repository_url(self, connector: Connector, location: RepositoryLocation) -> str: ...

    def clone_url(self, connector: Connector, location: RepositoryLocation) -> str: ...

    def file_url(self, connector: Connector, location: RepositoryLocation, *, branch: str, path: str) -> str: ...

    def commit_url(self, connector: Connector, location: RepositoryLocation, *, commit: str) -> str: ...

    def git_credentials(self, connector: Connector) -> Credentials | None: ...

    def explain_rejection(self, text: str) -> str:
        """Give what to do about a push that this host declined with these words; empty when there is no advice."""

    def find_repository(
        self, connector: Connector, wanted: NewRepository, *, network: Network, deadline: Deadline
    ) -> Repository | None:
        """Give the repository if it exists and the credentials may see it."""

    def create_repository(
        self, connector: Connector, wanted: NewRepository, *, network: Network, deadline: Deadline
    ) -> tuple[Repository, bool]:
        """Create the repository. The flag is False when an earlier try of this very call had created it."""


def host_of(connector: Connector) -> GitHost:
    """Give the module of the connector's git host. Raises BadInput that lists the supported ones."""
    if connector.remote_url and "://" in connector.remote_url and not connector.machine:
        checked(connector.remote_url, what="DRONE_REMOTE_URL", next_step="Give the connector's https URL.")
    if connector.machine:
        advice = "Give the host's name alone as DRONE_NETRC_MACHINE, and a port as DRONE_NETRC_PORT."
        checked(f"https://{connector.host}", what="The git host", next_step=advice)
    kind = connector.type or KNOWN_MACHINES.get(connector.machine, "")
    module = next((module for name, module in HOSTS.items() if name.lower() == kind.lower()), None)
    supported = ", ".join(HOSTS)
    if not kind:
        raise BadInput(
            f"Which kind of git host {connector.host or 'this connector'} is cannot be told from its name.",
            next_step=f"Set CONNECTOR_TYPE; supported: {supported}.",
        )
    if module is None:
        raise BadInput(f"The connector type {kind!r} is not supported.", next_step=f"Supported: {supported}.")
    return cast("GitHost", importlib.import_module(module))
