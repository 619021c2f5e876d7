"""The repositories of a workspace of Bitbucket Cloud, or of a project in it, page by page."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from common.git_hosts import ListedRepository
from common.git_hosts.answers import Unreadable, texts
from common.git_hosts.bitbucket.cloud import words
from common.git_hosts.bitbucket.cloud.access import connect
from common.git_hosts.bitbucket.rest import Call, objects, part, quoted
from common.git_hosts.context import HostContext, check_location

PER_PAGE = 100  # https://developer.atlassian.com/cloud/bitbucket/rest/intro/#pagination


def list_repositories(context: HostContext) -> Iterator[ListedRepository]:
    """Give the repositories, the oldest first."""
    check_location(context, host=words.NAME, needs=["workspace"], has=["project", "repository"])
    rest, location = connect(context), context.location
    call = Call(f"list the repositories of {location.workspace}", "Give the token the scope read:repository:bitbucket.")
    within = {"q": f'project.key="{location.project}"'} if location.project else {}
    for page in itertools.count(1):
        asked = {"pagelen": str(PER_PAGE), "page": str(page), "sort": "created_on", **within}
        found, has_next = rest.read(call, f"repositories/{quoted(location.workspace)}", _page, **asked)
        for one in found:
            branch = str(part(one, "mainbranch", "name") or "")
            yield ListedRepository(name=texts(one, "full_name")[0].rpartition("/")[2], default_branch=branch)
        if not has_next:
            return


def _page(told: Any) -> tuple[list[dict[str, Any]], bool]:
    """Give what is on a page, and whether another follows: a page may be shorter than was asked for."""
    found, has_next = objects(told), bool(told.get("next"))
    if has_next and not found:
        raise Unreadable("there is nothing on a page that is not the last")
    return found, has_next
