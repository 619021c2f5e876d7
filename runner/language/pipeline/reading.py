"""What reading every part of a pipeline's YAML needs: the right sort of value, or a complaint with its place."""

from __future__ import annotations

import re
from collections.abc import Mapping as Table
from dataclasses import dataclass, field

from common.diagnostics import Diagnostic, Location, choice, suggestion
from common.document import Mapping, Node, Scalar, Sequence, is_nothing
from common.errors import shown
from runner.language import schema

IDENTIFIER = re.compile(r"[a-zA-Z_][0-9a-zA-Z_]{0,127}")
NAME = re.compile(r"[a-zA-Z_0-9.-][-0-9a-zA-Z_\s.]{0,127}")
VARIABLE_NAME = re.compile(r"[a-zA-Z_][0-9a-zA-Z_.$-]{0,127}")
SHELL_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
DURATION = re.compile(r"\s*(\d{1,12}\s*(?:w|d|h|m|s|ms)\s*)+", re.ASCII)
SECONDS = {"w": 604800.0, "d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
LONGEST_TIMEOUT = 366 * 86400.0  # a clock's functions end somewhere, and no run takes a year
LONGEST_NUMBER = 9  # digits of a count


@dataclass
class Reader:
    """Collects complaints, and the names of what has no effect here, while a document is read."""

    diagnostics: list[Diagnostic] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)

    def complain(self, text: str, location: Location) -> None:
        """Note what is wrong."""
        self.diagnostics.append(Diagnostic(text, location))

    def check(self, node: Mapping, level: schema.Level, of: str) -> None:
        """Check the names of a map's fields."""
        self.diagnostics += schema.check(node, level, of)
        self.ignored += schema.ignored(node, level)

    def mapping(self, node: Node | None, what: str, location: Location) -> Mapping:
        """Give a map, or an empty one with a complaint."""
        if isinstance(node, Mapping):
            return node
        problem = "is missing" if node is None else "has to be a map"
        self.complain(f"{what} {problem}.", node.location if node else location)
        return Mapping(location)

    def entries(self, owner: Mapping, name: str, of: str, *, required: bool) -> tuple[Node, ...]:
        """Give the entries of a list."""
        node = owner.fields.get(name)
        if isinstance(node, Sequence) and (node.items or not required):
            return node.items
        if required:
            self.complain(
                f"The field {name!r} of {of} has to be a list with at least one entry.", owner.location_of(name)
            )
        elif node is not None and not is_nothing(node):
            self.complain(f"The field {name!r} of {of} has to be a list.", owner.location_of(name))
        return ()

    def text(self, owner: Mapping, name: str, of: str, form: re.Pattern[str] | None = None) -> str:
        """Give a required text."""
        node = owner.fields.get(name)
        if not isinstance(node, Scalar) or not node.text:
            self.complain(f"The field {name!r} of {of} is required and has to be a text.", owner.location_of(name))
            return ""
        if form is not None and not form.fullmatch(node.text):
            rule = f"it has to match {form.pattern}"
            self.complain(f"The {name} {shown(node.text)} of {of} is not allowed; {rule}.", node.location)
        return node.text

    def scalar(self, owner: Mapping, name: str, of: str) -> Scalar | None:
        """Give an optional text, or None."""
        node = owner.fields.get(name)
        if isinstance(node, Scalar):
            return node if node.text else None
        if node is not None and not is_nothing(node):
            self.complain(f"The field {name!r} of {of} has to be a text.", owner.location_of(name))
        return None

    def word(self, owner: Mapping, name: str, of: str, words: Table[str, object] | tuple[str, ...]) -> str:
        """Give one of a few words; '' when the field is absent."""
        node = self.scalar(owner, name, of)
        if node is None or node.text in words:
            return node.text if node else ""
        known = tuple(words)
        near = suggestion(node.text, known)
        self.complain(f"The {name} {shown(node.text)} of {of} can be {choice(known)}.{near}", node.location)
        return ""

    def count(self, owner: Mapping, name: str, of: str) -> int:
        """Give a whole number, 0 when the field is absent."""
        node = self.scalar(owner, name, of)
        if node is None:
            return 0
        if not (node.text.isascii() and node.text.isdigit() and len(node.text) <= LONGEST_NUMBER):
            self.complain(f"The {name} {shown(node.text)} of {of} has to be a whole number.", node.location)
            return 0
        return int(node.text)

    def duration(self, node: Scalar, name: str, of: str) -> float:
        """Give the seconds of a text such as 10m, 0 with a complaint for anything else."""
        seconds = duration(node.text)
        if seconds is None:
            advice = "write for example '10m' or '1h 30m'"
            self.complain(f"The {name} {shown(node.text)} of {of} is no duration; {advice}.", node.location)
        return seconds or 0.0

    def timeout(self, owner: Mapping, of: str) -> Scalar | None:
        """Give the timeout of a part, checked as far as it is no expression."""
        node = self.scalar(owner, "timeout", of)
        if node is not None and "<+" not in node.text:
            self.duration(node, "timeout", of)
        return node

    def unique(self, names: list[tuple[str, Location]], what: str) -> None:
        """Complain of names that are there twice."""
        first: dict[str, Location] = {}
        for name, location in names:
            if name and name in first:
                told = f"The {what} {shown(name)} is used twice; the first is in line {first[name].line}."
                self.complain(told, location)
            first.setdefault(name, location)

    def wrapped(self, node: Node, level: schema.Level, what: str) -> tuple[str, Node] | None:
        """Take what a list holds out of the one-entry map that says what it is."""
        of = f"an entry of {what}s"
        wrapper = self.mapping(node, f"An entry of {what}s", node.location)
        found = schema.check(wrapper, level, of)
        self.diagnostics += found
        names = [name for name in wrapper.fields if level.get(name) == schema.RUN]
        if len(names) > 1:
            others = f"{of} holds one; begin another with '- {names[1]}:'"
            self.complain(f"{names[0]!r} and {names[1]!r} stand in one entry, but {others}.", wrapper.keys[names[1]])
        if names:
            return names[0], wrapper.fields[names[0]]
        if not found and isinstance(node, Mapping):
            self.complain(f"An entry of {what}s has to hold a {what}.", node.location)
        return None


def duration(text: str) -> float | None:
    """Give the seconds of a text such as '1h 30m', or None."""
    if not DURATION.fullmatch(text):
        return None
    seconds = sum(int(count) * SECONDS[unit] for count, unit in re.findall(r"(\d+)\s*(ms|[wdhms])", text))
    return min(seconds, LONGEST_TIMEOUT)


def called(what: str, name: str, otherwise: str = "") -> str:
    """Give how a message calls a part of the pipeline."""
    return f"the {what} {shown(name)}" if name else f"a {what}{otherwise}"


def tags(owner: Mapping) -> dict[str, str]:
    """Give the tags of a pipeline or stage."""
    node = owner.fields.get("tags")
    return {name: node.text(name) for name in node.fields} if isinstance(node, Mapping) else {}
