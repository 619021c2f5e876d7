"""`idp-steps catalog orphans` and `errors`: what is deleted, what is not any more, and what fails by itself alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from common.catalogs import tidying
from common.catalogs.backstage import tidying as in_backstage
from common.catalogs.harness import tidying as in_harness
from sandbox.harness import entities
from sandbox.harness.api import stop
from sandbox.services import open_state
from tests.catalogs import CATALOGS, CatalogUnderTest
from tests.conftest import World
from tests.unit.runner.cli.test_catalog import FILE, Run, put, run, variables

__all__ = ["run"]

HARNESS = CATALOGS[0]
NAMES = ("a", "b", "c", "d", "e", "f")


def read_again(world: World) -> None:
    """Have the catalogs of locations read every file at once."""
    with open_state(world.state_dir).database() as database:
        database.execute("UPDATE locations SET due = 0")


def put_again(world: World, tmp_path: Path, names: Sequence[str], text: Callable[[str], str | None]) -> None:
    for name in names:
        put(world, tmp_path, name, text(name))
    read_again(world)


@pytest.fixture(params=CATALOGS, ids=str)
def catalog(request: pytest.FixtureRequest) -> CatalogUnderTest:
    row: CatalogUnderTest = request.param
    return row


@pytest.fixture
def filled(catalog: CatalogUnderTest, world: World, tmp_path: Path, run: Run) -> dict[str, str]:
    """The variables for a catalog with an entity of each name."""
    put_again(world, tmp_path, NAMES, lambda name: FILE.format(name=name))
    environ = variables(catalog, world)
    assert run(environ, "import", "--apply")[0] == 0
    return environ


def names_in(catalog: CatalogUnderTest, world: World) -> str:
    refs = catalog.registered(world)
    return "".join(sorted(ref.rpartition("/")[2] for ref in refs if not ref.startswith("location:")))


def test_what_was_deleted_can_be_registered_again(
    catalog: CatalogUnderTest, filled: dict[str, str], world: World, tmp_path: Path, run: Run
) -> None:
    """A location whose entity alone is deleted would bar its address, and come back."""
    put_again(world, tmp_path, "ab", lambda _: None)
    code, out, err = run(filled, "orphans", "--delete")
    assert (code, "Orphans: 2, 2 deleted." in out) == (0, True), err
    read_again(world)
    assert names_in(catalog, world) == "cdef"
    put_again(world, tmp_path, "ab", lambda name: FILE.format(name=name))
    code, out, err = run(filled, "import", "--apply")
    assert (code, "Repositories: 2 made, 4 existed." in out) == (0, True), err


def test_what_is_mended_before_its_deletion_is_kept(  # noqa: PLR0913, PLR0917 - fixtures
    catalog: CatalogUnderTest,
    filled: dict[str, str],
    world: World,
    tmp_path: Path,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The list of a large catalog takes minutes, in which somebody may bring a file back."""
    real = tidying.deleted

    def later(*arguments: Any) -> Any:
        put_again(world, tmp_path, "a", lambda name: FILE.format(name=name))
        return real(*arguments)

    monkeypatch.setattr(tidying, "deleted", later)
    for command, text in (("orphans", None), ("errors", FILE.format(name="a b"))):
        put_again(world, tmp_path, "ab", lambda _, text=text: text)  # type: ignore[misc]
        code, out, err = run(filled, command, "--delete")
        told = out.splitlines()[-1].partition(": ")[2]
        assert (code, sorted(told.rstrip(".").split(", "))) == (0, ["1 deleted", "1 kept", "2"]), err
        assert "/a (it is none any more)" in out or "kept: location:" in out
        assert names_in(catalog, world) == "acdef"
        put_again(world, tmp_path, "b", lambda name: FILE.format(name=name))
        assert run(filled, "import", "--apply")[0] == 0


def test_a_deletion_that_fails_stops_no_other_and_a_re_run_does_the_rest(
    catalog: CatalogUnderTest, filled: dict[str, str], world: World, tmp_path: Path, run: Run
) -> None:
    put_again(world, tmp_path, NAMES, lambda _: None)
    world.faults.before["DELETE", "/"] = [403] * (len(NAMES) + 1)  # each once, and one in its own turn
    code, out, err = run({**filled, "RETRY_BUDGET": "0"}, "orphans", "--delete")
    assert (code, out.count("deleted: "), err.count("failed: ")) == (3, 5, 1), out + err
    assert "Orphans: 6, 5 deleted, 1 failed." in out
    assert "idp_catalog_edit" in err or "catalog.location.create" in err, "what to do"
    code, out, err = run(filled, "orphans", "--delete")
    assert (code, "Orphans: 1, 1 deleted." in out) == (0, True), err
    assert names_in(catalog, world) == ""


def lists(world: World, turn: Callable[[list[Any]], list[Any]]) -> None:
    """Have each page of the catalogs' lists of entities turned into another."""
    app = world.faults.app

    def turned(environ: dict[str, Any], start_response: Any) -> Any:
        is_list = environ["PATH_INFO"].endswith(("/v1/entities", "/entities/by-query"))
        if not is_list or "entity_refs" in environ["QUERY_STRING"]:
            return app(environ, start_response)
        told: list[Any] = []
        body = json.loads(b"".join(app(environ, lambda status, headers, *_: told.extend((status, headers)))))
        made = turn(body) if isinstance(body, list) else body | {"items": turn(body["items"])}
        start_response(told[0], [(name, value) for name, value in told[1] if name != "Content-Length"])
        return [json.dumps(made).encode()]

    world.faults.app = turned


@pytest.fixture
def in_pages(filled: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The variables for a catalog of which two entities are on a page."""
    for module in (in_harness, in_backstage):
        monkeypatch.setattr(module, "PER_PAGE", 2)
    return filled


@pytest.mark.parametrize("command", ["orphans", "errors"])
def test_pages_that_repeat_without_end_are_refused(
    command: str, in_pages: dict[str, str], world: World, tmp_path: Path, run: Run
) -> None:
    put_again(world, tmp_path, NAMES, lambda _: None)
    first: list[Any] = []

    def turn(page: list[Any]) -> list[Any]:
        first[:] = first or page
        return first

    lists(world, turn)
    code, _, err = run(in_pages, command)
    assert (code, "The catalog gives the same entities again, after 2 of them." in err) == (1, True), err


def test_a_list_that_is_shorter_than_it_says_is_told(
    catalog: CatalogUnderTest, in_pages: dict[str, str], world: World, tmp_path: Path, run: Run
) -> None:
    put_again(world, tmp_path, NAMES, lambda _: None)
    lists(world, lambda page: page[:1])
    code, out, err = run(in_pages, "orphans")
    assert (code, "of them: the others were not looked at" in err) == (0, True), out + err
    assert 0 < out.count("found: ") < len(NAMES)


@pytest.mark.parametrize("catalog", CATALOGS[1:], indirect=True, ids=str)
def test_what_is_on_two_pages_is_found_once(in_pages: dict[str, str], world: World, tmp_path: Path, run: Run) -> None:
    put_again(world, tmp_path, NAMES, lambda _: None)
    whole = run(in_pages, "orphans")
    assert whole[1].count("found: ") == len(NAMES)
    last: list[Any] = []

    def turn(page: list[Any]) -> list[Any]:
        begun, last[:] = [*last[-1:], *page], page
        return begun

    lists(world, turn)
    assert run(in_pages, "orphans")[:2] == whole[:2]


@pytest.mark.parametrize("catalog", [HARNESS], indirect=True, ids=str)
def test_a_connector_that_is_gone_makes_no_orphan(
    filled: dict[str, str], world: World, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every file behind it would seem to be gone. What can be told of the others is."""
    real = entities._repository

    def found(name: str, **options: Any) -> Any:
        if name == "a":
            stop(400, "INVALID_REQUEST", "Connector not found for identifier: github, with scope: ACCOUNT")
        return real(name, **options)

    monkeypatch.setattr(entities, "_repository", found)
    put_again(world, tmp_path, "b", lambda _: None)
    code, out, err = run(filled, "orphans", "--delete")
    assert (code, "Orphans: 1, 1 deleted, 1 failed." in out) == (1, True), out + err
    assert "failed: component:account/a (Whether catalog-info.yaml of a is there cannot be told: " in err
    assert "Mend the connector account.github" in err
    assert names_in(HARNESS, world) == "acdef"


@pytest.mark.parametrize("catalog", [HARNESS], indirect=True, ids=str)
def test_deletions_end_when_the_catalog_is_down(filled: dict[str, str], world: World, tmp_path: Path, run: Run) -> None:
    """Each would spend the whole retry budget."""
    put_again(world, tmp_path, NAMES, lambda _: None)
    world.faults.before["DELETE", "/"] = [502] * 100
    world.faults.requests.clear()
    code, out, err = run({**filled, "RETRY_BUDGET": "0"}, "orphans", "--delete")
    assert (code, "Orphans: 6, 6 failed." in out) == (5, True), err
    assert sum(line.startswith("DELETE ") for line in world.faults.requests) == len(NAMES) + 3
