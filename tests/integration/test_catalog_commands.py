"""`idp-steps catalog` against a real Backstage: what it imports, calls an orphan or an error, and deletes for good."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from runner import cli
from sandbox.seeding import seed
from tests.integration.conftest import Backstage
from tests.integration.test_register import ENTITY, given, locations

pytestmark = pytest.mark.integration

OWNER = "filling"
PATIENCE = 60.0  # seconds; Backstage reads a file again within one
NAMES = ("stays", "goes", "breaks")


def put(backstage: Backstage, folder: Path, name: str, content: str | None) -> None:
    place = folder / name
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    (place / "README.md").write_text("x", encoding="utf-8")
    if content is not None:
        (place / "catalog-info.yaml").write_text(content, encoding="utf-8")
    seed(backstage.world.state_dir, OWNER, name, place)


@pytest.fixture
def run(
    backstage: Backstage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str]]:
    monkeypatch.chdir(tmp_path)
    for name, value in given(backstage, "", ORG_NAME=OWNER).items():
        monkeypatch.setenv(name, value)

    def command(*arguments: str) -> tuple[int, str]:
        capfd.readouterr()
        code = cli.main(["catalog", *arguments])
        return code, "".join(capfd.readouterr())

    return command


def listed(run: Callable[..., tuple[int, str]], command: str, name: str) -> str:
    """Wait until Backstage has read the file again, and give the line about it."""
    until = time.monotonic() + PATIENCE
    while True:
        code, said = run(command)
        found = [line for line in said.splitlines() if line.startswith("found: ") and f"/{name}/" in line]
        assert code == 0, said
        if found:
            return found[0]
        assert time.monotonic() < until, said
        time.sleep(0.3)


def test_orphans_and_errors_are_found_and_deleted_so_that_they_can_be_imported_again(
    backstage: Backstage, tmp_path: Path, run: Callable[..., tuple[int, str]]
) -> None:
    for name in NAMES:
        put(backstage, tmp_path, name, ENTITY.format(name=f"filling-{name}", title="x"))
    assert "Repositories: 3 made." in run("import", "--apply")[1]
    assert "Repositories: 3 existed." in run("import", "--apply")[1]
    for command, name, content, told in (
        ("orphans", "goes", None, "no matching files found"),
        ("errors", "breaks", "kind: [\n", "YAML"),
    ):
        put(backstage, tmp_path, name, content)
        (there,) = locations(backstage, name, OWNER)
        _, shown = backstage.ask("GET", f"locations/{there}")
        backstage.ask("POST", "refresh", {"entityRef": shown["entityRef"]})
        assert told in listed(run, command, name)
        code, said = run(command, "--delete")
        assert (code, f"{command.capitalize()}: 1, 1 deleted." in said) == (0, True), said
        assert locations(backstage, name, OWNER) == []
        assert backstage.ask("GET", f"entities/by-name/component/default/filling-{name}")[0] == 404
        put(backstage, tmp_path, name, ENTITY.format(name=f"filling-{name}", title="x"))
        code, said = run("import", "--apply")
        assert (code, "Repositories: 1 made, 2 existed." in said) == (0, True), said
