"""What a template's code prints, told line by line as it comes, and no more of it than a log can hold."""

from __future__ import annotations

import time
from collections import deque
from typing import IO

from common import log

LONGEST_LINE = 65_536  # bytes; a longer one comes in parts
MOST = 2_000_000  # bytes that are told as they come; GitLab's runner cuts a log off at 4 MiB (output_limit)
LAST = 100  # lines behind these that are told in the end, for there stands why something failed
LONGEST_LAST = 2_000  # bytes of each
PAUSE = 60.0  # seconds between two signs of what is left out


def listen(stream: IO[bytes]) -> None:
    """Read the stream to its end. What is too much is read, too, so that its writer need not wait."""
    told = left_out = 0
    last: deque[bytes] = deque(maxlen=LAST)
    due = 0.0
    with stream:
        while line := stream.readline(LONGEST_LINE):
            if told < MOST:
                told += len(line)
                _tell(line)
                continue
            left_out += 1
            last.append(line[:LONGEST_LAST])
            if time.monotonic() >= due:
                log.info(
                    f"The template's code has printed more than {MOST} bytes; {left_out} further lines are not shown"
                    f" so far. The last {LAST} will be."
                )
                due = time.monotonic() + PAUSE
    if left_out > LAST:
        log.info(f"{left_out - LAST} lines of the template's code are left out here.")
    for line in last:
        _tell(line)


def _tell(line: bytes) -> None:
    for part in line.decode(errors="replace").splitlines():
        log.info(part)
