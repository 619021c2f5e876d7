"""The git hosts: one folder or module each, with the same few functions. Which there are is in table.py."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Protocol, cast

from common.contract.step import Context
from common.errors import BadInput
from common.git.credentials import Credentials
from common.git_hosts.connector import Connector
from common.git_hosts.context import HostContext, HostInputs, Unsupported, addressed
from common.git_hosts.table import HOSTS
from common.network.url import checked

__all__ = ["HOSTS", "GitHost", "NewRepository", "Repository", "module_for", "open_host", "serving"]


@dataclass(frozen=True, kw_only=True)
class NewRepository:
    """What to create, at the place that the context names."""

    visibility: str
    description: str


@dataclass(frozen=True, kw_only=True)
class Repository:
    """A repository as its host describes it."""

    url: str
    clone_url: str
    default_branch: str
    visibility: str
    description: str


class GitHost(Protocol):
    """What a module of a git host offers; it leaves out what only the steps call that it cannot serve.

    URLs are made without asking the host.
    """

    NAME: str  # as a sentence begins with it
    UNSUPPORTED: Mapping[str, tuple[str, str]]  # type of a step that the host cannot serve -> what it lacks, advice

    def check(self, context: HostContext) -> None:
        """Raise BadInput for a field of the location that is missing, or breaks the host's rules."""

    def repository_url(self, context: HostContext) -> str: ...

    def clone_url(self, context: HostContext) -> str: ...

    def file_url(self, context: HostContext, *, branch: str, path: str) -> str:
        """Give the browser URL of a file; branch: '' for the default branch."""

    def commit_url(self, context: HostContext, *, commit: str) -> str | None:
        """Give the browser URL of a commit; None where the host shows none."""

    def git_credentials(self, context: HostContext) -> Credentials | None: ...

    def explain_rejection(self, context: HostContext, text: str) -> str:
        """Give what to do about a push that this host declined with these words; empty when there is no advice."""

    def find_repository(self, context: HostContext, wanted: NewRepository) -> Repository | None:
        """Give the repository if it exists and the credentials may see it."""

    def create_repository(self, context: HostContext, wanted: NewRepository) -> tuple[Repository, bool]:
        """Create the repository. The flag is False when somebody else did since it was looked for."""


def open_host(
    inputs: HostInputs, context: Context, *, step_type: str, personal: bool = False, located: bool = True
) -> tuple[GitHost, HostContext]:
    """Give the connector's git host and what to hand to its functions, checked for a step of this type.

    located=False: the location does not matter, for only the credentials are wanted.
    """
    connector = inputs.connector
    _check_address(connector)
    host = module_for(connector.type or _type_of(connector), step_type)
    opened = HostContext(
        connector=connector,
        location=inputs.location,
        harness=inputs.harness,
        network=context.network,
        deadline=context.deadline,
        personal=personal,
        addressed=addressed(context.sources),
    )
    if located:
        host.check(opened)
    return host, opened


def module_for(connector_type: str, step_type: str) -> GitHost:
    """Import the module of a type of connector.

    Raises BadInput that lists the supported types, Unsupported for a step that this host cannot serve.
    """
    known = next((host for name, host in HOSTS.items() if name.lower() == connector_type.lower()), None)
    if known is None:
        raise BadInput(f"The connector type {connector_type!r} is not supported.", next_step=f"Supported: {_types()}.")
    module = _module(known.module)
    if step_type in module.UNSUPPORTED:
        feature, advice = module.UNSUPPORTED[step_type]
        raise Unsupported(module.NAME, feature, next_step=advice)
    return module


def serving(step_type: str) -> list[str]:
    """Give the types of connectors whose host can serve a step of this type."""
    return [name for name, host in HOSTS.items() if step_type not in _module(host.module).UNSUPPORTED]


def _module(name: str) -> GitHost:
    return cast("GitHost", importlib.import_module(name))


def _type_of(connector: Connector) -> str:
    machine = (connector.machine or connector.host.partition(":")[0]).lower()
    for name, host in HOSTS.items():
        if any(fnmatchcase(machine, pattern) for pattern in host.machines):
            return name
    raise BadInput(
        f"Which kind of git host {connector.host or 'this connector'} is cannot be told from its name.",
        next_step=f"Set CONNECTOR_TYPE; supported: {_types()}.",
    )


def _types() -> str:
    return ", ".join(HOSTS)


def _check_address(connector: Connector) -> None:
    if "://" in connector.remote_url and not connector.machine:
        checked(connector.remote_url, what="DRONE_REMOTE_URL", next_step="Give the connector's https URL.")
    if connector.machine:
        advice = "Give the host's name alone as DRONE_NETRC_MACHINE, and a port as DRONE_NETRC_PORT."
        parts = checked(f"https://{connector.host}", what="The git host", next_step=advice)
        if parts.netloc != connector.host or "@" in connector.host:
            raise BadInput(f"The git host is {connector.host!r}, which is more than a name.", next_step=advice)
