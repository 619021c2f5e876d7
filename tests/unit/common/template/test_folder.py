"""Placing a folder: never half, never over something else unasked, and gladly twice."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from common.errors import Conflict
from common.template.folder import files_of, place


def tree(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def test_a_new_folder_is_moved_to_its_place(tmp_path: Path) -> None:
    made = tree(tmp_path / "made", {"a": "1", "d/b": "2"})
    assert place(made, tmp_path / "out" / "app", overwrite=False)
    assert [str(name) for name in files_of(tmp_path / "out" / "app")] == ["a", "d/b"]
    assert not made.exists()


def test_the_same_files_are_already_there_and_more_files_do_not_matter(tmp_path: Path) -> None:
    made = tree(tmp_path / "made", {"a": "1"})
    target = tree(tmp_path / "app", {"a": "1", "catalog-info.yaml": "x"})
    assert not place(made, target, overwrite=False)
    assert (target / "catalog-info.yaml").read_text() == "x"


@pytest.mark.parametrize("change", ["content", "executable", "link"])
def test_a_difference_is_a_conflict_that_names_the_file_and_changes_nothing(tmp_path: Path, change: str) -> None:
    made = tree(tmp_path / "made", {"a": "1", "b": "1"})
    target = tree(tmp_path / "app", {"a": "1", "b": "1"})
    if change == "content":
        (target / "b").write_text("2")
    elif change == "executable":
        (target / "b").chmod(0o755)
    else:
        (target / "b").unlink()
        (target / "b").symlink_to("a")
    with pytest.raises(Conflict, match="differs in b"):
        place(made, target, overwrite=False)
    with pytest.raises(Conflict):
        place(made, target, overwrite=False, dry_run=True)
    assert (target / "a").read_text() == "1"


def test_a_pipe_that_a_hook_makes_is_the_same_again_and_no_file_is(tmp_path: Path) -> None:
    made, target = tree(tmp_path / "made", {"a": "1"}), tree(tmp_path / "app", {"a": "1"})
    os.mkfifo(made / "pipe")
    os.mkfifo(target / "pipe")
    assert not place(made, target, overwrite=False)
    (target / "pipe").unlink()
    (target / "pipe").touch()
    with pytest.raises(Conflict, match="differs in pipe"):
        place(made, target, overwrite=False)


def test_overwrite_replaces_what_differs_and_keeps_the_rest(tmp_path: Path) -> None:
    made = tree(tmp_path / "made", {"a": "new", "b": "same", "d": "file now"})
    target = tree(tmp_path / "app", {"a": "old", "b": "same", "c": "kept", "d/x": "was a folder"})
    assert place(made, target, overwrite=True)
    assert [(target / name).read_text() for name in "abcd"] == ["new", "same", "kept", "file now"]


def test_a_dry_run_moves_nothing(tmp_path: Path) -> None:
    made = tree(tmp_path / "made", {"a": "1"})
    assert place(made, tmp_path / "app", overwrite=False, dry_run=True)
    assert not (tmp_path / "app").exists()


def test_links_count_as_files_and_are_not_followed(tmp_path: Path) -> None:
    made = tree(tmp_path / "made", {"a": "1"})
    (made / "link").symlink_to("/etc")
    assert [str(name) for name in files_of(made)] == ["a", "link"]


def test_files_and_links_in_the_way_are_conflicts_and_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    made = tree(tmp_path / "made", {"d/b": "2"})
    outside = tree(tmp_path / "outside", {"kept": "1"})
    (tmp_path / "file").write_text("x")
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "d").symlink_to(outside)
    for target, words in (("file", "is a file"), ("file/app", "a file stands where"), ("app", "is a link, through")):
        with pytest.raises(Conflict, match=words):
            place(made, tmp_path / target, overwrite=True)
    assert [str(name) for name in files_of(outside)] == ["kept"]


def test_a_file_is_replaced_by_the_folder_that_the_project_has_there(tmp_path: Path) -> None:
    made = tree(tmp_path / "made", {"d/e/b": "2"})
    target = tree(tmp_path / "app", {"d": "a file", "kept": "1"})
    assert place(made, target, overwrite=True)
    assert [str(name) for name in files_of(target)] == ["d/e/b", "kept"]
