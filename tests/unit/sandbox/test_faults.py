"""The faults of the sandbox's git hosts, as the steps meet them: each ends in success or in the right sentence."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox import faults
from sandbox.services import open_state
from sandbox.state import State
from tests.conftest import Result, RunStep, World
from tests.hosts import Served, serving_step


@pytest.fixture(params=serving_step("CreateRepo"), ids=str)
def host(request: pytest.FixtureRequest, world: World, tmp_path: Path, workspace: Path) -> Iterator[Served]:
    (workspace / "app").mkdir()
    (workspace / "app" / "README.md").write_text("x")
    with request.param.serve(world, tmp_path / "host") as served:
        yield served


@pytest.fixture
def state(world: World) -> State:
    return open_state(world.state_dir)


def create(run_step: RunStep, host: Served, **more: str) -> Result:
    return run_step("CreateRepo", {**host.variables, "RETRY_BUDGET": "20", **more})


def push(run_step: RunStep, host: Served, **more: str) -> Result:
    return run_step("DirectPush", {**host.variables, "CODE_DIRECTORY": "app", "BRANCH": "main", **more})


def test_a_repository_that_git_finds_only_later_is_waited_for(host: Served, run_step: RunStep, state: State) -> None:
    faults.switch_on(state, "unusable", "1")
    done = create(run_step, host)
    assert done.code == 0, done.stderr
    assert host.asked(("GET", f"{host.git_path}/info/refs")) > 1


def test_requests_that_are_answered_429_are_sent_again(host: Served, run_step: RunStep, state: State) -> None:
    faults.switch_on(state, "rate_limited", "2")
    done = create(run_step, host)
    assert done.code == 0, done.stderr
    assert faults.every(state) == []


def test_a_create_whose_answer_is_lost_is_found_and_not_repeated(host: Served, run_step: RunStep, state: State) -> None:
    faults.switch_on(state, "lost_answer", "1")
    done = create(run_step, host, IF_EXISTS="fail")
    assert (done.code, done.outputs["repositoryCreated"]) == (0, True), done.stderr
    assert host.asked(host.create) == 1


def test_a_push_whose_answer_is_lost_is_found_and_not_repeated(host: Served, run_step: RunStep, state: State) -> None:
    assert create(run_step, host).code == 0
    faults.switch_on(state, "lost_answer", "1")
    done = push(run_step, host, RETRY_BUDGET="20")
    assert done.code == 0, done.stderr
    assert host.asked(("POST", f"{host.git_path}/git-receive-pack")) == 1


def test_a_protected_branch_declines_and_auto_opens_a_pull_request(
    host: Served, run_step: RunStep, state: State
) -> None:
    assert create(run_step, host, INITIALIZE="always", DEFAULT_BRANCH="main").code == 0
    faults.switch_on(state, "protected_branch", "main")
    declined = push(run_step, host)
    assert declined.code == 1
    assert "the server declined it" in declined.stderr
    assert "PUSH_MODE=pull_request" in declined.stderr
    proposed = push(run_step, host, PUSH_MODE="auto")
    assert proposed.code == 0, proposed.stderr
    assert proposed.outputs["branch"] == "idp-steps/main"
    again = push(run_step, host, PUSH_MODE="auto")
    assert again.outputs["pullRequestUrl"] == proposed.outputs["pullRequestUrl"]


def test_a_hook_declines_with_its_own_words(host: Served, run_step: RunStep, state: State) -> None:
    assert create(run_step, host).code == 0
    faults.switch_on(state, "declining_hook", "POLICY: 100% of tickets; $HOME `id`")
    done = push(run_step, host)
    assert done.code == 1
    assert "remote: POLICY: 100% of tickets; $HOME `id`" in done.stderr
    assert "Do as it says, or have whoever keeps the repository change the rule that declines" in done.stderr
    faults.switch_on(state, "declining_hook", "big.bin is above the size limit of 10 MB")
    assert "A file is larger than is taken there: keep it out" in push(run_step, host).stderr


def test_a_name_that_is_still_being_deleted_is_a_conflict(host: Served, run_step: RunStep, state: State) -> None:
    faults.switch_on(state, "pending_deletion", "Payments")
    done = create(run_step, host)
    assert done.code in {4, 5}, done.stderr  # some hosts say so, some only that the name is taken
    assert done.outputs == {}


def test_an_expired_token_is_3(host: Served, run_step: RunStep, state: State) -> None:
    faults.switch_on(state, "expired_token", "")
    assert create(run_step, host).code == 3
    assert push(run_step, host).code == 3


def test_a_fault_of_another_host_does_nothing(host: Served, run_step: RunStep, state: State) -> None:
    faults.switch_on(state, "expired_token", "", host="git")
    assert create(run_step, host).code == 0
    faults.switch_off(state)
    assert faults.every(state) == []


def test_the_page_switches_faults_on_and_off_and_refuses_other_sites(world: World, state: State) -> None:
    import requests

    page = f"{world.url}/-/faults/"
    on = {"fault": "unusable", "value": "5", "host": "github"}
    assert requests.post(page, data=on, headers={"Sec-Fetch-Site": "cross-site"}, timeout=5).status_code == 403
    assert requests.post(page, data=on | {"value": "soon"}, timeout=5).status_code == 403
    assert requests.post(page, data=on | {"fault": "x"}, timeout=5).status_code == 403
    assert faults.every(state) == []
    shown = requests.post(page, data=on, headers={"Sec-Fetch-Site": "same-origin"}, timeout=5)
    assert (shown.status_code, "unusable" in shown.text) == (200, True)
    (fault,) = faults.every(state)
    assert (fault.host, fault.fault, fault.value) == ("github", "unusable", "5")
    requests.post(page, data={"off": str(fault.id)}, timeout=5)
    assert faults.every(state) == []
