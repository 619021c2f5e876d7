"""Where a GitLab project is: the server's address, which may lie below a path, and the project's path on it."""

from __future__ import annotations

from common.git_hosts.context import HostContext

DEFAULT_MACHINE = "gitlab.com"


def group(context: HostContext) -> str:
    """Give the path of the group, or the name of the user, as far as it is given."""
    before = name(context).rpartition("/")[0]
    return "/".join(filter(None, (context.location.organization.strip("/"), before)))


def full_path(context: HostContext) -> str:
    """Give the project's path: its group's and its own."""
    return "/".join(filter(None, (group(context), name(context).rpartition("/")[2])))


def name(context: HostContext) -> str:
    """Give the repository as it is named in the step; the field project stands for it where only that is given."""
    return (context.location.repository or context.location.project).strip("/")


def web(context: HostContext, *, root: bool = True) -> str:
    """Give the server's address; `root`: with the path that the whole server lies below."""
    connector = context.connector
    if not connector.host:
        return f"https://{DEFAULT_MACHINE}"
    return f"{connector.origin}{_root(context) if root else ''}"


def api_url(context: HostContext) -> str:
    return f"{web(context)}/api/v4"


def is_gitlab_com(context: HostContext) -> bool:
    return (context.connector.host or DEFAULT_MACHINE).lower() == DEFAULT_MACHINE


def _root(context: HostContext) -> str:
    """Give what of the connector's path is the server's own (its relative URL root), and not of an account.

    The path may hold the server's root, a group or user, and a repository (contract, B.2). What ends it and belongs to
    the project is taken off: the repository, then as much of the group's path as is there.
    """
    if is_gitlab_com(context):
        return ""
    parts = [part for part in context.connector.path.split("/") if part]
    if parts and (parts[-1].endswith(".git") or parts[-1].lower() == name(context).rpartition("/")[2].lower()):
        parts.pop()
    owner = group(context) or (context.connector.username if context.personal else "")
    above = owner.lower().split("/") if owner else []
    lowered = [part.lower() for part in parts]
    for length in range(len(above), 0, -1):  # the longest part of the group's path that the connector's ends with
        if lowered[-length:] == above[:length]:
            del parts[-length:]
            break
    return "".join(f"/{part}" for part in parts)
