"""The values of a run: variables and `<+input>` placeholders, and what is known of each before it has a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from common.diagnostics import Location
from common.document import Scalar
from runner.language.pipeline import Position


@dataclass(frozen=True)
class Rule:
    """What a placeholder says of the value that takes its place. `many`: several of those allowed, with commas."""

    default: str | None = None
    allowed: tuple[str, ...] = ()
    many: bool = False
    pattern: str = ""


@dataclass(frozen=True)
class Slot:
    """A place for a value. `rule` is None where the document has a fixed one; `fixed` is that one or the default."""

    name: str
    what: str
    type: str
    rule: Rule | None
    fixed: str | None
    required: bool
    location: Location
    node: Scalar
    position: Position = field(default_factory=Position)
    """What the place belongs to: what a variable says of "stage" is meant of its own, whoever reads it."""


@dataclass(frozen=True)
class Given:
    """A value from outside; `location` is where it stands in a file."""

    text: str
    location: Location | None = None


@dataclass(frozen=True)
class Values:
    """By the name of its slot, the text of every value; None is a value that the document leaves open."""

    texts: Mapping[str, str | None]
    slots: Mapping[str, Slot]

    def given(self) -> dict[str, Given]:
        """Give them as if they all came from outside, to be settled again."""
        return {name: Given(text, self.slots[name].location) for name, text in self.texts.items() if text is not None}
