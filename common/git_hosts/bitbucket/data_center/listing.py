"""The repositories of a project of Bitbucket Data Center, page by page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from common.git_hosts import ListedRepository
from common.git_hosts.answers import Unreadable, texts
from common.git_hosts.bitbucket.data_center import place, words
from common.git_hosts.bitbucket.rest import Call, objects, quoted
from common.git_hosts.context import HostContext, check_location

PER_PAGE = 100


def list_repositories(context: HostContext) -> Iterator[ListedRepository]:
    """Give the project's repositories. Their default branches are not told with them."""
    check_location(context, host=words.NAME, needs=["project"], has=["project", "repository"])
    rest, key = place.connect(context), place.project(context)
    call = Call(f"list the repositories of the project {key}", "Give the account the permission to read the project.")
    start: int | None = 0
    while start is not None:
        asked = {"start": str(start), "limit": str(PER_PAGE)}
        found, start = rest.read(call, f"projects/{quoted(key)}/repos", _page, **asked)
        for one in found:
            yield ListedRepository(name=texts(one, "slug")[0], archived=one.get("archived") is True)


def _page(told: Any) -> tuple[list[dict[str, Any]], int | None]:
    found, following = objects(told), _next(told)
    if following is not None and not found:
        raise Unreadable("there is nothing on a page that is not the last")
    return found, following


def _next(told: Any) -> int | None:
    """Give where the next page begins; None at the last."""
    if told.get("isLastPage") is not False:
        return None
    if not isinstance(told.get("nextPageStart"), int):
        raise Unreadable("there is no nextPageStart in what it gives")
    return int(told["nextPageStart"])
