"""The examples of single steps: each is valid, and runs to its end on the sandbox, also a second time."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY_ROOT

EXAMPLES = REPOSITORY_ROOT / "examples" / "steps"
AGAIN = {"create_resource.yaml": 4}  # no state is kept, so a second run meets the pipeline of the first


@pytest.mark.parametrize(
    "file", [*sorted(EXAMPLES.glob("*_*.yaml")), EXAMPLES / "run.yaml"], ids=lambda file: file.stem
)
def test_an_example_is_valid_and_runs_in_the_sandbox(file: Path, tmp_path: Path) -> None:
    """CreateResource with a stand-in for OpenTofu."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "tofu").symlink_to(REPOSITORY_ROOT / "tests" / "tofu.py")
    (tmp_path / "registry.opentofu.org" / "harness" / "harness" / "1.0.0").mkdir(parents=True)
    environ = {"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "HOME": str(tmp_path), "LANG": "C.UTF-8"}
    environ |= {"PROVIDER_MIRROR": str(tmp_path)} if file.name == "create_resource.yaml" else {}

    def runner(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "runner", *arguments]
        return subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)

    checked = runner("validate", "--strict", str(file))
    assert checked.returncode == 0, checked.stdout
    for expected in (0, AGAIN.get(file.name, 0)):
        done = runner("run", str(file), "--sandbox")
        assert done.returncode == expected, done.stdout + done.stderr


def test_every_step_has_an_example() -> None:
    """Those of a service stand together in service-onboarding."""
    texts = [path.read_text(encoding="utf-8") for path in (REPOSITORY_ROOT / "examples").glob("*/*.yaml")]
    from runner.language.step_types import known

    shown = {line.partition("type: ")[2].strip() for text in texts for line in text.splitlines() if "type: " in line}
    assert set(known()) <= shown


def test_a_plugin_says_before_anything_runs_that_it_needs_an_engine(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "runner", "run", str(EXAMPLES / "plugin.yaml"), "--sandbox", "--run-here"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "The step 'write' is an image, and steps are started as processes. Choose --engine docker" in done.stderr
    assert not (tmp_path / ".idp-steps" / "runs").exists()
