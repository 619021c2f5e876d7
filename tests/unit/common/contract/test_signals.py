"""Signals that ask to stop: raised at once, put off where something must not be left half done, silent at the start."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from common.contract.signals import HANDLED, postponed, signals
from common.errors import Interrupted
from tests.conftest import REPOSITORY_ROOT


@pytest.mark.parametrize("number", HANDLED)
def test_a_signal_is_raised_where_it_comes_and_the_handlers_of_before_are_put_back(number: signal.Signals) -> None:
    before = [signal.getsignal(one) for one in HANDLED]

    def work() -> None:
        with signals():
            os.kill(os.getpid(), number)
            raise AssertionError

    with pytest.raises(Interrupted) as raised:
        work()
    assert raised.value.exit_code == 128 + number
    assert [signal.getsignal(one) for one in HANDLED] == before


def test_a_signal_is_put_off_to_the_end_of_the_outermost_block() -> None:
    done: list[object] = []

    def work() -> None:
        with signals(), postponed(done.append) as asked:
            with postponed():
                os.kill(os.getpid(), signal.SIGTERM)
                done.append("inner")
            os.kill(os.getpid(), signal.SIGINT)
            done.extend(["outer", *asked])

    with pytest.raises(Interrupted) as raised:
        work()
    assert done == [signal.SIGTERM, "inner", signal.SIGINT, "outer", signal.SIGTERM, signal.SIGINT]
    assert raised.value.exit_code == 143, "the first that came"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_while_modules_are_loaded_ends_the_process_without_a_word(
    number: int, code: int, tmp_path: Path
) -> None:
    (tmp_path / "heavy.py").write_text(f"import os\nos.kill(os.getpid(), {number})\nraise AssertionError\n")
    program = "from common.contract import signals; signals.end_at_once(); import heavy"
    environ = {"PYTHONPATH": f"{REPOSITORY_ROOT}:{tmp_path}"}
    done = subprocess.run([sys.executable, "-c", program], env=environ, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (code, "", "")
