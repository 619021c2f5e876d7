"""The frame of a step: exit codes, outputs, the environment it leaves to others, signals, --help and --describe."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from common import log
from common.contract.inputs import option
from common.contract.step import Context, Outputs, Step, step
from common.errors import BadInput, Conflict, NotAllowed, Refused, StepError, Unavailable
from common.secret import Secret
from steps import STEPS, load
from tests.conftest import REPOSITORY_ROOT


@dataclass(frozen=True, kw_only=True)
class Inputs:
    name: str = option("name", env=["NAME"], help="A name.")
    token: Secret | None = option("token", env=["TOKEN"], default=None, help="A token.")


Body = Callable[[Inputs, Context], Outputs]


def make(body: Body) -> Step[Inputs]:
    @step(type="Sample", image="sample", outputs={"sampleName": "The name."})
    def sample(inputs: Inputs, context: Context) -> Outputs:
        """Do a sample."""
        return body(inputs, context)

    return sample


@pytest.fixture(autouse=True)
def _in_an_empty_folder(workspace: Path) -> None:
    """No test here writes to the folder that pytest was started in."""


def test_outputs_are_written_and_the_exit_code_is_zero(tmp_path: Path) -> None:
    target = tmp_path / "out.env"
    one = make(lambda inputs, _: {"sampleName": inputs.name})
    assert one.main([], {"NAME": "payments", "DRONE_OUTPUT": str(target)}) == 0
    assert target.read_text() == "sampleName=payments\n"


@pytest.mark.parametrize(
    ("failure", "code"), [(Refused, 1), (BadInput, 2), (NotAllowed, 3), (Conflict, 4), (Unavailable, 5)]
)
def test_each_kind_of_failure_has_its_exit_code_and_sentence_and_leaves_no_output(
    failure: type[StepError], code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> Outputs:
        raise failure("It failed.", next_step="Do this.", detail="the server's words")

    environ = {"NAME": "x", "DRONE_OUTPUT": str(tmp_path / "out.env")}
    assert make(fail).main([], environ) == code
    assert capsys.readouterr().err == "error: It failed. Do this.\n"
    assert make(fail).main([], environ | {"VERBOSE": "true"}) == code
    assert capsys.readouterr().err == "error: It failed. Do this.\nthe server's words\n"
    assert not (tmp_path / "out.env").exists()


def test_a_bug_is_70_with_a_traceback_that_holds_no_secret(capsys: pytest.CaptureFixture[str]) -> None:
    def fail(inputs: Inputs, _: Context) -> Outputs:
        assert inputs.token is not None
        raise KeyError(inputs.token.reveal())

    assert make(fail).main([], {"NAME": "x", "TOKEN": "s3cr3t-canary"}) == 70
    shown = capsys.readouterr().err
    assert "This is a bug in the step Sample" in shown
    assert "Traceback" in shown
    assert "s3cr3t-canary" not in shown


def test_an_output_that_is_not_declared_is_a_bug() -> None:
    assert make(lambda *_: {"other": "x"}).main([], {"NAME": "x"}) == 70


def test_an_output_that_holds_a_secret_is_refused_by_its_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "out.env"
    leaking = make(lambda inputs, _: {"sampleName": f"https://me:{inputs.token.reveal() if inputs.token else ''}@host"})
    environ = {"NAME": "x", "TOKEN": "s3cr3t-canary", "DRONE_OUTPUT": str(target)}
    assert leaking.main([], environ) == 2
    shown = capsys.readouterr().err
    assert "The output sampleName holds a secret" in shown
    assert "s3cr3t-canary" not in shown
    assert not target.exists()


def test_an_output_that_only_informs_is_left_out_when_the_runner_cannot_carry_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "out.env"
    sample = make(lambda *_: {"sampleName": "x" * 70_000})
    assert sample.main([], {"NAME": "x", "DRONE_OUTPUT": str(target)}) == 2
    assert sample._replace(informs=["sampleName"]).main([], {"NAME": "x", "DRONE_OUTPUT": str(target)}) == 0
    assert "warning: The output sampleName cannot be written in the harness format" in capsys.readouterr().err
    assert not target.exists()


@pytest.mark.parametrize("step_type", STEPS)
def test_what_only_informs_is_an_output_of_the_step(step_type: str) -> None:
    assert set(load(step_type).informs) <= load(step_type).outputs.keys()


def test_missing_input_is_2_before_anything_runs(capsys: pytest.CaptureFixture[str]) -> None:
    def never(*_: object) -> Outputs:
        raise AssertionError

    assert make(never).main([], {}) == 2
    assert capsys.readouterr().err == (
        "error: Required input is missing: name (set NAME). --help lists every name and meaning.\n"
    )


def test_an_output_file_that_cannot_be_written_is_told_before_anything_runs(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def never(*_: object) -> Outputs:
        raise AssertionError

    assert make(never).main([], {"NAME": "x", "DRONE_OUTPUT": "/proc/nowhere/out.env"}) == 2
    shown = capsys.readouterr().err
    assert "/proc/nowhere" in shown
    assert f"uid {os.getuid()}" in shown


def test_a_file_system_that_is_read_only_is_a_sentence_and_no_bug(capsys: pytest.CaptureFixture[str]) -> None:
    def write(*_: object) -> Outputs:
        raise PermissionError(13, "Permission denied", "/harness/app")

    assert make(write).main([], {"NAME": "x"}) == 2
    assert f"/harness/app cannot be written by uid {os.getuid()}: Permission denied." in capsys.readouterr().err


def test_the_step_and_its_children_see_a_reduced_environment_and_a_home_of_their_own() -> None:
    seen: dict[str, str] = {}
    environ = {
        "NAME": "x",
        "PATH": "/usr/bin:/bin",
        "HOME": "/root",
        "GIT_DIR": "/elsewhere",
        "TOKEN": "s3cr3t-canary",
        "HARNESS_IMAGE_SECRET": "x",
        "LC_ALL": "C.UTF-8",
    }

    def look(*_: object) -> Outputs:
        seen.update(os.environ)
        (Path.home() / "left-behind").write_text("x")
        with tempfile.NamedTemporaryFile(delete=False) as left:
            seen["temporary"] = left.name
        return {}

    before = dict(os.environ)
    assert make(look).main([], environ) == 0
    assert seen["PATH"] == "/usr/bin:/bin"
    assert seen["LC_ALL"] == "C.UTF-8"
    assert not {"GIT_DIR", "TOKEN", "HARNESS_IMAGE_SECRET", "NAME"} & seen.keys()
    assert seen["HOME"] != "/root"
    assert not Path(seen["HOME"]).exists()
    assert not Path(seen["temporary"]).exists()
    assert dict(os.environ) == before


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_ends_the_step_in_order(number: signal.Signals, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    def wait(*_: object) -> Outputs:
        os.kill(os.getpid(), number)
        signal.pause()
        raise AssertionError

    assert make(wait).main([], {"NAME": "x"}) == code
    assert "running it again is safe" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("called", "usage"),
    [("sample", "Usage: sample [OPTIONS]\n"), ("sample.py", "Usage: python -m steps.sample [OPTIONS]\n")],
)
def test_help_begins_with_the_command_that_was_called(
    called: str, usage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In an image that is the command named as the image, also when its link, the entrypoint, was called."""
    (tmp_path / "step").symlink_to(called)
    monkeypatch.setattr(sys, "argv", [str(tmp_path / "step")])

    assert make(lambda *_: {}).main(["--help"], {}) == 0
    assert capsys.readouterr().out.startswith(usage)


def test_help_names_every_input_output_and_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert make(lambda *_: {}).main(["--help"], {}) == 0
    shown = " ".join(capsys.readouterr().out.split())
    for part in ("Do a sample.", "--name STRING", "env NAME; required", "--token-file PATH", "sampleName: The name."):
        assert part in shown
    assert "4 conflict with what exists" in shown


def test_describe_is_json_without_any_value(capsys: pytest.CaptureFixture[str]) -> None:
    assert make(lambda *_: {}).main(["--describe"], {"TOKEN": "s3cr3t-canary", "NAME": "payments"}) == 0
    shown = capsys.readouterr().out
    told = json.loads(shown)
    assert told["type"] == "Sample"
    assert told["executionConfigField"] == "sample"
    assert told["outputs"] == [{"name": "sampleName", "help": "The name."}]
    name = next(one for one in told["inputs"] if one["field"] == "name")
    assert name == {
        "field": "name", "aliases": [], "spec": True, "flag": "--name", "env": ["NAME"], "prefix": None,
        "type": "string", "secret": False, "required": True, "requiredInSpec": True, "default": None, "choices": [],
        "help": "A name.",
    }  # fmt: skip
    assert "payments" not in shown
    assert "s3cr3t-canary" not in shown


def test_an_unknown_flag_is_bad_input(capsys: pytest.CaptureFixture[str]) -> None:
    assert make(lambda *_: {}).main(["--nmae", "x"], {}) == 2
    assert "--nmae" in capsys.readouterr().err


def test_a_boolean_flag_needs_no_value() -> None:
    seen: list[bool] = []

    def look(_: Inputs, context: Context) -> Outputs:
        seen.append(context.dry_run)
        log.info("ran")
        return {}

    assert make(look).main(["--name", "x", "--dry-run"], {}) == 0
    assert make(look).main(["--name", "x", "--dry-run", "false"], {}) == 0
    assert seen == [True, False]


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_streams_that_the_caller_closed_change_nothing_of_the_work(workspace: Path, closed: str) -> None:
    content = "apiVersion: backstage.io/v1alpha1\nkind: Domain\nmetadata: {name: x}\nspec: {owner: y}\n"
    environ = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(REPOSITORY_ROOT),
        "FILE_NAME": "x.yaml",
        "FILE_CONTENT": content,
        "OUTPUT_FILE": "out.json",
    }
    command = ["sh", "-c", f'exec "$0" -P -m steps.create_catalog {closed}', sys.executable]
    assert subprocess.run(command, env=environ, cwd=workspace, capture_output=True, check=False).returncode == 0
    assert (workspace / "x.yaml").read_text() == content
    assert json.loads((workspace / "out.json").read_text())["entityRef"] == "domain:account/x"


def test_a_reader_of_standard_output_that_goes_away_is_no_bug(workspace: Path) -> None:
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(REPOSITORY_ROOT)}
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-P", "-m", "steps.create_catalog", "--describe"]
    done = subprocess.run(
        command, env=environ, cwd=workspace, stdout=writer, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(writer)
    assert done.returncode == 2
    assert done.stderr == "error: Standard output was closed before everything was written to it.\n"


def test_a_working_directory_that_is_gone_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    os.chdir(gone)
    gone.rmdir()
    assert make(lambda *_: {}).main([], {"NAME": "x"}) == 2
    os.chdir(tmp_path)
    assert "The working directory cannot be used: No such file or directory." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("-5", "it can be 0 or more"),
        ("60s", "no whole number"),
        ("2147483648", "it can be 2147483647 at most"),
        ("1" + "0" * 400, "it can be 2147483647 at most"),
    ],
)
def test_a_budget_is_a_number_that_is_not_negative(value: str, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert make(lambda *_: {}).main([], {"NAME": "x", "RETRY_BUDGET": value}) == 2
    assert words in capsys.readouterr().err
