"""RegisterCatalog's URL of the catalog file, on every host that shows files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

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
    assert done.outputs["catalogInfoUrl"] == page.format(branch=branch or host.default_branch, path=quoted)
