"""A run that is ended at any moment leaves nothing behind, and the same command comes to the end afterwards."""

from __future__ import annotations

import pytest

from tests import kills


@pytest.mark.skipif(not kills.PROC.is_dir(), reason="processes are found by way of /proc")
def test_a_run_that_is_ended_at_random_leaves_no_process_no_duplicate_and_no_file() -> None:
    """Ten kills; more with `python tests/kills.py 200`."""
    figures = kills.kill(10)
    assert dict(figures.wrong) == {}, "\n".join(figures.told)
    assert sum(figures.kills.values()) == 10
