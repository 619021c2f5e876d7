"""A run whose steps are containers of a real engine: the same as by processes, and nothing of it stays."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from images.listed import VERSION
from runner.execution.container import MACHINE
from tests.images.conftest import ENGINE, ROOT, Containers, engine

pytestmark = pytest.mark.images

EXAMPLE = ROOT / "examples" / "service-onboarding"
COMMAND = """\
pipeline:
  name: contained
  identifier: contained
  stages:
    - stage:
        name: build
        identifier: build
        type: IDP
        spec:
          execution:
            steps:
              - step:
                  type: Run
                  name: look
                  identifier: look
                  timeout: TIMEOUT
                  spec:
                    image: IMAGE
                    shell: Python
                    command: |-
                      import os, sys, time
                      uid, answer = os.getuid(), sorted(os.environ)
                      files = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"]
                      limit = next(open(file).read().strip() for file in files if os.path.exists(file))
                      print("up", flush=True)
                      time.sleep(SECONDS)
                      print("limit", limit, flush=True)
                      print("folder", os.getcwd(), flush=True)
                      print("uid", uid, flush=True)
                      print("names", *answer, flush=True)
                    resources: {limits: {memory: 200Mi, cpu: 500m}}
"""


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "runner", "run", *arguments]
    return subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True, timeout=300)


def pipeline(folder: Path, *, seconds: float = 0, timeout: str = "10m") -> Path:
    file = folder / "pipeline.yaml"
    image = f"idp-steps/createcatalog:{VERSION}"
    file.write_text(
        COMMAND.replace("IMAGE", image).replace("SECONDS", str(seconds)).replace("TIMEOUT", timeout), encoding="utf-8"
    )
    return file


def left() -> list[str]:
    return engine("ps", "--all", "--quiet", "--filter", "label=idp-steps.run").split()


def test_the_example_runs_as_containers_and_leaves_none(containers: Containers, tmp_path: Path) -> None:
    del containers
    done = run(tmp_path, str(EXAMPLE), "--sandbox", "--engine", ENGINE)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "registered            created" in done.stdout
    workspace = next((tmp_path / ".idp-steps" / "runs").glob("1-*/harness"))
    assert {path.stat().st_uid for path in workspace.rglob("*")} == {os.getuid()}
    assert left() == []


def told(done: subprocess.CompletedProcess[str]) -> dict[str, str]:
    """Give what the command of the pipeline said, by its first word."""
    assert done.returncode == 0, done.stdout + done.stderr
    words = (line.strip().partition(" ") for line in done.stdout.splitlines())
    return {first: rest for first, _, rest in words if first in {"limit", "folder", "uid", "names"}}


def test_a_command_in_an_image_has_its_limits_the_workspace_and_the_environment_of_a_process(
    containers: Containers, tmp_path: Path
) -> None:
    del containers
    file = str(pipeline(tmp_path))
    contained = told(run(tmp_path, file, "--sandbox", "--engine", ENGINE))
    process = told(run(tmp_path, file, "--sandbox", "--run-here"))

    assert contained["limit"] == str(200 * 2**20)
    assert contained["folder"] == str(tmp_path / ".idp-steps" / "runs" / "1-contained" / "harness")
    assert contained["uid"] == str(os.getuid())
    names, others = set(contained["names"].split()), set(process["names"].split())
    own = {"HOSTNAME", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"}  # of the image and its container
    assert names - MACHINE - own <= others
    assert {name for name in others if name.startswith(("DRONE_", "HARNESS_", "PLUGIN_"))} <= names


def test_a_step_that_takes_too_long_leaves_no_container(containers: Containers, tmp_path: Path) -> None:
    del containers
    done = run(tmp_path, str(pipeline(tmp_path, seconds=600, timeout="10s")), "--sandbox", "--engine", ENGINE)

    assert done.returncode == 5, done.stdout + done.stderr
    assert left() == []


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -9)])
def test_a_run_that_is_stopped_or_killed_leaves_no_container(
    containers: Containers, tmp_path: Path, number: int, code: int
) -> None:
    del containers
    command = [sys.executable, "-m", "runner", "run", str(pipeline(tmp_path, seconds=600)), "--sandbox"]
    with subprocess.Popen(
        [*command, "--engine", ENGINE], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as runner:
        assert runner.stdout is not None
        while runner.stdout.readline().strip() != "up":
            assert runner.poll() is None
        runner.send_signal(number)
        runner.stdout.read()
        assert runner.wait(60) == code
    deadline = time.monotonic() + 60
    while left() and time.monotonic() < deadline:
        time.sleep(0.2)
    assert left() == []


def test_an_image_that_is_not_there_is_told_before_the_first_step(containers: Containers, tmp_path: Path) -> None:
    del containers
    (tmp_path / "images.yaml").write_text(json.dumps({"createRepo": "registry.invalid/none:1"}))
    chosen = ["--images", str(tmp_path / "images.yaml"), "--pull", "never"]
    done = run(tmp_path, str(EXAMPLE), "--sandbox", "--engine", ENGINE, *chosen)

    assert done.returncode == 2
    assert "registry.invalid/none:1 is not there, and --pull never forbids to fetch it." in done.stderr
    assert "[1/6]" not in done.stdout


def test_a_plugin_gets_its_settings_and_hands_on_what_it_puts_out(tmp_path: Path, containers: Containers) -> None:
    """Any image: here one of ours, by its own entrypoint and by another."""
    text = (ROOT / "examples" / "steps" / "plugin.yaml").read_text(encoding="utf-8")
    shell = (
        "              - step:\n                  type: Plugin\n                  name: Say\n"
        "                  identifier: say\n                  spec:\n"
        f"                    image: idp-steps/createcatalog:{VERSION}\n"
        """                    entrypoint: [sh, -c, 'echo "said=$PLUGIN_WORDS" >> "$DRONE_OUTPUT"']\n"""
        "                    settings: {words: [one, two]}\n"
        "              - step: {type: Run, name: Read, identifier: read, spec: {command: echo read"
        " <+steps.say.output.outputVariables.said>}}\n"
    )
    (tmp_path / "pipeline.yaml").write_text(text + shell, encoding="utf-8")
    done = run(tmp_path, "pipeline.yaml", "--sandbox", "--engine", ENGINE, "--workspace", str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "identifier: payments" in (tmp_path / "plugin" / "idp.yaml").read_text()
    assert "read one,two" in done.stdout
