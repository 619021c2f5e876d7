"""`idp-steps catalog` sends what the portal and Backstage describe: import, orphans, errors, and their deletions."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runner import cli
from sandbox.app import create_app
from sandbox.seeding import seed
from sandbox.services import open_state
from tests.catalogs import BACKSTAGE, CATALOGS, CatalogUnderTest, push
from tests.conftest import Faults, World, serving

ALLOWED = {
    r"scm/get-file-by-branch: the description has no such operation": (
        "the platform's call for a file (docs/contract.md); no description of it is published"
    ),
}
DELETIONS = {  # IDP 1.0 has Backstage's calls below an address of its own, which no description has
    "IDP 2.0": "harness-idp DELETE /v1/entities/{scope}/{kind}/{identifier}",
    "Backstage": "backstage-catalog DELETE /locations/{id}",
}


@pytest.mark.parametrize("catalog", [row for row in CATALOGS if str(row) in DELETIONS], ids=str)
def test_import_orphans_and_errors_send_what_is_described(
    catalog: CatalogUnderTest, record: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state_dir, files = tmp_path / "sandbox", tmp_path / "code" / "acme"
    recorder = record(create_app(state_dir), ALLOWED)
    monkeypatch.chdir(tmp_path)
    with serving(recorder) as url:
        world = World(url, state_dir, open_state(state_dir).credentials, Faults(recorder))
        for name, value in {**catalog.forms[0](world), "REPO_NAME": "", "WAIT_TIMEOUT": "20"}.items():
            monkeypatch.setenv(name, value)

        def run(command: str, *arguments: str) -> None:
            with open_state(state_dir).database() as database:
                database.execute("UPDATE locations SET due = 0")  # so that the catalog reads them again at once
            assert cli.main(["catalog", command, *arguments]) == 0

        for command in ("errors", "orphans"):
            push(world, tmp_path, "acme", BACKSTAGE)
            run("import", "--apply")
            if command == "errors":
                push(world, tmp_path, "acme", re.sub("name: .*", "name: a b", BACKSTAGE))
            else:
                (files / "catalog-info.yaml").rename(files / "README.md")
                seed(state_dir, "acme", "payments", files)
            run(command, "--delete")
            assert catalog.registered(world) == []
    assert recorder.faults == [], "\n".join(dict.fromkeys(recorder.faults))
    assert DELETIONS[str(catalog)] in {" ".join(line.split()[:3]) for line in recorder.seen}
