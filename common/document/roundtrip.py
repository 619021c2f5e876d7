"""Edits YAML and keeps what is around the edit: comments, order, quotes, anchors. The library for that is ruamel.yaml.

Every value is a text as it is written (`1.10`, `~`, `yes`), so nothing is read by the rules of one version of YAML and
written by those of another. What the reader (reader.py) refuses is refused here too, before ruamel.yaml sees it.
"""

from __future__ import annotations

import functools
import io
import itertools
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from common.diagnostics import Location
from common.document import NULL, STRING, Node, Scalar, Unreadable, inside, long_texts, reader, scalars, set_aside
from common.document import Mapping as NodeMapping
from common.document import Sequence as NodeSequence
from common.document.entries import fields
from common.document.set_aside import Looks
from common.errors import shown

if TYPE_CHECKING:
    from common.document.kept import Kept

LARGEST = 1_200_000  # characters of a text
MOST_VALUES = 20_000  # that an edit looks at: ruamel.yaml takes some seconds for these
BOM = "\ufeff"
WORDS = frozenset({"null", "~", "true", "false", "yes", "no", "on", "off", "y", "n"})
OCTAL = re.compile(r"0o|[-+]?0[0-9]|[-+]?[0-9.]+e", re.IGNORECASE)  # numbers of one version alone
OTHER_LINES = re.compile("[\x85\u2028\u2029]")
WIDEST = 2**30  # no line is broken anew


class _Edit(NamedTuple):
    """What `edited` is given, for one of the documents."""

    make: Callable[[Any, int], Any]
    number: int
    looks: Looks | None


def edited(text: str, edit: Callable[[Any, int], Any], looks: Looks | None = None) -> str:
    """Give the text with each of its documents as `edit` makes it, called with its root and its number.

    None leaves it as it is, to the byte. What `looks` says that the edit does not look at may be missing in the root,
    with something else in its place, and is not read at all. The edit may be called twice. Raises Unreadable.
    """
    if len(text) > LARGEST:
        problem = f"it has {len(text)} characters, and {LARGEST} are edited at most"
        raise Unreadable(reader.TOO_LARGE, problem, "split it", Location("", 1, 1))
    begin = BOM if text.startswith(BOM) else ""
    line = "\r\n" if "\r\n" in text else "\n"
    plain = text.removeprefix(BOM).replace("\r\n", "\n")
    made, end = [begin], 0
    for number, (node, (start, stop)) in enumerate(_documents(plain)):
        made += [plain[end:start], _edited(plain[start:stop], node, _Edit(edit, number, looks))]
        end = stop
    return "".join([*made, plain[end:]]).replace("\n", line)


def split(text: str) -> list[str]:
    """Give each document of a text, but the empty ones, as a text of its own."""
    line = "\r\n" if "\r\n" in text else "\n"
    plain = text.removeprefix(BOM).replace("\r\n", "\n")
    pieces = (plain[start:stop] for _, (start, stop) in _documents(plain))
    return [piece.lstrip("\n").replace("\n", line) for piece in pieces]


def parsed(text: str) -> Any:
    """Give the root of a text of one document, as ruamel.yaml sees it. The reader must have taken the text."""
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    _check_lines(text)
    short, kept = long_texts.shortened(text)
    if len(short) > MOST_VALUES and (number := sum(map(_size, reader.documents(short)))) > MOST_VALUES:
        problem = f"{number} of its values have to be looked at, and {MOST_VALUES} are at most"
        raise Unreadable(reader.TOO_LARGE, problem, "split it", Location("", 1, 1))
    try:
        root = _with_anchors(_yaml().load(short))
        return long_texts.replaced(root, kept.get) if kept else root
    except YAMLError as error:
        mark = error.problem_mark if isinstance(error, MarkedYAMLError) else None
        place = Location("", mark.line + 1, mark.column + 1) if mark else Location("", 1, 1)
        told = error.problem if isinstance(error, MarkedYAMLError) else error
        problem = f"YAML 1.2 does not allow it ({shown(str(told), quotes=False)})"
        raise Unreadable(reader.NO_YAML, problem, "write it in quotes", place) from error


def _check_lines(text: str) -> None:
    """Raise Unreadable for what ends a line in YAML 1.1 alone: ruamel.yaml would fold it, or break the text anew there.

    Within double quotes it writes U+2028 and U+2029 as escapes, which are the same in both versions.
    """
    if not OTHER_LINES.search(text):
        return
    for scalar in itertools.chain.from_iterable(map(scalars, reader.documents(text))):
        if OTHER_LINES.search(scalar.raw) and not (scalar.raw.startswith('"') and "\x85" not in scalar.raw):
            problem = "a character that ends a line in YAML 1.1 alone (U+0085, U+2028 or U+2029) stands in a text"
            advice = r"write it in double quotes as \N, \L or \P"
            raise Unreadable(reader.AMBIGUOUS, problem, advice, scalar.location)


def written(root: Any, *, mapping: int = 2, offset: int = 0) -> str:
    """Write a root. mapping: how far the fields of a map stand in; offset: the dash of an item of a list."""
    from common.document.kept import Kept

    text, kept = _dumped(root, mapping, offset)
    whole = long_texts.put_back(text, kept)
    if whole is None:  # the lines of one of them stand in less far than they are to move
        long_texts.replaced(root, lambda value: _short_text_of(str(value)) if isinstance(value, Kept) else None)
        whole, _ = _dumped(root, mapping, offset)
    return whole


def _dumped(root: Any, mapping: int, offset: int) -> tuple[str, Mapping[str, Kept]]:
    """Write a root with words for the long texts, and give these by their words."""
    into = io.StringIO()
    yaml = _yaml()
    yaml.indent(mapping=mapping, sequence=offset + 2, offset=offset)
    yaml.representer.kept = {}
    yaml.dump(root, into)
    return into.getvalue(), yaml.representer.kept


def text_of(value: str) -> Any:
    """Give a text as ruamel.yaml has to write it, so that readers of any version of YAML take it for a text."""
    return long_texts.new(value) if len(value) > long_texts.LONG else _short_text_of(value)


def _short_text_of(value: str) -> Any:
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString, LiteralScalarString, PlainScalarString

    is_lines = "\n" in value and not value.startswith((" ", "\n"))
    if is_lines and all(part == part.rstrip() and part.isprintable() for part in value.split("\n")):
        return LiteralScalarString(value)
    return PlainScalarString(value) if _is_plain(value) else DoubleQuotedScalarString(value)


def value_of(value: Any) -> Any:
    """Give a JSON value as ruamel.yaml has to write it."""
    from ruamel.yaml.comments import CommentedMap, CommentedSeq
    from ruamel.yaml.scalarstring import PlainScalarString

    if isinstance(value, dict):
        return CommentedMap({_short_text_of(str(key)): value_of(inner) for key, inner in value.items()})
    if isinstance(value, list):
        return CommentedSeq([value_of(inner) for inner in value])
    if isinstance(value, str):
        return value if hasattr(value, "word") else text_of(value)
    return PlainScalarString(json.dumps(value))


def _edited(piece: str, node: Node, edit: _Edit) -> str:
    begin = piece[: len(piece) - len(piece.lstrip("\n"))]
    short, parts = set_aside.taken_out(piece, edit.looks) if edit.looks else (piece, {})
    root = edit.make(parsed(short), edit.number)
    if root is None:
        return piece
    mapping, offset = _indents(node)
    new = set_aside.put_back(written(root, mapping=mapping, offset=offset), parts)
    if new is None:
        new = written(edit.make(parsed(piece), edit.number), mapping=mapping, offset=offset)
    return begin + (new if piece.endswith("\n") else new.removesuffix("\n"))


def _documents(text: str) -> Iterator[tuple[Node, tuple[int, int]]]:
    """Give each document but the empty ones, and where in the text it is, without the marks before and behind it."""
    import yaml

    roots, spans, end = reader.documents(text), [(0, len(text))], 0
    if re.search(r"^(---|\.\.\.)", text, re.MULTILINE):
        spans = []
        is_fast = reader.is_for_libyaml(text) and "\t" not in text
        for event in yaml.parse(text, Loader=yaml.CSafeLoader if is_fast else yaml.SafeLoader):
            begins: Any = event.start_mark  # PyYAML's marks may be missing by their type alone
            ends: Any = event.end_mark
            if isinstance(event, yaml.DocumentStartEvent):
                start = ends.index if event.explicit else end
            elif isinstance(event, yaml.DocumentEndEvent):
                spans.append((start, begins.index))
                end = ends.index
    return ((root, span) for root, span in zip(roots, spans, strict=False) if root.tag != NULL)


def _size(root: Node) -> int:
    waiting, number = [root], 0
    while waiting:
        node = waiting.pop()
        number += 2 if isinstance(node, NodeMapping) else 1
        waiting.extend(inside(node))
    return number


def _indents(node: Node) -> tuple[int, int]:
    """Give how far maps and the items of lists stand in, by the first of each."""
    mapping = offset = None
    waiting: list[Node] = [node]
    while waiting and (mapping is None or offset is None):
        at = waiting.pop(0)
        if not isinstance(at, NodeMapping):
            continue
        for key, value in at.fields.items():
            step = (value.location.column - at.keys[key].column, value.location.line - at.keys[key].line)
            if isinstance(value, NodeMapping) and value.fields and step[1] > 0 and mapping is None:
                mapping = step[0]
            elif isinstance(value, NodeSequence) and step[1] > 0 and offset is None:
                offset = step[0]
            waiting.append(value)
    return max(mapping or 2, 1), max(offset or 0, 0)


@functools.cache
def _resolver() -> Any:
    from ruamel.yaml.nodes import ScalarNode
    from ruamel.yaml.resolver import VersionedResolver

    class AsWritten(VersionedResolver):
        """Takes every scalar without a tag for a text."""

        def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
            if kind is ScalarNode and implicit[0]:
                return self.DEFAULT_SCALAR_TAG
            return super().resolve(kind, value, implicit)

    return AsWritten


def _yaml() -> Any:
    from ruamel.yaml import YAML

    from common.document.kept import Representer

    made = YAML(typ="rt", pure=True)
    made.preserve_quotes = True
    made.width = WIDEST
    made.Resolver = _resolver()
    made.Representer = Representer
    return made


def _is_plain(value: str) -> bool:
    """Tell whether a text may stand without quotes: both versions of YAML read it as this text, also in brackets."""
    if not value or value != value.strip() or not value.isprintable() or value.lower() in WORDS:
        return False
    try:
        roots = reader.documents(f"[{value}]")
    except Unreadable:
        return False
    items = roots[0].items if len(roots) == 1 and isinstance(roots[0], NodeSequence) else ()
    only = items[0] if len(items) == 1 else None
    return isinstance(only, Scalar) and only.tag == STRING and only.value == value and not OCTAL.match(value)


def _with_anchors(root: Any) -> Any:
    """Have every anchor written, also one that no alias names."""
    waiting, seen = [root], set[int]()
    while waiting:
        value = waiting.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, dict | list):
            anchor: Any = value.yaml_anchor()  # type: ignore[union-attr] # they are ruamel.yaml's own
            if anchor is not None and anchor.value:
                anchor.always_dump = True
            waiting += [inner for _, inner in fields(value)]
    return root
