"""A part of the fault matrix: each step's writes with what leaves them in doubt, and each fault once on some read."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.matrix import Cell, cells, wrong

DOUBTFUL = frozenset({"reset", "502", "503", "empty-object", "cut"})
OF_HOSTS = frozenset({"CreateRepo", "DirectPush"})  # test_host_matrix.py has them, on every host
SLOW = frozenset({"silent", "trickle"})  # each takes the whole budget; the script runs them all


def chosen() -> list[Cell]:
    """Choose the cells of the suite."""
    found, seen = [], set()
    for cell in cells():
        if cell.step in OF_HOSTS or cell.for_ever or cell.fault.name in SLOW:
            continue
        writes = cell.request.writes and cell.fault.name in DOUBTFUL
        fresh = (cell.step, cell.fault.name) not in seen and not cell.fault.forwarded
        if writes or fresh:
            seen.add((cell.step, cell.fault.name))
            found.append(cell)
    return found


@pytest.mark.parametrize("cell", chosen(), ids=lambda cell: cell.name)
def test_a_spoiled_request_ends_in_success_or_a_sentence_and_never_in_doubled_work(cell: Cell, tmp_path: Path) -> None:
    assert wrong(cell, tmp_path) == ""
