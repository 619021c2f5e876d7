"""Answers of a git host that are JSON as they should be, but for one value: another type, nothing, or not there.

    python -m tests.faults.host_shapes [CELLS [HOST...]]     so many cells of each work (100), chosen by chance

The answers are those of a run without faults, so the table grows with what the steps ask for. A cell is right when the
step ends in one of its exit codes but the one for a bug, with a sentence, and makes nothing twice.
"""

from __future__ import annotations

import copy
import json
import random
import socket
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from tests.faults.host_matrix import At, clean, run, works_of
from tests.faults.host_works import WORKS, Behind, behind
from tests.faults.proxy import HEAD_END, Fault, Request
from tests.hosts import HOSTS

MISSING = object()
INSTEAD: tuple[object, ...] = (
    MISSING,
    None,
    5,
    -1,
    1e308,
    True,
    "",
    "words",
    [],
    [None],
    ["words"],
    {},
    {"a": 1},
    "\x1b[2J://",
)
DEEPEST = 4
RIGHT = range(6)  # the exit codes of what is not a bug


class Cell(NamedTuple):
    """A value of an answer, and what stands in its place. number: that of the call."""

    number: int
    place: tuple[str | int, ...]
    value: object

    def __str__(self) -> str:
        shown = "missing" if self.value is MISSING else repr(self.value)
        return f"call {self.number}, {'.'.join(map(str, self.place))}: {shown}"


class Noted:
    """Takes every request that has credentials, and notes its answer."""

    def __init__(self) -> None:
        self.number = -1
        self.answers: dict[int, Any] = {}

    def takes(self, request: Request) -> bool:
        self.number += request.has_credentials
        return request.has_credentials

    @property
    def fault(self) -> Fault:
        number = self.number

        def note(client: socket.socket, whole: bytes) -> None:
            body = whole.partition(HEAD_END)[2]
            if body.startswith((b"{", b"[")):
                self.answers[number] = json.loads(body)
            client.sendall(whole)

        return Fault("none", note, forwarded=True)


def places(value: Any, above: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Give where the values of an answer are; of a list the first two."""
    if len(above) == DEEPEST:
        return
    keys = value if isinstance(value, dict) else range(min(len(value), 2)) if isinstance(value, list) else ()
    for key in keys:
        yield (*above, key)
        yield from places(value[key], (*above, key))


def cells(here: Behind, work: str) -> list[Cell]:
    """Do the work without a fault, and give the cells of its answers."""
    name, noted = here.named(), Noted()
    WORKS[work].prepare(here, name)
    here.proxy.rules[:] = [noted]
    code, said, _ = run(here, work, name)
    here.proxy.rules.clear()
    assert code == 0, said
    return [
        Cell(number, place, value)
        for number, answer in noted.answers.items()
        for place in places(answer)
        for value in INSTEAD
    ]


def changed(whole: bytes, cell: Cell) -> bytes:
    """Give an answer with the value of the cell; as it is where a run that differs has no such place."""
    head, _, body = whole.partition(HEAD_END)
    *above, last = cell.place
    try:
        answer = inner = copy.deepcopy(json.loads(body))
        for key in above:
            inner = inner[key]
        if cell.value is MISSING:
            del inner[last]
        else:
            inner[last] = cell.value
    except (ValueError, KeyError, IndexError, TypeError):
        return whole
    body = json.dumps(answer).encode()
    kept = [line for line in head.split(b"\r\n") if not line.lower().startswith((b"content-length", b"transfer-"))]
    return b"\r\n".join([*kept, b"Content-Length: %d" % len(body)]) + HEAD_END + body


def wrong(here: Behind, work: str, cell: Cell) -> str:
    """Change the answer, and say what is wrong with what came of it; '' when nothing is."""
    name = here.named()
    WORKS[work].prepare(here, name)
    fault = Fault("shape", lambda client, whole: client.sendall(changed(whole, cell)), forwarded=True)
    here.proxy.rules[:] = [At(cell.number, fault)]
    here.proxy.spoiled = 0
    code, said, _ = run(here, work, name)
    here.proxy.rules.clear()
    complaints = {
        "the answer never came": here.proxy.spoiled == 0,
        f"exit code {code}": code not in RIGHT,
        "no sentence": code != 0 and ("error: " not in said or "Traceback" in said),
        "a control character": "\x1b" in said,
        "held twice": len(here.held(name)) > 1,
    }
    found = [complaint for complaint, holds in complaints.items() if holds]
    return f"{cell}: {', '.join(found)}:\n{said[-1500:]}" if found else ""


def sample(here: Behind, work: str, count: int, seed: int) -> list[str]:
    """Try cells that chance has chosen, and give the complaints."""
    clean(here, work)
    every = cells(here, work)
    chosen = random.Random(seed).sample(every, min(count, len(every)))  # noqa: S311 - no secret
    return [complaint for cell in chosen if (complaint := wrong(here, work, cell))]


def main(count: int, wanted: list[str]) -> int:
    """Try the hosts and print what is wrong."""
    found, seed = 0, random.SystemRandom().randrange(10_000)
    for row in [row for row in HOSTS if not wanted or str(row) in wanted]:
        for work in works_of(row):
            with tempfile.TemporaryDirectory(prefix="shapes-") as name, behind(row, Path(name)) as here:
                complaints = sample(here, work, count, seed)
                found += len(complaints)
                print(f"{row} {work}, seed {seed}: {len(complaints)} wrong", *complaints, sep="\n", flush=True)
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main(int(sys.argv[1]) if sys.argv[1:] else 100, sys.argv[2:]))
