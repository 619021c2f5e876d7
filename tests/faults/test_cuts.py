"""A few of the cuts of cuts.py: each work at each host, each step, and an import into each catalog, once."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.faults.cuts import every


@pytest.mark.parametrize("name", every(), ids=lambda name: name.replace(" ", "-"))
def test_broken_connections_end_in_success_or_a_sentence_and_the_next_run_leaves_the_work_there_once(
    name: str, tmp_path: Path
) -> None:
    cuts, complaint = every()[name](random.Random(name), tmp_path)  # noqa: S311 - no secret
    assert (complaint, cuts > 0) == ("", True)
