"""Answers of the git hosts with one value of another shape; host_shapes.py tries as many as one likes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.host_matrix import works_of
from tests.faults.host_shapes import Cell, cells, sample, wrong
from tests.faults.host_works import behind
from tests.hosts import HOSTS, Host

CELLS = 2
PAIRS = [(row, work) for row in HOSTS for work in works_of(row)]
FOUND = [  # what ended in a bug once
    ("data_center", "CreateRepo", Cell(6, ("links", "clone", 0, "name"), {"a": 1})),
    ("Harness", "CreateRepo", Cell(1, ("git_url",), "words")),
    ("Harness", "protection", Cell(2, (0, "pattern"), True)),
    ("Harness", "protection", Cell(2, (0, "pattern", "include", 0), {})),
]


@pytest.mark.parametrize(("row", "work"), PAIRS, ids=lambda value: str(value).replace(" ", "-"))
def test_a_value_of_another_shape_ends_in_a_sentence(row: Host, work: str, tmp_path: Path) -> None:
    with behind(row, tmp_path) as here:
        assert sample(here, work, CELLS, seed=len(work)) == []


@pytest.mark.parametrize(("host", "work", "cell"), FOUND, ids=[f"{host}-{cell.place[0]}" for host, _, cell in FOUND])
def test_what_was_a_bug_once_is_none(host: str, work: str, cell: Cell, tmp_path: Path) -> None:
    (row,) = (row for row in HOSTS if str(row) == host)
    with behind(row, tmp_path) as here:
        assert sample(here, work, 0, seed=0) == []
        assert cell in cells(here, work), "the calls or their answers have changed; find the cell anew"
        assert wrong(here, work, cell) == ""
