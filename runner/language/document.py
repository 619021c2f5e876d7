"""Reads a YAML file into values that know their location, so that every complaint can name line and column.

Scalars keep the text as written (`1.10` stays `1.10`), beside the JSON type that the platform would see.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import yaml

from common.errors import BadInput
from runner.language.diagnostics import Diagnostic, Faulty, Location

if TYPE_CHECKING:
    from collections.abc import Iterator

LARGEST_FILE = 4 * 1024 * 1024
MOST_VALUES = 100_000  # aliases let a short file describe an endless one
DEEPEST = 100

Scalar: TypeAlias = str | int | float | bool | None
Node: TypeAlias = "Text | Items | Fields"

_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")


@dataclass(frozen=True)
class Text:
    """A scalar. `text` is what was written ('' for null), `value` its JSON type, `raw` the characters in the file."""

    location: Location
    text: str
    value: Scalar
    raw: str


@dataclass(frozen=True)
class Items:
    """A sequence."""

    location: Location
    items: tuple[Node, ...]


@dataclass(frozen=True)
class Fields:
    """A mapping; `keys` holds the place of each name."""

    location: Location
    fields: dict[str, Node]
    keys: dict[str, Location]

    def text(self, name: str) -> str:
        """Give the text of a scalar field, or '' when it is absent, null or no scalar."""
        node = self.fields.get(name)
        return node.text if isinstance(node, Text) else ""

    def location_of(self, name: str) -> Location:
        """Give the place of a field's name, or of the mapping when the field is absent."""
        return self.keys.get(name, self.location)


def read(path: Path, name: str | None = None) -> Node:
    """Read one YAML document. `name` is how complaints call the file. Raises Faulty or BadInput."""
    name = name or str(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BadInput(f"The file {name} cannot be read: {error.strerror}.") from error
    if len(content) > LARGEST_FILE:
        raise BadInput(f"The file {name} is larger than {LARGEST_FILE // 1024 // 1024} MiB.")
    try:
        source = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise Faulty([Diagnostic("The file is not UTF-8 text.", Location(name, line, 1))]) from error
    return parse(source, name)


def parse(source: str, name: str) -> Node:
    """Parse the text of one YAML document."""
    try:
        # The loader only makes the node graph here; nothing is constructed.
        root = yaml.compose(source, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        location = Location(name, mark.line + 1, mark.column + 1) if mark else Location(name, 1, 1)
        problem = " ".join(filter(None, (error.context, error.problem)))
        raise Faulty([Diagnostic(f"This is no valid YAML: {problem}.", location)]) from error
    except yaml.reader.ReaderError as error:
        line = source[: error.position].count("\n") + 1
        raise Faulty([Diagnostic(f"This is no valid YAML: {error.reason}.", Location(name, line, 1))]) from error
    if root is None:
        raise Faulty([Diagnostic("The file is empty.", Location(name, 1, 1))])
    return _Reader(source, name).node(root, 0)


class _Reader:
    """Turns PyYAML's nodes into ours; a class for the count it keeps."""

    def __init__(self, source: str, name: str) -> None:
        self.source = source
        self.name = name
        self.count = 0

    def node(self, node: yaml.Node, depth: int) -> Node:
        location = self.place(node)
        self.count += 1
        if self.count > MOST_VALUES or depth > DEEPEST:
            raise Faulty([Diagnostic("The document is too large or too deeply nested.", location)])
        if isinstance(node, yaml.MappingNode):
            return self.fields(node, location, depth)
        if isinstance(node, yaml.SequenceNode):
            return Items(location, tuple(self.node(one, depth + 1) for one in node.value))
        if not isinstance(node, yaml.ScalarNode):
            raise TypeError(f"PyYAML gave a node of an unknown kind: {node.tag}")
        raw = self.source[node.start_mark.index : node.end_mark.index]
        value = _value(node)
        return Text(location, "" if value is None else node.value, value, raw)

    def fields(self, node: yaml.MappingNode, location: Location, depth: int) -> Fields:
        fields: dict[str, Node] = {}
        keys: dict[str, Location] = {}
        for key, value in node.value:
            at = self.place(key)
            if not isinstance(key, yaml.ScalarNode):
                raise Faulty([Diagnostic("A field's name has to be a text.", at)])
            if key.value in fields:
                first = keys[key.value].line
                raise Faulty(
                    [Diagnostic(f"The field {key.value!r} is written twice; the first is in line {first}.", at)]
                )
            fields[key.value] = self.node(value, depth + 1)
            keys[key.value] = at
        return Fields(location, fields, keys)

    def place(self, node: yaml.Node) -> Location:
        return Location(self.name, node.start_mark.line + 1, node.start_mark.column + 1)


def _value(node: yaml.ScalarNode) -> Scalar:
    text: str = node.value
    if node.style is not None:  # quoted or a block: always a text
        return text
    if text in ("", "~", "null", "Null", "NULL"):
        return None
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _NUMBER.fullmatch(text) else text


def texts(node: Node) -> Iterator[Text]:
    """Give every scalar of a value, in the order of the file."""
    if isinstance(node, Text):
        yield node
    elif isinstance(node, Items):
        for one in node.items:
            yield from texts(one)
    else:
        for one in node.fields.values():
            yield from texts(one)


def location_within(node: Text, fragment: str, occurrence: int = 0) -> Location:
    """Give the place of the n-th occurrence of a fragment in a scalar; the scalar's own if it is written otherwise."""
    index = -1
    for _ in range(occurrence + 1):
        index = node.raw.find(fragment, index + 1)
        if index < 0:
            return node.location
    before = node.raw[:index]
    lines = before.count("\n")
    column = index - before.rfind("\n") if lines else node.location.column + index
    return Location(node.location.file, node.location.line + lines, column)


def is_nothing(node: Node) -> bool:
    """Tell whether a value is null, an empty list or an empty map."""
    return (
        (isinstance(node, Text) and node.value is None)
        or (isinstance(node, Items) and not node.items)
        or (isinstance(node, Fields) and not node.fields)
    )
