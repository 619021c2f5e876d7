"""A file of a template is read whole, also from a file system that gives less than was asked for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from common.template import content


@pytest.mark.parametrize("size", [0, 1, 5_000, content.AT_ONCE - 1, content.AT_ONCE, content.AT_ONCE + 1])
def test_the_beginning_of_a_file_is_all_of_it_or_as_much_as_is_read_at_once(
    size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = os.read
    (tmp_path / "file").write_bytes(bytes(index % 251 for index in range(size)))
    monkeypatch.setattr(os, "read", lambda file, most: read(file, min(most, 4_096)))
    with (tmp_path / "file").open("rb", buffering=0) as file:
        assert content.beginning(file.fileno(), size) == (tmp_path / "file").read_bytes()[: content.AT_ONCE]
