"""The page of a file leads back to its repository, branch and path, on every host that shows files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from common import git_hosts
from common.contract.resolve import resolve
from common.errors import BadInput
from common.git_hosts import GitHost
from common.git_hosts.connector import RepositoryLocation
from common.git_hosts.context import HostContext, HostInputs
from common.git_hosts.file_page import place_of
from common.network.deadline import Deadline
from common.network.settings import Network
from tests.conftest import World
from tests.hosts import serving_step


@pytest.fixture(params=serving_step("RegisterCatalog"), ids=str)
def host(request: pytest.FixtureRequest, world: World, tmp_path: Path) -> Iterator[tuple[GitHost, HostContext]]:
    """A host, and the context of its repository."""
    with request.param.serve(world, tmp_path / "host") as served:
        inputs = resolve(HostInputs, {}, served.variables).inputs
        context = HostContext(
            connector=inputs.connector,
            location=inputs.location,
            harness=inputs.harness,
            network=Network(),
            deadline=Deadline(),
        )
        yield git_hosts.checked_host(context, "RegisterCatalog"), context


def test_the_page_of_a_file_leads_back_to_it(host: tuple[GitHost, HostContext]) -> None:
    module, context = host
    nowhere = context._replace(location=RepositoryLocation())
    for branch, path in (
        ("main", "catalog-info.yaml"),
        ("", "my app/grüße#1?.yaml"),
        ("v1.2", "a/b.yaml"),
        ("v1.2", "a/~/b.yaml"),
    ):
        url = module.file_url(context, branch=branch, path=path)
        found = place_of(module, nowhere, url)
        assert (found.branch, found.path) == (branch, path)
        assert module.clone_url(found.where) == module.clone_url(context)


def test_a_page_of_another_host_or_of_no_file_is_refused(host: tuple[GitHost, HostContext]) -> None:
    module, context = host
    url = module.file_url(context, branch="main", path="catalog-info.yaml")
    for other in (url.replace("://", "://other."), module.repository_url(context), "https://example.com/x.yaml"):
        with pytest.raises(BadInput, match=r"is not on the connector's git host|Which file"):
            place_of(module, context, other)
