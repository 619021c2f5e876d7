"""`idp-steps catalog` under faults of its calls: a run ends in success or a sentence, and nothing is done twice."""

from __future__ import annotations

import functools
import importlib
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from common.network.deadline import Deadline
from runner import cli
from sandbox.app import create_app
from sandbox.catalog import locations
from sandbox.git import bare
from sandbox.seeding import seed
from sandbox.services import open_state
from tests.catalogs import BACKSTAGE, CATALOGS, CatalogUnderTest, asked, push
from tests.conftest import Faults, World, serving
from tests.faults.wsgi import FAULTS, Fault, FaultProxy

SHORT = 0.005  # seconds for every pause
TOO_MANY = Fault("429", 429, headers=(("Retry-After", "1"),))
SOME = [*(one for one in FAULTS if one.name in {"502", "reset", "a page", "a redirect"}), TOO_MANY]
LIST = ("GET", "/api/v3/orgs/acme/repos")
Run = Callable[..., tuple[int, str]]


@pytest.fixture(params=CATALOGS, ids=str)
def catalog(request: pytest.FixtureRequest) -> CatalogUnderTest:
    row: CatalogUnderTest = request.param
    return row


@pytest.fixture
def proxy(tmp_path: Path) -> FaultProxy:
    return FaultProxy(create_app(tmp_path / "sandbox"))


@pytest.fixture
def world(tmp_path: Path, proxy: FaultProxy) -> Iterator[World]:
    """A sandbox behind a fault proxy, whose acme/payments holds a catalog file."""
    state_dir = tmp_path / "sandbox"
    with serving(proxy) as url:
        world = World(url, state_dir, open_state(state_dir).credentials, Faults(proxy))
        push(world, tmp_path, "acme", BACKSTAGE)
        yield world


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    pause = functools.partial(Deadline, sleep=lambda seconds: time.sleep(min(seconds, SHORT)))
    monkeypatch.setattr(
        importlib.import_module("runner.cli.catalog"), "Deadline", pause
    )  # its package has a command of that name
    monkeypatch.setattr(locations, "DELAY", 2 * SHORT)
    monkeypatch.chdir(tmp_path)

    def run(environ: Mapping[str, str], *arguments: str) -> tuple[int, str]:
        with monkeypatch.context() as patch:
            for name, value in {**environ, "REPO_NAME": "", "RETRY_BUDGET": "60", "WAIT_TIMEOUT": "20"}.items():
                patch.setenv(name, value)
            capfd.readouterr()
            code = cli.main(["catalog", *arguments])
        return code, "".join(capfd.readouterr())

    return run


def passes(fault: Fault) -> bool:
    """Whether trying again helps."""
    return fault.passes or fault is TOO_MANY


def test_a_fault_of_the_hosts_list_ends_before_anything_is_registered(
    proxy: FaultProxy, world: World, run: Run
) -> None:
    catalog = CATALOGS[0]
    for fault in [*FAULTS, TOO_MANY]:
        catalog.forget(world)
        proxy.spoil(LIST, fault, after=False)
        code, said = run(catalog.forms[0](world), "import", "--apply")
        expected = {0} if passes(fault) else {0, 1} if fault.says_nothing else {1}  # a cut answer is asked for again
        assert code in expected, f"{fault}: {said}"
        assert "Traceback" not in said, fault
        assert len(catalog.registered(world)) == (code == 0), fault


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_one_fault_of_a_registration_leaves_one_entity_and_stops_nothing(
    catalog: CatalogUnderTest, after: bool, proxy: FaultProxy, world: World, run: Run
) -> None:
    """What a try next to others did not settle is looked at again."""
    for fault in SOME:
        if after and fault is TOO_MANY:
            continue  # it says that nothing was done
        catalog.forget(world)
        proxy.spoil(catalog.register, fault, after=after)
        code, said = run(catalog.forms[0](world), "import", "--apply")
        assert (code, f"Repositories: 1 {'existed' if after else 'made'}." in said) == (0, True), f"{fault}: {said}"
        assert catalog.registered(world) == [catalog.ref], fault
        assert asked(proxy.requests, catalog.register) <= (1 if after else 2), fault


def test_a_fault_that_stays_is_told_for_the_repository(
    catalog: CatalogUnderTest, proxy: FaultProxy, world: World, run: Run
) -> None:
    proxy.spoil(catalog.register, SOME[0], after=False, times=1_000)
    environ = catalog.forms[0](world)
    code, said = run(environ, "import", "--apply", "--retry-budget", "0")
    proxy.heal()
    assert (code, "failed: payments" in said) == (5, True), said
    assert "Repositories: 1 made." in run(environ, "import", "--apply")[1]


@pytest.mark.parametrize("catalog", [row for row in CATALOGS if str(row) != "IDP 1.0"], indirect=True, ids=str)
def test_one_fault_of_any_call_of_an_import_ends_in_one_commit_and_one_entity(
    catalog: CatalogUnderTest, proxy: FaultProxy, world: World, run: Run, tmp_path: Path
) -> None:
    """Of the host's API, of git, and of the catalog; what was in doubt is looked at, and a second run does the rest."""
    (tmp_path / "t.yaml").write_text(BACKSTAGE)
    environ, arguments = catalog.forms[0](world), ("import", "--apply", "--template", "t.yaml")
    folder = world.repository("acme", "payments")

    def afresh() -> int:
        catalog.forget(world)
        tip = bare.commit_files(folder, "main", {"README.md": ("100644", b"x")}, "Without\n", replace=True)
        return bare.count(folder, tip)

    afresh()
    proxy.requests.clear()
    assert run(environ, *arguments)[0] == 0
    calls = calls_of(proxy)
    assert len(calls) >= 7, calls
    passing, page = (next(one for one in FAULTS if one.name == name) for name in ("502", "a page"))
    for call in calls:
        for fault, after in ((passing, False), (passing, True), (page, False)):
            before = afresh()
            proxy.spoil(call, fault, after=after)
            code, said = run(environ, *arguments)
            proxy.heal()
            assert code == 0 if fault is passing else code in {0, 1, 3, 5}, f"{call}, {fault}, {after}: {said}"
            assert "Traceback" not in said, f"{call}, {fault}, {after}"
            assert run(environ, *arguments)[0] == 0, f"{call}, {fault}, {after}"
            assert bare.count(folder, bare.branches(folder)["main"]) == before + 1, f"{call}, {fault}, {after}"
            assert catalog.registered(world) == [catalog.ref], f"{call}, {fault}, {after}"


def calls_of(proxy: FaultProxy) -> list[tuple[str, str]]:
    """Give what was asked for, each once."""
    return [(method, path) for method, _, path in (line.partition(" ") for line in dict.fromkeys(proxy.requests))]


@pytest.fixture
def tidied(catalog: CatalogUnderTest, world: World, run: Run, tmp_path: Path) -> Mapping[str, str]:
    """The variables for a catalog that holds an orphan, which it also finds invalid where it can."""
    environ = catalog.forms[0](world)
    assert run(environ, "import", "--apply")[0] == 0
    for old in (tmp_path / "code" / "acme").iterdir():
        old.rename(tmp_path / "code" / "acme" / "README.md")
    seed(world.state_dir, "acme", "payments", tmp_path / "code" / "acme")
    with open_state(world.state_dir).database() as database:
        database.execute("UPDATE locations SET due = 0")  # so that the catalog reads it again at once
    return environ


def test_a_fault_while_a_catalog_is_looked_through_ends_in_the_list_or_in_a_sentence(
    proxy: FaultProxy, tidied: Mapping[str, str], run: Run
) -> None:
    """The list is never shorter for it."""
    for command in ("orphans", "errors"):
        proxy.requests.clear()
        whole = run(tidied, command)
        assert whole[0] == 0, whole[1]
        for call in calls_of(proxy):
            for fault in [*FAULTS, TOO_MANY]:
                proxy.spoil(call, fault, after=False)
                code, said = run(tidied, command)
                proxy.heal()
                assert code == 0 if passes(fault) else code in {0, 1}, f"{command}, {call}, {fault}: {said}"
                assert "Traceback" not in said, f"{command}, {call}, {fault}"
                assert code or said.count("found: ") == whole[1].count("found: "), f"{command}, {call}, {fault}"


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_fault_of_a_deletion_ends_in_one_deletion_or_in_a_sentence(
    after: bool, proxy: FaultProxy, tidied: Mapping[str, str], run: Run
) -> None:
    for fault in SOME:
        proxy.spoil(("DELETE", "/"), fault, after=after)
        code, said = run(tidied, "orphans", "--delete")
        proxy.heal()
        assert code == 0 if passes(fault) else code in {0, 1}, f"{fault}: {said}"
        assert code == 0 or "deleted: " not in said, f"{fault}: {said}"
        if code == 0:
            break  # it is gone; the faults before it have left it
    assert run(tidied, "orphans", "--delete")[0] == 0
    assert run(tidied, "orphans")[1] == "Orphans: 0.\n"
