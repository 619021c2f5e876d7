"""What is wrong with a text or an input: where it stands, and a whole sentence. All of it is told at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from common.errors import BadInput

LONGEST_COMPARED = 200  # comparing two texts costs the product of their lengths; no name is longer


@dataclass(frozen=True, order=True)
class Location:
    """A position in a file; line and column count from 1. Without a file's name it is one in the value of an input."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.file else f"line {self.line}, column {self.column}"


@dataclass(frozen=True)
class Diagnostic:
    """One complaint. `location` is None when it is about what was given on the command line."""

    text: str
    location: Location | None = None

    def __str__(self) -> str:
        return f"{self.location}: {self.text}" if self.location else self.text


class Invalid(BadInput):
    """Several complaints, one per line, in the order of the file."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = in_order(diagnostics)
        super().__init__("\n".join(map(str, self.diagnostics)))


def in_order(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Sort by location, those without one last, and drop repetitions."""
    last = Location("", 0, 0)
    return sorted(dict.fromkeys(diagnostics), key=lambda found: (found.location is None, found.location or last))


def suggestion(name: str, known: Iterable[str]) -> str:
    """Give " Did you mean 'x'?" with the nearest known name, or nothing when none is near."""
    import difflib

    if len(name) > LONGEST_COMPARED:
        return ""
    by_lower_case = {candidate.lower(): candidate for candidate in known if len(candidate) <= LONGEST_COMPARED}
    near = difflib.get_close_matches(name.lower(), by_lower_case, n=1, cutoff=0.6)
    return f" Did you mean {by_lower_case[near[0]]!r}?" if near else ""


def listed(names: Sequence[str], joint: str = "and") -> str:
    """Give "a, b and c"."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {joint} {names[-1]}" if names else "none"


def choice(names: Sequence[str]) -> str:
    """Give "a, b or c"."""
    return listed(names, "or")
