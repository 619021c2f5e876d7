"""A YAML document as values that know their location, so that every complaint can name line and column.

`reader` makes them of a text, `plain` makes Python's own values of them. This module reads nothing.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from common.diagnostics import Diagnostic, Invalid, Location

NULL, STRING = "null", "str"  # tags; those of YAML itself stand without "tag:yaml.org,2002:"
NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")  # as JSON writes it
INTEGER = re.compile(r"-?[0-9]+")

ScalarValue: TypeAlias = str | int | float | bool | None
Node: TypeAlias = "Scalar | Sequence | Mapping"


@dataclass(frozen=True)
class Scalar:
    """A scalar: `written` without quotes and escapes, `raw` as in the text, `tag` its type by the rules of YAML 1.1.

    `plain` says that it has neither quotes nor a tag that makes it a text.
    """

    location: Location
    written: str = ""
    raw: str = ""
    tag: str = NULL
    plain: bool = True

    @property
    def value(self) -> ScalarValue:
        """The JSON value that the platform sees: it takes fewer words and forms for booleans and numbers than `tag`."""
        word = self.written
        if not self.plain:
            return word
        if word in ("", "~", "null", "Null", "NULL"):
            return None
        if word.lower() in ("true", "false"):
            return word.lower() == "true"
        if NUMBER.fullmatch(word) and math.isfinite(float(word)):
            return int(word) if INTEGER.fullmatch(word) else float(word)
        return word

    @property
    def text(self) -> str:
        """What is written (`1.10` stays `1.10`), or '' for null."""
        return "" if self.value is None else self.written


@dataclass(frozen=True)
class Sequence:
    """A list."""

    location: Location
    items: tuple[Node, ...] = ()
    tag: str = "seq"


@dataclass(frozen=True)
class Mapping:
    """A map. `keys` holds the location of each name, `repeated` names that are there already; the first counts."""

    location: Location
    fields: dict[str, Node] = field(default_factory=dict)
    keys: dict[str, Location] = field(default_factory=dict)
    repeated: tuple[tuple[str, Location], ...] = ()
    tag: str = "map"

    def text(self, name: str) -> str:
        """Give the text of a scalar field, or '' when it is absent, null or no scalar."""
        node = self.fields.get(name)
        return node.text if isinstance(node, Scalar) else ""

    def location_of(self, name: str) -> Location:
        """Give the location of a field's name, or of the mapping when the field is absent."""
        return self.keys.get(name, self.location)


class Unreadable(Invalid):
    """A text that is not taken. `verdict` follows the word "is", `problem` says why, `advice` what to do."""

    def __init__(self, verdict: str, problem: str, advice: str, location: Location) -> None:
        super().__init__([Diagnostic(f"This is {verdict}: {problem}; {advice}.", location)])
        self.verdict = verdict
        self.problem = problem
        self.advice = advice
        self.location = location


def inside(node: Node) -> tuple[Node, ...]:
    """Give the values of a list or map."""
    if isinstance(node, Scalar):
        return ()
    return node.items if isinstance(node, Sequence) else tuple(node.fields.values())


def is_nothing(node: Node) -> bool:
    """Tell whether a value is null, an empty list or an empty map."""
    return node.value is None if isinstance(node, Scalar) else not inside(node)


def scalars(node: Node) -> Iterator[Scalar]:
    """Give every scalar of a value, in the order of the file."""
    if isinstance(node, Scalar):
        yield node
    for inner in inside(node):
        yield from scalars(inner)


def repetitions(root: Node) -> Iterator[tuple[str, Location, Location]]:
    """Give each key that a map gives again, as readers of YAML disagree on which counts; where, and where first."""
    waiting, seen = [root], set[int]()
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        waiting.extend(inside(node))
        if isinstance(node, Mapping):
            for name, location in node.repeated:
                yield name, location, node.keys[name]


def locations_within(node: Scalar, fragment: str) -> Iterator[Location]:
    """Give the location of each occurrence of a fragment; the scalar's own, on and on, when it is written otherwise."""
    line, begin, position = node.location.line, 1 - node.location.column, 0  # `begin` is where the line would begin
    index = node.raw.find(fragment)
    while index >= 0:
        if breaks := node.raw.count("\n", position, index):
            line, begin = line + breaks, node.raw.rfind("\n", position, index) + 1
        yield Location(node.location.file, line, index - begin + 1)
        position, index = index, node.raw.find(fragment, index + 1)
    while True:
        yield node.location


def location_within(node: Scalar, fragment: str) -> Location:
    """Give the location of a fragment's first occurrence."""
    return next(locations_within(node, fragment))
