"""CreateRepo: one repository however often it runs, and a reason in words whenever there is none."""

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


def posts(world: World) -> list[str]:
    return [line for line in world.faults.requests if line.startswith("POST")]


@pytest.mark.parametrize("names", [("ORG_NAME", "REPO_NAME"), ("IDP_ORG_NAME", "IDP_REPO_NAME")])
def test_a_repository_is_created_with_both_generations_of_names(
    world: World, run_step: RunStep, names: tuple[str, str]
) -> None:
    environ = {**world.connector, names[0]: "acme", names[1]: "payments", "DEFAULT_BRANCH": "trunk"}
    done = run_step("CreateRepo", environ)
    assert done.code == 0, done.stderr
    assert done.outputs == {
        "repositoryUrl": f"{world.url}/acme/payments",
        "cloneUrl": f"{world.url}/acme/payments.git",
        "defaultBranch": "trunk",
        "repositoryCreated": True,
    }


@pytest.mark.parametrize("visibility", ["private", "public", "internal"])
def test_each_visibility_is_created_as_asked(world: World, run_step: RunStep, visibility: str) -> None:
    done = create(run_step, world, REPO_TYPE=visibility)
    assert f"Created {world.url}/acme/payments ({visibility})." in done.stderr


def test_a_second_run_takes_the_empty_repository_and_says_so(world: World, run_step: RunStep) -> None:
    create(run_step, world)
    done = create(run_step, world)
    assert done.outputs["repositoryCreated"] is False
    assert "was already there; it is taken as it is" in done.stderr
    assert len(posts(world)) == 1


def test_a_personal_account_needs_no_organization(world: World, run_step: RunStep) -> None:
    done = create(run_step, world, ORG_NAME="", PERSONAL_ACCOUNT="true")
    assert done.outputs["repositoryUrl"] == f"{world.url}/{world.credentials.github_user}/payments"


def test_a_user_named_as_the_organization_is_served_too(world: World, run_step: RunStep) -> None:
    done = create(run_step, world, ORG_NAME=world.credentials.github_user)
    assert done.outputs["repositoryUrl"] == f"{world.url}/{world.credentials.github_user}/payments"


def test_a_personal_account_of_somebody_else_is_refused(world: World, run_step: RunStep) -> None:
    done = run_step("CreateRepo", wanted(world, PERSONAL_ACCOUNT="true"))
    assert done.code == 2
    assert "but organization says acme" in done.stderr


@pytest.mark.parametrize(("if_exists", "code"), [("adopt_if_empty", 4), ("adopt", 0), ("fail", 4)])
def test_a_repository_that_is_not_empty_is_taken_only_when_asked(
    world: World, run_step: RunStep, if_exists: str, code: int
) -> None:
    create(run_step, world)
    _commit(world)
    done = run_step("CreateRepo", wanted(world, IF_EXISTS=if_exists))
    assert done.code == code, done.stderr
    if code == 0:
        assert done.outputs["repositoryCreated"] is False
    else:
        assert "exists" in done.stderr
        assert "IF_EXISTS=adopt" in done.stderr


def test_a_repository_of_another_visibility_is_a_conflict_that_names_both(world: World, run_step: RunStep) -> None:
    create(run_step, world, REPO_TYPE="public")
    done = run_step("CreateRepo", wanted(world))
    assert done.code == 4
    assert "is public, but private was asked for" in done.stderr


def test_it_waits_until_git_can_serve_the_new_repository(world: World, run_step: RunStep) -> None:
    world.faults.before[("GET", "/acme/payments.git/info/refs")] = [404, 503, 404]
    create(run_step, world, RETRY_BUDGET="20")
    assert world.faults.requests.count("GET /acme/payments.git/info/refs") == 4


def test_a_repository_that_git_never_serves_is_5_and_a_rerun_is_safe(world: World, run_step: RunStep) -> None:
    world.faults.before[("GET", "/acme/payments.git/info/refs")] = [404] * 50
    done = run_step("CreateRepo", wanted(world))
    assert done.code == 5
    assert "git cannot fetch" in done.stderr
    world.faults.before.clear()
    assert create(run_step, world).outputs["repositoryCreated"] is False


@pytest.mark.parametrize("status", [500, 502])
def test_a_create_whose_answer_got_lost_is_looked_up_and_not_repeated(
    world: World, run_step: RunStep, status: int
) -> None:
    world.faults.after[("POST", "/api/v3/orgs/acme/repos")] = [status]
    done = create(run_step, world, RETRY_BUDGET="20")
    assert done.outputs["repositoryCreated"] is True
    assert len(posts(world)) == 1


def test_a_create_that_really_failed_is_tried_again(world: World, run_step: RunStep) -> None:
    world.faults.before[("POST", "/api/v3/orgs/acme/repos")] = [502]
    assert create(run_step, world, RETRY_BUDGET="20").outputs["repositoryCreated"] is True
    assert len(posts(world)) == 2


def test_a_wait_that_github_asks_for_longer_than_the_budget_is_5(world: World, run_step: RunStep) -> None:
    world.faults.before[("GET", "/api/v3/repos/acme/payments")] = [429]
    world.faults.headers.append(("Retry-After", "3600"))
    done = run_step("CreateRepo", wanted(world))
    assert done.code == 5
    assert "answered 429" in done.stderr


def test_a_dry_run_creates_nothing(world: World, run_step: RunStep) -> None:
    done = create(run_step, world, DRY_RUN="true")
    assert "acme/payments would be created." in done.stderr
    assert posts(world) == []


@pytest.mark.parametrize(
    ("environ", "code", "words"),
    [
        ({"ORG_NAME": "", "REPO_NAME": ""}, 2, "organization (set ORG_NAME), repository (set REPO_NAME)"),
        ({"REPO_NAME": "pay ments"}, 2, "GitHub takes no repository named 'pay ments'"),
        ({"REPO_NAME": ".."}, 2, "GitHub takes no repository named '..'"),
        ({"REPO_NAME": "x" * 101}, 2, "at most 100 letters"),
        ({"ORG_NAME": "a/b"}, 2, "GitHub has no organization or user named 'a/b'"),
        ({"REPO_TYPE": "secret"}, 2, "REPO_TYPE is 'secret'; it can be private, public, internal."),
        ({"PERSONAL_ACCOUNT": "perhaps"}, 2, "PERSONAL_ACCOUNT is 'perhaps', which is no boolean"),
        (
            {"CONNECTOR_TYPE": "Bitbucket"},
            2,
            "type 'Bitbucket' is not supported. Supported: Github, Git.",
        ),
        ({"CONNECTOR_TYPE": ""}, 2, "Set CONNECTOR_TYPE; supported: Github, Git."),
        ({"DRONE_NETRC_PASSWORD": "wrong-token"}, 3, "it is wrong or has expired"),
        ({"DRONE_NETRC_PASSWORD": ""}, 3, "There are no credentials for"),
        ({"DRONE_NETRC_PORT": "9", "DRONE_REMOTE_URL": "http://127.0.0.1:9"}, 5, "the connection was refused"),
    ],
)
def test_bad_input_is_one_sentence_and_nothing_is_created(
    world: World, run_step: RunStep, environ: dict[str, str], code: int, words: str
) -> None:
    done = run_step("CreateRepo", wanted(world, **environ))
    assert (done.code, words in done.stderr) == (code, True), done.stderr
    assert done.outputs == {}
    assert posts(world) == []


def test_a_token_that_may_not_create_is_3_with_the_right_it_needs(world: World, run_step: RunStep) -> None:
    done = run_step("CreateRepo", wanted(world, DRONE_NETRC_PASSWORD=world.credentials.github_readonly_token))
    assert done.code == 3
    assert "Resource not accessible by personal access token" in done.stderr
    assert "Administration write" in done.stderr


def test_a_value_that_github_has_no_use_for_is_not_ignored_in_silence(world: World, run_step: RunStep) -> None:
    assert "GitHub has no project, so 'stray' is not used." in create(run_step, world, PROJECT_NAME="stray").stderr


def _commit(world: World) -> None:
    """Put a first commit into the repository, as another push would."""
    import subprocess

    repository = world.repository("acme", "payments")
    tree = subprocess.run(
        ["git", "-C", repository, "mktree"], check=True, input=b"", capture_output=True
    ).stdout.strip()
    who = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
    commit = subprocess.run(
        ["git", "-C", repository, *who, "commit-tree", "-m", "x", tree], check=True, capture_output=True
    ).stdout.strip()
    subprocess.run(["git", "-C", repository, "update-ref", "refs/heads/main", commit], check=True)


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
            kind, status, body = "", 200, "001e# service=git-upload-pack\n0000"
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
        ({"create": [TAKEN]}, {}, 4, "which the token cannot see"),
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
