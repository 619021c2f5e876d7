"""GitLab's odd answers, its own words for what it refuses, and its kinds of credentials."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import Result, RunStep, World, serving
from tests.hosts import HOSTS


@pytest.fixture
def variables(world: World, tmp_path: Any) -> dict[str, str]:
    (row,) = (host for host in HOSTS if host.type == "Gitlab")
    with row.serve(world, tmp_path / "host") as host:
        return host.variables


def create(run_step: RunStep, variables: dict[str, str], **more: str) -> Result:
    return run_step("CreateRepo", {**variables, **more})


def test_a_personal_account_needs_no_organization(world: World, run_step: RunStep, variables: dict[str, str]) -> None:
    done = create(run_step, variables, ORG_NAME="", PERSONAL_ACCOUNT="true")
    assert done.code == 0, done.stderr
    user = world.credentials["gitlab"].user
    assert done.outputs["repositoryUrl"] == f"{world.url}/gitlab/{user}/payments"


def test_a_user_named_as_the_organization_is_served_too(
    world: World, run_step: RunStep, variables: dict[str, str]
) -> None:
    user = world.credentials["gitlab"].user
    done = create(run_step, variables, ORG_NAME=user)
    assert done.code == 0, done.stderr
    assert done.outputs["repositoryUrl"] == f"{world.url}/gitlab/{user}/payments"


def test_a_personal_account_of_somebody_else_is_refused(run_step: RunStep, variables: dict[str, str]) -> None:
    done = create(run_step, variables, PERSONAL_ACCOUNT="true")
    assert (done.code, "but organization says acme/team" in done.stderr) == (2, True), done.stderr


def test_an_oauth_token_is_taken_by_the_api_and_by_git(
    world: World, run_step: RunStep, variables: dict[str, str]
) -> None:
    token = world.credentials["gitlab"].oauth_token
    done = create(run_step, variables, DRONE_NETRC_USERNAME="oauth2", DRONE_NETRC_PASSWORD=token)
    assert done.code == 0, done.stderr


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({"DRONE_NETRC_USERNAME": "gitlab-ci-token"}, "3 The token of a CI job cannot create projects"),
        ({"ORG_NAME": "api"}, "2 has no group or user 'api', or the token may not see it"),
        ({"DRONE_NETRC_MACHINE": "gitlab.com", "DRONE_NETRC_PORT": "", "REPO_TYPE": "internal"}, "2 no internal"),
    ],
)
def test_what_cannot_be_created_is_told_before_anything_is_written(
    world: World, run_step: RunStep, variables: dict[str, str], environ: dict[str, str], told: str
) -> None:
    code, _, words = told.partition(" ")
    done = create(run_step, variables, **environ)
    assert (str(done.code), words in done.stderr) == (code, True), done.stderr
    assert not any(line.startswith("POST") for line in world.faults.requests)


def test_a_token_that_may_not_create_is_3_with_the_scope_it_needs(
    world: World, run_step: RunStep, variables: dict[str, str]
) -> None:
    done = create(run_step, variables, DRONE_NETRC_PASSWORD=world.credentials["gitlab"].readonly_token)
    assert (done.code, "Give the token the scope `api`." in done.stderr) == (3, True), done.stderr


def test_a_project_of_a_name_that_the_older_form_gives_is_created(run_step: RunStep, variables: dict[str, str]) -> None:
    done = create(run_step, variables, REPO_NAME="", PROJECT_NAME="payments")
    assert done.code == 0, done.stderr
    assert done.outputs["repositoryUrl"].endswith("/gitlab/acme/team/payments")


class Host:
    """A host that gives the listed answers, the last of them again and again; anything else is not found."""

    def __init__(self, **answers: list[tuple[int, str]]) -> None:
        self.answers = {"namespace": [(200, '{"id": 7}')], **answers}
        self.authorized: list[str] = []

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        path, here = environ["PATH_INFO"], f"http://{environ['HTTP_HOST']}"
        if environ.get("HTTP_AUTHORIZATION"):
            self.authorized.append(path)
        if path.endswith("/info/refs"):
            kind, status, body = "", 200, "001e# service=git-upload-pack\n00000000"
        else:
            kind = (
                path.partition("/api/v4/")[2].split("/")[0].rstrip("s")
                if environ["REQUEST_METHOD"] == "GET"
                else "create"
            )
            answers = self.answers.get(kind, [(404, '{"message": "404 Project Not Found"}')])
            status, body = answers.pop(0) if len(answers) > 1 else answers[0]
        headers = [("Content-Type", "application/json")]
        if 300 <= status < 400:
            headers.append(("Location", body.replace("HERE", here)))
        start_response(f"{status} Answer", headers)
        return [body.replace("HERE", here).encode()]


def described(**other: Any) -> str:
    fields = {
        "path": "payments",
        "web_url": "HERE/acme/payments",
        "http_url_to_repo": "HERE/acme/payments.git",
        "visibility": "private",
        "default_branch": "main",
    }
    return json.dumps(fields | other)


def ask(run_step: RunStep, host: Host, **more: str) -> Result:
    with serving(host) as url:
        connector = {
            "CONNECTOR_TYPE": "Gitlab",
            "DRONE_NETRC_MACHINE": "127.0.0.1",
            "DRONE_NETRC_PORT": url.rpartition(":")[2],
            "DRONE_NETRC_PASSWORD": "glpat-token",
            "DRONE_REMOTE_URL": url,
        }
        return run_step("CreateRepo", {**connector, "ORG_NAME": "acme", "REPO_NAME": "payments", **more})


NOT_THERE = (404, '{"message": "404 Project Not Found"}')
TAKEN = (400, '{"message": {"name": ["has already been taken"], "path": ["has already been taken"]}}')
DELETING = (400, '{"message": {"base": ["The project is still being deleted. Please try again later."]}}')


@pytest.mark.parametrize(
    ("there", "environ", "code", "words"),
    [
        (described(), {}, 0, "was already there"),
        (described(), {"IF_EXISTS": "fail"}, 4, "exists already"),
        (described(visibility="public"), {}, 4, "is public, but private was asked for"),
    ],
)
def test_a_project_that_another_run_creates_meanwhile_is_under_the_same_rules(
    run_step: RunStep, there: str, environ: dict[str, str], code: int, words: str
) -> None:
    done = ask(run_step, Host(project=[NOT_THERE, (200, there)], create=[TAKEN]), **environ)
    assert done.code == code, done.stderr
    assert words in done.stderr
    assert done.outputs.get("repositoryCreated") is (False if code == 0 else None)


def test_a_name_that_is_still_being_deleted_is_waited_for(run_step: RunStep) -> None:
    done = ask(run_step, Host(create=[DELETING, DELETING, (201, described())]), RETRY_BUDGET="20")
    assert done.code == 0, done.stderr
    assert done.outputs["repositoryCreated"] is True


@pytest.mark.parametrize(
    ("answers", "environ", "code", "words"),
    [
        ({"create": [TAKEN]}, {}, 4, "which the token cannot see"),
        ({"create": [DELETING]}, {}, 4, "is still deleting a project acme/payments. Choose another name"),
        ({"project": [(200, described(marked_for_deletion_on="2026-12-01"))]}, {}, 4, "is to be deleted soon"),
        ({"project": [(302, "HERE/api/v4/projects/12")]}, {}, 4, "which was renamed or moved"),
        ({"project": [(302, "http://localhost:9/login")]}, {}, 1, "it redirects to http://localhost:9."),
        ({"project": [(302, "HERE/users/sign_in")]}, {}, 1, "does not answer as GitLab's API: it redirects to"),
        ({"project": [(200, "<html>log in</html>")]}, {}, 1, "what it gives is no JSON"),
        ({"project": [(200, "")]}, {}, 1, "what it gives is no JSON"),
        ({"project": [(200, "[]")]}, {}, 1, "what it gives is no JSON"),
        ({"project": [(200, "{}")]}, {}, 1, "there is no path in what it gives"),
        ({"project": [(404, "<html>")]}, {}, 1, "its 404 is no JSON"),
        ({"project": [(200, '{"path": "x')]}, {}, 5, "its answer is cut short"),
        ({"namespace": [(200, "{}")]}, {}, 1, "there is no id in what it gives"),
        ({"namespace": [(404, '{"message": "404 Namespace Not Found"}')]}, {}, 2, "has no group or user 'acme'"),
        ({"create": [(201, described(path="pay-ments"))]}, {}, 1, "describes another one"),
        (
            {"create": [(400, '{"message": {"visibility_level": ["public is not allowed in a private group."]}}')]},
            {"REPO_TYPE": "public"},
            2,
            "(visibility_level public is not allowed in a private group). Set repoType to one that the group",
        ),
        ({"create": [(400, '{"message": {"limit_reached": ["Limit"]}}')]}, {}, 3, "Have an administrator raise"),
        ({"create": [(400, '{"message": {"namespace": ["is not valid"]}}')]}, {}, 3, "Maintainer"),
        ({"create": [(403, '{"message": "403 Forbidden"}')]}, {}, 3, "a role in the group that may create projects"),
        ({"create": [(422, '{"message": ["a", "b"]}')]}, {}, 1, "it answered 422 (a; b)."),
        ({"create": [(405, '{"message": "x"}')]}, {}, 1, "has moved the project acme/payments"),
    ],
)
def test_each_odd_answer_or_host_is_one_sentence(
    run_step: RunStep, answers: dict[str, list[tuple[int, str]]], environ: dict[str, str], code: int, words: str
) -> None:
    done = ask(run_step, Host(**{name: list(each) for name, each in answers.items()}), **environ)
    assert done.code == code, done.stderr
    assert words in done.stderr


def test_an_address_that_is_no_gitlab_is_told_with_the_path_that_was_taken_for_the_servers(run_step: RunStep) -> None:
    with serving(Host(project=[(200, "<html>")])) as url:
        connector = {
            "CONNECTOR_TYPE": "Gitlab",
            "DRONE_NETRC_MACHINE": "127.0.0.1",
            "DRONE_NETRC_PORT": url.rpartition(":")[2],
            "DRONE_NETRC_PASSWORD": "glpat-token",
            "DRONE_REMOTE_URL": f"{url}/other-group",
        }
        done = run_step("CreateRepo", {**connector, "ORG_NAME": "acme", "REPO_NAME": "payments"})
    assert done.code == 1
    assert f"The server is taken to lie at {url}/other-group" in done.stderr


def test_the_token_is_not_sent_to_another_host_that_the_answer_names(run_step: RunStep) -> None:
    other = Host()
    with serving(other) as elsewhere:
        done = ask(run_step, Host(project=[(200, described(http_url_to_repo=f"{elsewhere}/acme/payments.git"))]))
    assert done.code == 0, done.stderr
    assert other.authorized == []
