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
                      limit = open("/sys/fs/cgroup/memory.max").read().strip()
                      print("up", flush=True)
                      time.sleep(SECONDS)
                      os.environ["told"] = repr([uid, answer, os.getcwd(), limit])
                    outputVariables:
                      - {name: told, type: String, value: told}
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


def test_a_command_in_an_image_has_its_limits_and_the_workspace(containers: Containers, tmp_path: Path) -> None:
    del containers
    done = run(tmp_path, str(pipeline(tmp_path)), "--sandbox", "--engine", ENGINE)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "not in a container" not in done.stdout + done.stderr
    told = next(line for line in done.stdout.splitlines() if line.startswith("look"))
    assert str(200 * 2**20) in told
    assert str(tmp_path / ".idp-steps" / "runs" / "1-contained" / "harness") in told
    assert "HARNESS_PIPELINE_ID" in told


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
