"""A template cannot take all memory, fill the disk with one file, or go on for ever."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY_ROOT, RunStep

PRIVATE = {"TEMPLATE_TYPE": "private", "PATH_FOR_TEMPLATE": "template"}
LEAST = 1_000_000_000  # characters that the templates would give


def template(root: Path, text: str) -> None:
    (root / "{{cookiecutter.slug}}").mkdir(parents=True)
    (root / "cookiecutter.json").write_text(json.dumps({"slug": "app"}))
    (root / "{{cookiecutter.slug}}" / "file").write_text(text)


@pytest.mark.parametrize(
    "text",
    [
        f"{{{{ 'x' * {LEAST} }}}}",
        f"{{% for _ in range({LEAST}) %}}xxxxxxxxxx{{% endfor %}}",
        f"{{% set x %}}{{% for _ in range({LEAST}) %}}x{{% endfor %}}{{% endset %}}",
        "{{ cookiecutter.slug * 5000000 }}" * 10,
    ],
    ids=["one value", "a loop", "a variable", "many values"],
)
def test_an_output_without_measure_ends_at_the_limit_with_a_sentence(workspace: Path, text: str) -> None:
    """And takes no more memory than the limit allows for."""
    template(workspace / "template", text)
    environ = {**PRIVATE, "MAX_FILE_SIZE": "10000000", "PATH": os.environ["PATH"], "PYTHONPATH": str(REPOSITORY_ROOT)}
    command = [sys.executable, "-P", "-m", "steps.cookie_cutter"]
    done = subprocess.run(command, cwd=workspace, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    assert "MAX_FILE_SIZE" in done.stderr
    assert "/file" in done.stderr
    assert [path.name for path in workspace.iterdir()] == ["template"]
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < 500_000, "kilobytes"


def test_a_hook_without_measure_ends_at_the_limit_too(workspace: Path, run_step: RunStep) -> None:
    template(workspace / "template", "x")
    hook = workspace / "template" / "hooks" / "pre_gen_project.sh"
    hook.parent.mkdir()
    hook.write_text(f"#!/bin/sh\n# {{{{ 'x' * {LEAST} }}}}\n")
    done = run_step("CookieCutter", PRIVATE | {"MAX_FILE_SIZE": "1000000"})
    assert done.code == 2
    assert "MAX_FILE_SIZE allows for (hooks/pre_gen_project.sh, line 2)" in done.stderr
    assert [path.name for path in workspace.iterdir()] == ["template"]


def test_variables_without_measure_end_with_a_sentence_too(workspace: Path, run_step: RunStep) -> None:
    """At the one that is too much: each costs Jinja's compiler seconds. Those in maps count, too."""
    template(workspace / "template", "x")
    context = {
        "slug": "app",
        "map": {"a": ["{{ 'x' * 6000000 }}"]},
        "v": "{{ 'x' * 3000000 }}",
        "w": "{{ 'x' * 3000000 }}",
    }
    (workspace / "template" / "cookiecutter.json").write_text(json.dumps(context, indent=1))
    done = run_step("CookieCutter", PRIVATE)
    assert done.code == 2
    assert "come to more than 10000000 characters, with 'map' (cookiecutter.json, line 3)" in done.stderr
    assert [path.name for path in workspace.iterdir()] == ["template"]


def test_the_limit_is_for_what_is_rendered(workspace: Path, run_step: RunStep) -> None:
    template(workspace / "template", "x" * 2000)
    done = run_step("CookieCutter", PRIVATE | {"MAX_FILE_SIZE": "1000"})
    assert done.code == 0, done.stderr
    assert (workspace / "app" / "file").stat().st_size == 2000


def test_a_template_that_never_ends_is_stopped_with_a_sentence(workspace: Path, run_step: RunStep) -> None:
    template(workspace / "template", "{% for a in range(10**9) %}{% for b in range(10**9) %}{% endfor %}{% endfor %}")
    done = run_step("CookieCutter", PRIVATE | {"STEP_TIMEOUT": "3"})
    assert done.code == 5
    assert "STEP_TIMEOUT" in done.stderr
    assert "The template was stopped at {{cookiecutter.slug}}/file." in done.stderr
    assert [path.name for path in workspace.iterdir()] == ["template"]
