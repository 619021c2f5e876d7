"""The repositories of a project of Azure Repos, which gives them in one answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from common.git_hosts import ListedRepository
from common.git_hosts.answers import list_of, object_of, texts
from common.git_hosts.azure import place
from common.git_hosts.azure.api import BRANCH, repositories
from common.git_hosts.azure.calls import Client
from common.git_hosts.azure.words import NAME, Call
from common.git_hosts.context import HostContext, check_location


def list_repositories(context: HostContext) -> Iterator[ListedRepository]:
    """Give the project's repositories."""
    needs = ["project"] if place.named_by_host(context) is not None else ["organization", "project"]
    check_location(context, host=NAME, needs=needs, has=["organization", "repository"])
    call = Call(f"list the repositories of the project {context.location.project}")
    yield from Client(context).read(call, repositories(context), _listed)


def _listed(told: Any) -> list[ListedRepository]:
    return [
        ListedRepository(
            name=texts(one, "name")[0],
            default_branch=str(one.get("defaultBranch") or "").removeprefix(BRANCH),
            archived=one.get("isDisabled") is True,
        )
        for one in list_of(object_of(told).get("value"))
    ]
