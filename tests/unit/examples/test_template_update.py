"""The example that keeps a project at the state of its template."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY_ROOT, RunStep, World
from tests.templates import IDENTITY, git, publish

SCRIPT = REPOSITORY_ROOT / "examples" / "template-update" / "update.sh"
ROOT = "{{cookiecutter.name}}"


@pytest.fixture
def project(world: World, run_step: RunStep, workspace: Path, tmp_path: Path) -> Path:
    """A project that was made from a template, in a repository of its own."""
    publish(world, tmp_path, "service", {"cookiecutter.json": '{"name": "app"}', f"{ROOT}/text": "one\n"})
    done = run_step("CookieCutter", {"PUBLIC_TEMPLATE_URL": f"{world.url}/templates/service"})
    assert done.code == 0, done.stderr
    folder = workspace / "app"
    git("init", "--quiet", "--initial-branch=main", cwd=folder)
    git("add", "--all", cwd=folder)
    git("commit", "--quiet", "-m", "x", cwd=folder)
    return folder


def updated(project: Path) -> subprocess.CompletedProcess[str]:
    environ = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(REPOSITORY_ROOT),
        "STEP": f"{sys.executable} -P -m steps.cookie_cutter",
        "HOME": str(project.parent),
        **IDENTITY,
    }
    return subprocess.run([str(SCRIPT)], cwd=project, env=environ, capture_output=True, text=True, check=False)


def test_an_update_is_a_commit_on_a_branch_of_its_own(project: Path, world: World, tmp_path: Path) -> None:
    done = updated(project)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "The project is at the newest state of its template.")
    commit = publish(world, tmp_path, "service", {f"{ROOT}/text": "two\n", f"{ROOT}/more": "x\n"})
    done = updated(project)
    assert done.returncode == 0, done.stderr
    assert git("log", "--format=%s", "main..template-update", cwd=project) == (
        f"Update from the template, to its commit {commit}"
    )
    assert git("diff", "--name-only", "main", "template-update", cwd=project).splitlines() == [
        ".cruft.json",
        "more",
        "text",
    ]
    assert git("status", "--porcelain", cwd=project) == ""
    assert updated(project).returncode == 0


def test_a_conflict_is_4_with_its_files_and_leaves_the_project_as_it_was(
    project: Path, world: World, tmp_path: Path
) -> None:
    (project / "text").write_text("mine\n")
    git("commit", "--quiet", "--all", "-m", "mine", cwd=project)
    publish(world, tmp_path, "service", {f"{ROOT}/text": "two\n"})
    done = updated(project)
    assert done.returncode == 4
    assert "In conflict: text (changed here and by the template)." in done.stderr
    assert git("status", "--porcelain", cwd=project) == ""
    assert git("log", "--format=%s", "main..template-update", cwd=project) == ""
