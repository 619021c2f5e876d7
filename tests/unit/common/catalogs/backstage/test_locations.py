"""RegisterCatalog in catalogs of locations, Backstage and IDP 1.0: what only they have."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sandbox.catalog import locations
from sandbox.git import bare
from sandbox.services import open_state
from tests.catalogs import BACKSTAGE, CATALOGS, CatalogUnderTest, asked, push
from tests.conftest import Result, RunStep, World

LOCATED = [row for row in CATALOGS if row.has_locations]
TITLED = BACKSTAGE.replace("  name: payments\n", "  name: payments\n  title: Payments\n")


@pytest.fixture(params=LOCATED, ids=str)
def catalog(request: pytest.FixtureRequest) -> CatalogUnderTest:
    """Each catalog of locations."""
    row: CatalogUnderTest = request.param
    return row


@pytest.fixture
def pushed(world: World, tmp_path: Path) -> World:
    """A world in which acme/payments holds a catalog file on main."""
    push(world, tmp_path, "acme", BACKSTAGE)
    return world


def expect(done: Result, code: int, *told: str) -> None:
    assert done.code == code, done.stderr
    for part in told:
        assert part in done.stderr
    if code:
        assert done.outputs == {}


def of(request: tuple[str, str], path: str) -> tuple[str, str]:
    """Give another request of the same API as that for entities."""
    return (request[0], request[1].replace("/entities/by-refs", path))


def test_a_file_that_was_changed_is_read_again_and_the_new_state_waited_for(
    catalog: CatalogUnderTest, pushed: World, tmp_path: Path, run_step: RunStep
) -> None:
    first = run_step("RegisterCatalog", catalog.forms[0](pushed))
    push(pushed, tmp_path, "acme", TITLED)
    done = run_step("RegisterCatalog", catalog.forms[0](pushed))
    expect(done, 0, f"{catalog.ref} is registered anew from")
    assert done.outputs == dict(first.outputs) | {"registered": "refreshed"}
    assert asked(pushed.faults.requests, of(catalog.find, "/refresh")) == 1
    assert run_step("RegisterCatalog", catalog.forms[0](pushed)).outputs["registered"] == "existed"


def test_a_location_whose_file_was_broken_is_read_again_when_it_is_mended(
    catalog: CatalogUnderTest, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run_step: RunStep
) -> None:
    """Somebody added the location of a broken file; nothing of it was ever shown."""
    monkeypatch.setattr(locations, "DELAY", 0.0)
    push(world, tmp_path, "acme", "kind: [")
    name = "backstage" if catalog.type == "backstage" else "idp1"
    where = locations.Catalog(open_state(world.state_dir), name, world.url.partition("//")[2])
    where.add(f"{world.url}/acme/payments/blob/main/catalog-info.yaml")
    where.entities()
    expect(run_step("RegisterCatalog", catalog.forms[0](world)), 1, "YAML error at url:", "Correct the file")
    push(world, tmp_path, "acme", BACKSTAGE)
    done = run_step("RegisterCatalog", catalog.forms[0](world))
    expect(done, 0)
    assert done.outputs["registered"] == "refreshed"


def test_every_entity_of_a_file_is_waited_for_and_the_first_is_put_out(
    catalog: CatalogUnderTest, world: World, tmp_path: Path, run_step: RunStep
) -> None:
    push(world, tmp_path, "acme", f"{BACKSTAGE}---\n{BACKSTAGE.replace('name: payments', 'name: ledger')}")
    done = run_step("RegisterCatalog", catalog.forms[0](world))
    expect(done, 0)
    assert done.outputs["entityRef"] == "component:default/payments"
    assert catalog.registered(world) == ["component:default/payments", "component:default/ledger"]


def test_a_second_entity_that_another_location_has_is_a_conflict_too(
    catalog: CatalogUnderTest, world: World, tmp_path: Path, run_step: RunStep
) -> None:
    push(world, tmp_path, "other", BACKSTAGE)
    assert run_step("RegisterCatalog", catalog.forms[0](world, ORG_NAME="other")).code == 0
    push(world, tmp_path, "acme", f"{BACKSTAGE.replace('name: payments', 'name: ledger')}---\n{BACKSTAGE}")
    expect(
        run_step("RegisterCatalog", catalog.forms[0](world)),
        4,
        "The catalog has component:default/payments already, from",
        "/other/payments/blob/main/catalog-info.yaml",
    )
    assert asked(world.faults.requests, catalog.register) == 1


@pytest.mark.parametrize(
    ("content", "code", "told"),
    [
        ("", 2, "holds no entity"),
        ("a: [b", 1, "YAML error at url:"),
        (BACKSTAGE.replace("  owner: test\n", ""), 1, "spec.owner is missing"),
        (BACKSTAGE.replace("kind: Component", "kind: Weird"), 1, "is not of an allowed kind for that location"),
    ],
)
def test_a_bad_file_is_never_registered(  # noqa: PLR0913, PLR0917 - a case and four fixtures
    content: str, code: int, told: str, catalog: CatalogUnderTest, world: World, tmp_path: Path, run_step: RunStep
) -> None:
    push(world, tmp_path, "acme", content)
    expect(run_step("RegisterCatalog", catalog.forms[0](world)), code, told)
    assert asked(world.faults.requests, catalog.register) == 0


def test_a_host_that_the_catalog_may_not_read_is_told_with_who_can_change_that(
    catalog: CatalogUnderTest, pushed: World, run_step: RunStep
) -> None:
    port = pushed.url.rpartition(":")[2]
    given = catalog.forms[0](pushed, DRONE_NETRC_MACHINE="localhost", DRONE_NETRC_PORT=port)
    expect(run_step("RegisterCatalog", given), 1, "is not allowed", "add the git host to its integrations")


def test_a_push_that_the_catalog_does_not_see_yet_is_waited_for(
    catalog: CatalogUnderTest, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run_step: RunStep
) -> None:
    push(world, tmp_path, "acme", BACKSTAGE)
    real, misses = locations.Catalog.read, iter([True, True])

    def late(self: locations.Catalog, target: str) -> Any:
        if next(misses, False):
            raise locations.Invalid(f"NotFoundError: Unable to read url, no matching files found for {target}")
        return real(self, target)

    monkeypatch.setattr(locations.Catalog, "read", late)
    expect(run_step("RegisterCatalog", catalog.forms[0](world, RETRY_BUDGET="20")), 0)
    assert asked(world.faults.requests, catalog.read) == 3


def test_an_entity_that_does_not_appear_is_told_with_the_reason_that_the_catalog_gives(
    catalog: CatalogUnderTest, pushed: World, monkeypatch: pytest.MonkeyPatch, run_step: RunStep
) -> None:
    """The file is spoilt between the dry run and the moment when the location is read."""
    added: Callable[..., Any] = locations.Catalog.add

    def spoiling(self: locations.Catalog, target: str) -> Any:
        folder = pushed.repository("acme", "payments")
        bare.commit_files(folder, "main", {"catalog-info.yaml": ("100644", b"a: [b")}, "spoilt")
        return added(self, target)

    monkeypatch.setattr(locations.Catalog, "add", spoiling)
    done = run_step("RegisterCatalog", catalog.forms[0](pushed, WAIT_TIMEOUT="1"))
    expect(done, 1, "did not appear within 1 s: Error: YAML error at url:", "Correct http")


def test_a_dry_run_tells_that_the_file_would_replace_what_is_registered(
    catalog: CatalogUnderTest, pushed: World, tmp_path: Path, run_step: RunStep
) -> None:
    assert run_step("RegisterCatalog", catalog.forms[0](pushed)).code == 0
    push(pushed, tmp_path, "acme", TITLED)
    done = run_step("RegisterCatalog", catalog.forms[0](pushed, DRY_RUN="true"))
    expect(done, 0, "is registered from", "what the file holds now would replace it")
    assert asked(pushed.faults.requests, of(catalog.find, "/refresh")) == 0


def test_backstage_needs_its_address(world: World, run_step: RunStep) -> None:
    given = LOCATED[1].forms[0](world, BACKSTAGE_URL="")
    expect(run_step("RegisterCatalog", given), 2, "Required input is missing: backstageUrl (set BACKSTAGE_URL)")
