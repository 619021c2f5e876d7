"""The projects of a group of GitLab and of the groups below it, page by page."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from common.git_hosts import ListedRepository
from common.git_hosts.answers import list_of, texts
from common.git_hosts.context import HostContext, check_location
from common.git_hosts.gitlab.calls import quoted, rest
from common.git_hosts.gitlab.words import Call

PER_PAGE = 100
RIGHT = "Give the token the scope `read_api`, and its account a role in the group."


def list_repositories(context: HostContext) -> Iterator[ListedRepository]:
    """Give the group's projects, the oldest first (docs: Groups API, list projects of a group)."""
    check_location(context, host="GitLab", needs=["organization"], has=["repository"])
    api, group = rest(context), context.location.organization.strip("/")
    call = Call(f"list the projects of {group}", RIGHT)
    path = f"/groups/{quoted(group)}/projects"
    for page in itertools.count(1):
        query = {"include_subgroups": "true", "with_shared": "false", "order_by": "id", "sort": "asc"}
        query |= {"per_page": str(PER_PAGE), "page": str(page)}
        found = api.read(call, path, list_of, **query)
        yield from (_listed(one, group) for one in found)
        if len(found) < PER_PAGE:
            return


def _listed(told: Any, group: str) -> ListedRepository:
    (path,) = texts(told, "path_with_namespace")
    return ListedRepository(
        name=path[len(group) + 1 :],
        default_branch=str(told.get("default_branch") or ""),
        archived=told.get("archived") is True,
    )
