"""Templates for tests: as folders, and published in the sandbox by git."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sandbox.seeding import seed
from tests.conftest import World

IDENTITY = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@x", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@x"}
NESTED: dict[str, dict[str, str]] = {
    form: {
        "cookiecutter.json": json.dumps(listing),
        "web/cookiecutter.json": '{"pages": "x"}',
        "jobs/job/cookiecutter.json": '{"schedule": "x"}',
    }
    for form, listing in {
        "templates": {"templates": {"web": {"path": "./web", "title": "Web service"}, "job": {"path": "jobs/job"}}},
        "template": {"template": ["Web service (./web)", "job (jobs/job)"]},
    }.items()
}


def files(root: Path, content: Mapping[str, str | bytes | None]) -> Path:
    """Write the files, and remove those that are None."""
    for name, text in content.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if text is None:
            path.unlink()
        elif isinstance(text, bytes):
            path.write_bytes(text)
        else:
            path.write_text(text)
    return root


def git(*arguments: str, cwd: Path) -> str:
    """Run git without anybody's configuration."""
    environ = {"PATH": os.environ["PATH"], "HOME": str(cwd), "GIT_CONFIG_NOSYSTEM": "1", **IDENTITY}
    return subprocess.run(
        ["git", *arguments], cwd=cwd, env=environ, check=True, capture_output=True, text=True
    ).stdout.strip()


def clone_of(world: World, tmp_path: Path, name: str, *, private: bool = False) -> Path:
    """Make a repository in the sandbox, and give a clone of it to commit in."""
    work = tmp_path / f"work-{name}"
    if not work.exists():
        seed(world.state_dir, "templates", name, None, private)
        git("clone", "--quiet", str(world.repository("templates", name)), str(work), cwd=tmp_path)
        git("checkout", "--quiet", "-B", "main", cwd=work)
    return work


def commit(work: Path, content: Mapping[str, Any], *, push: str = "main") -> str:
    """Commit the files, push to a branch, and give the commit."""
    files(work, content)
    git("add", "--all", cwd=work)
    git("commit", "--quiet", "--allow-empty", "-m", "x", cwd=work)
    git("push", "--quiet", "origin", f"HEAD:refs/heads/{push}", cwd=work)
    return git("rev-parse", "HEAD", cwd=work)


def publish(
    world: World, tmp_path: Path, name: str, content: Mapping[str, str | bytes | None], *, private: bool = False
) -> str:
    """Commit the files to the repository, which is made if need be, and give the commit."""
    return commit(clone_of(world, tmp_path, name, private=private), content)


def tree(root: Path) -> dict[str, tuple[str, bytes]]:
    """Every path with its kind and mode, and its content."""
    found = {}
    for path in sorted(root.rglob("*")):
        mode = stat.filemode(path.lstat().st_mode)
        content = os.fsencode(path.readlink()) if path.is_symlink() else path.read_bytes() if path.is_file() else b""
        found[str(path.relative_to(root))] = (mode, content)
    return found
