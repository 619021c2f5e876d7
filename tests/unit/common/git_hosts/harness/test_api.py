"""Harness Code without a connector, at each scope, and its own words for what it refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from common.git_hosts import NewPullRequest, NewRepository, harness
from common.git_hosts.connector import Connector, RepositoryLocation
from common.git_hosts.context import HarnessAccount, HostContext
from common.network.deadline import Deadline
from common.network.settings import Network
from common.secret import Secret
from sandbox.git import bare
from tests.conftest import Result, RunStep, World, serving

KEY = "pat.acc.64b5.Xy"
ENTITY = """\
apiVersion: harness.io/v1
kind: component
identifier: payments
type: service
owner: team
spec:
  lifecycle: live
"""


def keyed(world: World, **more: str) -> dict[str, str]:
    """The variables of a step that has no connector, only a key."""
    known = world.credentials["harness"]
    own = {"CONNECTOR_TYPE": "Harness", "HARNESS_URL": world.url, "X_API_KEY": known.api_key, "REPO_NAME": "payments"}
    return {**own, **more}


@pytest.mark.parametrize(
    ("scope", "path"),
    [
        ({"PLUGIN_HARNESS_CODE_REPO_TYPE": "account"}, ""),
        ({"HARNESS_CODE_REPO_TYPE": "org", "ORG_NAME": "shop"}, "/shop"),
        ({"PLUGIN_HARNESS_CODE_REPO_TYPE": "project", "ORG_NAME": "shop", "PROJECT_NAME": "web"}, "/shop/web"),
    ],
)
def test_a_key_alone_creates_and_pushes_at_every_scope(
    world: World, run_step: RunStep, workspace: Any, scope: dict[str, str], path: str
) -> None:
    given = keyed(world, **scope)
    created = run_step("CreateRepo", given)
    assert created.code == 0, created.stderr
    account = world.credentials["harness"].account
    assert created.outputs["cloneUrl"] == f"{world.url}/gateway/code/git/{account}{path}/payments.git"
    (workspace / "app").mkdir()
    (workspace / "app" / "a.txt").touch()
    pushed = run_step("DirectPush", {**given, "CODE_DIRECTORY": "app", "BRANCH": "main"})
    assert pushed.code == 0, pushed.stderr
    assert pushed.outputs["pushed"] is True


def test_a_file_is_registered_without_a_connector(world: World, run_step: RunStep, workspace: Any) -> None:
    given = keyed(world, ORG_NAME="shop", PROJECT_NAME="web", BASE=world.url, BRANCH="main")
    given |= {"HARNESS_ACCOUNT_ID": world.credentials["harness"].account}
    del given["HARNESS_URL"]
    portal = {"HARNESS_URL": world.url}
    (workspace / "app").mkdir()
    (workspace / "app" / "idp.yaml").write_text(ENTITY, encoding="utf-8")
    for step, more in (("CreateRepo", portal), ("DirectPush", {**portal, "CODE_DIRECTORY": "app"})):
        done = run_step(step, {**given, **more})
        assert done.code == 0, done.stderr
    for how in ("created", "existed"):
        done = run_step("RegisterCatalog", {**given, "FILE_PATH": "idp.yaml"})
        assert done.code == 0, done.stderr
        assert done.outputs["registered"] == how
        assert done.outputs["catalogInfoUrl"].startswith(f"{world.url}/ng/account/")


def test_an_internal_repository_is_refused_before_anything_is_asked(world: World, run_step: RunStep) -> None:
    done = run_step("CreateRepo", keyed(world, ORG_NAME="shop", REPO_TYPE="internal"))
    assert (done.code, "Harness Code has no internal repositories." in done.stderr) == (2, True), done.stderr
    assert world.faults.requests == []


def test_a_key_that_may_only_read_is_3_with_the_right_it_needs(world: World, run_step: RunStep) -> None:
    given = keyed(world, ORG_NAME="shop", X_API_KEY=world.credentials["harness"].readonly_key)
    done = run_step("CreateRepo", given)
    assert done.code == 3
    assert "Give the owner of the API key (X_API_KEY) a role that may create" in done.stderr


def opened(world: World) -> HostContext:
    known = world.credentials["harness"]
    return HostContext(
        connector=Connector(type="Harness"),
        location=RepositoryLocation(organization="shop", repository="payments"),
        harness=HarnessAccount(url=world.url, account=known.account, api_key=Secret(known.api_key)),
        network=Network(),
        deadline=Deadline(retry_seconds=1),
    )


def test_the_default_branch_a_rule_and_a_pull_request_are_made_once(world: World) -> None:
    here = opened(world)
    wanted = NewRepository(visibility="private", description="")
    made, _ = harness.create_repository(here, wanted)
    for number, branch in enumerate(("main", "feature/x")):
        files = {"a.txt": ("100644", str(number).encode())}
        bare.commit_files(next(world.state_dir.rglob("payments.git")), branch, files, "First\n")
    for _ in range(2):
        harness.set_default_branch(here, "feature/x")
    found = harness.find_repository(here, wanted)
    assert found is not None
    assert found.default_branch == "feature/x"
    assert [harness.protect_branch(here, "main") for _ in range(2)] == [True, False]
    assert harness.find_pull_request(here, source="feature/x", target="main") is None
    request = NewPullRequest(source="feature/x", target="main", title="Files", body="")
    assert [harness.open_pull_request(here, request) for _ in range(2)] == [
        (f"{made.url}/pulls/1", True),
        (f"{made.url}/pulls/1", False),
    ]


@pytest.mark.parametrize(("after", "made"), [(True, True), (False, True)])
def test_a_pull_request_whose_answer_is_lost_is_looked_for(world: World, after: bool, made: bool) -> None:
    here = opened(world)
    harness.create_repository(here, NewRepository(visibility="private", description=""))
    for branch in ("main", "new"):
        files = {"a.txt": ("100644", branch.encode())}
        bare.commit_files(next(world.state_dir.rglob("payments.git")), branch, files, "First\n")
    rules = world.faults.after if after else world.faults.before
    rules[("POST", "/gateway/code/api/v1/repos/payments/pullreq")] = [502]
    wanted = NewPullRequest(source="new", target="main", title="Files", body="")
    page, opened_now = harness.open_pull_request(here, wanted)
    assert (page.endswith("/pulls/1"), opened_now) == (True, made)


def test_no_key_at_all_is_3(world: World, run_step: RunStep) -> None:
    done = run_step("CreateRepo", keyed(world, ORG_NAME="shop", X_API_KEY="", HARNESS_ACCOUNT_ID="acc"))
    assert (done.code, "There are no credentials" in done.stderr) == (3, True), done.stderr


def described(**other: object) -> str:
    fields = {"identifier": "payments", "git_url": "HERE/gateway/code/git/acc/shop/payments.git", "is_public": False}
    return json.dumps(fields | other)


NOT_THERE = (404, '{"message": "Not Found"}')
TAKEN = (409, '{"message": "Resource already exists"}')


def ask(run_step: RunStep, answers: dict[str, list[tuple[int, str]]], **more: str) -> Result:
    """Run CreateRepo against a host that gives these answers, the last of them again and again."""

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        here = f"http://{environ['HTTP_HOST']}"
        if environ["PATH_INFO"].endswith("/info/refs"):
            status, body = 200, "001e# service=git-upload-pack\n00000000"
        else:
            listed = answers.get("find" if environ["REQUEST_METHOD"] == "GET" else "create", [NOT_THERE])
            status, body = listed.pop(0) if len(listed) > 1 else listed[0]
        location = [("Location", "http://localhost:9/login")] if 300 <= status < 400 else []
        start_response(f"{status} Answer", [("Content-Type", "application/json"), *location])
        return [body.replace("HERE", here).encode()]

    with serving(app) as url:
        given = {"CONNECTOR_TYPE": "Harness", "HARNESS_URL": url, "X_API_KEY": KEY, "ORG_NAME": "shop"}
        return run_step("CreateRepo", {**given, "REPO_NAME": "payments", **more})


@pytest.mark.parametrize(
    ("answers", "code", "words"),
    [
        ({"create": [TAKEN]}, 4, "which the token cannot see, or which is still being deleted"),
        ({"find": [NOT_THERE, (200, described())], "create": [TAKEN]}, 0, "was already there"),
        ({"find": [NOT_THERE, NOT_THERE, (200, described())], "create": [(502, "{}"), TAKEN]}, 0, "Created "),
        ({"create": [NOT_THERE]}, 2, "(identifiers, not names)"),
        ({"create": [(400, '{"message": "Description can be at most 1024 in length."}')]}, 1, "at most 1024"),
        ({"find": [(404, "<html>nothing here</html>")]}, 2, "answered 404"),
        ({"find": [(302, "")]}, 1, "redirects are not followed"),
        ({"find": [(200, "<html>log in</html>")]}, 1, "what it gives is no JSON object"),
        ({"find": [(200, '{"git_url": 5, "identifier": "payments"}')]}, 1, "there is no git_url in what it gives"),
        ({"find": [(200, described(identifier="orders"))]}, 1, "describes another one, orders."),
        (
            {"find": [(200, described(git_url="8080x/payments"))]},
            1,
            "URL for cloning is '8080x/payments', which is no http",
        ),
        ({"find": [(401, '{"message": "Invalid or missing token"}')]}, 3, "it is wrong or has expired"),
    ],
)
def test_each_answer_of_the_host_is_one_sentence(
    run_step: RunStep, answers: dict[str, list[tuple[int, str]]], code: int, words: str
) -> None:
    done = ask(run_step, {name: list(each) for name, each in answers.items()}, RETRY_BUDGET="3")
    assert (done.code, words in done.stderr) == (code, True), done.stderr
