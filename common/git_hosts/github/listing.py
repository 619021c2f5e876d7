"""The repositories of an organization of GitHub, page by page."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from common.git_hosts import ListedRepository
from common.git_hosts.answers import list_of, texts
from common.git_hosts.context import HostContext, check_location
from common.git_hosts.github.calls import quoted, rest
from common.git_hosts.github.words import Call

PER_PAGE = 100
RIGHT = "Give the token the right to read the organization's repositories: Metadata read, or the scope `repo`."


def list_repositories(context: HostContext) -> Iterator[ListedRepository]:
    """Give the organization's repositories, the oldest first, so that one made meanwhile moves no other."""
    check_location(context, host="GitHub", needs=["organization"], has=["repository"])
    api, owner = rest(context), context.location.organization
    call = Call(f"list the repositories of {owner}", RIGHT)
    for page in itertools.count(1):
        asked = {"per_page": str(PER_PAGE), "page": str(page), "sort": "created", "direction": "asc"}
        found = api.read(call, f"/orgs/{quoted(owner)}/repos", _listed, **asked)
        yield from found
        if len(found) < PER_PAGE:
            return


def _listed(told: Any) -> list[ListedRepository]:
    return [
        ListedRepository(
            name=texts(one, "name")[0],
            default_branch=str(one.get("default_branch") or ""),
            archived=one.get("archived") is True or one.get("disabled") is True,
        )
        for one in list_of(told)
    ]
