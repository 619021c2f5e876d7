"""What is wrong with a file or an input: where, and a whole sentence. All faults are told at once."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from common.errors import BadInput


@dataclass(frozen=True, order=True)
class Location:
    """A position in a file; line and column count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True)
class Diagnostic:
    """One complaint. `place` is None when it is about what was given on the command line."""

    text: str
    location: Location | None = None

    def __str__(self) -> str:
        return f"{self.location}: {self.text}" if self.location else self.text


class Faulty(BadInput):
    """Several complaints, one per line, in the order of the file."""

    def __init__(self, faults: Iterable[Diagnostic]) -> None:
        self.faults = in_order(faults)
        super().__init__("\n".join(map(str, self.faults)))


def in_order(faults: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Sort by location, those without one last, and drop repetitions."""
    unique = dict.fromkeys(faults)
    return sorted(unique, key=lambda fault: (fault.location is None, fault.location or Location("", 0, 0)))


def suggestion(name: str, known: Iterable[str]) -> str:
    """Give " Did you mean 'x'?" with the nearest known name, or nothing when none is near."""
    by_fold = {one.lower(): one for one in known}
    near = difflib.get_close_matches(name.lower(), by_fold, n=1, cutoff=0.6)
    return f" Did you mean {by_fold[near[0]]!r}?" if near else ""


def listed(names: Sequence[str], joint: str = "and") -> str:
    """Give "a, b and c"."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {joint} {names[-1]}" if names else "none"


def choice(names: Sequence[str]) -> str:
    """Give "a, b or c"."""
    return listed(names, "or")
