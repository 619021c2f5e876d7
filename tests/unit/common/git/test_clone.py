"""What a clone brings along: one commit, or of the history no file but those of the commit that is asked for."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from common.git.clone import clone
from common.git.command import Git
from common.git.upstream import Upstream
from common.network.deadline import Deadline
from common.network.settings import Network
from sandbox.git import bare, repositories
from sandbox.services import open_state
from tests.conftest import World


@pytest.fixture
def upstream(world: World) -> Upstream:
    """A repository of two commits, the second of which changes a file."""
    place = (open_state(world.state_dir), "github", "acme", "service")
    folder = repositories.create(*place, visibility="public", settings={}).folder
    bare.commit_files(folder, "main", {"text": ("100644", b"one\n")}, "First\n")
    bare.commit_files(folder, "main", {"text": ("100644", b"two\n")}, "Second\n")
    return Upstream(Git(Network()), f"{world.url}/acme/service.git", Deadline(0), "")


def listed(folder: Path, *arguments: str) -> list[str]:
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()


@pytest.mark.parametrize("by", ["the newest", "branch", "commit"])
def test_one_commit_is_fetched(upstream: Upstream, tmp_path: Path, by: str) -> None:
    newest = listed(tmp_path, "ls-remote", upstream.url, "main")[0].split()[0]
    clone(upstream, tmp_path / "into", revision={"the newest": "", "branch": "main", "commit": newest}[by])
    assert listed(tmp_path / "into", "rev-list", "--all", "HEAD") == [newest]
    assert (tmp_path / "into" / "text").read_text(encoding="utf-8") == "two\n"


def test_of_the_history_only_the_files_of_the_commit_are_fetched(upstream: Upstream, tmp_path: Path) -> None:
    """An abbreviated commit is no name to a server, so the history tells which it is."""
    newest = listed(tmp_path, "ls-remote", upstream.url, "main")[0].split()[0]
    clone(upstream, tmp_path / "into", revision=newest[:9])
    objects = listed(tmp_path / "into", "rev-list", "--all", "--objects", "--missing=print")
    assert len([line for line in objects if line.startswith("?")]) == 1, "the text as it was before"
    assert (tmp_path / "into" / "text").read_text(encoding="utf-8") == "two\n"
