"""Several requests at once: each is tried once, and what fails is given back for the step's own retries."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from common.errors import Unavailable
from common.network import together
from common.network.together import tried

Work = Callable[[int], int]


def test_every_piece_is_done_once_and_several_at_a_time() -> None:
    meeting = threading.Barrier(3)  # breaks unless three work at once

    def worker() -> Work:
        def do(piece: int) -> int:
            meeting.wait(timeout=30)
            return piece * 2

        return do

    done = {one.piece: one.result for one in tried(range(9), worker, at_once=3)}
    assert done == {piece: piece * 2 for piece in range(9)}


def test_after_a_failure_none_is_begun_and_all_that_is_left_is_given_back() -> None:
    def worker() -> Work:
        def do(piece: int) -> int:
            if piece == 2:
                raise Unavailable("no")
            return piece

        return do

    done = [(one.piece, one.result, one.begun) for one in tried(range(5), worker, at_once=1)]
    assert done == [(0, 0, True), (1, 1, True), (2, None, True), (3, None, False), (4, None, False)]


def test_what_is_no_failure_of_a_step_is_raised_where_it_is_waited_for() -> None:
    def worker() -> Work:
        return lambda piece: 1 // piece

    with pytest.raises(ZeroDivisionError):
        list(tried([0], worker))


def test_a_piece_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(together, "LONGEST_SILENCE", 0.2)
    end = threading.Event()

    def worker() -> Work:
        return lambda piece: piece or end.wait(60)

    done = {one.piece: (one.result, one.begun) for one in tried([0, 1], worker, at_once=2)}
    end.set()
    assert done == {0: (None, True), 1: (1, True)}
