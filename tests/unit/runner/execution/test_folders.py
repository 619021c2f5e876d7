"""Where a run keeps things, and what becomes of that when it is killed or others run next to it."""

from __future__ import annotations

from pathlib import Path

from runner.execution import folders


def test_what_a_killed_run_left_is_removed_by_the_next_one(tmp_path: Path) -> None:
    killed = folders.start("p", None, tmp_path)
    (killed.private / "idp-steps-x").mkdir(parents=True)

    folders.start("p", None, tmp_path)

    assert not killed.private.exists()
    assert killed.workspace.is_dir(), "it can still be looked at"


def test_nothing_of_a_run_that_goes_on_is_removed_however_many_follow_it(tmp_path: Path) -> None:
    first = folders.start("p", None, tmp_path)
    with folders.private(first) as private:
        (private / "output.env").touch()
        for _ in range(folders.KEPT + 2):
            folders.start("p", None, tmp_path)
        assert (private / "output.env").is_file()
        assert first.workspace.is_dir()
    assert not private.exists()
    folders.start("p", None, tmp_path)
    assert not first.workspace.exists(), "and afterwards it is one of the old ones"


def test_the_private_folder_is_for_this_user_alone(tmp_path: Path) -> None:
    with folders.private(folders.start("p", None, tmp_path)) as private:
        assert private.stat().st_mode & 0o077 == 0
