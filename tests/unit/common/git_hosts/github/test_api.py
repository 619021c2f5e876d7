"""GitHub's names, its odd answers, and its own words for what it refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import Result, RunStep, World, serving


def wanted(world: World, **more: str) -> dict[str, str]:
    return {**world.connector, "ORG_NAME": "acme", "REPO_NAME": "payments", "REPO_TYPE": "private", **more}


def create(run_step: RunStep, world: World, **more: str) -> Result:
    done = run_step("CreateRepo", wanted(world, **more))
    assert done.code == 0, done.stderr
    return done


def test_a_personal_account_needs_no_organization(world: World, run_step: RunStep) -> None:
    done = create(run_step, world, ORG_NAME="", PERSONAL_ACCOUNT="true")
    assert done.outputs["repositoryUrl"] == f"{world.url}/{world.credentials['github'].user}/payments"


def test_a_user_named_as_the_organization_is_served_too(world: World, run_step: RunStep) -> None:
    done = create(run_step, world, ORG_NAME=world.credentials["github"].user)
    assert done.outputs["repositoryUrl"] == f"{world.url}/{world.credentials['github'].user}/payments"


def test_a_personal_account_of_somebody_else_is_refused(world: World, run_step: RunStep) -> None:
    done = run_step("CreateRepo", wanted(world, PERSONAL_ACCOUNT="true"))
    assert done.code == 2
    assert "but organization says acme" in done.stderr


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"REPO_NAME": "pay ments"}, "GitHub takes no repository named 'pay ments'"),
        ({"REPO_NAME": ".."}, "GitHub takes no repository named '..'"),
        ({"REPO_NAME": "x" * 101}, "at most 100 letters"),
        ({"ORG_NAME": "a/b"}, "GitHub has no organization or user named 'a/b'"),
        ({"ORG_NAME": "", "REPO_NAME": ""}, "organization (set ORG_NAME), repository (set REPO_NAME)"),
        ({"PLUGIN_PROJECT": "shop"}, "GitHub has no project. Leave project ('shop') out."),
    ],
)
def test_a_name_that_github_does_not_take_is_2_and_nothing_is_asked(
    world: World, run_step: RunStep, environ: dict[str, str], words: str
) -> None:
    done = run_step("CreateRepo", wanted(world, **environ))
    assert (done.code, words in done.stderr) == (2, True), done.stderr
    assert world.faults.requests == []


def test_a_token_that_may_not_create_is_3_with_the_right_it_needs(world: World, run_step: RunStep) -> None:
    done = run_step("CreateRepo", wanted(world, DRONE_NETRC_PASSWORD=world.credentials["github"].readonly_token))
    assert done.code == 3
    assert "Resource not accessible by personal access token" in done.stderr
    assert "Administration write" in done.stderr


def test_a_value_that_github_has_no_use_for_is_not_ignored_in_silence(world: World, run_step: RunStep) -> None:
    assert "GitHub has no project, so 'stray' is not used." in create(run_step, world, PROJECT_NAME="stray").stderr


class Host:
    """A host that gives the listed answers, the last of them again and again; anything else is not found."""

    def __init__(self, **answers: list[tuple[int, str]]) -> None:
        self.answers = answers
        self.authorized: list[str] = []

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        path, here = environ["PATH_INFO"], f"http://{environ['HTTP_HOST']}"
        if environ.get("HTTP_AUTHORIZATION"):
            self.authorized.append(path)
        if path.endswith("/info/refs"):
            kind, status, body = "", 200, "001e# service=git-upload-pack\n00000000"
        else:
            kind = "user" if path == "/api/v3/user" else "find" if environ["REQUEST_METHOD"] == "GET" else "create"
            answers = self.answers.get(kind, [(404, '{"message": "Not Found"}')])
            status, body = answers.pop(0) if len(answers) > 1 else answers[0]
        headers = [("Content-Type", "application/json")]
        if 300 <= status < 400:
            headers.append(("Location", body.replace("HERE", here)))
        start_response(f"{status} Answer", headers)
        return [body.replace("HERE", here).encode()]


def described(**other: str) -> str:
    fields = {
        "name": "payments",
        "html_url": "HERE/acme/payments",
        "clone_url": "HERE/acme/payments.git",
        "visibility": "private",
        "default_branch": "main",
    }
    return json.dumps(fields | other)


def ask(run_step: RunStep, host: Host, **more: str) -> Result:
    with serving(host) as url:
        connector = {
            "CONNECTOR_TYPE": "Github",
            "DRONE_NETRC_MACHINE": "127.0.0.1",
            "DRONE_NETRC_PORT": url.rpartition(":")[2],
            "DRONE_NETRC_PASSWORD": "ghp_token",
            "DRONE_REMOTE_URL": url,
        }
        return run_step("CreateRepo", {**connector, "ORG_NAME": "acme", "REPO_NAME": "payments", **more})


NOT_THERE = (404, '{"message": "Not Found"}')
TAKEN = (422, '{"message": "Failed.", "errors": [{"message": "name already exists on this account"}]}')


@pytest.mark.parametrize(
    ("there", "environ", "code", "words"),
    [
        (described(), {}, 0, "was already there"),
        (described(), {"IF_EXISTS": "fail"}, 4, "exists already"),
        (described(visibility="public"), {}, 4, "is public, but private was asked for"),
    ],
)
def test_a_repository_that_another_run_creates_meanwhile_is_under_the_same_rules(
    run_step: RunStep, there: str, environ: dict[str, str], code: int, words: str
) -> None:
    done = ask(run_step, Host(find=[NOT_THERE, (200, there)], create=[TAKEN]), **environ)
    assert done.code == code, done.stderr
    assert words in done.stderr
    assert done.outputs.get("repositoryCreated") is (False if code == 0 else None)


def test_a_create_whose_answer_was_lost_counts_as_created_though_the_host_shows_it_late(run_step: RunStep) -> None:
    host = Host(find=[NOT_THERE, NOT_THERE, (200, described())], create=[(502, "{}"), TAKEN])
    done = ask(run_step, host, IF_EXISTS="fail", RETRY_BUDGET="3")
    assert done.code == 0, done.stderr
    assert done.outputs["repositoryCreated"] is True


@pytest.mark.parametrize(
    ("answers", "environ", "code", "words"),
    [
        ({"create": [TAKEN]}, {}, 4, "which the token cannot see, or which is still being deleted"),
        ({"find": [(301, "HERE/api/v3/repositories/1")]}, {}, 4, "which was renamed or moved"),
        ({"create": [(301, "/organizations/1/repos")]}, {}, 1, "Set ORG_NAME to its present name."),
        ({"find": [(302, "http://localhost:9/login")]}, {}, 1, "it redirects to http://localhost:9."),
        ({"find": [(200, "<html>log in</html>")]}, {}, 1, "what it gives is no JSON"),
        ({"find": [(200, "")]}, {}, 1, "what it gives is no JSON"),
        ({"find": [(200, "{}")]}, {}, 1, "there is no name in what it gives"),
        ({"find": [(200, '{"name": "x')]}, {}, 5, "its answer is cut short"),
        ({"create": [(201, described(name="pay-ments"))]}, {}, 1, "describes another one"),
        ({"create": [(422, '{"message": "Failed", "errors": "too long"}')]}, {}, 1, "422 (Failed; too long)"),
        ({"user": [(403, '{"message": "Resource not accessible by integration"}')]}, {}, 2, "no organization 'acme'"),
        ({}, {"REPO_TYPE": "internal", "PERSONAL_ACCOUNT": "true"}, 2, "cannot have an internal repository"),
        ({"user": [(200, '{"login": "acme"}')]}, {"REPO_TYPE": "internal"}, 2, "cannot have an internal repository"),
        ({}, {"DRONE_NETRC_MACHINE": "a b"}, 2, "no http or https URL"),
        ({}, {"DRONE_NETRC_PORT": "abc"}, 2, "no http or https URL"),
        ({}, {"DRONE_NETRC_MACHINE": "", "DRONE_REMOTE_URL": "http://[::1"}, 2, "DRONE_REMOTE_URL is 'http://[::1'"),
    ],
)
def test_each_odd_answer_or_host_is_one_sentence(
    run_step: RunStep, answers: dict[str, list[tuple[int, str]]], environ: dict[str, str], code: int, words: str
) -> None:
    done = ask(run_step, Host(**{name: list(each) for name, each in answers.items()}), **environ)
    assert done.code == code, done.stderr
    assert words in done.stderr


def test_the_token_is_not_sent_to_another_host_that_the_answer_names(run_step: RunStep) -> None:
    other = Host()
    with serving(other) as elsewhere:
        done = ask(run_step, Host(find=[(200, described(clone_url=f"{elsewhere}/acme/payments.git"))]))
    assert done.code == 0, done.stderr
    assert other.authorized == []


def test_other_users_of_pygithub_in_this_process_keep_its_own_connections(world: World, run_step: RunStep) -> None:
    from github.Requester import HTTPRequestsConnectionClass, Requester

    create(run_step, world)
    assert vars(Requester)["_Requester__httpConnectionClass"] is HTTPRequestsConnectionClass
