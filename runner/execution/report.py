"""What a person sees of a run: a header per step, its lines as they come, how it ended, and the outputs and links."""

from __future__ import annotations

import os
import re
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TextIO

from common import log

COLOURS = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33"}
LINK = re.compile(r"https?://\S+")
STEERING = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
LONGEST_SHOWN = 200


@dataclass(frozen=True)
class Report:
    """Writes to one stream. When that can take no more, a run goes on: its work counts more than telling of it."""

    stream: TextIO
    colour: bool
    turn: threading.Lock = field(default_factory=threading.Lock, compare=False)

    def line(self, text: str = "", *, style: str = "", indent: int = 0) -> None:
        """Write one line, secrets masked and without what steers a terminal, whoever the text comes from."""
        shown = _harmless(text)
        if style and self.colour and shown:
            shown = f"\x1b[{COLOURS[style]}m{shown}\x1b[0m"
        try:
            with self.turn:
                self.stream.write(" " * indent + shown + "\n" if shown else "\n")
                self.stream.flush()
        except OSError as error:
            _silence(self.stream)
            if not isinstance(error, BrokenPipeError):  # the reader of a pipe has gone because it wants no more
                complain([f"What the run tells cannot be written ({error.strerror}); the run goes on."])

    def step_starts(self, number: int, count: int, name: str, step_type: str) -> None:
        """Head the lines of a step."""
        self.line()
        self.line(f"[{number}/{count}] {name} ({step_type})", style="bold")

    def step_skipped(self, number: int, count: int, name: str, reason: str) -> None:
        """Say that a step does not run, and why."""
        self.line()
        self.line(f"[{number}/{count}] {name} is skipped: {reason}.", style="dim")

    def step_line(self, text: str, name: str = "") -> None:
        """Relay a line of the step; `name` tells it from others that run at the same time."""
        self.line(f"{name} | {text}" if name else text, indent=6)

    def step_ends(self, seconds: float, exit_code: int, name: str = "") -> None:
        """Say how a step ended and how long it took."""
        whose = f"{name}: " if name else ""
        if exit_code == 0:
            self.line(f"{self._mark('✓ ')}{whose}done in {seconds:.1f} s", style="green", indent=4)
        else:
            text = f"{self._mark('✗ ')}{whose}failed with exit code {exit_code} after {seconds:.1f} s"
            self.line(text, style="red", indent=4)

    def _mark(self, mark: str) -> str:
        """Leave a mark out where it cannot be shown."""
        try:
            mark.encode(self.stream.encoding or "utf-8")
        except UnicodeEncodeError:
            return ""
        return mark

    def warning(self, text: str) -> None:
        """Say what looks wrong but does not stop the run."""
        self.line(f"warning: {text}", style="yellow")

    def failure(self, why: str, what_to_do: Sequence[str]) -> None:
        """Say why a run has ended early, and what to do."""
        self.line()
        self.line(why, style="red")
        for text in what_to_do:
            self.line(text)

    def advice(self, texts: Sequence[str]) -> None:
        """Say what is to be known after a run."""
        if texts:
            self.line()
        for text in texts:
            self.line(text)

    def outputs(self, outputs: Mapping[str, Mapping[str, str]]) -> None:
        """Show every output by step, then the links among them."""
        rows = [(step, name, _shown(value)) for step, found in outputs.items() for name, value in found.items()]
        if not rows:
            return
        widths = [max(len(row[column]) for row in [*rows, ("Step", "Output", "")]) for column in (0, 1)]
        self.line()
        self.line(f"{'Step':{widths[0]}}  {'Output':{widths[1]}}  Value", style="bold")
        for step, name, value in rows:
            self.line(f"{step:{widths[0]}}  {name:{widths[1]}}  {value}")
        links = {value: name for found in outputs.values() for name, value in found.items() if LINK.fullmatch(value)}
        if links:
            self.line()
            self.line("Links", style="bold")
            width = max(map(len, links.values()))
            for link, name in links.items():
                self.line(f"{name:{width}}  {link}", indent=2)


def to(stream: TextIO, environ: Mapping[str, str]) -> Report:
    """Report to a stream; in colour only on a terminal that has it, and not with NO_COLOR."""
    return Report(stream, stream.isatty() and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb")


def complain(lines: Sequence[str]) -> None:
    """Say on stderr why nothing runs, or why it stopped."""
    try:
        for line in lines:
            sys.stderr.write("".join(f"{_harmless(part)}\n" for part in line.split("\n")))
        sys.stderr.flush()
    except OSError:  # there is nowhere left to tell it; the exit code still does
        _silence(sys.stderr)


def _silence(stream: TextIO) -> None:
    """Let everything that is still to be written to a stream vanish, also what its buffer holds."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def _harmless(text: str) -> str:
    """Mask secrets, again when they come together only without the characters that are taken out."""
    return log.mask(STEERING.sub("", log.mask(text)).replace("\n", "\\n"))


def _shown(value: str) -> str:
    return value if len(value) <= LONGEST_SHOWN else f"{value[:LONGEST_SHOWN]}… ({len(value)} characters)"
