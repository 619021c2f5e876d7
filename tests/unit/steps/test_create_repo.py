"""CreateRepo: one repository however often it runs, and a reason in words whenever there is none."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from common.git_hosts.table import HOSTS
from tests.conftest import Result, RunStep, World
from tests.hosts import Served, serving_step


@pytest.fixture(params=serving_step("CreateRepo"), ids=str)
def host(request: pytest.FixtureRequest, world: World, tmp_path: Path) -> Iterator[Served]:
    with request.param.serve(world, tmp_path / "host") as served:
        yield served


@pytest.fixture(params=[row for row in serving_step("CreateRepo") if row.has_settings], ids=str)
def settable(request: pytest.FixtureRequest, world: World, tmp_path: Path) -> Iterator[Served]:
    """A host that has settings of a repository."""
    with request.param.serve(world, tmp_path / "host") as served:
        yield served


def create(run_step: RunStep, host: Served, **more: str) -> Result:
    done = run_step("CreateRepo", {**host.variables, **more})
    assert done.code == 0, done.stderr
    return done


@pytest.mark.parametrize("generation", ["", "IDP_"])
def test_a_repository_is_created_with_both_generations_of_names(
    host: Served, run_step: RunStep, generation: str
) -> None:
    location = {f"{generation}{name}": value for name, value in host.location.items()}
    done = run_step("CreateRepo", {**host.connector, **location, "DEFAULT_BRANCH": "trunk"})
    assert done.code == 0, done.stderr
    assert done.outputs == {
        "repositoryUrl": host.repository_page,
        "cloneUrl": host.clone_url,
        "defaultBranch": "trunk",
        "repositoryCreated": True,
    }


def test_each_visibility_is_created_as_asked(host: Served, run_step: RunStep) -> None:
    for visibility in host.visibilities:
        done = create(run_step, host, REPO_NAME=f"x-{visibility}", REPO_TYPE=visibility)
        assert f"Created {host.repository_page.removesuffix('payments')}x-{visibility} ({visibility})." in done.stderr


def test_a_second_run_takes_the_empty_repository_and_says_so(host: Served, run_step: RunStep) -> None:
    create(run_step, host)
    done = create(run_step, host)
    assert done.outputs["repositoryCreated"] is False
    assert "was already there; it is taken as it is" in done.stderr
    assert host.asked(host.create) == 1


@pytest.mark.parametrize(
    ("if_exists", "code"), [("adopt_if_empty", 4), ("adopt", 0), ("fail", 4), ("same", 4), ("update", 4)]
)
def test_a_repository_that_is_not_empty_is_taken_only_when_asked(
    host: Served, run_step: RunStep, if_exists: str, code: int
) -> None:
    create(run_step, host)
    _commit(host)
    done = run_step("CreateRepo", {**host.variables, "IF_EXISTS": if_exists})
    assert done.code == code, done.stderr
    if code == 0:
        assert done.outputs["repositoryCreated"] is False
    else:
        assert "exists" in done.stderr
        assert "IF_EXISTS=adopt" in done.stderr


def test_a_repository_of_another_visibility_is_a_conflict_that_names_both(host: Served, run_step: RunStep) -> None:
    if "public" not in host.visibilities:
        pytest.skip("a repository of this host has the visibility of its project; see the tests of that host")
    create(run_step, host, REPO_TYPE="public")
    done = run_step("CreateRepo", host.variables)
    assert done.code == 4
    assert "is public, but private was asked for" in done.stderr


def test_it_waits_until_git_can_serve_the_new_repository(host: Served, run_step: RunStep) -> None:
    host.faults.before[("GET", f"{host.git_path}/info/refs")] = [404, 503, 404]
    create(run_step, host, RETRY_BUDGET="20")
    assert host.asked(("GET", f"{host.git_path}/info/refs")) == 4


def test_a_repository_that_git_never_serves_is_5_and_a_rerun_is_safe(host: Served, run_step: RunStep) -> None:
    host.faults.before[("GET", f"{host.git_path}/info/refs")] = [404] * 50
    done = run_step("CreateRepo", host.variables)
    assert done.code == 5
    assert "git cannot fetch" in done.stderr
    host.faults.before.clear()
    assert create(run_step, host).outputs["repositoryCreated"] is False


def test_a_wait_that_the_host_asks_for_longer_than_the_budget_is_5(host: Served, run_step: RunStep) -> None:
    host.faults.before[host.find] = [429]
    host.faults.headers.append(("Retry-After", "3600"))
    done = run_step("CreateRepo", host.variables)
    assert done.code == 5
    assert "answered 429" in done.stderr


def test_a_dry_run_creates_nothing(host: Served, run_step: RunStep) -> None:
    done = create(run_step, host, DRY_RUN="true")
    assert f"{host.repository_page} would be created." in done.stderr
    assert host.asked(host.create) == 0


def head(host: Served) -> str:
    """The default branch as the host's repository has it."""
    shown = subprocess.run(
        ["git", "-C", host.folder(), "symbolic-ref", "--short", "HEAD"], check=True, capture_output=True
    )
    return shown.stdout.decode().strip()


def branches(host: Served) -> list[str]:
    listing = ["git", "-C", str(host.folder()), "for-each-ref", "--format=%(refname:short)", "refs/heads"]
    return subprocess.run(listing, check=True, capture_output=True, text=True).stdout.split()


@pytest.mark.parametrize("asked", ["", "main", "trunk", "release/1"])
def test_the_default_branch_is_the_one_asked_for_and_a_rerun_changes_nothing(
    host: Served, run_step: RunStep, asked: str
) -> None:
    first = create(run_step, host, DEFAULT_BRANCH=asked)
    assert (head(host), first.outputs["defaultBranch"]) == (asked or "main", asked or host.default_of_empty)
    host.faults.requests.clear()
    again = create(run_step, host, DEFAULT_BRANCH=asked)
    assert again.outputs == {**first.outputs, "repositoryCreated": False}
    assert host.writes() == []


def test_a_push_to_the_default_branch_lays_its_files_over_the_first_commit(
    host: Served, run_step: RunStep, workspace: Path
) -> None:
    create(run_step, host, DEFAULT_BRANCH="trunk", INITIALIZE="always")
    assert branches(host) == ["trunk"]
    assert "The branch trunk" not in create(run_step, host, DEFAULT_BRANCH="trunk", INITIALIZE="always").stderr
    (workspace / "app").mkdir()
    (workspace / "app" / "README.md").write_text("x")
    push = {**host.variables, "CODE_DIRECTORY": "app", "BRANCH": "trunk"}
    assert run_step("DirectPush", push).outputs["pushed"] is True
    assert run_step("DirectPush", push).outputs["pushed"] is False
    assert (head(host), branches(host)) == ("trunk", ["trunk"])
    assert run_step("CreateRepo", {**host.variables, "IF_EXISTS": "adopt_if_empty"}).code == 4


def test_without_initialize_no_commit_is_made(host: Served, run_step: RunStep) -> None:
    done = create(run_step, host, DEFAULT_BRANCH="trunk", INITIALIZE="never")
    assert branches(host) == []
    told = "INITIALIZE=never leaves" in done.stderr
    assert done.outputs["defaultBranch"] == (host.default_of_empty if told else "trunk")


def test_a_first_commit_whose_answer_is_lost_is_looked_for(host: Served, run_step: RunStep) -> None:
    host.faults.after[("POST", f"{host.git_path}/git-receive-pack")] = [502]
    done = create(run_step, host, DEFAULT_BRANCH="trunk", INITIALIZE="always", RETRY_BUDGET="10")
    assert (done.outputs["defaultBranch"], branches(host)) == ("trunk", ["trunk"])
    assert host.asked(("POST", f"{host.git_path}/git-receive-pack")) == 1


def test_a_first_commit_that_the_server_declines_is_told_in_its_words(host: Served, run_step: RunStep) -> None:
    create(run_step, host)
    hook = host.folder() / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho 'POLICY: no empty commits' >&2\nexit 1\n")
    hook.chmod(0o755)
    done = run_step("CreateRepo", {**host.variables, "INITIALIZE": "always"})
    assert done.code == 1
    assert "the server declined it (pre-receive hook declined; POLICY: no empty commits)" in done.stderr


def test_a_repository_with_files_and_another_default_branch_is_a_conflict_that_names_both(
    host: Served, run_step: RunStep
) -> None:
    create(run_step, host)
    _commit(host)
    done = run_step("CreateRepo", {**host.variables, "IF_EXISTS": "adopt", "DEFAULT_BRANCH": "trunk"})
    assert done.code == 4
    assert "its default branch is main, but trunk was asked for." in done.stderr


def test_settings_are_applied_and_a_rerun_writes_only_what_differs(settable: Served, run_step: RunStep) -> None:
    settings = json.dumps(settable.settings)
    first = create(run_step, settable, REPO_SETTINGS=settings)
    assert "Set " in first.stderr
    settable.faults.requests.clear()
    again = create(run_step, settable, REPO_SETTINGS=settings)
    assert settable.writes() == []
    assert "Set " not in again.stderr


def test_a_dry_run_tells_which_settings_differ_and_sets_none(settable: Served, run_step: RunStep) -> None:
    settings = json.dumps(settable.settings)
    new = create(run_step, settable, REPO_SETTINGS=settings, DRY_RUN="true")
    create(run_step, settable)
    settable.faults.requests.clear()
    there = create(run_step, settable, REPO_SETTINGS=settings, DRY_RUN="true")
    assert "Dry run: would set " in new.stderr
    assert "Dry run: would set " in there.stderr
    assert settable.writes() == []


def test_a_setting_that_the_host_lacks_is_named_before_anything_is_asked(host: Served, run_step: RunStep) -> None:
    lacking, names = host.lacks
    done = run_step("CreateRepo", {**host.variables, "REPO_SETTINGS": json.dumps(lacking)})
    assert done.code == 2
    assert f" has no setting {names}. Leave " in done.stderr
    assert host.faults.requests == []


@pytest.mark.parametrize(
    ("environ", "code", "words"),
    [
        ({"REPO_TYPE": "secret"}, 2, "REPO_TYPE is 'secret'; it can be private, public, internal."),
        ({"INITIALIZE": "perhaps"}, 2, "INITIALIZE is 'perhaps'; it can be auto, never, always."),
        ({"DEFAULT_BRANCH": "a..b"}, 2, "'a..b' is no name for a branch. Set DEFAULT_BRANCH to another."),
        ({"REPO_SETTINGS": '{"topic": []}'}, 2, "REPO_SETTINGS has no key 'topic', but perhaps 'topics' is meant"),
        ({"REPO_SETTINGS": '{"topics": "x"}'}, 2, "REPO_SETTINGS.topics is 'x', which is no list of texts."),
        ({"PERSONAL_ACCOUNT": "perhaps"}, 2, "PERSONAL_ACCOUNT is 'perhaps', which is no boolean"),
        ({"CONNECTOR_TYPE": "Svn"}, 2, f"The connector type 'Svn' is not supported. Supported: {', '.join(HOSTS)}."),
        (
            {"CONNECTOR_TYPE": "", "DRONE_NETRC_MACHINE": "git.corp"},
            2,
            f"Set CONNECTOR_TYPE; supported: {', '.join(HOSTS)}.",
        ),
        ({"DRONE_NETRC_PASSWORD": "wrong-token"}, 3, "it is wrong or has expired"),
        ({"DRONE_NETRC_PASSWORD": ""}, 3, "There are no credentials for"),
    ],
)
def test_bad_input_is_one_sentence_and_nothing_is_created(
    host: Served, run_step: RunStep, environ: dict[str, str], code: int, words: str
) -> None:
    done = run_step("CreateRepo", {**host.variables, **environ})
    assert (done.code, words in done.stderr) == (code, True), done.stderr
    assert done.outputs == {}
    assert host.asked(host.create) == 0


def test_a_host_that_is_down_is_5_with_the_reason(host: Served, run_step: RunStep) -> None:
    gone, words = host.gone
    done = run_step("CreateRepo", {**host.variables, **gone})
    assert (done.code, words in done.stderr) == (5, True), done.stderr
    assert done.outputs == {}


def _commit(host: Served) -> None:
    """Put a first commit into the repository, as another push would."""
    repository = host.folder()
    tree = subprocess.run(
        ["git", "-C", repository, "mktree"], check=True, input=b"", capture_output=True
    ).stdout.strip()
    who = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
    commit = subprocess.run(
        ["git", "-C", repository, *who, "commit-tree", "-m", "x", tree], check=True, capture_output=True
    ).stdout.strip()
    subprocess.run(["git", "-C", repository, "update-ref", "refs/heads/main", commit], check=True)
