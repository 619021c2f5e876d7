"""GitLab's odd answers, its own words for what it refuses, and its kinds of credentials."""

from __future__ import annotations

import contextlib
import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from common.errors import BadInput, Conflict, StepError
from common.git_hosts import NewPullRequest, NewRepository, gitlab
from common.git_hosts.connector import Connector, RepositoryLocation
from common.git_hosts.context import HarnessAccount, HostContext
from common.git_hosts.settings import Grant, Settings
from common.network.deadline import Deadline
from common.network.settings import Network
from common.secret import Secret
from sandbox.git import bare, repositories
from sandbox.services import open_state
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
        ({"create": [TAKEN]}, {}, 4, "which the token cannot see, or which is still being deleted"),
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


def push(run_step: RunStep, variables: dict[str, str], workspace: Path, **more: str) -> Result:
    (workspace / "app").mkdir(exist_ok=True)
    (workspace / "app" / "README.md").write_text("# payments\n")
    return run_step("DirectPush", {**variables, "CODE_DIRECTORY": "app", "BRANCH": "main", **more})


def test_a_protected_default_branch_takes_a_maintainers_push_and_tells_a_developer_what_to_do(
    world: World, run_step: RunStep, variables: dict[str, str], workspace: Path
) -> None:
    group = {**variables, "ORG_NAME": "protected/team"}
    assert create(run_step, group).code == 0
    developer = {"DRONE_NETRC_PASSWORD": world.credentials["gitlab"].developer_token}
    refused = push(run_step, group, workspace, **developer)
    assert refused.code == 1, refused.stderr
    assert "remote: GitLab: You are not allowed to push code to protected branches" in refused.stderr
    assert "use the token of a Maintainer" in refused.stderr
    assert push(run_step, group, workspace).code == 0
    assert push(run_step, group, workspace, BRANCH="feature/x", **developer).code == 0


def test_a_protected_branch_is_never_overwritten(run_step: RunStep, variables: dict[str, str], workspace: Path) -> None:
    group = {**variables, "ORG_NAME": "protected"}
    create(run_step, group)
    push(run_step, group, workspace)
    (workspace / "app" / "more.md").write_text("x")
    refused = push(run_step, group, workspace, FORCE_PUSH="true")
    assert (refused.code, "leave forcePush out" in refused.stderr) == (3, True), refused.stderr


def test_a_deleted_project_keeps_its_name_and_that_is_told(
    world: World, run_step: RunStep, variables: dict[str, str]
) -> None:
    create(run_step, variables)
    headers = {"PRIVATE-TOKEN": world.credentials["gitlab"].token}
    url = f"{world.url}/gitlab/api/v4/projects/acme%2Fteam%2Fpayments"
    assert requests.delete(url, headers=headers, timeout=10).status_code == 202
    done = create(run_step, variables)
    assert (done.code, "is to be deleted soon, and keeps its name" in done.stderr) == (4, True), done.stderr


def test_what_only_a_maintainer_may_is_told_to_a_developer(
    world: World, run_step: RunStep, variables: dict[str, str]
) -> None:
    developer = {"DRONE_NETRC_PASSWORD": world.credentials["gitlab"].developer_token}
    done = create(run_step, variables, REPO_SETTINGS='{"topics": ["a"]}', **developer)
    assert (done.code, "the role Maintainer in the project" in done.stderr) == (3, True), done.stderr


def test_two_ways_to_merge_are_one_too_many(run_step: RunStep, variables: dict[str, str], world: World) -> None:
    done = create(run_step, variables, REPO_SETTINGS='{"mergeMethods": ["merge", "fastForward"]}')
    assert (done.code, "can have only one of mergeMethods merge and mergeMethods fastForward." in done.stderr) == (
        2,
        True,
    ), done.stderr
    assert world.faults.requests == []


@pytest.fixture
def context(world: World) -> HostContext:
    """The project with two branches, of which feature/x is ahead."""
    state = open_state(world.state_dir)
    hosted = repositories.create(state, "gitlab", "acme/team", "payments", visibility="private")
    for branch, content in (("main", b"one"), ("feature/x", b"two")):
        bare.commit_files(hosted.folder, branch, {"README.md": ("100644", content)}, "Commit\n")
    token = Secret(world.credentials["gitlab"].token)
    return HostContext(
        connector=Connector(type="Gitlab", remote_url=f"{world.url}/gitlab", password=token),
        location=RepositoryLocation(organization="acme/team", repository="payments"),
        harness=HarnessAccount(),
        network=Network(),
        deadline=Deadline(),
    )


def test_a_merge_request_is_opened_once_and_found_again(world: World, context: HostContext) -> None:
    wanted = NewPullRequest(source="feature/x", target="main", title="More", body="")
    page = f"{world.url}/gitlab/acme/team/payments/-/merge_requests/1"
    assert gitlab.find_pull_request(context, source="feature/x", target="main") is None
    assert gitlab.open_pull_request(context, wanted) == (page, True)
    assert gitlab.open_pull_request(context, wanted) == (page, False)


def test_a_merge_request_that_was_opened_without_saying_so_is_found(world: World, context: HostContext) -> None:
    world.faults.after[("POST", "/gitlab/api/v4/projects/acme/team/payments/merge_requests")] = [502]
    wanted = NewPullRequest(source="feature/x", target="main", title="More", body="")
    assert gitlab.open_pull_request(context, wanted)[0].endswith("/merge_requests/1")


def test_a_branch_is_protected_once(world: World, context: HostContext) -> None:
    assert gitlab.protect_branch(context, "feature/x") is True
    assert gitlab.protect_branch(context, "feature/x") is False
    assert sum(line.startswith("POST") for line in world.faults.requests) == 1
    with pytest.raises(Conflict):
        gitlab.protect_branch(context, "nowhere")


def test_a_share_is_moved_to_another_role(context: HostContext) -> None:
    for role in ("read", "maintain"):
        wanted = Settings(access=(Grant("groups", "acme/platform", role), Grant("users", "jane", role)))
        assert gitlab.apply_settings(context, wanted, write=True) == [
            "access.groups.acme/platform",
            "access.users.jane",
        ]
        assert gitlab.apply_settings(context, wanted, write=True) == []


@pytest.mark.parametrize(
    ("grant", "words"),
    [
        (Grant("users", "no-such-user", "read"), "GitLab has no user no-such-user."),
        (Grant("groups", "no-such-group", "read"), "GitLab has no group no-such-group"),
    ],
)
def test_somebody_who_is_not_there_is_named(context: HostContext, grant: Grant, words: str) -> None:
    with pytest.raises(BadInput) as refused:
        gitlab.apply_settings(context, Settings(access=(grant,)), write=True)
    assert words in str(refused.value)


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
            lambda: gitlab.find_repository(asked, NewRepository(visibility="private", description="")),
            lambda: gitlab.create_repository(asked, NewRepository(visibility="private", description="")),
            lambda: gitlab.set_default_branch(asked, "main"),
            lambda: gitlab.protect_branch(asked, "main"),
            lambda: gitlab.find_pull_request(asked, source="a", target="b"),
            lambda: gitlab.open_pull_request(asked, wanted),
        ):
            with contextlib.suppress(StepError):
                call()
