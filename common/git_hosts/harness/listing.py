"""The repositories of a scope of Harness Code, page by page."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from common.git_hosts import ListedRepository
from common.git_hosts.context import HostContext
from common.git_hosts.harness import place
from common.git_hosts.harness.api import send
from common.git_hosts.harness.failures import listed, unreadable

PER_PAGE = 100


def list_repositories(context: HostContext) -> Iterator[ListedRepository]:
    """Give the repositories of the account, the organization or the project that the location names."""
    doing = f"list the repositories of {'/'.join((place.account(context), *place.scope(context).names))}"
    for page in itertools.count(1):
        asked = {"page": str(page), "limit": str(PER_PAGE), "sort": "created", "order": "asc"}
        answer = send(context, "GET", whole=True, params=asked)
        found = listed(context, answer, doing=doing)
        for one in found:
            if not isinstance(one.get("identifier"), str):
                raise unreadable(context, "there is no identifier in what it gives", answer)
            yield ListedRepository(name=one["identifier"], default_branch=str(one.get("default_branch") or ""))
        if len(found) < PER_PAGE:
            return
