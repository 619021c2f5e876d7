"""RegisterCatalog, over the table of catalogs: the pushed file becomes an entity once, whatever is answered."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sandbox.git import bare
from tests.catalogs import BACKSTAGE, CATALOGS, CatalogUnderTest, Variables, asked, harness_by_platform, push
from tests.conftest import Result, RunStep, World

LATER = 1_000  # more answers than a budget of one second allows to ask for


@pytest.fixture(params=CATALOGS, ids=str)
def catalog(request: pytest.FixtureRequest) -> CatalogUnderTest:
    """Each catalog of the table."""
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


@pytest.mark.parametrize(
    ("catalog", "form"), [pytest.param(row, form, id=row.name) for row in CATALOGS for form in row.forms]
)
def test_a_pushed_file_is_registered_and_its_entity_named(
    catalog: CatalogUnderTest, form: Variables, pushed: World, run_step: RunStep
) -> None:
    done = run_step("RegisterCatalog", form(pushed))
    expect(done, 0, f"{catalog.ref} is registered from")
    assert done.outputs.pop("locationId", "").count("-") == (4 if catalog.has_locations else 0)
    assert done.outputs == {
        "catalogInfoUrl": f"{pushed.url}/acme/payments/blob/main/catalog-info.yaml",
        "entityRef": catalog.ref,
        "registeredCatalogUrl": catalog.page(pushed),
        "registered": "created",
    }
    assert catalog.registered(pushed) == [catalog.ref]


@pytest.mark.parametrize(
    ("catalog", "form"), [pytest.param(row, form, id=row.name) for row in CATALOGS for form in row.forms]
)
def test_a_second_run_finds_the_entity_and_registers_nothing(
    catalog: CatalogUnderTest, form: Variables, pushed: World, run_step: RunStep
) -> None:
    first = run_step("RegisterCatalog", form(pushed))
    second = run_step("RegisterCatalog", form(pushed))
    expect(second, 0)
    assert second.outputs == dict(first.outputs) | {"registered": "existed"}
    assert asked(pushed.faults.requests, catalog.register) == 1


def test_a_path_is_the_same_however_it_is_written(catalog: CatalogUnderTest, pushed: World, run_step: RunStep) -> None:
    first = run_step("RegisterCatalog", catalog.forms[0](pushed, FILE_PATH=".//catalog-info.yaml"))
    expect(first, 0)
    second = run_step("RegisterCatalog", catalog.forms[0](pushed, FILE_PATH="/catalog-info.yaml"))
    assert second.outputs == dict(first.outputs) | {"registered": "existed"}
    assert first.outputs["catalogInfoUrl"].endswith("/blob/main/catalog-info.yaml")


@pytest.mark.parametrize("path", ["../catalog-info.yaml", "a/../catalog-info.yaml", "/", "."])
def test_a_path_that_is_none_inside_the_repository_is_bad_input(path: str, pushed: World, run_step: RunStep) -> None:
    done = run_step("RegisterCatalog", CATALOGS[0].forms[0](pushed, FILE_PATH=path))
    expect(done, 2, f"FILE_PATH is '{path}'; write the path of a file inside the repository")


def test_the_same_name_from_another_repository_is_a_conflict_that_names_both(
    catalog: CatalogUnderTest, pushed: World, tmp_path: Path, run_step: RunStep
) -> None:
    assert run_step("RegisterCatalog", catalog.forms[0](pushed)).code == 0
    push(pushed, tmp_path, "other", BACKSTAGE)
    done = run_step("RegisterCatalog", catalog.forms[0](pushed, ORG_NAME="other"))
    expect(
        done,
        4,
        f"already, from {pushed.url}/acme/payments/blob/main/catalog-info.yaml",
        f"from {pushed.url}/other/payments/blob/main/catalog-info.yaml",
    )


@pytest.mark.parametrize(
    ("named", "told"),
    [
        ({"repo_name": "orders"}, "catalog-info.yaml on branch main of orders"),
        ({"branch_name": "dev"}, "catalog-info.yaml on branch dev of payments"),
        ({"file_path": "other.yaml"}, "other.yaml on branch main of payments"),
    ],
)
def test_a_conflict_names_the_file_of_the_platforms_body_when_that_is_another(
    named: dict[str, str], told: str, pushed: World, run_step: RunStep
) -> None:
    given = harness_by_platform(pushed)
    assert run_step("RegisterCatalog", given).code == 0
    done = run_step("RegisterCatalog", {**given, "BODY": json.dumps(json.loads(given["BODY"]) | named)})
    page = f"{pushed.url}/acme/payments/blob/main/catalog-info.yaml"
    expect(
        done,
        4,
        f"warning: BODY names {told}, and the other inputs {page}; BODY counts.",
        f"already, from {page}; this run wants to register it from {told}, as BODY says.",
    )


def test_the_same_name_from_another_branch_is_a_conflict(
    catalog: CatalogUnderTest, pushed: World, run_step: RunStep
) -> None:
    assert run_step("RegisterCatalog", catalog.forms[0](pushed)).code == 0
    folder = pushed.repository("acme", "payments")
    bare.commit_files(folder, "dev", {"catalog-info.yaml": ("100644", BACKSTAGE.encode())}, "dev")
    expect(run_step("RegisterCatalog", catalog.forms[0](pushed, BRANCH="dev")), 4, "blob/main/", "blob/dev/")


def test_an_entity_that_came_from_no_file_is_a_conflict(
    catalog: CatalogUnderTest, pushed: World, run_step: RunStep
) -> None:
    catalog.made_inside(pushed)
    expect(run_step("RegisterCatalog", catalog.forms[0](pushed)), 4, f"The catalog has {catalog.ref} already, from")


def test_a_registration_that_worked_but_answered_502_existed_and_is_not_repeated(
    catalog: CatalogUnderTest, pushed: World, run_step: RunStep
) -> None:
    pushed.faults.after[catalog.register] = [502]
    done = run_step("RegisterCatalog", catalog.forms[0](pushed, RETRY_BUDGET="20"))
    expect(done, 0, f"Looking whether {catalog.ref} is there.")
    assert done.outputs["registered"] == "existed"
    assert asked(pushed.faults.requests, catalog.register) == 1


def test_an_import_that_failed_with_502_is_repeated_after_a_look(
    catalog: CatalogUnderTest, pushed: World, run_step: RunStep
) -> None:
    pushed.faults.before[catalog.register] = [502]
    done = run_step("RegisterCatalog", catalog.forms[0](pushed, RETRY_BUDGET="20"))
    expect(done, 0)
    assert asked(pushed.faults.requests, catalog.register) == 2
    assert catalog.registered(pushed) == [catalog.ref]


def test_a_service_that_stays_down_is_unavailable(catalog: CatalogUnderTest, pushed: World, run_step: RunStep) -> None:
    pushed.faults.before[catalog.register] = [502] * LATER
    expect(run_step("RegisterCatalog", catalog.forms[0](pushed)), 5)
    assert catalog.registered(pushed) == []


def test_an_entity_that_never_appears_is_refused(
    catalog: CatalogUnderTest, pushed: World, monkeypatch: pytest.MonkeyPatch, run_step: RunStep
) -> None:
    catalog.hide(pushed, monkeypatch)
    expect(
        run_step("RegisterCatalog", catalog.forms[0](pushed, WAIT_TIMEOUT="1")),
        1,
        "The catalog took",
        f"but {catalog.ref} did not appear within 1 s.",
        "WAIT_TIMEOUT says for how long",
    )


@pytest.mark.parametrize(
    ("name", "value"), [("FILE_PATH", "nowhere.yaml"), ("BRANCH", "nowhere"), ("REPO_NAME", "nowhere")]
)
def test_a_file_that_never_comes_is_refused_with_what_to_check(
    catalog: CatalogUnderTest, name: str, value: str, pushed: World, run_step: RunStep
) -> None:
    done = run_step("RegisterCatalog", catalog.forms[0](pushed, **{name: value}))
    expect(done, 1, *catalog.no_file)
    assert asked(pushed.faults.requests, catalog.register) == 0


def test_a_bad_file_is_told_with_all_its_faults_before_anything_is_registered(
    catalog: CatalogUnderTest, world: World, tmp_path: Path, run_step: RunStep
) -> None:
    push(world, tmp_path, "acme", BACKSTAGE.replace("name: payments", "name: a b").replace("  owner: test\n", ""))
    done = run_step("RegisterCatalog", catalog.forms[0](world))
    code, told = catalog.bad_file
    expect(done, code, *told)
    assert catalog.registered(world) == []
    assert asked(world.faults.requests, catalog.register) == 0


def test_a_wrong_key_is_told_and_never_shown(catalog: CatalogUnderTest, pushed: World, run_step: RunStep) -> None:
    done = run_step("RegisterCatalog", catalog.forms[0](pushed, **{catalog.key: "pat.wrong.canary"}))
    expect(done, 3, "answered 401", f"({catalog.key})")
    assert "canary" not in done.stdout + done.stderr


def test_a_key_that_may_only_read_is_told_with_the_permission_it_lacks(
    catalog: CatalogUnderTest, pushed: World, run_step: RunStep
) -> None:
    done = run_step("RegisterCatalog", catalog.forms[0](pushed, **{catalog.key: catalog.read_only_key(pushed)}))
    expect(done, 3, "Could not ", catalog.permission)


def test_without_credentials_nothing_is_asked(catalog: CatalogUnderTest, pushed: World, run_step: RunStep) -> None:
    done = run_step("RegisterCatalog", catalog.forms[0](pushed, **{catalog.key: ""}))
    expect(done, 3, "There are no credentials", f"Set {catalog.key}")
    assert pushed.faults.requests == []


def test_a_dry_run_has_the_catalog_check_the_file_and_registers_nothing(
    catalog: CatalogUnderTest, pushed: World, run_step: RunStep
) -> None:
    done = run_step("RegisterCatalog", catalog.forms[0](pushed, DRY_RUN="true"))
    expect(done, 0, f"Dry run: {catalog.ref} would be registered from")
    assert done.outputs["entityRef"] == catalog.ref
    assert "registered" not in done.outputs
    assert asked(pushed.faults.requests, catalog.dry_run) == 1
    assert catalog.registered(pushed) == []


def test_a_dry_run_tells_a_conflict_and_an_entity_that_is_there(
    catalog: CatalogUnderTest, pushed: World, tmp_path: Path, run_step: RunStep
) -> None:
    assert run_step("RegisterCatalog", catalog.forms[0](pushed)).code == 0
    expect(run_step("RegisterCatalog", catalog.forms[0](pushed, DRY_RUN="true")), 0, "is registered from")
    push(pushed, tmp_path, "other", BACKSTAGE)
    expect(run_step("RegisterCatalog", catalog.forms[0](pushed, DRY_RUN="true", ORG_NAME="other")), 4, "already, from")


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("CONNECTOR_TYPE", "Codecommit", "Supported: Github"),
        ("CATALOG_TYPE", "rolodex", "it can be harness, backstage"),
    ],
)
def test_what_is_not_supported_is_told_with_what_is(
    name: str, value: str, told: str, pushed: World, run_step: RunStep
) -> None:
    expect(run_step("RegisterCatalog", CATALOGS[0].forms[0](pushed, **{name: value})), 2, told)
