"""UpdateCatalogProperty: sends what is missing, once, and tells every fault before it sends anything."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.catalog import entities, properties
from sandbox.services import open_state
from tests.conftest import Result, RunStep, World

YAML = """\
apiVersion: harness.io/v1
kind: Component
identifier: {name}
type: service
owner: test
spec:
  lifecycle: experimental
"""
PAYMENTS, ORDERS = "component:account/payments", "component:account/orders"
BY_ENTITY = ("POST", "/gateway/v1/catalog/custom-properties/entity")
BY_PROPERTY = ("POST", "/gateway/v1/catalog/custom-properties/property")


@pytest.fixture
def catalog(world: World) -> World:
    """A world whose catalog has two components."""
    for name in ("payments", "orders"):
        entities.add(open_state(world.state_dir), entities.parse(YAML.format(name=name), convert=False))
    return world


def by_platform(world: World, form: str, body: dict[str, Any], **more: str) -> dict[str, str]:
    """The variables that the platform sets (contract, A.7)."""
    return {
        "CUSTOM_PROPERTY_URL": f"{world.url}/gateway/v1/catalog/custom-properties/{form}",
        "BODY": json.dumps(body),
        "BASE": world.url,
        "X_API_KEY": world.credentials["harness"].api_key,
        **more,
    }


def one_entity(*changes: dict[str, Any]) -> dict[str, Any]:
    return {"entity_ref": PAYMENTS, "property": None, "value": None, "mode": None, "properties": list(changes)}


def values(world: World, ref: str = PAYMENTS) -> dict[str, Any]:
    with open_state(world.state_dir).database() as database:
        return {path: value for path, value, _ in properties.of_entity(database, ref)}


def sent(world: World, request: tuple[str, str] = BY_ENTITY) -> int:
    return world.faults.requests.count(" ".join(request))


def expect(done: Result, code: int, *told: str) -> None:
    assert done.code == code, done.stderr
    for part in told:
        assert part in done.stderr


TEAM = {"property": "metadata.team", "value": "blue", "mode": None}
TAGS = {"property": "metadata.labels", "value": ["a", "b"], "mode": "append"}


def test_many_properties_of_one_entity_are_set_with_their_json_types(catalog: World, run_step: RunStep) -> None:
    more = {"property": 'metadata.annotations."harness.io/x"', "value": {"n": [1, 2.5, True]}, "mode": "replace"}
    done = run_step("UpdateCatalogProperty", by_platform(catalog, "entity", one_entity(TEAM, TAGS, more)))
    expect(done, 0)
    assert done.outputs == {"updatedEntities": PAYMENTS}
    assert values(catalog) == {
        "metadata.team": "blue",
        "metadata.labels": ["a", "b"],
        'metadata.annotations."harness.io/x"': {"n": [1, 2.5, True]},
    }


def test_one_property_of_many_entities_is_set_with_a_common_value(catalog: World, run_step: RunStep) -> None:
    body = {
        "entity_ref": None,
        "property": "metadata.version",
        "value": "1.5",
        "mode": None,
        "entity_refs": [{"entity_ref": PAYMENTS, "value": None}, {"entity_ref": ORDERS, "value": "1.2"}],
    }
    done = run_step("UpdateCatalogProperty", by_platform(catalog, "property", body))
    expect(done, 0)
    assert done.outputs == {"updatedEntities": f"{PAYMENTS},{ORDERS}"}
    assert (values(catalog), values(catalog, ORDERS)) == ({"metadata.version": "1.5"}, {"metadata.version": "1.2"})
    assert sent(catalog, BY_PROPERTY) == 1


def test_a_second_run_changes_nothing_and_says_so(catalog: World, run_step: RunStep) -> None:
    given = by_platform(catalog, "entity", one_entity(TEAM, TAGS))
    assert run_step("UpdateCatalogProperty", given).code == 0
    before = values(catalog)
    done = run_step("UpdateCatalogProperty", given)
    expect(done, 0, f"metadata.labels of {PAYMENTS} has that value already.")
    assert done.outputs == {"updatedEntities": ""}
    assert values(catalog) == before
    assert sent(catalog) == 1


def test_an_append_sends_only_what_is_missing(catalog: World, run_step: RunStep) -> None:
    assert run_step("UpdateCatalogProperty", by_platform(catalog, "entity", one_entity(TAGS))).code == 0
    more = TAGS | {"value": ["b", "c"]}
    expect(run_step("UpdateCatalogProperty", by_platform(catalog, "entity", one_entity(more))), 0)
    assert values(catalog) == {"metadata.labels": ["a", "b", "c"]}


def test_only_the_entities_that_change_are_put_out(catalog: World, run_step: RunStep) -> None:
    body = {"property": "metadata.team", "value": "blue", "entity_refs": [{"entity_ref": ORDERS}]}
    assert run_step("UpdateCatalogProperty", by_platform(catalog, "property", body)).code == 0
    body["entity_refs"] = [{"entity_ref": ORDERS}, {"entity_ref": PAYMENTS}]
    done = run_step("UpdateCatalogProperty", by_platform(catalog, "property", body))
    assert done.outputs == {"updatedEntities": PAYMENTS}


def test_an_append_that_worked_but_answered_502_adds_nothing_twice(catalog: World, run_step: RunStep) -> None:
    catalog.faults.after[BY_ENTITY] = [502]
    done = run_step("UpdateCatalogProperty", by_platform(catalog, "entity", one_entity(TAGS)) | {"RETRY_BUDGET": "20"})
    expect(done, 0, "Reading again what the entities have.")
    assert done.outputs == {"updatedEntities": PAYMENTS}
    assert values(catalog) == {"metadata.labels": ["a", "b"]}
    assert sent(catalog) == 1


def test_a_change_that_failed_with_502_is_repeated(catalog: World, run_step: RunStep) -> None:
    catalog.faults.before[BY_ENTITY] = [502]
    given = by_platform(catalog, "entity", one_entity(TAGS)) | {"RETRY_BUDGET": "20"}
    expect(run_step("UpdateCatalogProperty", given), 0)
    assert values(catalog) == {"metadata.labels": ["a", "b"]}
    assert sent(catalog) == 2


@pytest.mark.parametrize(
    ("path", "value", "left"),
    [
        ("metadata.tags", ["java"], None),
        ("metadata.tags", ["java", "http"], ["java", "http"]),
        ("metadata.annotations", {"a.b/c": "d"}, None),
    ],
)
def test_an_append_does_not_add_again_what_the_yaml_holds(
    path: str, value: Any, left: Any, world: World, run_step: RunStep
) -> None:
    held = "metadata:\n  tags: [java]\n  annotations:\n    a.b/c: d\n"
    entities.add(open_state(world.state_dir), entities.parse(YAML.format(name="payments") + held, convert=False))
    change = {"property": path, "value": value, "mode": "append"}
    expect(run_step("UpdateCatalogProperty", by_platform(world, "entity", one_entity(change))), 0)
    assert values(world) == ({} if left is None else {path: left})
    assert sent(world) == (0 if left is None else 1)


def test_an_entity_of_idp_1_is_not_asked_for_its_yaml(catalog: World, run_step: RunStep) -> None:
    """Only the API of IDP 2.0 shows it, by a reference of IDP 2.0."""
    body = one_entity(TAGS) | {"entity_ref": "component:default/payments"}
    expect(run_step("UpdateCatalogProperty", by_platform(catalog, "entity", body)), 0)
    assert values(catalog) == {"metadata.labels": ["a", "b"]}
    assert not [line for line in catalog.faults.requests if "/v1/entities" in line]


def test_a_change_that_the_catalog_does_not_show_is_refused(catalog: World, run_step: RunStep) -> None:
    """The catalog says SUCCESS, and its entity has another value when it is read back."""
    team = TEAM | {"value": "red"}
    assert run_step("UpdateCatalogProperty", by_platform(catalog, "entity", one_entity(team))).code == 0
    seen = catalog.faults.app

    def forgetful(environ: dict[str, Any], start_response: Any) -> Any:
        if environ["REQUEST_METHOD"] != "POST":
            return seen(environ, start_response)
        environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        start_response("200 OK", [("Content-Type", "application/json")])
        return [b'{"status": "SUCCESS", "message": "done"}']

    catalog.faults.app = forgetful
    done = run_step("UpdateCatalogProperty", by_platform(catalog, "entity", one_entity(TEAM)))
    expect(done, 1, f"The catalog took the change, and does not show metadata.team of {PAYMENTS} with the value")
    assert done.outputs == {}


def test_a_long_value_is_not_echoed_whole(catalog: World, run_step: RunStep) -> None:
    long = TEAM | {"value": "x" * 120_000}
    given = by_platform(catalog, "entity", one_entity(long))
    del given["BODY"]
    given |= {"PLUGIN_TYPE": "Entity", "PLUGIN_ENTITY_REF": PAYMENTS, "PLUGIN_PROPERTIES": json.dumps([long])}
    done = run_step("UpdateCatalogProperty", given | {"DRY_RUN": "true"})
    expect(done, 0, "(120002 characters)")
    assert len(done.stderr) < 2_000
    assert len(run_step("UpdateCatalogProperty", given).stderr) < 2_000


def test_the_inputs_of_a_plugin_step_make_the_same_change(catalog: World, run_step: RunStep) -> None:
    given = {
        "BASE": catalog.url,
        "X_API_KEY": catalog.credentials["harness"].api_key,
        "PLUGIN_TYPE": "Property",
        "PLUGIN_PROPERTY": "metadata.team",
        "PLUGIN_VALUE": '{"name": "blue"}',
        "PLUGIN_ENTITY_REFS": json.dumps([PAYMENTS, {"entityRef": ORDERS, "value": "red"}]),
    }
    done = run_step("UpdateCatalogProperty", given)
    expect(done, 0)
    assert (values(catalog), values(catalog, ORDERS)) == (
        {"metadata.team": {"name": "blue"}},
        {"metadata.team": "red"},
    )


def test_flags_make_a_change_too_and_beat_what_lies_in_the_environment(catalog: World, run_step: RunStep) -> None:
    body = one_entity({"property": "metadata.team", "value": "stray", "mode": None})
    changes = [{"property": "metadata.x", "value": 1}, {"property": "metadata.y", "value": 2}]
    flags = ["--type", "Entity", "--entity-ref", ORDERS, "--properties", json.dumps(changes)]
    expect(run_step("UpdateCatalogProperty", by_platform(catalog, "property", body), *flags), 0)
    assert values(catalog) == {}
    assert values(catalog, ORDERS) == {"metadata.x": 1, "metadata.y": 2}


def test_a_dry_run_prints_the_plan_and_changes_nothing(catalog: World, run_step: RunStep) -> None:
    done = run_step("UpdateCatalogProperty", by_platform(catalog, "entity", one_entity(TEAM), DRY_RUN="true"))
    told = f"Dry run: metadata.team of {PAYMENTS} would get 'blue' (replace), an addition."
    expect(done, 0, told, f"Dry run: 1 addition: metadata.team of {PAYMENTS}.", "The catalog says: Dry run")
    assert values(catalog) == {}
    assert done.outputs == {"updatedEntities": ""}


def test_all_faults_are_told_and_nothing_is_asked(catalog: World, run_step: RunStep) -> None:
    faulty = one_entity(
        {"property": "metadata.name", "value": "x", "mode": None},
        {"property": "metadata.tags", "value": "x", "mode": "append"},
        {"property": "metadata.team", "value": None, "mode": None},
    ) | {"entity_ref": "no reference"}
    done = run_step("UpdateCatalogProperty", by_platform(catalog, "entity", faulty))
    expect(
        done,
        2,
        "'no reference' is no reference of an entity",
        "property 'metadata.name' of no reference may not be changed",
        "can be appended to only with a list or a map",
        "property 'metadata.team' of no reference has no value",
    )
    assert catalog.faults.requests == []


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"BODY": "{"}, "BODY is neither JSON nor YAML"),
        ({"BODY": "[]"}, "BODY is no map"),
        ({"BODY": ""}, "Nothing says what to change."),
        ({"CUSTOM_PROPERTY_URL": ""}, "Nothing says what to change."),
        ({"CUSTOM_PROPERTY_URL": "http://[::1/entity"}, "is no http or https URL"),
        ({"CUSTOM_PROPERTY_URL": "https://x/other"}, "ends in neither /entity nor /property"),
        ({"BODY": '{"entity_ref": "component:account/payments", "properties": {}}'}, "No property is given"),
        ({"BODY": '{"properties": [1]}'}, "properties is no list of maps"),
        ({"PLUGIN_TYPE": "Both"}, "it can be Entity, Property"),
        ({"PLUGIN_TYPE": "Entity", "PLUGIN_PROPERTIES": "[1]"}, "properties is no list of maps"),
    ],
)
def test_bad_input_is_told(more: dict[str, str], told: str, catalog: World, run_step: RunStep) -> None:
    expect(run_step("UpdateCatalogProperty", by_platform(catalog, "entity", one_entity(TEAM)) | more), 2, told)


def test_every_unknown_entity_is_named_and_nothing_is_changed(catalog: World, run_step: RunStep) -> None:
    refs = [{"entity_ref": ref} for ref in (PAYMENTS, "component:account/one", "component:account/two")]
    body = {"property": "metadata.team", "value": "blue", "entity_refs": refs}
    done = run_step("UpdateCatalogProperty", by_platform(catalog, "property", body))
    expect(done, 1, "The catalog has no component:account/one, no component:account/two")
    assert values(catalog) == {}


def test_a_key_that_may_only_read_is_told_with_the_permission_it_lacks(catalog: World, run_step: RunStep) -> None:
    key = catalog.credentials["harness"].readonly_key
    done = run_step("UpdateCatalogProperty", by_platform(catalog, "entity", one_entity(TEAM), X_API_KEY=key))
    expect(done, 3, f"Could not change metadata.team of {PAYMENTS}", "permission idp_catalog_edit")
    assert key not in done.stdout + done.stderr


@pytest.mark.parametrize(("key", "told"), [("", "There are no credentials"), ("wrong-key", "Check the API key")])
def test_missing_and_wrong_keys_are_told_apart(key: str, told: str, catalog: World, run_step: RunStep) -> None:
    done = run_step("UpdateCatalogProperty", by_platform(catalog, "entity", one_entity(TEAM), X_API_KEY=key))
    expect(done, 3, told)


def test_the_platforms_user_context_authenticates_too(catalog: World, run_step: RunStep) -> None:
    context = {
        "X_API_KEY": "",
        "AUTHORIZATION": f"idp {catalog.credentials['harness'].service_jwt}",
        "X_SOURCE_PRINCIPAL": f"idp {catalog.credentials['harness'].user_jwt}",
        "HARNESS_ACCOUNT_ID": catalog.credentials["harness"].account,
    }
    expect(run_step("UpdateCatalogProperty", by_platform(catalog, "entity", one_entity(TEAM), **context)), 0)
    assert values(catalog) == {"metadata.team": "blue"}
