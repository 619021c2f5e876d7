"""The repositories of an owner: every host gives all of them over several pages, by its published description."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from common.contract.resolve import resolve
from common.git_hosts.context import HostContext, HostInputs
from common.network.deadline import Deadline
from common.network.settings import Network
from sandbox.app import create_app
from sandbox.git import repositories
from sandbox.gitlab import namespaces
from sandbox.services import open_state
from tests.conftest import Faults, World, serving
from tests.hosts import OWNERS, Host, serving_step

ALLOWED = {
    "Gitlab": {
        r"GET /api/v4/groups/[^/]+/projects: the description has no such operation": (
            "documented at docs.gitlab.com (Groups API, list projects), and left out of this cut of the description"
        ),
    },
    "cloud": {
        r"query parameter (page|pagelen) is not declared": (
            "pagination is described once for the whole API, in its introduction, and not with each operation"
        ),
    },
}


@pytest.mark.parametrize("row", serving_step("CreateRepo"), ids=str)
def test_all_repositories_of_an_owner_are_listed_page_by_page(
    row: Host, record: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = open_state(tmp_path / "sandbox")
    host, owner = OWNERS[str(row)]
    owner = owner.format(account=state.credentials["harness"].account)
    if str(row) == "cloud":
        repositories.create(state, host, owner, "of-others", visibility="private", settings={"project": "OTHER"})
    for number in range(5):
        settings = {"project": "SHOP", "topics": []}
        repositories.create(state, host, owner, f"service-{number}", visibility="private", settings=settings)
    if str(row) == "Gitlab":  # one of another group, which this one has been let into
        group = namespaces.find(state, "acme/team")
        assert group is not None
        shares: dict[str, Any] = {str(group.id): {}}
        repositories.create(state, host, "others", "shared", visibility="private", settings={"shares": shares})
    repositories.create(state, host, f"{owner}x", "other", visibility="private", settings={"project": "SHOP"})
    recorder = record(create_app(tmp_path / "sandbox"), ALLOWED.get(str(row), {}))
    module = importlib.import_module(f"{row.module}.listing")
    monkeypatch.setattr(module, "PER_PAGE", 2, raising=False)
    with serving(recorder) as url:
        world = World(url, tmp_path / "sandbox", state.credentials, Faults(recorder))
        with row.serve(world, tmp_path / "host") as served:
            environ = {**served.variables, "REPO_NAME": ""}
            proxy = environ.pop("HTTP_PROXY", "")
            context = HostContext(
                **vars(resolve(HostInputs, {}, environ).inputs),
                network=Network(environ={"http_proxy": proxy} if proxy else {}),
                deadline=Deadline(5),
            )
            found = list(module.list_repositories(context))
    assert sorted(one.name for one in found) == [f"service-{number}" for number in range(5)]
    assert not any(one.archived for one in found)
    assert recorder.faults == [], "\n".join(dict.fromkeys(recorder.faults))
    if str(row) not in ("AzureRepo", "Gitlab"):  # the one gives all at once, the other is not described
        assert len(recorder.seen) == 3
    assert set(recorder.excused.values()) == set(ALLOWED.get(str(row), {}).values())
