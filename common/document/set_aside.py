"""Parts of a document that an edit does not look at, kept from ruamel.yaml: it takes seconds for ten thousand values.

A line that stands for them takes the place of whole lines: of fields of a map, or of the items of a list. They come
back as they were when the document is written. What cannot be taken out for sure stays, and ruamel.yaml reads it.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from common.diagnostics import Location
from common.document import Mapping as NodeMapping
from common.document import Node, Scalar, inside, reader
from common.document import Sequence as NodeSequence
from common.document.plain import MERGE

LONG = 10_000  # characters of a document
LEAST = 2_000  # characters of what is taken out
ITEM = ""  # in a path, any item of a list
OTHER_LINES = re.compile("[\r\x85\u2028\u2029]")  # by which the reader counts lines, too
STANDS_FOR = re.compile(r"^ *(?:- (aside[0-9a-f]{24})|(aside[0-9a-f]{24}): 0)$", re.MULTILINE)
NO_BEGIN = frozenset("&!*?{[")  # of a field or an item whose lines are its own
COMMENT = re.compile(r" *(?:#.*)?")

Path: TypeAlias = tuple[str, ...]
Looks: TypeAlias = Callable[[Path], bool]
"""Tells whether an edit looks at the value at a path. For a list or map that means: not at what is in it, too."""


@dataclass(frozen=True)
class Part:
    """Lines that are taken out, and the line that stands for them."""

    lines: str
    instead: str


@dataclass(frozen=True)
class _Source:
    lines: Sequence[str]
    looks: Looks

    def at(self, location: Location) -> str:
        """Give the character there; '' behind the end of a line."""
        return self.lines[location.line - 1][location.column - 1 : location.column]


def taken_out(text: str, looks: Looks) -> tuple[str, Mapping[str, Part]]:
    """Give a text of one document without what an edit does not look at, and this by the words that stand for it."""
    roots = reader.documents(text) if len(text) > LONG and not OTHER_LINES.search(text) else []
    if len(roots) != 1:
        return text, {}
    source = _Source(text.split("\n"), looks)
    made: list[str] = []
    parts: dict[str, Part] = {}
    end = 0
    for start, stop, column, form in _ranges(source, roots[0], (), len(source.lines)):
        lines = "\n".join(source.lines[start:stop])
        if len(lines) < LEAST:
            continue
        word = f"aside{secrets.token_hex(12)}"
        parts[word] = Part(lines, " " * column + form.format(word))
        made += [*source.lines[end:start], parts[word].instead]
        end = stop
    return "\n".join([*made, *source.lines[end:]]), parts


def put_back(text: str, parts: Mapping[str, Part]) -> str | None:
    """Give a written document with the parts in their places; None when one of them does not fit there, or has none."""
    made: list[str] = []
    end = 0
    left = dict(parts)
    for found in STANDS_FOR.finditer(text):
        part = left.pop(found.group(1) or found.group(2), None)
        if part is not None and found.group() == part.instead:
            made += [text[end : found.start()], part.lines]
            end = found.end()
        elif part is not None:
            return None
    return None if left else "".join([*made, text[end:]])


def _ranges(source: _Source, node: Node, path: Path, limit: int) -> Iterator[tuple[int, int, int, str]]:
    """Give the lines that can be taken out of a value that ends before the line `limit`: first, end, column, form."""
    column, line = node.location.column - 1, node.location.line - 1
    if isinstance(node, NodeSequence) and _begins_line(source, node.location, "-"):
        if node.items and not source.looks((*path, ITEM)):
            stop = _end(source, line, limit, column)
            if all(_stands_alone(source, item, line, stop) for item in node.items):
                yield line, stop, column, "- {}"
        return
    if not isinstance(node, NodeMapping) or not _is_block(source, node):
        return
    names = list(node.fields)
    starts = [node.keys[name].line - 1 for name in names]
    first: int | None = None  # line of the fields that are to be taken out together
    for name, start, stop in zip(names, starts, [*starts[1:], limit], strict=True):
        end = _end(source, start, stop, column)
        if not source.looks((*path, name)) and _stands_alone(source, node.fields[name], start, end):
            first, last = start if first is None else first, end
            continue
        if first is not None:
            yield first, last, column, "{}: 0"
            first = None
        if source.looks((*path, name)):
            yield from _ranges(source, node.fields[name], (*path, name), stop)
    if first is not None:
        yield first, last, column, "{}: 0"


def _is_block(source: _Source, node: NodeMapping) -> bool:
    """Tell whether each field of a map begins a line, and nothing but its fields belongs to the map."""
    return (
        bool(node.fields)
        and not node.repeated
        and MERGE not in node.fields
        and node.location == next(iter(node.keys.values()))
        and all(_begins_line(source, at) for at in node.keys.values())
    )


def _begins_line(source: _Source, at: Location, mark: str = "") -> bool:
    first = source.at(at)
    return (
        not source.lines[at.line - 1][: at.column - 1].strip(" ") and first not in NO_BEGIN and first == (mark or first)
    )


def _end(source: _Source, start: int, stop: int, column: int) -> int:
    """Give the line behind a field or list without the comments that stand behind it no further in than the column."""
    while stop - 1 > start:
        line = source.lines[stop - 1]
        if COMMENT.fullmatch(line) is None or ("#" in line and line.index("#") > column):
            break
        stop -= 1
    return stop


def _stands_alone(source: _Source, node: Node, start: int, stop: int) -> bool:
    """Tell whether the lines hold all of a value, and it has no anchor, alias or tag, and no blank lines at its end."""
    waiting = [node]
    while waiting:
        one = waiting.pop()
        keys = tuple(one.keys.values()) if isinstance(one, NodeMapping) else ()
        if any(not start <= at.line - 1 < stop or source.at(at) in ("&", "!") for at in (one.location, *keys)):
            return False
        if isinstance(one, Scalar):
            head = one.raw.partition("\n")[0] if one.raw[:1] in ("|", ">") else ""
            if "+" in head or one.location.line - 1 + one.raw.rstrip().count("\n") >= stop:
                return False
        waiting.extend(inside(one))
    return True
