"""A few of the kills of kills.py: each step and each signal once, each at its own moment."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.faults.kills import SIGNALS, SUBJECT_NAMES, wrong


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
@pytest.mark.parametrize("step", SUBJECT_NAMES)
def test_a_killed_step_leaves_no_process_and_its_next_run_does_the_work_once(
    step: str, number: signal.Signals, tmp_path: Path
) -> None:
    moment = 0.2 + 0.25 * SIGNALS.index(number)
    assert wrong(step, number, moment, tmp_path) == ""
