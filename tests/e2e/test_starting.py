"""The first moments of a process: a signal while modules are loaded, and a library that is not there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from steps import STEPS
from tests.conftest import REPOSITORY_ROOT


def start(module: str, *arguments: str, before: Path, **environ: str) -> tuple[int, str]:
    """Start a module as a program, which finds modules in the folder `before` first."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", module, *arguments], cwd=before, capture_output=True, text=True, check=False,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": f"{before}:{REPOSITORY_ROOT}", **environ}, timeout=60,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("module", [*STEPS.values(), "runner"])
def test_a_signal_while_modules_are_loaded_leaves_no_traceback(
    module: str, number: int, code: int, tmp_path: Path
) -> None:
    (tmp_path / "inspect.py").write_text(f"import os\nos.kill(os.getpid(), {number})\nraise AssertionError\n")
    assert start(module, "--help", before=tmp_path) == (code, "")


def missing(folder: Path, library: str) -> None:
    """Have a library not be there."""
    error = f"raise ModuleNotFoundError('No module', name={library!r})\n"
    (folder / f"{library}.py").write_text(error)


@pytest.mark.parametrize(
    ("module", "library", "environ"),
    [
        ("steps.slack_notify", "slack_sdk", {"SLACK_TOKEN": "x", "CHANNEL": "c", "MESSAGE_CONTENT": "m"}),
        (
            "steps.create_repo",
            "github",
            {"CONNECTOR_TYPE": "Github", "DRONE_NETRC_MACHINE": "127.0.0.1", "DRONE_NETRC_PASSWORD": "x"}
            | {"REPO_NAME": "payments", "ORG_NAME": "acme", "REPO_TYPE": "private"},
        ),
        (
            "steps.create_repo",
            "gitlab",
            {"CONNECTOR_TYPE": "Gitlab", "DRONE_NETRC_MACHINE": "127.0.0.1", "DRONE_NETRC_PASSWORD": "x"}
            | {"REPO_NAME": "payments", "ORG_NAME": "acme", "REPO_TYPE": "private"},
        ),
    ],
)
def test_a_step_without_its_library_names_the_extra_that_brings_it(
    module: str, library: str, environ: dict[str, str], tmp_path: Path
) -> None:
    missing(tmp_path, library)
    extra = module.removeprefix("steps.").replace("_", "")
    told = f"error: The library {library} is not installed. Install it with: pip install 'idp-steps[{extra}]'\n"
    assert start(module, before=tmp_path, **environ) == (2, told)


def test_the_runner_without_a_library_names_the_extra_that_brings_it(tmp_path: Path) -> None:
    missing(tmp_path, "click")
    told = "The library click is not installed. Install it with: pip install 'idp-steps[runner]'\n"
    assert start("runner", "--help", before=tmp_path) == (2, told)


ODD_NAMES = ["a$b", "it's", "two words", "back\\slash", '"quoted"', "$(touch made)", "$$(touch made)", "`touch made`"]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_make_demo_hands_its_name_on_as_it_is(name: str, tmp_path: Path) -> None:
    written = tmp_path / "idp-steps"
    written.write_text('#!/bin/sh\nfor last; do :; done\nprintf %s "$last" >"$WRITTEN"\n')
    written.chmod(0o755)
    command = ["make", "demo", f"NAME={name}", f"BIN={tmp_path}", f"READY={written}"]
    environ = {"PATH": os.environ["PATH"], "WRITTEN": str(tmp_path / "argument")}
    subprocess.run(command, cwd=REPOSITORY_ROOT, env=environ, capture_output=True, check=True)
    assert (tmp_path / "argument").read_text() == f"project_name={name}"
    assert not (REPOSITORY_ROOT / "made").exists()
