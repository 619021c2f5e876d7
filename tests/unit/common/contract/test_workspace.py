"""The workspace: paths from inputs do not leave it, by no way."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.contract.workspace import CLOCK_STEP, Workspace, handed_over
from common.errors import BadInput


@pytest.mark.parametrize("text", ["app", "./app", "app/", "x/../app", "/harness/app"])
def test_a_path_inside_is_given_wherever_the_workspace_is_mounted(tmp_path: Path, text: str) -> None:
    assert Workspace(tmp_path).path(text, what="it") == tmp_path.resolve() / "app"


def test_an_absolute_path_inside_the_workspace_is_taken(tmp_path: Path) -> None:
    assert Workspace(tmp_path).path(str(tmp_path / "app"), what="it") == tmp_path.resolve() / "app"


@pytest.mark.parametrize("text", ["..", "../x", "/etc", "a/../../x", "/harness/../etc", "/harness2/x"])
def test_a_path_that_leaves_is_refused_by_its_name(tmp_path: Path, text: str) -> None:
    with pytest.raises(BadInput, match=r"outputDirectory is .* leads out of the workspace"):
        Workspace(tmp_path / "w").path(text, what="outputDirectory")


def test_a_symlink_that_leaves_is_refused(tmp_path: Path) -> None:
    inside = tmp_path / "w"
    inside.mkdir()
    (inside / "out").symlink_to("/etc")
    with pytest.raises(BadInput):
        Workspace(inside).path("out/x", what="it")


@pytest.mark.parametrize("text", ["x" * 300, "loop", "loop/x"])
def test_a_path_that_cannot_be_followed_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(BadInput, match=r"codeDirectory is .* cannot be followed"):
        Workspace(tmp_path).path(text, what="codeDirectory")


def test_a_nul_character_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="NUL"):
        Workspace(tmp_path).path("a\0b", what="it")


@given(st.lists(st.sampled_from(["..", ".", "a", "b", "/", "harness", "~", "-x", " "]), max_size=8))
def test_no_path_ever_resolves_outside(parts: list[str]) -> None:
    root = Path("/tmp/idp-steps-never-made")  # noqa: S108 - nothing is written there
    try:
        found = Workspace(root).path("/".join(parts), what="it")
    except BadInput:
        return
    assert found.is_relative_to(root)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes files that are not their runner's")
def test_what_root_makes_gets_the_owner_of_the_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files, folders and links that are made; not what was there before, and no second name of another's file."""
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    (tmp_path / "elsewhere").write_text("root's", encoding="utf-8")
    (workspace / "before").write_text("root's", encoding="utf-8")
    os.chown(workspace, 1001, 1002)
    monkeypatch.chdir(workspace)
    time.sleep(2 * CLOCK_STEP / 1e9)

    with handed_over():
        (workspace / "folder").mkdir()
        (workspace / "folder/file").write_text("new", encoding="utf-8")
        (workspace / "link").symlink_to(tmp_path / "elsewhere")
        (workspace / "name").hardlink_to(tmp_path / "elsewhere")

    owners = {str(path.relative_to(workspace)): path.lstat().st_uid for path in workspace.rglob("*")}
    assert owners == {"before": 0, "folder": 1001, "folder/file": 1001, "link": 1001, "name": 0}
    assert (workspace / "folder").stat().st_gid == 1002
    assert (tmp_path / "elsewhere").stat().st_uid == 0
