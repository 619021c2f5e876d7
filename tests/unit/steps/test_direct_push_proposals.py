"""DirectPush's pull requests and protection, on every host that has them: one of each, however often it runs."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Result, RunStep, World
from tests.hosts import Served, offering

SOURCE = "idp-steps/main"


def git(host: Served, *arguments: str) -> str:
    command = ["git", "-C", str(host.folder()), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture(params=offering("DirectPush", "pushMode"), ids=str)
def host(request: pytest.FixtureRequest, world: World, tmp_path: Path, run_step: RunStep) -> Iterator[Served]:
    """Each host in turn; its repository has a default branch with the empty first commit."""
    with request.param.serve(world, tmp_path / "host") as served:
        done = run_step("CreateRepo", {**served.variables, "INITIALIZE": "always", "DEFAULT_BRANCH": "main"})
        assert done.code == 0, done.stderr
        yield served


@pytest.fixture
def app(workspace: Path) -> Path:
    folder = workspace / "app"
    folder.mkdir()
    (folder / "README.md").write_text("# payments\n")
    return folder


def push(run_step: RunStep, host: Served, **more: str) -> Result:
    done = run_step("DirectPush", {**host.variables, "CODE_DIRECTORY": "app", "BRANCH": "main", **more})
    assert done.code == 0, done.stderr
    return done


def propose(run_step: RunStep, host: Served, **more: str) -> Result:
    return push(run_step, host, PUSH_MODE="pull_request", **more)


def test_a_pull_request_is_opened_once_and_the_target_stays_as_it_is(
    host: Served, app: Path, run_step: RunStep
) -> None:
    before = git(host, "rev-parse", "main")
    first = propose(run_step, host)
    assert git(host, "rev-parse", "main") == before
    assert git(host, "ls-tree", "-r", "--name-only", SOURCE) == "README.md"
    assert (first.outputs["branch"], first.outputs["pushed"]) == (SOURCE, True)
    assert first.outputs["commitSha"] == git(host, "rev-parse", SOURCE)
    assert first.outputs["pullRequestUrl"].startswith(host.repository_page)
    again = propose(run_step, host)
    assert again.outputs == {**first.outputs, "pushed": False}
    assert "The pull request is open already" in again.stderr


def test_new_files_come_on_top_of_the_open_pull_request(host: Served, app: Path, run_step: RunStep) -> None:
    first = propose(run_step, host)
    (app / "more.md").write_text("x")
    second = propose(run_step, host)
    assert git(host, "rev-parse", f"{SOURCE}^") == first.outputs["commitSha"]
    assert second.outputs["pullRequestUrl"] == first.outputs["pullRequestUrl"]


def test_what_the_target_holds_already_needs_no_pull_request(host: Served, app: Path, run_step: RunStep) -> None:
    pushed = push(run_step, host)
    done = propose(run_step, host)
    assert done.outputs == {**pushed.outputs, "pushed": False}
    assert git(host, "for-each-ref", "--format=%(refname:short)", "refs/heads") == "main"


def test_a_source_whose_pull_request_is_closed_takes_up_the_state_of_the_target(
    host: Served, app: Path, run_step: RunStep
) -> None:
    push(run_step, host, BRANCH=SOURCE)  # as it is left by a pull request that was merged by a squash
    left = git(host, "rev-parse", SOURCE)
    push(run_step, host)
    (app / "README.md").rename(app / "other.md")
    push(run_step, host, BRANCH="main")
    (app / "third.md").write_text("x")
    propose(run_step, host)
    assert git(host, "ls-tree", "-r", "--name-only", SOURCE).splitlines() == ["README.md", "other.md", "third.md"]
    assert git(host, "rev-parse", f"{SOURCE}^1", f"{SOURCE}^2").splitlines() == [left, git(host, "rev-parse", "main")]
    assert git(host, "diff", "--name-only", f"main...{SOURCE}") == "third.md"


def test_the_branch_of_the_pull_request_is_an_input_and_its_text_is_the_message(
    host: Served, app: Path, run_step: RunStep
) -> None:
    done = propose(run_step, host, PULL_REQUEST_BRANCH="feature/a b".replace(" ", "-"), COMMIT_MESSAGE="feat: x\n\nwhy")
    assert done.outputs["branch"] == "feature/a-b"


def test_a_dry_run_opens_and_pushes_nothing(host: Served, app: Path, run_step: RunStep) -> None:
    host.faults.requests.clear()
    done = propose(run_step, host, DRY_RUN="true")
    assert f"a pull request from {SOURCE} into main would be opened." in done.stderr
    assert host.writes() == []
    assert "pullRequestUrl" not in done.outputs


def test_a_target_that_does_not_exist_is_a_conflict_with_what_to_do(host: Served, app: Path, run_step: RunStep) -> None:
    asked = {**host.variables, "CODE_DIRECTORY": "app", "BRANCH": "later", "PUSH_MODE": "pull_request"}
    done = run_step("DirectPush", asked)
    assert done.code == 4
    assert "has no branch later that a pull request could be merged into. Have it made first: by a push" in done.stderr


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"PUSH_MODE": "pull_request", "FORCE_PUSH": "true"}, "and PUSH_MODE keeps it."),
        ({"PUSH_MODE": "auto", "PULL_REQUEST_BRANCH": "main"}, "cannot go from main into itself."),
        ({"PUSH_MODE": "pull_request", "PULL_REQUEST_BRANCH": "a..b"}, "Set PULL_REQUEST_BRANCH to another."),
        ({"PUSH_MODE": "merge"}, "PUSH_MODE is 'merge'; it can be push, pull_request, auto."),
    ],
)
def test_what_contradicts_itself_is_refused_before_anything_is_asked(
    host: Served, app: Path, run_step: RunStep, environ: dict[str, str], words: str
) -> None:
    host.faults.requests.clear()
    done = run_step("DirectPush", {**host.variables, "CODE_DIRECTORY": "app", "BRANCH": "main", **environ})
    assert (done.code, words in done.stderr) == (2, True), done.stderr
    assert host.faults.requests == []


def test_a_branch_is_protected_after_the_push_and_only_once(host: Served, app: Path, run_step: RunStep) -> None:
    first = push(run_step, host, PROTECT_BRANCH="true")
    assert "Protected main." in first.stderr
    host.faults.requests.clear()
    again = push(run_step, host, PROTECT_BRANCH="true")
    assert "Protected main." not in again.stderr
    assert host.writes() == []


def test_a_dry_run_protects_nothing(host: Served, app: Path, run_step: RunStep) -> None:
    host.faults.requests.clear()
    push(run_step, host, PROTECT_BRANCH="true", DRY_RUN="true")
    assert host.writes() == []
