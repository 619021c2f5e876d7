"""The folder that a project is made in: cleared after a kill, never under a run that goes on, never a user's own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from common.contract.stage import IGNORE, NOTE, PREFIX, staging
from tests.conftest import REPOSITORY_ROOT

HOLDER = """\
import pathlib, sys, time
from common.contract.stage import staging
with staging(pathlib.Path(sys.argv[1])) as stage:
    (stage.project / "half").write_text("made")
    print("ready", flush=True)
    time.sleep(300)
"""


def test_it_is_there_for_the_time_of_the_block(tmp_path: Path) -> None:
    with staging(tmp_path) as stage:
        assert stage.project.is_dir()
        assert stage.scratch.is_dir()
        (made,) = tmp_path.iterdir()
        assert made.name.startswith(PREFIX)
        with staging(tmp_path) as other:
            assert stage.project.is_dir()
            assert other.project != stage.project
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_is_cleared_and_that_of_a_running_one_is_not(tmp_path: Path) -> None:
    command = [sys.executable, "-P", "-c", HOLDER, str(tmp_path)]
    environ = {**os.environ, "PYTHONPATH": str(REPOSITORY_ROOT)}
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "ready\n"
        (held,) = tmp_path.iterdir()
        with staging(tmp_path):
            assert (held / "project" / "half").is_file()
        holder.kill()
    assert held.is_dir()
    with staging(tmp_path):
        assert not held.exists()


@pytest.mark.parametrize("kind", ["folder", "file", "link"])
def test_what_a_user_has_under_such_a_name_stays(tmp_path: Path, kind: str) -> None:
    place = tmp_path / f"{PREFIX}own"
    if kind == "file":
        place.write_text("mine")
    else:
        real = place if kind == "folder" else tmp_path / "elsewhere"
        real.mkdir()
        (real / "kept").write_text("mine")
        if kind == "link":
            (real / IGNORE).write_text(NOTE)
            place.symlink_to(real)
    with staging(tmp_path):
        pass
    assert place.exists()
    if kind != "file":
        assert (place / "kept").is_file()


def test_a_folder_that_was_made_just_before_the_kill_is_cleared(tmp_path: Path) -> None:
    (tmp_path / f"{PREFIX}empty").mkdir()
    with staging(tmp_path):
        assert len(list(tmp_path.iterdir())) == 1


def test_a_folder_whose_note_was_not_written_yet_is_cleared(tmp_path: Path) -> None:
    (tmp_path / f"{PREFIX}early").mkdir()
    (tmp_path / f"{PREFIX}early" / IGNORE).touch()
    with staging(tmp_path):
        assert len(list(tmp_path.iterdir())) == 1


def test_what_is_killed_while_it_removes_a_folder_leaves_the_note_by_which_the_next_run_knows_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), staging(tmp_path) as stage:  # noqa: PT012 - the end of the block raises
        (stage.project / "file").touch()
        (stage.project.parent / "other").touch()
        monkeypatch.setattr("common.contract.held.shutil.rmtree", killed)
    monkeypatch.undo()
    (left,) = tmp_path.iterdir()
    assert (left / IGNORE).is_file()
    with staging(tmp_path):
        assert not left.exists()


def test_git_takes_nothing_of_it_along(tmp_path: Path) -> None:
    """A push of the whole workspace after a kill; DirectPush adds files to a repository elsewhere, as here."""
    places = {**os.environ, "GIT_DIR": str(tmp_path / "bare"), "GIT_WORK_TREE": str(tmp_path / "work")}
    work = tmp_path / "work"
    work.mkdir()
    (work / "kept").write_text("x")
    with staging(work) as stage:
        (stage.project / "half").write_text("made")
        for arguments in (["init", "--quiet", "--bare", places["GIT_DIR"]], ["add", "--", "."]):
            subprocess.run(["git", *arguments], cwd=work, env=places if arguments[0] == "add" else None, check=True)
        listed = subprocess.run(["git", "ls-files"], cwd=work, env=places, check=True, capture_output=True, text=True)
    assert listed.stdout == "kept\n"


def test_in_a_repository_it_changes_nothing_for_tools_that_mind_gits_ignore_rules(tmp_path: Path) -> None:
    """A formatter that a hook runs would pass over the whole project."""
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    with staging(tmp_path) as stage:
        (stage.project / "file").write_text("x")
        command = ["git", "-C", str(tmp_path), "check-ignore", str(stage.project / "file")]
        assert subprocess.run(command, check=False).returncode == 1
