"""A served sandbox, and git as a user would run it against that."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from sandbox.app import create_app
from sandbox.server import Sandbox, serve
from sandbox.services import open_state
from sandbox.state import Credentials, State

RunGit = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Sandbox]:
    with serve(tmp_path / "state") as sandbox:
        yield sandbox


@pytest.fixture
def state(tmp_path: Path) -> State:
    return open_state(tmp_path / "state")


@pytest.fixture
def credentials(state: State) -> Credentials:
    return state.credentials


@pytest.fixture
def client(tmp_path: Path) -> FlaskClient:
    return create_app(tmp_path / "state").test_client()


@pytest.fixture
def git(tmp_path: Path) -> RunGit:
    """Run git without any configuration of this machine, and without asking for a password."""
    home = tmp_path / "home"
    home.mkdir()
    person = {
        f"GIT_{role}_{key}": value
        for role in ("AUTHOR", "COMMITTER")
        for key, value in (("NAME", "Ada"), ("EMAIL", "ada@example.com"))
    }
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C.UTF-8",
        **person,
    }

    def run(folder: Path, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            ["git", *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        assert not check or done.returncode == 0, done.stderr
        return done

    return run


@pytest.fixture
def work_tree(tmp_path: Path, git: RunGit) -> Path:
    """A local repository with one commit on `trunk`."""
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "README.md").write_text("# Work\n", encoding="utf-8")
    git(folder, "init", "--quiet", "--initial-branch=trunk")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message=First")
    return folder


@pytest.fixture
def login() -> Callable[[str, str], str]:
    """Put a token into an address as the password."""
    return lambda url, token: url.replace("://", f"://x-access-token:{token}@")
