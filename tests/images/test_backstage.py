"""UpdateCatalogProperty in its image, on Backstage: it clones, edits and pushes with the git that it has."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.catalog import locations
from sandbox.git import bare, repositories
from sandbox.seeding import seed
from sandbox.server import Sandbox
from sandbox.services import open_state
from tests.images.conftest import CATALOG_FILE, Containers, connector

pytestmark = pytest.mark.images


def test_an_entity_of_backstage_is_changed_in_its_repository(
    platform: Containers, sandbox: Sandbox, tmp_path: Path
) -> None:
    """By any user on a file system that cannot be written to; a key that the image cannot use is told."""
    (tmp_path / "code").mkdir()
    (tmp_path / "code/catalog-info.yaml").write_text(f"# kept\n{CATALOG_FILE}")
    seed(sandbox.state_dir, "acme", "payments", tmp_path / "code")
    state = open_state(sandbox.state_dir)
    catalog = locations.Catalog(state, "backstage", sandbox.url.partition("//")[2])
    catalog.add(f"{sandbox.url}/acme/payments/blob/main/catalog-info.yaml")
    with state.database() as database:
        database.execute("UPDATE locations SET due = 0")
    assert catalog.entities()
    environ = {
        **connector(sandbox),
        "CATALOG_TYPE": "backstage",
        "BACKSTAGE_URL": f"{sandbox.url}/backstage",
        "BACKSTAGE_TOKEN": sandbox.credentials["backstage"].token,
        "PLUGIN_ENTITY_REF": "component:default/payments",
        "PLUGIN_PROPERTIES": '[{"property": "metadata.team", "value": "blue"}]',
    }
    running = platform.having("--user=123456:123456", "--read-only", "--tmpfs=/tmp")

    running.run("updatecatalogproperty", environ).well()

    folder = repositories.find(state, "github", "acme", "payments").folder
    blob = bare.entry(folder, bare.branches(folder)["main"], "catalog-info.yaml").sha
    assert bare.read(folder, blob).decode() == f"# kept\n{CATALOG_FILE}".replace("spec:", "  team: blue\nspec:")
    key = "-----BEGIN OPENSSH PRIVATE KEY-----\nx\n-----END OPENSSH PRIVATE KEY-----\n"
    done = running.run("updatecatalogproperty", {**environ, "SIGNING_KEY": key})
    assert (done.code, "takes the Python library cryptography" in done.stderr) == (2, True), done.stderr
