"""CreateResource: planned, shown, carried out once, and never anything removed unasked.

OpenTofu is a stand-in (tests/tofu.py), a program of its own with the same command line, a state and a lock.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from common.opentofu.program import failure
from tests.conftest import REPOSITORY_ROOT, Result, RunStep

DOCUMENTED = (
    'resource "harness_platform_pipeline" "pipeline" {\n  identifier = "identifier"\n  name       = "name"\n}\n'
)
OUTPUTS = (
    'output "id" {\n  value = harness_platform_pipeline.pipeline.id\n}\n'
    'output "token" {\n  value = "made-up-token-of-it"\n  sensitive = true\n}\n'
    'output "list" {\n  value = ["a", "b"]\n}\n'
)
SLOW = 'resource "harness_a" "b" {\n  identifier = "b"\n  wait = "60"\n}\n'  # until it is asked to stop
KEY = "pat.account.key.canary-of-the-key"


@pytest.fixture
def tofu(tmp_path: Path) -> Path:
    """The folder of the stand-in, with a mirror that has the provider."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "tofu").symlink_to(REPOSITORY_ROOT / "tests" / "tofu.py")
    (tmp_path / "mirror" / "registry.opentofu.org" / "harness" / "harness" / "0.40.0").mkdir(parents=True)
    return folder


def variables(tofu: Path, definition: str, **more: str) -> dict[str, str]:
    """What the platform sets (contract, A.8), and where OpenTofu and its provider are."""
    return {
        "PATH": f"{tofu}:{os.environ['PATH']}",
        "RESOURCE_DEFINITION": definition,
        "TF_VAR_X_API_KEY": KEY,
        "TF_VAR_ACCOUNT_IDENTIFIER": "acc",
        "TF_VAR_ENDPOINT": "https://app.harness.io/gateway",
        "PROVIDER_MIRROR": str(tofu.parent / "mirror"),
        "STATE_DIR": str(tofu.parent / "state"),
    } | more


Create = Callable[..., Result]


@pytest.fixture
def create(tofu: Path, run_step: RunStep) -> Create:
    """Run the step with a definition and some more variables; a variable of '' is not given."""
    return lambda definition, **more: run_step("CreateResource", variables(tofu, definition, **more))


def calls(tofu: Path) -> list[dict[str, Any]]:
    file = tofu / "calls.jsonl"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def portal(tofu: Path) -> dict[str, str]:
    file = tofu / "portal.json"
    return dict(json.loads(file.read_text())) if file.exists() else {}


def test_the_plan_is_shown_and_carried_out_and_a_second_run_has_nothing_to_do(create: Create, tofu: Path) -> None:
    first, second = create(DOCUMENTED + OUTPUTS), create(DOCUMENTED + OUTPUTS)
    assert (first.code, second.code) == (0, 0), first.stderr + second.stderr
    assert "+ harness_platform_pipeline.pipeline (create)\n" in first.stderr
    assert "name = 'name'" in first.stderr
    assert "there is nothing to change" in second.stderr
    assert [done.outputs["resourcesChanged"] for done in (first, second)] == [1, 0]
    assert second.outputs["id"] == first.outputs["id"] == "identifier"
    assert first.outputs["list"] == '["a", "b"]'
    assert [call["arguments"][1] for call in calls(tofu)] == [
        *("init", "validate", "plan", "show", "apply", "show"),
        *("init", "validate", "plan", "show", "show"),
    ]


def test_a_sensitive_output_goes_to_the_file_for_secrets_alone(create: Create, tmp_path: Path) -> None:
    without = create(DOCUMENTED + OUTPUTS)
    assert "token" not in without.outputs
    assert "no place for secret outputs; left out: token" in without.stderr

    file, secrets = tmp_path / "out.env", tmp_path / "secret.env"
    runner = {"OUTPUT_FILE": "", "OUTPUT_FORMAT": "", "DRONE_OUTPUT": str(file)}
    done = create(DOCUMENTED + OUTPUTS, **runner, HARNESS_OUTPUT_SECRET_FILE=str(secrets))
    assert done.code == 0, done.stderr
    assert secrets.read_text() == "token=made-up-token-of-it\n"
    assert "id=identifier\n" in file.read_text()
    assert "made-up-token-of-it" not in file.read_text() + done.stderr


def test_the_key_is_in_no_argument_no_file_and_no_word(create: Create, tofu: Path) -> None:
    """Also when a variable of the definition's own happens to have its value, which then is in the plan."""
    mine = 'variable "mine" {}\nresource "harness_a" "b" {\n  token = "x"\n  name = "${var.mine}"\n}\n'
    done = create(DOCUMENTED + mine, VERBOSE="true", TF_VAR_mine=KEY)
    assert done.code == 0, done.stderr
    assert "name = '${***}'" in done.stderr  # as the stand-in shows it
    assert "token (sensitive)" in done.stderr
    assert KEY not in done.stderr + json.dumps(calls(tofu))
    for call in calls(tofu):
        assert set(call["environment"]) == {
            *("TF_CLI_CONFIG_FILE", "TF_INPUT", "TF_IN_AUTOMATION"),
            *("TF_VAR_ACCOUNT_IDENTIFIER", "TF_VAR_ENDPOINT", "TF_VAR_X_API_KEY", "TF_VAR_mine"),
        }


def test_what_the_platform_appends_makes_nothing_double(create: Create) -> None:
    appended = (
        'terraform {\n  required_providers {\n    harness = {\n      source = "harness/harness"\n    }\n  }\n}\n'
        'provider "harness" {\n  endpoint = var.ENDPOINT\n'
        "  account_id = var.ACCOUNT_IDENTIFIER\n  platform_api_key = var.X_API_KEY\n}\n"
    )
    done = create(f'{DOCUMENTED}{appended}variable "X_API_KEY" {{\n  type = string\n}}\n')
    assert done.code == 0, done.stderr


def test_what_is_not_harness_is_refused_before_opentofu_is_called(create: Create, tofu: Path) -> None:
    done = create(f'{DOCUMENTED}data "external" "x" {{\n  program = ["id"]\n}}\nmodule "m" {{\n  source = "./m"\n}}\n')
    assert done.code == 2
    assert "RESOURCE_DEFINITION, line 5, column 1: Only the Harness provider can be used here" in done.stderr
    assert "line 8" in done.stderr
    assert calls(tofu) == []


def test_without_a_state_that_is_said_and_a_second_run_meets_what_exists(create: Create) -> None:
    first, second = create(DOCUMENTED, STATE_DIR=""), create(DOCUMENTED, STATE_DIR="")
    assert first.code == 0, first.stderr
    assert "No state is kept" in first.stderr
    assert second.code == 4
    assert "identifier already exists" in second.stderr
    assert "STATE_DIR" in second.stderr


def test_a_backend_of_its_own_takes_its_secrets_by_a_file(create: Create, tofu: Path, workspace: Path) -> None:
    backend = 'terraform {\n  backend "http" {\n    address = "https://state.test"\n  }\n}\n'
    both = create(DOCUMENTED + backend)
    assert (both.code, "one place only" in both.stderr) == (2, True)
    done = create(DOCUMENTED + backend, STATE_DIR="", BACKEND_CONFIG='password = "canary-of-the-state"')
    assert done.code == 0, done.stderr
    assert "No state is kept" not in done.stderr
    assert (tofu / "backend.txt").read_text() == 'password = "canary-of-the-state"\n'
    assert "canary-of-the-state" not in json.dumps(calls(tofu)) + done.stderr
    assert list(workspace.iterdir()) == []
    alone = create(DOCUMENTED, BACKEND_CONFIG='password = "x"')
    assert (alone.code, "has none" in alone.stderr) == (2, True)


def test_nothing_is_removed_unless_that_is_allowed(create: Create, tofu: Path) -> None:
    create(DOCUMENTED + 'resource "harness_a" "b" {\n  identifier = "b"\n}\n')
    refused = create(DOCUMENTED)
    assert refused.code == 4
    assert "would remove harness_a.b, and nothing was changed" in refused.stderr
    assert set(portal(tofu)) == {"identifier", "b"}
    allowed = create(DOCUMENTED, ALLOW_DESTROY="true")
    assert allowed.code == 0, allowed.stderr
    assert set(portal(tofu)) == {"identifier"}


def test_a_changed_definition_changes_what_it_made(create: Create) -> None:
    create(DOCUMENTED)
    done = create(DOCUMENTED.replace('"name"', '"other"'))
    assert (done.code, done.outputs["resourcesChanged"]) == (0, 1), done.stderr
    assert "name = 'name' -> 'other'" in done.stderr


def test_a_dry_run_plans_and_makes_nothing(create: Create, tofu: Path) -> None:
    done = create(DOCUMENTED, DRY_RUN="true")
    assert done.code == 0, done.stderr
    assert "+ harness_platform_pipeline.pipeline (create)" in done.stderr
    assert portal(tofu) == {}
    assert not (tofu.parent / "state").exists()


def test_nothing_is_fetched_unless_that_is_allowed(create: Create, tofu: Path, tmp_path: Path) -> None:
    done = create(DOCUMENTED, PROVIDER_MIRROR="")
    assert (done.code, calls(tofu)) == (2, [])
    assert "nothing may be fetched" in done.stderr
    assert "PROVIDER_MIRROR" in done.stderr
    empty = create(DOCUMENTED, PROVIDER_MIRROR=str(tmp_path))
    assert (empty.code, "no Harness provider is there" in empty.stderr) == (2, True)
    assert create(DOCUMENTED, PROVIDER_MIRROR="", ALLOW_DOWNLOAD="true").code == 0
    assert create(DOCUMENTED, PROVIDER_MIRROR="https://mirror.test/providers", STATE_DIR="other").code == 4


def test_a_machine_without_opentofu_is_told_what_to_install(create: Create) -> None:
    done = create(DOCUMENTED, PATH="/nowhere")
    assert done.code == 2
    assert "there is no program tofu. Install OpenTofu" in done.stderr


@pytest.mark.parametrize(
    ("summary", "code", "words"),
    [
        ("Unauthorized: 401", 3, "xApiKey"),
        ("dial tcp: connection refused", 5, "TF_VAR_ENDPOINT"),
        ("the pipeline is wrong", 1, "Correct the resourceDefinition"),
    ],
)
def test_what_opentofu_says_has_its_exit_code_and_advice(summary: str, code: int, words: str) -> None:
    place = {"filename": "definition.tf", "start": {"line": 3}}
    error = failure("apply", [{"severity": "error", "summary": summary, "address": "harness_a.b", "range": place}])
    assert error.exit_code == code
    assert error.message == f"OpenTofu could not apply: RESOURCE_DEFINITION, line 3: harness_a.b: {summary}."
    assert words in error.next_step


def test_what_the_provider_does_not_know_is_told_with_its_line(create: Create, tofu: Path) -> None:
    done = create(f'{DOCUMENTED}resource "harness_unknown" "x" {{\n}}\n')
    assert done.code == 2
    assert "RESOURCE_DEFINITION, line 5: Invalid resource type. The provider does not support it." in done.stderr
    assert portal(tofu) == {}


def test_a_state_that_is_locked_is_waited_for_by_the_next_run(create: Create, tofu: Path) -> None:
    state = tofu.parent / "state" / "terraform.tfstate"
    state.parent.mkdir()
    with state.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        done = create(DOCUMENTED)
    assert done.code == 5
    assert "tofu force-unlock 1-2" in done.stderr


def test_a_state_that_the_backend_does_not_take_is_kept_in_the_workspace(create: Create, workspace: Path) -> None:
    done = create(DOCUMENTED.replace("name ", 'lost = "yes"\n  name '))
    assert done.code == 1
    assert "tofu state push" in done.stderr
    assert "identifier" in (workspace / "errored.tfstate").read_text()
    assert (workspace / "errored.tfstate").stat().st_mode & 0o777 == 0o600


def test_values_of_declared_variables_come_from_the_environment(create: Create, tofu: Path) -> None:
    declared = 'variable "who" {\n  type = string\n}\n'
    done = create(declared + DOCUMENTED.replace('"name"', '"${var.who}"'), TF_VAR_who="jane", TF_VAR_other="x")
    assert done.code == 0, done.stderr
    assert "'${jane}'" in done.stderr
    assert "TF_VAR_other" not in json.dumps(calls(tofu))


def test_a_stopped_run_finishes_the_resource_at_hand_and_the_next_goes_on(tofu: Path, workspace: Path) -> None:
    """SIGTERM between two resources: the first is in the state, the second was not begun, and a re-run makes it."""
    environ = variables(tofu, SLOW + DOCUMENTED) | {"PYTHONPATH": str(REPOSITORY_ROOT)}
    command = [sys.executable, "-m", "steps.create_resource"]
    with subprocess.Popen(command, env=environ, cwd=workspace, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "harness_a.b: create..." in line:
                process.send_signal(signal.SIGTERM)
                break
        rest = process.stderr.read()
    assert process.returncode == 143, rest
    assert set(portal(tofu)) == {"b"}
    again = subprocess.run(command, env=environ, cwd=workspace, capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stderr
    assert "Resources: 1 would be made." in again.stderr
    assert set(portal(tofu)) == {"b", "identifier"}


def test_a_killed_run_leaves_no_opentofu_behind_and_a_state_that_the_next_can_use(tofu: Path, workspace: Path) -> None:
    environ = variables(tofu, SLOW) | {"PYTHONPATH": str(REPOSITORY_ROOT)}
    command = [sys.executable, "-m", "steps.create_resource"]
    with subprocess.Popen(command, env=environ, cwd=workspace, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "harness_a.b: create..." in line:
                process.kill()
                break
    due = time.monotonic() + 60
    while any(str(tofu) in text for text in map(_command_line, Path("/proc").glob("[0-9]*"))):
        assert time.monotonic() < due
        time.sleep(0.05)
    done = subprocess.run(command, env=environ, cwd=workspace, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "there is nothing to change" in done.stderr


def _command_line(process: Path) -> str:
    try:
        return (process / "cmdline").read_bytes().decode(errors="replace")
    except OSError:
        return ""


def test_a_step_whose_time_is_over_stops_in_order(create: Create, tofu: Path) -> None:
    done = create(SLOW + DOCUMENTED, STEP_TIMEOUT="8")
    assert done.code == 5
    assert re.search(r"tofu apply did not end within 8 s, and was stopped in order. .*STEP_TIMEOUT", done.stderr)
    assert set(portal(tofu)) == {"b"}
