"""RegisterCatalog: the pushed file becomes an entity once; every doubt is looked into before a write is repeated."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from werkzeug.serving import WSGIRequestHandler, make_server

from sandbox.catalog import entities
from sandbox.git import bare
from sandbox.git.repositories import seed
from sandbox.state import open_state
from tests.conftest import Result, RunStep, World

BACKSTAGE = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: payments
spec:
  type: service
  lifecycle: experimental
  owner: test
"""
NATIVE = """\
apiVersion: harness.io/v1
kind: Component
identifier: payments
type: service
owner: test
spec:
  lifecycle: experimental
"""
IMPORT = ("POST", "/gateway/v1/entities/import")
ENTITY = ("GET", "/gateway/v1/entities/account/component/payments")
FILE = ("GET", "/gateway/ng/api/scm/get-file-by-branch")
LATER = 1_000  # more answers than a budget of one second allows to ask for


@pytest.fixture
def pushed(world: World, tmp_path: Path) -> World:
    """A world in which acme/payments holds a catalog file on main."""
    push(world, tmp_path, "acme", BACKSTAGE)
    return world


def push(world: World, tmp_path: Path, owner: str, content: str) -> None:
    folder = tmp_path / "code" / owner
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "catalog-info.yaml").write_text(content)
    seed(world.state_dir, owner, "payments", folder)


def by_inputs(world: World, **more: str) -> dict[str, str]:
    """The variables of someone who runs the image outside the platform, with an API key."""
    return {
        **world.connector,
        "ORG_NAME": "acme",
        "REPO_NAME": "payments",
        "FILE_PATH": "catalog-info.yaml",
        "BRANCH": "main",
        "PLUGIN_CONNECTOR_REF": "account.github",
        "BASE": world.url,
        "HARNESS_ACCOUNT_ID": world.credentials.harness_account,
        "X_API_KEY": world.credentials.harness_api_key,
        **more,
    }


def by_platform(world: World, **more: str) -> dict[str, str]:
    """The variables that the platform sets, with the user's context instead of a key (contract, A.5)."""
    body = {
        "connector_ref": "account.github",
        "repo_name": "payments",
        "branch_name": "main",
        "file_path": "catalog-info.yaml",
        "is_harness_code_repo": None,
    }
    query = (
        f"accountIdentifier={world.credentials.harness_account}&connectorRef=account.github&repoName=payments"
        "&branch=main&filePath=catalog-info.yaml"
    )
    given = by_inputs(world) | {
        "AUTHORIZATION": f"idp {world.credentials.harness_service_jwt}",
        "X_SOURCE_PRINCIPAL": f"idp {world.credentials.harness_user_jwt}",
        "IMPORT_ENTITY_URL": f"{world.url}{IMPORT[1]}",
        "GET_FILE_BY_BRANCH_URL": f"{world.url}{FILE[1]}?{query}",
        "BODY": json.dumps(body),
        "HARNESS_PIPELINE_ID": "onboarding",
    }
    del given["X_API_KEY"], given["PLUGIN_CONNECTOR_REF"]
    return {**given, **more}


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


@pytest.mark.parametrize("variables", [by_inputs, by_platform])
def test_a_pushed_file_is_registered_and_its_entity_named(pushed: World, run_step: RunStep, variables: Any) -> None:
    done = run_step("RegisterCatalog", variables(pushed))
    expect(done, 0, "component:account/payments is registered from")
    assert done.outputs == {
        "catalogInfoUrl": f"{pushed.url}/acme/payments/blob/main/catalog-info.yaml",
        "entityRef": "component:account/payments",
        "registered": "created",
    }
    assert registered(pushed) == ["component:account/payments"]


@pytest.mark.parametrize("missing", ["nothing", "GET_FILE_BY_BRANCH_URL"])
def test_a_second_run_finds_the_entity_and_imports_nothing(pushed: World, run_step: RunStep, missing: str) -> None:
    """Also where the platform names no URL for the file: it follows from the BODY."""
    given = {name: value for name, value in by_platform(pushed).items() if name != missing}
    first = run_step("RegisterCatalog", given)
    second = run_step("RegisterCatalog", given)
    expect(second, 0)
    assert second.outputs == dict(first.outputs) | {"registered": "existed"}
    assert asked(pushed, IMPORT) == 1


def test_an_entity_of_a_project_is_registered_there(world: World, tmp_path: Path, run_step: RunStep) -> None:
    scope = "orgIdentifier: default\nprojectIdentifier: shop\n"
    push(world, tmp_path, "acme", NATIVE + scope)
    for expected in ("created", "existed"):
        done = run_step("RegisterCatalog", by_inputs(world))
        expect(done, 0)
        assert done.outputs["entityRef"] == "component:account.default.shop/payments"
        assert done.outputs["registered"] == expected


def test_the_same_name_from_another_repository_is_a_conflict_that_names_both(
    pushed: World, tmp_path: Path, run_step: RunStep
) -> None:
    assert run_step("RegisterCatalog", by_inputs(pushed)).code == 0
    push(pushed, tmp_path, "other", BACKSTAGE)
    done = run_step("RegisterCatalog", by_inputs(pushed, ORG_NAME="other"))
    expect(
        done,
        4,
        f"already, from {pushed.url}/acme/payments/blob/main/catalog-info.yaml",
        f"from {pushed.url}/other/payments/blob/main/catalog-info.yaml",
    )


def test_the_same_name_from_another_branch_is_a_conflict(pushed: World, run_step: RunStep) -> None:
    assert run_step("RegisterCatalog", by_inputs(pushed)).code == 0
    folder = pushed.repository("acme", "payments")
    bare.commit_files(folder, "dev", {"catalog-info.yaml": ("100644", BACKSTAGE.encode())}, "dev")
    expect(run_step("RegisterCatalog", by_inputs(pushed, BRANCH="dev")), 4, "blob/main/", "blob/dev/")


def test_an_entity_made_in_the_portal_is_a_conflict(pushed: World, run_step: RunStep) -> None:
    entities.add(open_state(pushed.state_dir), entities.parse(NATIVE, convert=False))
    expect(run_step("RegisterCatalog", by_inputs(pushed)), 4, "it was created there, not imported from git")


def test_an_import_that_worked_but_answered_502_is_not_repeated(pushed: World, run_step: RunStep) -> None:
    pushed.faults.after[IMPORT] = [502]
    done = run_step("RegisterCatalog", by_platform(pushed, RETRY_BUDGET="20"))
    expect(done, 0, "Looking whether component:account/payments is there.")
    assert done.outputs["registered"] == "created"
    assert asked(pushed, IMPORT) == 1


def test_an_import_that_failed_with_502_is_repeated_after_a_look(pushed: World, run_step: RunStep) -> None:
    pushed.faults.before[IMPORT] = [502]
    done = run_step("RegisterCatalog", by_platform(pushed, RETRY_BUDGET="20"))
    expect(done, 0)
    assert asked(pushed, IMPORT) == 2
    assert registered(pushed) == ["component:account/payments"]


def test_a_service_that_stays_down_is_unavailable(pushed: World, run_step: RunStep) -> None:
    pushed.faults.before[IMPORT] = [502] * LATER
    expect(run_step("RegisterCatalog", by_platform(pushed)), 5)
    assert registered(pushed) == []


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


def test_an_entity_that_never_appears_is_refused(pushed: World, run_step: RunStep) -> None:
    pushed.faults.before[ENTITY] = [404] * LATER
    expect(
        run_step("RegisterCatalog", by_inputs(pushed)),
        1,
        "The catalog took",
        "but component:account/payments did not appear within 1 s.",
    )


def test_a_file_that_is_late_is_waited_for(pushed: World, run_step: RunStep) -> None:
    pushed.faults.before[FILE] = [404, 404]
    expect(run_step("RegisterCatalog", by_platform(pushed, RETRY_BUDGET="20")), 0)
    assert asked(pushed, FILE) == 3


@pytest.mark.parametrize(
    ("name", "value"), [("FILE_PATH", "nowhere.yaml"), ("BRANCH", "nowhere"), ("REPO_NAME", "nowhere")]
)
def test_a_file_that_never_comes_is_refused_with_what_to_check(
    name: str, value: str, pushed: World, run_step: RunStep
) -> None:
    done = run_step("RegisterCatalog", by_inputs(pushed, **{name: value}))
    expect(done, 1, "The platform did not see", "nowhere", "was not found", "Check filePath, branch and repository")
    assert asked(pushed, IMPORT) == 0


def test_a_bad_file_is_told_with_all_its_faults_before_anything_is_registered(
    world: World, tmp_path: Path, run_step: RunStep
) -> None:
    push(world, tmp_path, "acme", BACKSTAGE.replace("name: payments", "name: a b").replace("  owner: test\n", ""))
    done = run_step("RegisterCatalog", by_inputs(world))
    expect(
        done,
        2,
        "The file catalog-info.yaml on branch main of payments has 2 faults",
        "line 4: metadata.name is 'a b'",
        "spec.owner is missing",
    )
    assert asked(world, IMPORT) == 0


def test_two_entities_in_a_file_are_refused(world: World, tmp_path: Path, run_step: RunStep) -> None:
    push(world, tmp_path, "acme", f"{BACKSTAGE}---\n{BACKSTAGE}")
    expect(run_step("RegisterCatalog", by_inputs(world)), 2, "holds 2 entities", "a file of its own")


def test_what_only_the_catalog_finds_wrong_is_quoted(world: World, tmp_path: Path, run_step: RunStep) -> None:
    """Without the account nobody reads the file before the import does."""
    push(world, tmp_path, "acme", NATIVE.replace("owner: test\n", ""))
    done = run_step("RegisterCatalog", by_inputs(world, HARNESS_ACCOUNT_ID=""))
    expect(done, 1, "answered 400", "owner is missing")


def test_a_wrong_key_is_told_and_never_shown(pushed: World, run_step: RunStep) -> None:
    done = run_step("RegisterCatalog", by_inputs(pushed, X_API_KEY="pat.wrong.canary"))
    expect(done, 3, "answered 401", "Check the API key (X_API_KEY)")
    assert "canary" not in done.stdout + done.stderr


def test_a_key_that_may_only_read_is_told_with_the_permission_it_lacks(pushed: World, run_step: RunStep) -> None:
    done = run_step("RegisterCatalog", by_inputs(pushed, X_API_KEY=pushed.credentials.harness_readonly_key))
    expect(done, 3, "Could not register catalog-info.yaml on branch main of payments", "permission idp_catalog_edit")


def test_without_credentials_nothing_is_asked(pushed: World, run_step: RunStep) -> None:
    done = run_step("RegisterCatalog", by_inputs(pushed, X_API_KEY=""))
    expect(done, 3, "There are no credentials for the portal. Set X_API_KEY")
    assert pushed.faults.requests == []


def test_the_first_generation_of_the_platform_registers_by_itself(pushed: World, run_step: RunStep) -> None:
    given = by_inputs(pushed, HARNESS_PIPELINE_ID="onboarding", X_API_KEY="", BASE="", BODY="not even JSON")
    done = run_step("RegisterCatalog", given)
    expect(done, 0, "The platform registers")
    assert done.outputs == {"catalogInfoUrl": f"{pushed.url}/acme/payments/blob/main/catalog-info.yaml"}
    assert pushed.faults.requests == []


def test_the_form_of_idp_1_with_credentials_is_told_what_this_version_registers(
    pushed: World, run_step: RunStep
) -> None:
    given = by_inputs(pushed, HARNESS_PIPELINE_ID="onboarding", BASE="", PLUGIN_CONNECTOR_REF="")
    expect(
        run_step("RegisterCatalog", given),
        2,
        "This version registers in IDP 2.0 only",
        "credentials without BASE, IMPORT_ENTITY_URL and connectorRef are the form of IDP 1.0",
        "leave X_API_KEY out: the platform then registers the file itself, from the output catalogInfoUrl",
    )
    assert pushed.faults.requests == []


def test_a_stray_body_without_its_url_is_ignored(pushed: World, run_step: RunStep) -> None:
    done = run_step("RegisterCatalog", by_inputs(pushed, BODY='{"repo_name": "somewhere-else"}'))
    expect(done, 0)
    assert registered(pushed) == ["component:account/payments"]


def test_a_body_that_is_no_json_is_bad_input(pushed: World, run_step: RunStep) -> None:
    expect(run_step("RegisterCatalog", by_platform(pushed, BODY="[1, 2]")), 2, "BODY is no map")


def test_a_connector_is_needed_outside_the_platform(pushed: World, run_step: RunStep) -> None:
    expect(run_step("RegisterCatalog", by_inputs(pushed, PLUGIN_CONNECTOR_REF="")), 2, "Set connectorRef")


def test_without_the_account_the_import_itself_checks_the_file(pushed: World, run_step: RunStep) -> None:
    pushed.faults.before[IMPORT] = [404]
    done = run_step("RegisterCatalog", by_inputs(pushed, HARNESS_ACCOUNT_ID="", RETRY_BUDGET="20"))
    expect(done, 0)
    assert done.outputs["entityRef"] == "component:account/payments"
    assert asked(pushed, FILE) == 0


def test_a_file_that_the_platform_will_not_show_is_registered_unchecked(pushed: World, run_step: RunStep) -> None:
    pushed.faults.before[FILE] = [403]
    expect(run_step("RegisterCatalog", by_platform(pushed)), 0, "so it goes unchecked: injected.")


def test_a_dry_run_has_the_catalog_check_the_file_and_registers_nothing(pushed: World, run_step: RunStep) -> None:
    done = run_step("RegisterCatalog", by_platform(pushed, DRY_RUN="true"))
    expect(done, 0, "Dry run: component:account/payments would be registered from")
    assert done.outputs["entityRef"] == "component:account/payments"
    assert "registered" not in done.outputs
    assert asked(pushed, ("POST", "/gateway/v1/entities")) == 1
    assert registered(pushed) == []


def test_a_dry_run_tells_a_conflict_and_an_entity_that_is_there(
    pushed: World, tmp_path: Path, run_step: RunStep
) -> None:
    assert run_step("RegisterCatalog", by_inputs(pushed)).code == 0
    expect(run_step("RegisterCatalog", by_inputs(pushed, DRY_RUN="true")), 0, "is registered from")
    push(pushed, tmp_path, "other", BACKSTAGE)
    expect(run_step("RegisterCatalog", by_inputs(pushed, DRY_RUN="true", ORG_NAME="other")), 4, "already, from")


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("CONNECTOR_TYPE", "Codecommit", "Supported: Github"),
        ("CATALOG_TYPE", "rolodex", "it can be harness"),
        ("BASE", "app.harness.io", "is no http or https URL"),
        ("IMPORT_ENTITY_URL", "app.harness.io/import", "is no http or https URL"),
    ],
)
def test_what_is_not_supported_is_told_with_what_is(
    name: str, value: str, told: str, pushed: World, run_step: RunStep
) -> None:
    expect(run_step("RegisterCatalog", by_inputs(pushed, **{name: value})), 2, told)


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


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:
        """Say nothing on stderr: it belongs to the step under test."""


@pytest.fixture
def odd() -> Iterator[OddPortal]:
    """An odd portal on a free loopback port, stopped after the test."""
    portal = OddPortal()
    server = make_server("127.0.0.1", 0, portal, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    portal.url = f"http://127.0.0.1:{server.port}"
    try:
        yield portal
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


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
        "no log-in page stands before it",
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
    assert set(odd.keys) == {world.credentials.harness_api_key}
