"""Widely used public templates, rebuilt in miniature: the tree is the command line's, byte for byte, mode for mode."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import RunStep
from tests.published import infrastructure, packages, services, several
from tests.published.form import Published
from tests.templates import tree

PUBLISHED = {**infrastructure.ALL, **packages.ALL, **services.ALL, **several.ALL}


def by_the_command_line(template: Published, workspace: Path, home: Path) -> Path:
    """Render with the cookiecutter of this Python, in a process of its own, and give the folder that it has made."""
    folder = ["--directory", template.directory] if template.directory else []
    subprocess.run(
        [sys.executable, "-m", "cookiecutter", "template", "--no-input", "--default-config", "-o", "out", *folder,
         *(f"{name}={value}" for name, value in template.given.items())],
        cwd=workspace, check=True, umask=0o002, env={**os.environ, "HOME": str(home), "TMPDIR": str(home)},
    )  # fmt: skip
    made = (workspace / "out").rename(home / "expected")
    for cache in (workspace / "template").rglob("__pycache__"):
        shutil.rmtree(cache)
    return made


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_template_comes_out_as_from_the_command_line(
    name: str, workspace: Path, run_step: RunStep, tmp_path: Path
) -> None:
    template = PUBLISHED[name]
    template.write(workspace / "template")
    before = tree(workspace / "template")
    expected = tree(by_the_command_line(template, workspace, tmp_path))
    umask = os.umask(0o022)  # to which the step adds the group's rights
    try:
        done = run_step(
            "CookieCutter",
            {
                "TEMPLATE_TYPE": "private",
                "PATH_FOR_TEMPLATE": "template",
                "TEMPLATE_DIRECTORY": template.directory,
                "TEMPLATE_NAME": ",".join(template.names),
                "OUTPUT_DIRECTORY": "out",
                **{f"IDP_COOKIECUTTER_{name}": value for name, value in template.given.items()},
            },
        )
    finally:
        os.umask(umask)
    assert done.code == 0, done.stderr
    assert tree(workspace / "out") == expected
    (project,) = (workspace / "out").iterdir()
    assert {path for path in template.makes if not os.path.lexists(project / path)} == set()
    assert {path for path in template.lacks if os.path.lexists(project / path)} == set()
    assert tree(workspace / "template") == before


def test_there_are_enough_of_them() -> None:
    assert len(PUBLISHED) >= 12
