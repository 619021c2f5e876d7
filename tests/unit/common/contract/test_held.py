"""A folder that was just made is not yet held, and another run may take it for a leftover: then a new one is made."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from common.contract import held

PREFIX = "idp-temp-"


def clear_all(place: Path) -> None:
    for folder in place.glob(f"{PREFIX}*"):
        held.clear(folder, is_ours=lambda _: True)


@pytest.mark.parametrize("opened", [False, True], ids=["before it is opened", "before it is locked"])
def test_a_folder_that_another_run_has_cleared_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opened: bool
) -> None:
    made: list[str] = []
    module, name = (os, "open") if opened else (tempfile, "mkdtemp")
    real: Callable[..., object] = getattr(module, name)

    def then_cleared(*args: object, **kwargs: object) -> object:
        result = real(*args, **kwargs)
        monkeypatch.undo()
        made.extend(path.name for path in tmp_path.iterdir())
        clear_all(tmp_path)
        return result

    monkeypatch.setattr(module, name, then_cleared)
    folder, lock = held.make(tmp_path, PREFIX)
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]
    assert len(made) == 1
    assert folder.name not in made
    clear_all(tmp_path)
    assert folder.is_dir()
    os.close(lock)


def test_what_is_nested_deeper_than_a_path_can_be_and_closed_is_removed(tmp_path: Path) -> None:
    folder, lock = held.make(tmp_path, PREFIX)
    (folder / "kept-out").symlink_to(tmp_path)
    place = os.open(folder, os.O_RDONLY)
    for _ in range(3000):
        os.mkdir("d", dir_fd=place)
        inner = os.open("d", os.O_RDONLY, dir_fd=place)
        os.close(os.open("file", os.O_CREAT, dir_fd=inner))
        os.fchmod(place, 0)
        os.close(place)
        place = inner
    os.close(place)
    os.close(lock)
    clear_all(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_many_runs_at_the_same_time_have_a_folder_each(tmp_path: Path) -> None:
    def run(number: int) -> str:
        clear_all(tmp_path)
        folder, lock = held.make(tmp_path, PREFIX)
        (folder / str(number)).touch()
        clear_all(tmp_path)
        name = folder.name if (folder / str(number)).is_file() else ""
        held.remove(folder)
        os.close(lock)
        return name

    with ThreadPoolExecutor(8) as threads:
        names = list(threads.map(run, range(400)))
    assert "" not in names
    assert list(tmp_path.iterdir()) == []
