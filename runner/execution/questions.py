"""Asks the person at the terminal. Where there is none, nothing is asked."""

from __future__ import annotations

import math
import os
import select
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from runner.execution.report import Report
from runner.execution.stop import Stop

LONGEST = 65_536  # bytes of an answer


@dataclass(frozen=True)
class Terminal:
    """The place where a person answers, one question at a time."""

    report: Report
    stop: Stop | None = None
    turn: threading.Lock = field(default_factory=threading.Lock)

    @property
    def is_there(self) -> bool:
        """Tell whether a person can be asked: both what they read and where they write have to be a terminal."""
        return sys.stdin is not None and sys.stdin.isatty() and self.report.stream.isatty()

    def ask(
        self,
        question: str,
        choices: Sequence[str] = (),
        default: str = "",
        *,
        many: bool = False,
        seconds: float = math.inf,
    ) -> str | None:
        """Ask until an answer is one of the choices, if there are any. None: no answer has come in time.

        A number chooses, too; an empty answer is the default. Raises stop.Stopped.
        """
        with self.turn:
            due = time.monotonic() + seconds
            self.report.line()
            self.report.line(question, style="bold")
            for number, choice in enumerate(choices, start=1):
                self.report.line(f"{number}) {choice}", indent=2)
            while True:
                self.report.line(f"> {f'[{default}] ' if default else ''}")
                answer = self._read(due)
                if answer is None:
                    return None
                answer = answer.strip() or default
                parts = (
                    [_chosen(part.strip(), choices) for part in answer.split(",")]
                    if many
                    else [_chosen(answer, choices)]
                )
                if answer and (not choices or set(parts) <= set(choices)):
                    return ",".join(parts)
                self.report.line(
                    "Answer with the number or the text of a line above." if choices else "Write something."
                )

    def _read(self, due: float) -> str | None:
        source = sys.stdin.fileno()
        waiting = [source, *([self.stop.descriptor] if self.stop else [])]
        while True:
            left = None if due == math.inf else max(0.0, due - time.monotonic())
            ready, _, _ = select.select(waiting, [], [], left)
            if self.stop:
                self.stop.check()
            if source in ready:
                content = os.read(source, LONGEST)
                return content.decode(errors="replace") if content else None
            if left is not None and not ready:
                return None


def _chosen(answer: str, choices: Sequence[str]) -> str:
    if answer.isascii() and answer.isdigit() and answer not in choices and 0 < int(answer[:9]) <= len(choices):
        return choices[int(answer) - 1]
    return answer
