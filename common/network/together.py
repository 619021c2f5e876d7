"""Several requests at once, each tried once. What fails is given back: retries and time belong to the step's thread.

The wall clock of a try works in the main thread only, so one of another thread is given up after a while instead.
"""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

from common.errors import StepError
from common.network.deadline import LONGEST_TRY

AT_ONCE = 4  # no service that a step talks to tells how many it takes
LONGEST_SILENCE = 1.5 * LONGEST_TRY  # seconds without the end of any piece

PieceT = TypeVar("PieceT")
ResultT = TypeVar("ResultT")
Ended: TypeAlias = tuple[int, ResultT] | BaseException | None
"""A piece's number and result, what ended a thread, or None when a thread is done."""


@dataclass(frozen=True)
class Tried(Generic[PieceT, ResultT]):
    """One piece of work. `result` is None when it failed, did not end, or was not even begun."""

    piece: PieceT
    result: ResultT | None
    begun: bool = True


def tried(
    pieces: Iterable[PieceT], worker: Callable[[], Callable[[PieceT], ResultT]], *, at_once: int = AT_ONCE
) -> Iterator[Tried[PieceT, ResultT]]:
    """Try each piece once, some at a time, and give them as they end; after the first failure none is begun any more.

    worker: called once in each thread, for connections are not shared, and gives what does a piece: it raises StepError
    when that fails.
    """
    left = dict(enumerate(pieces))
    todo = deque(left.items())
    begun: set[int] = set()
    ended: queue.SimpleQueue[Ended[ResultT]] = queue.SimpleQueue()
    stop = threading.Event()

    def work() -> None:
        try:
            do = worker()
            while not stop.is_set():
                try:
                    number, piece = todo.popleft()
                except IndexError:  # another thread has taken the last one
                    break
                begun.add(number)
                ended.put((number, do(piece)))
        except BaseException as error:  # noqa: BLE001 - it is raised in the thread that waits
            stop.set()
            ended.put(error)
        finally:
            ended.put(None)

    running = min(at_once, len(todo))
    for _ in range(running):
        threading.Thread(target=work, daemon=True).start()
    try:
        for number, result in _ends(ended, running):
            yield Tried(left.pop(number), result)
    finally:
        stop.set()
    for number, piece in left.items():
        yield Tried(piece, None, number in begun)


def _ends(ended: queue.SimpleQueue[Ended[ResultT]], running: int) -> Iterator[tuple[int, ResultT]]:
    """Give what went well, until every thread has ended or nothing was heard of them for too long."""
    while running:
        try:
            found = ended.get(timeout=LONGEST_SILENCE)
        except queue.Empty:
            return
        if found is None:
            running -= 1
        elif isinstance(found, tuple):
            yield found
        elif not isinstance(found, StepError):
            raise found
