"""Azure's odd answers, above all its pages to sign in, its own words for what it refuses, and its credentials."""

from __future__ import annotations

import contextlib
import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from common.errors import StepError
from common.git_hosts import NewPullRequest, NewRepository, azure
from common.git_hosts.connector import Connector, RepositoryLocation
from common.git_hosts.context import HarnessAccount, HostContext
from common.network.deadline import Deadline
from common.network.settings import Network
from common.secret import Secret
from sandbox.git import bare, repositories
from sandbox.services import open_state
from tests.conftest import Result, RunStep, World, serving
from tests.hosts import HOSTS


@pytest.fixture
def variables(world: World, tmp_path: Path) -> dict[str, str]:
    (row,) = (host for host in HOSTS if host.type == "AzureRepo")
    with row.serve(world, tmp_path / "host") as host:
        return host.variables


@pytest.mark.parametrize("kind", ["token", "entra_token"])
def test_both_kinds_of_tokens_create_a_repository_and_read_it_with_git(
    world: World, run_step: RunStep, variables: dict[str, str], kind: str
) -> None:
    token = getattr(world.credentials["azure"], kind)
    done = run_step("CreateRepo", {**variables, "DRONE_NETRC_PASSWORD": token})
    assert done.code == 0, done.stderr


def test_a_repository_is_as_public_as_its_project(run_step: RunStep, variables: dict[str, str]) -> None:
    public = run_step("CreateRepo", {**variables, "PROJECT_NAME": "public-shop", "REPO_TYPE": "public"})
    assert public.code == 0, public.stderr
    again = run_step("CreateRepo", {**variables, "PROJECT_NAME": "public-shop"})
    assert (again.code, "is public, but private was asked for" in again.stderr) == (4, True), again.stderr


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({"REPO_TYPE": "public"}, "2 A repository of the project shop is private, as the project is, but public was"),
        ({"REPO_TYPE": "internal"}, "2 Azure Repos has no internal repositories."),
        ({"PERSONAL_ACCOUNT": "true"}, "2 Azure Repos has no personal accounts."),
        ({"PROJECT_NAME": "no-such-project"}, "2 has no project no-such-project, or the token may not see it."),
        ({"DRONE_NETRC_PASSWORD": "pat-4712"}, "3 it is wrong or has expired"),
    ],
)
def test_what_cannot_be_created_is_told_before_anything_is_written(
    world: World, run_step: RunStep, variables: dict[str, str], environ: dict[str, str], told: str
) -> None:
    code, _, words = told.partition(" ")
    done = run_step("CreateRepo", {**variables, **environ})
    assert (str(done.code), words in done.stderr) == (code, True), done.stderr
    assert not any(line.startswith("POST") for line in world.faults.requests)


def test_a_token_that_may_not_create_is_3_with_the_permission_it_needs(
    world: World, run_step: RunStep, variables: dict[str, str]
) -> None:
    done = run_step("CreateRepo", {**variables, "DRONE_NETRC_PASSWORD": world.credentials["azure"].readonly_token})
    assert (done.code, "Git 'CreateRepository' permission" in done.stderr) == (3, True), done.stderr


def test_a_description_has_no_place_and_that_is_said(run_step: RunStep, variables: dict[str, str]) -> None:
    done = run_step("CreateRepo", {**variables, "REPO_DESCRIPTION": "Takes the money"})
    assert done.code == 0, done.stderr
    assert "Azure Repos has no descriptions of repositories, so 'Takes the money' is not used." in done.stderr


@pytest.fixture
def context(world: World) -> HostContext:
    """The repository with two branches, of which feature is ahead."""
    state = open_state(world.state_dir)
    hosted = repositories.create(state, "azure", "acme/shop", "payments", visibility="private")
    for branch, content in (("main", b"one"), ("feature/x", b"two")):
        bare.commit_files(hosted.folder, branch, {"README.md": ("100644", content)}, "Commit\n")
    return HostContext(
        connector=Connector(
            type="AzureRepo", remote_url=f"{world.url}/azure/acme", password=Secret(world.credentials["azure"].token)
        ),
        location=RepositoryLocation(organization="acme", project="shop", repository="payments"),
        harness=HarnessAccount(),
        network=Network(),
        deadline=Deadline(),
    )


def test_a_pull_request_is_opened_once_and_found_again(world: World, context: HostContext) -> None:
    wanted = NewPullRequest(source="feature/x", target="main", title="More", body="")
    page = f"{world.url}/azure/acme/shop/_git/payments/pullrequest/1"
    assert azure.find_pull_request(context, source="feature/x", target="main") is None
    assert azure.open_pull_request(context, wanted) == (page, True)
    assert azure.open_pull_request(context, wanted) == (page, False)
    assert azure.find_pull_request(context, source="feature/x", target="main") == page


def test_a_branch_is_protected_once(world: World, context: HostContext) -> None:
    assert azure.protect_branch(context, "main") is True
    before = len(world.faults.requests)
    assert azure.protect_branch(context, "main") is False
    assert not any(line.startswith("POST") for line in world.faults.requests[before:])


def test_the_default_branch_is_changed_once(world: World, context: HostContext) -> None:
    azure.set_default_branch(context, "feature/x")
    before = len(world.faults.requests)
    azure.set_default_branch(context, "feature/x")
    assert not any(line.startswith("PATCH") for line in world.faults.requests[before:])
    hosted = repositories.find(open_state(world.state_dir), "azure", "acme/shop", "payments")
    assert hosted.default_branch == "feature/x"


class Host:
    """A host that gives the listed answers, the last of them again and again; anything else is not found."""

    def __init__(self, **answers: list[tuple[int, str]]) -> None:
        self.answers = {"project": [(200, '{"id": "7", "visibility": "private"}')], **answers}
        self.authorized: list[str] = []

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        path, here = environ["PATH_INFO"], f"http://{environ['HTTP_HOST']}"
        if path.endswith("/info/refs"):
            kind, status, body = "", 200, "001e# service=git-upload-pack\n00000000"
        else:
            kind = "project" if "/_apis/projects/" in path else "create"
            kind = "find" if environ["REQUEST_METHOD"] == "GET" and kind == "create" else kind
            answers = self.answers.get(kind, [NOT_THERE])
            status, body = answers.pop(0) if len(answers) > 1 else answers[0]
        headers = [("Content-Type", "application/json")]
        if 300 <= status < 400:
            headers.append(("Location", body.replace("HERE", here)))
        start_response(f"{status} Answer", headers)
        return [body.replace("HERE", here).encode()]


def error(key: str, message: str) -> str:
    return json.dumps({"$id": "1", "message": message, "typeKey": key})


def described(**other: Any) -> str:
    fields = {"id": "1", "name": "payments", "project": {"name": "shop", "visibility": "private"}}
    return json.dumps(fields | other)


NOT_THERE = (404, error("GitRepositoryNotFoundException", "TF401019: The Git repository x does not exist"))
NO_PROJECT = (404, error("ProjectDoesNotExistWithNameException", "TF200016: The following project does not exist"))
TAKEN = (409, error("GitRepositoryNameAlreadyExistsException", "TF400948: A Git repository with the name x exists."))


def ask(run_step: RunStep, host: Host, **more: str) -> Result:
    with serving(host) as url:
        connector = {
            "CONNECTOR_TYPE": "AzureRepo",
            "DRONE_NETRC_MACHINE": "127.0.0.1",
            "DRONE_NETRC_PORT": url.rpartition(":")[2],
            "DRONE_NETRC_PASSWORD": "pat-4711",
            "DRONE_REMOTE_URL": url,
        }
        location = {"ORG_NAME": "acme", "PROJECT_NAME": "shop", "REPO_NAME": "payments"}
        return run_step("CreateRepo", {**connector, **location, **more})


@pytest.mark.parametrize(
    ("there", "environ", "code", "words"),
    [
        (described(), {}, 0, "was already there"),
        (described(), {"IF_EXISTS": "fail"}, 4, "exists already"),
        (described(project={"visibility": "public"}), {}, 4, "is public, but private was asked for"),
    ],
)
def test_a_repository_that_another_run_creates_meanwhile_is_under_the_same_rules(
    run_step: RunStep, there: str, environ: dict[str, str], code: int, words: str
) -> None:
    done = ask(run_step, Host(find=[NOT_THERE, (200, there)], create=[TAKEN]), **environ)
    assert done.code == code, done.stderr
    assert words in done.stderr
    assert done.outputs.get("repositoryCreated") is (False if code == 0 else None)


@pytest.mark.parametrize(
    ("answers", "code", "words"),
    [
        ({"find": [(203, "<html>Sign In</html>")]}, 3, "Azure Repos asks to sign in: it does not know the token."),
        ({"find": [(302, "HERE/_signin?realm=x")]}, 3, "Azure Repos asks to sign in: it does not know the token."),
        ({"find": [(302, "https://login.microsoftonline.com/x")]}, 3, "asks to sign in"),
        ({"find": [(401, "<html>Access Denied</html>")]}, 3, "it answered 401. Check the connector's token"),
        ({"find": [(302, "http://localhost:9/x")]}, 1, "it redirects to http://localhost:9."),
        ({"create": [TAKEN]}, 4, "which the token cannot see, or which is still being deleted"),
        ({"find": [NO_PROJECT]}, 2, "has no project shop, or the token may not see it."),
        ({"project": [(404, error("x", "VS800075: The project does not exist"))]}, 2, "has no project shop"),
        ({"project": [(200, '{"visibility": "private"}')]}, 1, "there is no id in what it gives"),
        ({"project": [(200, '{"id": "1", "visibility": "organization"}')]}, 2, "is internal, as the project is"),
        ({"find": [(200, "<html>log in</html>")]}, 1, "what it gives is no JSON"),
        ({"find": [(404, "<html>")]}, 1, "its 404 is no JSON"),
        ({"find": [(200, "[]")]}, 1, "what it gives is no JSON"),
        ({"find": [(200, '{"name": "payments"}')]}, 1, "there is no id in what it gives"),
        ({"create": [(201, described(name="pay-ments"))]}, 1, "describes another one"),
        ({"create": [(400, error("x", "TF401025: 'x' is not a valid name."))]}, 2, "400 (TF401025: 'x' is not a valid"),
        ({"create": [(403, error("x", "TF401027: You need"))]}, 3, "the permission Create repository."),
    ],
)
def test_each_odd_answer_or_host_is_one_sentence(
    run_step: RunStep, answers: dict[str, list[tuple[int, str]]], code: int, words: str
) -> None:
    done = ask(run_step, Host(**{name: list(each) for name, each in answers.items()}))
    assert done.code == code, done.stderr
    assert words in done.stderr


@pytest.mark.parametrize("body", [b"[]", b"{}", b'"text"', b"<html>", b'{"value": 1}', b"[1]"])
def test_an_answer_of_another_form_is_no_bug_of_the_step(context: HostContext, body: bytes) -> None:
    """To whatever is asked of the repository, the host gives this."""

    def odd(_: Any, start_response: Callable[..., Any]) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "application/json")])
        return [body]

    with serving(odd) as url:
        connector = dataclasses.replace(context.connector, remote_url=url)
        asked = context._replace(connector=connector, deadline=Deadline(retry_seconds=0.1))
        wanted = NewPullRequest(source="a", target="b", title="", body="")
        for call in (
            lambda: azure.find_repository(asked, NewRepository(visibility="private", description="")),
            lambda: azure.create_repository(asked, NewRepository(visibility="private", description="")),
            lambda: azure.set_default_branch(asked, "main"),
            lambda: azure.protect_branch(asked, "main"),
            lambda: azure.find_pull_request(asked, source="a", target="b"),
            lambda: azure.open_pull_request(asked, wanted),
        ):
            with contextlib.suppress(StepError):
                call()
