"""From the address of a file's page to repository, branch and file: the way back from a host's `file_url`."""

from __future__ import annotations

import re
import urllib.parse
from typing import NamedTuple

from common.errors import BadInput, shown
from common.git_hosts import GitHost
from common.git_hosts.connector import RepositoryLocation
from common.git_hosts.context import HostContext

DEFAULT = "HEAD"  # what hosts call the default branch in an address


class FilePlace(NamedTuple):
    """A file in a repository: `where` is the context of that repository; branch: '' for the default branch."""

    where: HostContext
    branch: str
    path: str


def place_of(host: GitHost, context: HostContext, url: str) -> FilePlace:
    """Tell which file a page shows. Raises BadInput for a page of another host, or none of a file."""
    parts = urllib.parse.urlsplit(url)
    found = re.fullmatch(host.FILE_PAGE, urllib.parse.urlunsplit(parts._replace(scheme="", netloc="", fragment="")))
    if not host.FILE_PAGE or found is None:
        raise BadInput(
            f"Which file {shown(url)} is cannot be told: it has not the form of a page of {host.NAME}.",
            next_step="Set CONNECTOR_TYPE to the kind of git host that it is, or register the file by its page.",
        )
    known = {name: urllib.parse.unquote(text or "") for name, text in found.groupdict().items()}
    branch, path = known.pop("branch"), known.pop("path").lstrip("/")
    where = context._replace(location=RepositoryLocation(**known), addressed=frozenset())
    host.check(where)
    if not url.lower().startswith(host.repository_url(where).lower()):
        raise BadInput(
            f"{shown(url)} is not on the connector's git host, where it would be {host.repository_url(where)}.",
            next_step="Give the credentials for the git host that holds the entity's file.",
        )
    return FilePlace(where, "" if branch == DEFAULT else branch, path)
