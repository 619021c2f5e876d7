"""RegisterCatalog in Harness IDP 2.0: what only this catalog has, and answers that a portal should not give."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from common.catalogs import CatalogFile
from common.catalogs.backstage.locations import Locations
from common.catalogs.harness.options import Generation, HarnessOptions
from common.harness.access import Access, Portal
from common.network.deadline import Deadline
from common.network.settings import Network
from common.secret import Secret
from sandbox.catalog import entities
from sandbox.services import open_state
from tests.catalogs import BACKSTAGE, HARNESS_FILE, NATIVE, harness_without_account, push
from tests.catalogs import harness_by_inputs as by_inputs
from tests.catalogs import harness_by_platform as by_platform
from tests.conftest import Result, RunStep, World, serving

IMPORT = ("POST", "/gateway/v1/entities/import")
ENTITY = ("GET", "/gateway/v1/entities/account/component/payments")
FILE = ("GET", HARNESS_FILE)


@pytest.fixture
def pushed(world: World, tmp_path: Path) -> World:
    """A world in which acme/payments holds a catalog file on main."""
    push(world, tmp_path, "acme", BACKSTAGE)
    return world


def registered(world: World) -> list[str]:
    return [entity.ref for entity in entities.every(open_state(world.state_dir))]


def asked(world: World, request: tuple[str, str]) -> int:
    return world.faults.requests.count(" ".join(request))


def expect(done: Result, code: int, *told: str) -> None:
    assert done.code == code, done.stderr
    for part in told:
        assert part in done.stderr
    if code:
        assert done.outputs == {}


def test_a_second_run_finds_the_entity_where_the_platform_names_no_url_for_the_file(
    pushed: World, run_step: RunStep
) -> None:
    """The URL follows from the BODY."""
    given = by_platform(pushed)
    del given["GET_FILE_BY_BRANCH_URL"]
    assert run_step("RegisterCatalog", given).code == 0
    done = run_step("RegisterCatalog", given)
    expect(done, 0)
    assert done.outputs["registered"] == "existed"
    assert asked(pushed, IMPORT) == 1


def test_two_entities_in_a_file_are_refused(world: World, tmp_path: Path, run_step: RunStep) -> None:
    push(world, tmp_path, "acme", f"{BACKSTAGE}---\n{BACKSTAGE}")
    expect(run_step("RegisterCatalog", by_inputs(world)), 2, "holds 2 entities", "a file of its own")


@pytest.mark.parametrize(("organization", "asked_for_the_file"), [("", 0), ("default", 1)])
def test_a_repeat_with_a_connector_of_an_organization_existed(
    organization: str, asked_for_the_file: int, pushed: World, run_step: RunStep
) -> None:
    """Without the organization nothing shows the file, and the entity is found by where it came from."""
    given = by_inputs(pushed, PLUGIN_CONNECTOR_REF="org.github", HARNESS_ORG_ID=organization)
    assert run_step("RegisterCatalog", given).outputs["registered"] == "created"
    done = run_step("RegisterCatalog", given)
    expect(done, 0)
    assert done.outputs["registered"] == "existed"
    assert done.outputs["entityRef"] == "component:account/payments"
    assert asked(pushed, FILE) == 2 * asked_for_the_file


def test_an_entity_made_in_the_portal_is_a_conflict_that_says_so(pushed: World, run_step: RunStep) -> None:
    entities.add(open_state(pushed.state_dir), entities.parse(NATIVE, convert=False))
    expect(run_step("RegisterCatalog", by_inputs(pushed)), 4, "it was created there, not imported from git")


@pytest.mark.parametrize("name", ["BASE", "IMPORT_ENTITY_URL", "GET_FILE_BY_BRANCH_URL"])
def test_an_address_that_is_none_is_told(name: str, pushed: World, run_step: RunStep) -> None:
    done = run_step("RegisterCatalog", by_inputs(pushed, **{name: "app.harness.io/x"}))
    expect(done, 2, f"{name} is 'app.harness.io/x', which is no http or https URL")
    assert not any(line.startswith(("GET", "POST")) for line in pushed.faults.requests)


def test_a_file_that_no_import_would_take_is_refused_before_it_is_asked_for(
    world: World, tmp_path: Path, run_step: RunStep
) -> None:
    """Its own format allows the name; an identifier of IDP 2.0 may hold no dot."""
    push(world, tmp_path, "acme", BACKSTAGE.replace("name: payments", "name: pay.ments"))
    expect(
        run_step("RegisterCatalog", by_inputs(world)),
        2,
        "line 4, column 9: metadata.name is 'pay.ments'; use up to 128",
    )
    assert asked(world, IMPORT) == 0


def test_an_entity_of_a_project_is_registered_there(world: World, tmp_path: Path, run_step: RunStep) -> None:
    scope = "orgIdentifier: default\nprojectIdentifier: shop\n"
    push(world, tmp_path, "acme", NATIVE + scope)
    for expected in ("created", "existed"):
        done = run_step("RegisterCatalog", by_inputs(world))
        expect(done, 0)
        assert done.outputs["entityRef"] == "component:account.default.shop/payments"
        assert done.outputs["registered"] == expected


def test_what_only_the_catalog_finds_wrong_is_quoted(world: World, tmp_path: Path, run_step: RunStep) -> None:
    """Without the account nobody reads the file before the import does."""
    push(world, tmp_path, "acme", NATIVE.replace("owner: test\n", ""))
    done = run_step("RegisterCatalog", by_inputs(world, **harness_without_account(world)))
    expect(done, 1, "answered 400", "owner is missing")


def test_the_first_generation_of_the_platform_registers_by_itself(pushed: World, run_step: RunStep) -> None:
    given = by_inputs(pushed, HARNESS_PIPELINE_ID="onboarding", X_API_KEY="", BASE="", BODY="not even JSON")
    done = run_step("RegisterCatalog", given)
    expect(done, 0, "The platform registers")
    assert done.outputs == {"catalogInfoUrl": f"{pushed.url}/acme/payments/blob/main/catalog-info.yaml"}
    assert pushed.faults.requests == []


def test_a_pipeline_of_idp_1_with_a_key_registers_in_idp_1_itself() -> None:
    """It has none of the variables of 2.0."""
    portal = Portal(given_base="", account="acc")
    access = Access(portal=portal, api_key=Secret("pat.key"), authorization=None, source_principal=None)
    options = HarnessOptions(access=access, generation=Generation(pipeline="onboarding", idp_url=""))
    file = CatalogFile(url="https://x/y", repository_url="https://x", repository="r", branch="", path="y", connector="")
    opened = options.open(file, network=Network(), deadline=Deadline())
    assert isinstance(opened, Locations)
    assert opened.client.base == "https://idp.harness.io/acc/idp/api/catalog"


def test_idp_1_needs_the_account_for_its_address(pushed: World, run_step: RunStep) -> None:
    given = by_inputs(
        pushed,
        HARNESS_PIPELINE_ID="onboarding",
        BASE="",
        PLUGIN_CONNECTOR_REF="",
        HARNESS_ACCOUNT_ID="",
        X_API_KEY="opaque",
    )
    expect(run_step("RegisterCatalog", given), 2, "IDP 1.0 has its catalog at an address that holds the account")
    assert pushed.faults.requests == []


def test_a_stray_body_without_its_url_is_ignored(pushed: World, run_step: RunStep) -> None:
    done = run_step("RegisterCatalog", by_inputs(pushed, BODY='{"repo_name": "somewhere-else"}'))
    expect(done, 0)
    assert registered(pushed) == ["component:account/payments"]


def test_a_body_that_is_no_json_is_bad_input(pushed: World, run_step: RunStep) -> None:
    expect(run_step("RegisterCatalog", by_platform(pushed, BODY="[1, 2]")), 2, "BODY is no map")


def test_a_connector_is_needed_outside_the_platform(pushed: World, run_step: RunStep) -> None:
    expect(run_step("RegisterCatalog", by_inputs(pushed, PLUGIN_CONNECTOR_REF="")), 2, "Set connectorRef")


def test_the_account_is_read_from_the_key(pushed: World, run_step: RunStep) -> None:
    done = run_step("RegisterCatalog", by_inputs(pushed, HARNESS_ACCOUNT_ID=""))
    expect(done, 0)
    account = pushed.credentials["harness"].account
    assert f"/ng/account/{account}/module/idp/catalog/" in done.outputs["registeredCatalogUrl"]
    assert asked(pushed, FILE) == 1


def test_without_the_account_the_import_itself_checks_the_file(pushed: World, run_step: RunStep) -> None:
    pushed.faults.before[IMPORT] = [404]
    done = run_step("RegisterCatalog", by_inputs(pushed, RETRY_BUDGET="20", **harness_without_account(pushed)))
    expect(done, 0)
    assert done.outputs["entityRef"] == "component:account/payments"
    assert asked(pushed, FILE) == 0


def test_a_file_that_the_platform_will_not_show_is_registered_unchecked(pushed: World, run_step: RunStep) -> None:
    pushed.faults.before[FILE] = [403]
    expect(run_step("RegisterCatalog", by_platform(pushed)), 0, "so it goes unchecked: injected.")


LATER = 1_000  # more answers than a budget of one second allows to ask for


def test_somebody_who_was_faster_is_not_in_the_way(pushed: World, run_step: RunStep) -> None:
    assert run_step("RegisterCatalog", by_inputs(pushed)).code == 0
    pushed.faults.before[ENTITY] = [404]
    done = run_step("RegisterCatalog", by_inputs(pushed, RETRY_BUDGET="20"))
    expect(done, 0)
    assert done.outputs["registered"] == "existed"
    assert asked(pushed, IMPORT) == 2


def test_an_existing_entity_that_is_not_shown_is_a_conflict(pushed: World, run_step: RunStep) -> None:
    assert run_step("RegisterCatalog", by_inputs(pushed)).code == 0
    pushed.faults.before[ENTITY] = [404] * LATER
    expect(run_step("RegisterCatalog", by_inputs(pushed)), 4, "does not show it", "already exists")


def test_a_file_that_is_late_is_waited_for(pushed: World, run_step: RunStep) -> None:
    pushed.faults.before[FILE] = [404, 404]
    expect(run_step("RegisterCatalog", by_inputs(pushed, RETRY_BUDGET="20")), 0)
    assert asked(pushed, FILE) == 3


Answers = dict[str, tuple[int, str, dict[str, str]]]


@dataclass
class OddPortal:
    """A portal that answers by a table of "METHOD /path" (404 for the rest), and the keys that it was sent."""

    url: str = ""
    answers: Answers = field(default_factory=dict)
    keys: list[str | None] = field(default_factory=list)
    queries: dict[str, str] = field(default_factory=dict)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        self.keys.append(environ.get("HTTP_X_API_KEY"))
        asked = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"
        self.queries[asked] = environ["QUERY_STRING"]
        status, body, headers = self.answers.get(asked, (404, '{"message": "nothing here"}', {}))
        start_response(f"{status} Odd", [("Content-Type", "application/json"), *headers.items()])
        return [body.encode()]


@pytest.fixture
def odd() -> Iterator[OddPortal]:
    """An odd portal on a free loopback port, stopped after the test."""
    portal = OddPortal()
    with serving(portal) as url:
        portal.url = url
        yield portal


def entity(**more: Any) -> str:
    details = {"repo_name": "payments", "branch_name": "main", "file_path": "/catalog-info.yaml"}
    ref = "component:account/payments"
    return json.dumps({"entity_ref": ref, "referenceType": "GIT", "git_details": details, **more})


def at(odd: OddPortal, world: World, entities_answers: Answers, content: str = BACKSTAGE) -> dict[str, str]:
    file = json.dumps({"status": "SUCCESS", "data": {"fileContent": content}})
    odd.answers = {" ".join(FILE): (200, file, {}), **entities_answers}
    return by_inputs(world, BASE=odd.url)


def test_a_page_in_the_place_of_the_api_is_told(odd: OddPortal, world: World, run_step: RunStep) -> None:
    given = at(odd, world, {" ".join(ENTITY): (200, "<html>Log in</html>", {})})
    expect(
        run_step("RegisterCatalog", given),
        1,
        "answered 200 without the entity component:account/payments",
        "no log-in page answers in its place",
    )


def test_an_entity_that_the_catalog_finds_invalid_is_refused_with_its_reasons(
    odd: OddPortal, world: World, run_step: RunStep
) -> None:
    validity = {"is_valid": False, "error_messages": ["owner x is unknown.", "type y is unknown."]}
    answer: tuple[int, str, dict[str, str]] = (200, entity(entity_validity_details=validity), {})
    done = run_step("RegisterCatalog", at(odd, world, {" ".join(ENTITY): answer}))
    expect(done, 1, "the catalog finds it invalid: owner x is unknown.; type y is unknown.", "Correct http://")


@pytest.mark.parametrize("details", [{}, {"repo_name": "acme/payments", "file_path": "catalog-info.yaml"}])
def test_an_entity_from_git_that_says_little_of_its_source_is_taken_for_the_same(
    details: dict[str, str], odd: OddPortal, world: World, run_step: RunStep
) -> None:
    given = at(odd, world, {" ".join(ENTITY): (200, entity(git_details=details), {})})
    done = run_step("RegisterCatalog", given)
    expect(done, 0)
    assert done.outputs["registered"] == "existed"


@pytest.mark.parametrize(
    ("status", "message"), [(409, "Conflict"), (400, "Entity payments already exists"), (400, "DUPLICATE_FIELD")]
)
def test_every_known_way_to_say_already_there_is_understood(
    status: int, message: str, odd: OddPortal, world: World, run_step: RunStep
) -> None:
    given = at(odd, world, {" ".join(IMPORT): (status, json.dumps({"message": message}), {})})
    expect(run_step("RegisterCatalog", given), 4, message)


def test_the_reference_that_the_catalog_gives_is_the_one_that_counts(
    odd: OddPortal, world: World, run_step: RunStep
) -> None:
    renamed = entity(entity_ref="component:account/payments_1")
    answers: Answers = {" ".join(IMPORT): (201, renamed, {}), f"{ENTITY[0]} {ENTITY[1]}_1": (200, renamed, {})}
    done = run_step("RegisterCatalog", at(odd, world, answers))
    expect(done, 0)
    assert done.outputs["entityRef"] == "component:account/payments_1"


def test_an_import_says_in_which_project_the_entity_belongs(odd: OddPortal, world: World, run_step: RunStep) -> None:
    scoped = NATIVE + "orgIdentifier: default\nprojectIdentifier: shop\n"
    given = at(odd, world, {" ".join(IMPORT): (400, '{"message": "no"}', {})}, scoped)
    expect(run_step("RegisterCatalog", given), 1)
    assert odd.queries[" ".join(IMPORT)] == "orgIdentifier=default&projectIdentifier=shop"


def test_a_redirect_is_not_followed_with_the_key(odd: OddPortal, world: World, run_step: RunStep) -> None:
    given = at(odd, world, {" ".join(IMPORT): (302, "", {"Location": f"{world.url}/gateway/v1/entities/import"})})
    expect(run_step("RegisterCatalog", given), 1, "answered 302", "redirects are not followed with credentials")
    assert world.faults.requests == []
    assert set(odd.keys) == {world.credentials["harness"].api_key}
