"""SIGTERM and SIGINT as Interrupted: raised at once, or put off while something must not be left half done.

Loads next to nothing: it is the first that a process of ours imports.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from common.errors import Interrupted

HANDLED = (signal.SIGTERM, signal.SIGINT)

_listeners: list[Callable[[int], object]] = []
_told: list[int] = []  # signals that have come while somebody listens: who comes later is told of them, too


def end_at_once() -> None:
    """Until `signals` is entered, as while modules are loaded: end without a word, with the right exit code.

    Python's own answer to Ctrl-C would be a traceback, and PID 1 would not be ended by SIGTERM at all.
    """
    for number in HANDLED:
        signal.signal(number, lambda number, _: os._exit(128 + number))


@contextmanager
def signals() -> Iterator[None]:
    """Turn SIGTERM and SIGINT into Interrupted, also as PID 1, where the default would ignore them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, _interrupt) for number in HANDLED}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def postponed(told: Callable[[int], object] = lambda _: None) -> Iterator[list[int]]:
    """Put Interrupted off until the end of the block. Gives the numbers of the signals that have come so far.

    `told` is called by the handler, between any two instructions of the main thread; it may not raise.
    """
    numbers: list[int] = []

    def note(number: int) -> None:
        numbers.append(number)
        told(number)

    _listeners.append(note)
    for number in tuple(_told):
        note(number)
    try:
        yield numbers
    finally:
        _listeners.remove(note)
        if not _listeners:
            _told.clear()
        if numbers and not _listeners:
            raise Interrupted(numbers[0])


def _interrupt(number: int, _: FrameType | None) -> None:
    if not _listeners:
        raise Interrupted(number)
    _told.append(number)
    for listener in tuple(_listeners):
        listener(number)
