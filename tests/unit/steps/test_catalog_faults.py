"""RegisterCatalog and UpdateCatalogProperty under every fault of a call: one entity, and each property set once.

A run ends in success or in the right exit code, and running again without the fault ends in success.
"""

from __future__ import annotations

import functools
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from common.catalogs.harness import properties as process
from common.network import deadline
from common.network.deadline import Deadline
from sandbox.app import create_app
from sandbox.catalog import entities, locations, properties
from sandbox.services import open_state
from tests.catalogs import BACKSTAGE, CATALOGS, NATIVE, CatalogUnderTest, asked, push
from tests.conftest import Faults, RunStep, World, serving
from tests.faults.wsgi import FAULTS, Fault, FaultProxy

ENOUGH = {"RETRY_BUDGET": "60"}  # more than one fault takes on any machine
ONE_TRY = {"RETRY_BUDGET": "0"}
FOR_EVER = 1_000
# A read that is spoilt after the service did it is a read that is spoilt before.
CALLS = pytest.mark.parametrize(
    ("call", "after"), [("read", False), ("find", False), ("register", False), ("register", True)]
)


SHORT = 0.005  # seconds for every pause of the step: how long they are is tested where they are made


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    pause = functools.partial(Deadline, sleep=lambda seconds: time.sleep(min(seconds, SHORT)))
    monkeypatch.setattr(deadline, "Deadline", pause)
    monkeypatch.setattr(locations, "DELAY", 2 * SHORT)


@dataclass(frozen=True)
class Spoilt:
    """A world behind a fault proxy."""

    world: World
    proxy: FaultProxy


@pytest.fixture
def spoilt(tmp_path: Path) -> Iterator[Spoilt]:
    """A sandbox whose acme/payments holds a catalog file, behind a fault proxy."""
    state_dir = tmp_path / "sandbox"
    proxy = FaultProxy(create_app(state_dir))
    with serving(proxy) as url:
        world = World(url, state_dir, open_state(state_dir).credentials, Faults(proxy))
        push(world, tmp_path, "acme", BACKSTAGE)
        yield Spoilt(world, proxy)


@pytest.fixture(params=CATALOGS, ids=str)
def catalog(request: pytest.FixtureRequest) -> CatalogUnderTest:
    """Each catalog of the table."""
    row: CatalogUnderTest = request.param
    return row


def faults(*, after: bool) -> list[Fault]:
    """Give the faults that can be: a service that asks to wait has not done what it was asked for (design, 4)."""
    return [fault for fault in FAULTS if not (after and fault.headers and fault.passes)]


def code_after_one(fault: Fault, *, writes: bool) -> int:
    """Give the exit code when one answer of a call is spoilt: a write that says nothing is looked at, a read is not."""
    return 0 if fault.passes or (writes and fault.says_nothing) else 1


@CALLS
def test_one_fault_of_a_registration_leaves_one_entity(
    catalog: CatalogUnderTest, call: str, after: bool, spoilt: Spoilt, run_step: RunStep
) -> None:
    for fault in faults(after=after):
        catalog.forget(spoilt.world)
        spoilt.proxy.spoil(getattr(catalog, call), fault, after=after)
        done = run_step("RegisterCatalog", catalog.forms[0](spoilt.world, **ENOUGH))
        unchecked = (
            call == "read" and fault.status in {302, 400} and catalog.unread_is_let_pass
        )  # the import itself checks a file that is not shown
        expected = 0 if unchecked else code_after_one(fault, writes=call == "register")
        assert done.code == expected, f"{fault}: {done.stderr}"
        assert asked(spoilt.proxy.requests, catalog.register) <= (1 if after else 2), fault
        if done.code:
            assert run_step("RegisterCatalog", catalog.forms[0](spoilt.world)).code == 0, fault
        assert catalog.registered(spoilt.world) == [catalog.ref], fault


def test_one_fault_of_a_dry_run_registers_nothing(catalog: CatalogUnderTest, spoilt: Spoilt, run_step: RunStep) -> None:
    """What answers without the entity that would be made is not taken for a yes."""
    for fault in FAULTS:
        spoilt.proxy.spoil(catalog.dry_run, fault, after=False)
        done = run_step("RegisterCatalog", catalog.forms[0](spoilt.world, DRY_RUN="true", **ENOUGH))
        assert done.code == (0 if fault.passes else 1), f"{fault}: {done.stderr}"
        assert catalog.registered(spoilt.world) == [], fault


@CALLS
def test_a_fault_that_stays_ends_a_registration_with_a_sentence(
    catalog: CatalogUnderTest, call: str, after: bool, spoilt: Spoilt, run_step: RunStep
) -> None:
    for fault in faults(after=after):
        catalog.forget(spoilt.world)
        spoilt.proxy.spoil(getattr(catalog, call), fault, after=after, times=FOR_EVER)
        done = run_step("RegisterCatalog", catalog.forms[0](spoilt.world, **ONE_TRY))
        spoilt.proxy.heal()
        unchecked = call == "read" and fault.status in {302, 400} and catalog.unread_is_let_pass
        seen_by_the_look = after and code_after_one(fault, writes=True) == 0
        expected = {0} if unchecked or seen_by_the_look else {5} if fault.passes else {1, 5}
        assert done.code in expected, f"{fault}: {done.stderr}"
        assert catalog.registered(spoilt.world) == ([catalog.ref] if after or unchecked else []), fault


@pytest.mark.parametrize("catalog", [row for row in CATALOGS if row.type == "backstage"], indirect=True, ids=str)
def test_one_fault_of_any_other_call_of_a_registration_leaves_one_entity(
    catalog: CatalogUnderTest, spoilt: Spoilt, tmp_path: Path, run_step: RunStep
) -> None:
    """Signing in as the guest, having a changed file read again, and asking for the location's id."""
    changes, proxy = 0, spoilt.proxy
    environ = catalog.forms[1](spoilt.world, **ENOUGH, WAIT_TIMEOUT="2")

    def changed() -> None:
        nonlocal changes
        changes += 1
        push(
            spoilt.world, tmp_path, "acme", BACKSTAGE.replace("name: payments", f"name: payments\n  title: t{changes}")
        )

    assert run_step("RegisterCatalog", environ).code == 0
    changed()
    proxy.requests.clear()
    assert run_step("RegisterCatalog", environ).outputs["registered"] == "refreshed"
    calls = [(method, path) for method, _, path in (line.partition(" ") for line in dict.fromkeys(proxy.requests))]
    others = {("POST", "/backstage/api/auth/guest/refresh"), ("POST", "/backstage/api/catalog/refresh")}
    assert others <= set(calls)
    for call in calls:
        for fault in FAULTS:
            if fault.name not in {"502", "a page", "a redirect"}:
                continue
            changed()
            proxy.spoil(call, fault, after=False)
            done = run_step("RegisterCatalog", environ)
            proxy.heal()
            assert done.code == 0 if fault.passes else done.code in {0, 1, 3}, f"{call}, {fault}: {done.stderr}"
            assert "Traceback" not in done.stderr, f"{call}, {fault}"
            assert run_step("RegisterCatalog", environ).code == 0, f"{call}, {fault}"
            assert catalog.registered(spoilt.world) == [catalog.ref], f"{call}, {fault}"


PAYMENTS = "component:account/payments"
PROPERTIES = "/gateway/v1/catalog/custom-properties"
PROPERTY_CALLS = {
    "reading": ("GET", f"{PROPERTIES}/entity"),
    "reading the entity": ("GET", "/gateway/v1/entities"),
    "reading the property": ("GET", f"{PROPERTIES}/property"),
    "listing": ("GET", "/gateway/v1/entities"),
    "writing": ("POST", PROPERTIES),
}
TWO_OF_ONE = {
    "PLUGIN_TYPE": "Entity",
    "PLUGIN_ENTITY_REF": PAYMENTS,
    "PLUGIN_PROPERTIES": json.dumps(
        [
            {"property": "metadata.labels", "value": ["a", "b"], "mode": "append"},
            {"property": "metadata.team", "value": "blue"},
        ]
    ),
}
ONE_OF_ALL = {
    "PLUGIN_TYPE": "Property",
    "PLUGIN_PROPERTY": "metadata.labels",
    "PLUGIN_MODE": "append",
    "PLUGIN_VALUE": '["a", "b"]',
    "PLUGIN_ENTITY_REFS": json.dumps([PAYMENTS]),
}
FORMS = {
    "Entity": (TWO_OF_ONE, {"metadata.labels": ["a", "b"], "metadata.team": "blue"}),
    "Property": (
        ONE_OF_ALL,
        {"metadata.labels": ["a", "b"]},
    ),
    "Many": (ONE_OF_ALL, {"metadata.labels": ["a", "b"]}),  # read as many entities are
}
AGAIN = {"an empty object", "odd parts"}  # have no list, which may be absent, so they are asked for twice


def update(spoilt: Spoilt, form: str, **more: str) -> dict[str, str]:
    """The variables of an update; the entity is there, and none of its properties."""
    world = spoilt.world
    CATALOGS[0].forget(world)
    entities.add(open_state(world.state_dir), entities.parse(NATIVE, convert=False))
    return {**FORMS[form][0], "BASE": world.url, "X_API_KEY": world.credentials["harness"].api_key, **more}


def held(spoilt: Spoilt) -> dict[str, Any]:
    with open_state(spoilt.world.state_dir).database() as database:
        return {path: value for path, value, _ in properties.of_entity(database, PAYMENTS)}


@pytest.mark.parametrize(
    ("call", "form", "after"),
    [
        ("reading", "Entity", False),
        ("reading the entity", "Entity", False),
        ("writing", "Entity", False),
        ("writing", "Entity", True),
        ("writing", "Property", False),
        ("writing", "Property", True),
        ("reading the property", "Many", False),
        ("listing", "Many", False),
        ("writing", "Many", False),
        ("writing", "Many", True),
    ],
)
def test_one_fault_of_an_update_sets_each_property_once(  # noqa: PLR0913, PLR0917 - fixtures and parameters
    call: str, form: str, after: bool, spoilt: Spoilt, run_step: RunStep, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "FEW", 0 if form == "Many" else process.FEW)
    for fault in faults(after=after):
        given = update(spoilt, form, **ENOUGH)
        spoilt.proxy.spoil(PROPERTY_CALLS[call], fault, after=after)
        done = run_step("UpdateCatalogProperty", given)
        expected = code_after_one(fault, writes=call == "writing")
        if call == "reading" and fault.name == "an empty object":
            expected = 0  # an entity without properties may answer so; it is asked twice
        if call == "reading the entity" and fault.status in {302, 400}:
            expected = 0  # what cannot be read of the YAML is not needed
        if call == "listing" or (call == "reading the property" and fault.name in AGAIN):
            expected = 0  # a page that fails is read again in its turn
        if call == "writing" and after and form != "Entity":
            expected = 0  # after a refusal, what the entities have is read before they are told to have failed
        assert done.code == expected, f"{fault}: {done.stderr}"
        again = run_step("UpdateCatalogProperty", given)
        assert again.code == 0, f"{fault}: {again.stderr}"
        assert held(spoilt) == FORMS[form][1], fault
        if done.code == 0:
            assert (done.outputs, again.outputs) == ({"updatedEntities": PAYMENTS}, {"updatedEntities": ""}), fault


@pytest.mark.parametrize(
    ("call", "after"),
    [("reading", False), ("reading the entity", False), ("writing", False), ("writing", True)],
)
def test_a_fault_that_stays_ends_an_update_with_a_sentence(
    call: str, after: bool, spoilt: Spoilt, run_step: RunStep
) -> None:
    for fault in faults(after=after):
        given = update(spoilt, "Entity", **ONE_TRY)
        spoilt.proxy.spoil(PROPERTY_CALLS[call], fault, after=after, times=FOR_EVER)
        done = run_step("UpdateCatalogProperty", given)
        spoilt.proxy.heal()
        assert done.code in {0, 1, 5}, f"{fault}: {done.stderr}"
        assert held(spoilt) in ({}, FORMS["Entity"][1]), fault
        if done.code == 0:
            assert held(spoilt) == FORMS["Entity"][1], fault
