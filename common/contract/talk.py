"""What is said between a process and its child: text to write, text to collect, and lines to hand on as they come."""

from __future__ import annotations

import codecs
import io
import math
import os
import selectors
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO

CHUNK = 65_536


@dataclass
class Talk:
    """The streams of a child: what is still to be told to it, and what it has said."""

    selector: selectors.BaseSelector
    woken: int
    stdin: memoryview
    lines: _Lines
    stdout: bytearray = field(default_factory=bytearray)

    def printed(self) -> str:
        return self.stdout.decode("utf-8", errors="replace")

    def until_closed(self, seconds: float) -> None:
        """Listen until every stream is closed, but not longer than so."""
        due = time.monotonic() + seconds
        while len(self.selector.get_map()) > 1 and time.monotonic() < due:
            self.listen(due - time.monotonic())

    def listen(self, seconds: float) -> None:
        """Wait for the next that happens, and take it in."""
        for key, _ in self.selector.select(None if seconds == math.inf else max(0.0, seconds)):
            if key.data is None:
                os.read(self.woken, CHUNK)
            elif not key.data(key.fd):
                self.selector.unregister(key.fileobj)
                assert isinstance(key.fileobj, io.IOBase)  # noqa: S101 - streams are registered as such
                key.fileobj.close()

    def write(self, fd: int) -> bool:
        try:
            self.stdin = self.stdin[os.write(fd, self.stdin[:CHUNK]) :]
        except BrokenPipeError:
            return False
        return len(self.stdin) > 0

    def read_stdout(self, fd: int) -> bool:
        chunk = os.read(fd, CHUNK)
        self.stdout += chunk
        return bool(chunk)

    def read_lines(self, fd: int) -> bool:
        chunk = os.read(fd, CHUNK)
        self.lines.add(chunk)
        return bool(chunk)


@dataclass
class _Lines:
    """Cuts what comes in pieces into lines; one that does not end is cut."""

    told: Callable[[str], object]
    decoder: io.IncrementalNewlineDecoder = field(
        default_factory=lambda: io.IncrementalNewlineDecoder(
            codecs.getincrementaldecoder("utf-8")(errors="replace"), translate=True
        )
    )
    rest: str = ""

    def add(self, chunk: bytes) -> None:
        """Take in a piece; an empty one is the end."""
        *lines, self.rest = (self.rest + self.decoder.decode(chunk, final=not chunk)).split("\n")
        if len(self.rest) > CHUNK or (not chunk and self.rest):
            lines.append(self.rest)
            self.rest = ""
        for one in lines:
            self.told(one)


@contextmanager
def talking(process: subprocess.Popen[bytes], woken: int, stdin: str, line: Callable[[str], object]) -> Iterator[Talk]:
    """Listen to a child whose streams are pipes. A byte in `woken` ends a wait. Streams are closed at the end."""
    lines = _Lines(line)
    with process, selectors.DefaultSelector() as selector:  # which closes the streams that are still open
        talk = Talk(selector, woken, memoryview(stdin.encode()), lines)
        selector.register(woken, selectors.EVENT_READ)
        first = talk.read_lines if process.stderr is None else talk.read_stdout
        _listen_to(selector, process.stdout, selectors.EVENT_READ, first)
        _listen_to(selector, process.stderr, selectors.EVENT_READ, talk.read_lines)
        _listen_to(selector, process.stdin, selectors.EVENT_WRITE, talk.write)
        yield talk
        lines.add(b"")


def _listen_to(
    selector: selectors.BaseSelector, stream: IO[bytes] | None, event: int, heard: Callable[[int], bool]
) -> None:
    if stream is not None:
        os.set_blocking(stream.fileno(), False)
        selector.register(stream, event, heard)
