"""Where an Azure repository is: the address of the organization, or of a server's collection, and what is below it."""

from __future__ import annotations

import urllib.parse

from common.errors import BadInput
from common.git_hosts.context import HostContext

DEFAULT_MACHINE = "dev.azure.com"
OLD_MACHINES = ".visualstudio.com"  # https://{organization}.visualstudio.com
API_VERSION = "7.1"
SERVER_API_VERSION = "6.0"  # Azure DevOps Server 2020, the oldest with support


def check(context: HostContext) -> None:
    """Raise BadInput when the organization is not the one that the host is named after."""
    own, said = named_by_host(context), context.location.organization
    if own is not None and said and said.lower() != own.lower():
        raise BadInput(
            f"The connector's host {context.connector.host} is that of the organization {own}, but organization says"
            f" {said}.",
            next_step=f"Leave organization out, or use a connector for https://{DEFAULT_MACHINE}/{said}.",
        )


def named_by_host(context: HostContext) -> str | None:
    """Give the organization when the host's name says it."""
    machine = context.connector.host.partition(":")[0]
    return machine.removesuffix(OLD_MACHINES) if machine.lower().endswith(OLD_MACHINES) else None


def is_cloud(context: HostContext) -> bool:
    machine = context.connector.host.partition(":")[0].lower()
    return machine in {"", DEFAULT_MACHINE} or machine.endswith(OLD_MACHINES)


def api_version(context: HostContext) -> str:
    return API_VERSION if is_cloud(context) else SERVER_API_VERSION


def origin(context: HostContext) -> str:
    return context.connector.origin if context.connector.host else f"https://{DEFAULT_MACHINE}"


def organization(context: HostContext) -> str:
    """Give the address of the organization, or of the collection on a server, which may lie below a path."""
    if named_by_host(context) is not None:
        return origin(context)
    root = "" if is_cloud(context) else _root(context)
    return f"{origin(context)}{root}/{quoted(context.location.organization)}"


def project(context: HostContext) -> str:
    return f"{organization(context)}/{quoted(context.location.project)}"


def repository(context: HostContext) -> str:
    return f"{project(context)}/_git/{quoted(context.location.repository)}"


def quoted(name: str) -> str:
    return urllib.parse.quote(name, safe="")


def _root(context: HostContext) -> str:
    """Give what of the connector's path stands before the collection, as /tfs in many installations.

    Without the collection in it, the path may still end with the repository, which the platform puts there (contract,
    B.2).
    """
    location = context.location
    parts = [part for part in context.connector.path.split("/") if part]
    lowered = [urllib.parse.unquote(part).lower() for part in parts]
    collection, name = location.organization.lower(), location.repository.lower()
    if collection in lowered:
        parts = parts[: lowered.index(collection)]
    elif lowered and lowered[-1].removesuffix(".git") == name:
        parts.pop()
    return "".join(f"/{part}" for part in parts)
