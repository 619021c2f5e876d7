"""RegisterCatalog's URL of the catalog file, on every host that shows files."""

from __future__ import annotations

import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.conftest import RunStep, World
from tests.hosts import Served, serving_step


@pytest.fixture(params=serving_step("RegisterCatalog"), ids=str)
def host(request: pytest.FixtureRequest, world: World, tmp_path: Path) -> Iterator[Served]:
    with request.param.serve(world, tmp_path / "host") as served:
        yield served


@pytest.mark.parametrize(
    ("branch", "path", "quoted"),
    [
        ("main", "catalog-info.yaml", "catalog-info.yaml"),
        ("feature/x", "/deep/catalog-info.yaml", "deep/catalog-info.yaml"),
        ("main", "my app/grüße#1?.yaml", "my%20app/gr%C3%BC%C3%9Fe%231%3F.yaml"),
        ("", "catalog-info.yaml", "catalog-info.yaml"),
    ],
)
def test_the_page_of_a_file_is_right_for_each_branch_and_path(
    host: Served, run_step: RunStep, branch: str, path: str, quoted: str
) -> None:
    given = {"BRANCH": branch, "FILE_PATH": path, "HARNESS_PIPELINE_ID": "onboarding"}
    done = run_step("RegisterCatalog", {**host.variables, **given})
    assert done.code == 0, done.stderr
    page = host.file_page if branch else host.default_file_page or host.file_page
    assert done.outputs["catalogInfoUrl"] == page.format(
        branch=branch or host.default_branch, quoted_branch=urllib.parse.quote(branch, safe=""), path=quoted
    )



ENTITY = """\
apiVersion: harness.io/v1
kind: component
identifier: payments
type: service
owner: group:account/platform
spec:
  lifecycle: production
"""


def test_the_catalog_registers_a_pushed_file_and_its_page_is_there(
    host: Served, world: World, run_step: RunStep, workspace: Path
) -> None:
    (workspace / "app").mkdir()
    (workspace / "app" / "idp.yaml").write_text(ENTITY, encoding="utf-8")
    portal = world.credentials["harness"]
    given = {
        **host.variables,
        "BASE": world.url,
        "HARNESS_ACCOUNT_ID": portal.account,
        "X_API_KEY": portal.api_key,
        "PLUGIN_CONNECTOR_REF": "account.git",
        "BRANCH": "feature/x",
        "FILE_PATH": "idp.yaml",
        "CODE_DIRECTORY": "app",
    }
    for step_type in ("CreateRepo", "DirectPush", "RegisterCatalog"):
        done = run_step(step_type, given)
        assert done.code == 0, done.stderr
    assert done.outputs["registered"] == "created"
    proxies = {"http": host.connector["HTTP_PROXY"]} if "HTTP_PROXY" in host.connector else None
    page = requests.get(done.outputs["catalogInfoUrl"], proxies=proxies, timeout=10)
    assert (page.status_code, "identifier: payments" in page.text) == (200, True), page.text
