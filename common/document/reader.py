"""The one reader of YAML: makes a document of a text, or tells with line and column why not.

A hostile text costs no more than its length: nesting is followed without recursion, an alias gives the value that it
names and no copy, what the aliases come to is counted, and a tag is a name that builds nothing. PyYAML is imported when
the first text is read, for steps start without it.
"""

from __future__ import annotations

import contextlib
import functools
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from common.diagnostics import Diagnostic, Invalid, Location
from common.document import NUMBER, Mapping, Node, Scalar, Sequence, Unreadable, repetitions
from common.errors import BadInput, shown

LARGEST = 4 * 1024 * 1024  # characters of a text, and of its scalars when every alias is written out
MOST_VALUES = 100_000
DEEPEST = 100
# libyaml is ten times as fast as PyYAML's own parser and takes a little more: a tab between tokens, `?` in a flow list,
# a comma in a tag, a comment right behind `|`. So it reads what is long and has none of these; tabs it may read within
# quotes on one line, and within a block behind the first character of a line.
LONG = 20_000  # characters
_READ_OTHERWISE = re.compile(
    r"[\x85\u2028\u2029\ufeff]|^%|^[ -]*\?|(?:^|[\s\[{,:-])!(?!=)|^(?=.*[\[{]).*\?|[|>][-+0-9]?#", re.MULTILINE
)
LONGEST_NUMBER = 1_000  # where the platform's own reader ends (Jackson, StreamReadConstraints)

NO_YAML, TOO_LARGE, TOO_DEEP, ENDLESS, AMBIGUOUS = "no YAML", "too large", "nested too deeply", "endless", "ambiguous"
TAG = "tag:yaml.org,2002:"
_TYPED = frozenset({"null", "bool", "int", "float"})
_BLOCK_LIKEWISE = re.compile(r"[|>][^\n\t]*(?:\n(?: *[^ \n\t][^\n]*)?)*")  # blanks alone on a line are read otherwise
_UNUSABLE = re.compile("[\0\ud800-\udfff]")  # no file, variable or request can carry them


def read(path: Path, name: str | None = None) -> Node:
    """Read a file of one document. `name` is how complaints call the file. Raises Invalid or BadInput."""
    name = name or str(path)
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except OSError as error:
        raise BadInput(f"The file {name} cannot be read: {error.strerror}.") from error
    if len(content) > LARGEST:
        told = f"The file is larger than {LARGEST // 1024 // 1024} MiB; split it, or remove what no step needs."
        raise Invalid([Diagnostic(told, Location(name, 1, 1))])
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise Invalid([Diagnostic("The file is not UTF-8 text.", Location(name, line, 1))]) from error
    root = single(text, name)
    if root is None:
        raise Invalid([Diagnostic("The file is empty.", Location(name, 1, 1))])
    return root


def single(text: str, file: str = "") -> Node | None:
    """Read a text of one document, whose maps give no key twice; None when there is none. Raises Unreadable."""
    roots = documents(text, file)
    if len(roots) > 1:
        problem = "a second document begins here, and only one is taken"
        raise Unreadable(NO_YAML, problem, "remove the line --- and what follows", roots[1].location)
    for root in roots:
        for name, location, first in repetitions(root):
            problem = f"the key {shown(name)} was given on line {first.line} already"
            raise Unreadable(AMBIGUOUS, problem, "keep one", location)
    return roots[0] if roots else None


def documents(text: str, file: str = "") -> list[Node]:
    """Read every document of a text. Raises Unreadable at the first error."""
    return [*(_kept if len(text) > LONG else _documents)(text, file)]


def _documents(text: str, file: str) -> list[Node]:
    import yaml

    if len(text) > LARGEST:
        problem = f"it has {len(text)} characters, and {LARGEST} are read at most"
        raise Unreadable(TOO_LARGE, problem, "split it", Location(file, 1, 1))
    if is_for_libyaml(text):
        with contextlib.suppress(yaml.YAMLError):  # which the other parser tells, in its own words
            composer = _Composer(yaml.CSafeLoader(text), text, file)
            roots = composer.documents()
            if composer.tabs == text.count("\t"):
                return roots
    try:
        loader = _loader()(text, file)
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        location = Location(file, before.count("\n") + 1, error.position - before.rfind("\n"))
        problem = f"the character {ord(text[error.position]):#04x} is not allowed in YAML"
        raise Unreadable(NO_YAML, problem, "remove it", location) from error
    try:
        return _Composer(loader, text, file).documents()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        location = Location(file, mark.line + 1, mark.column + 1) if mark else Location(file, 1, 1)
        problem = shown(" ".join(part for part in (error.problem, error.context) if part), quotes=False)
        advice = "check the indentation, the quotes and the colons here"
        raise Unreadable(NO_YAML, problem, "indent with blanks" if r"'\t'" in problem else advice, location) from error
    except (ValueError, OverflowError) as error:  # PyYAML lets them through for "\UFFFFFFFF" and %YAML 1.<5000 digits>
        location = Location(file, loader.line + 1, loader.column + 1)
        raise Unreadable(NO_YAML, "an escape or a directive has too large a number", "correct it", location) from error


_kept = functools.lru_cache(maxsize=2)(_documents)  # a long text is read by its check, and by each of its edits


def is_for_libyaml(text: str) -> bool:
    """Tell whether libyaml reads a long text as PyYAML's own parser does, but for tabs."""
    import yaml

    return len(text) > LONG and yaml.__with_libyaml__ and not _READ_OTHERWISE.search(text)


@functools.cache
def _loader() -> Any:
    """Give PyYAML's safe loader, ended at once by a bracket too many.

    Its scanner is up to 1,024 characters ahead of its events, and at each of them looks at every open bracket.
    """
    import yaml

    class Loader(yaml.SafeLoader):
        def __init__(self, text: str, file: str) -> None:
            super().__init__(text)
            self.file = file

        def fetch_flow_collection_start(self, token: type[yaml.Token]) -> None:
            if self.flow_level >= DEEPEST:
                raise _too_deep(Location(self.file, self.line + 1, self.column + 1))
            super().fetch_flow_collection_start(token)

    return Loader


@dataclass
class _Size:
    """What a value comes to when every alias is written out."""

    values: int = 1
    characters: int = 0
    levels: int = 0

    def add(self, inner: _Size) -> None:
        self.values += inner.values
        self.characters += inner.characters
        self.levels = max(self.levels, inner.levels + 1)


@dataclass
class _Open:
    """A list or map whose end was not read yet; `parts` of a map are keys and values by turns."""

    location: Location
    tag: str
    anchor: str | None
    is_map: bool
    parts: list[Node] = field(default_factory=list)
    size: _Size = field(default_factory=_Size)

    def node(self) -> Node:
        if not self.is_map:
            return Sequence(self.location, tuple(self.parts), self.tag)
        fields: dict[str, Node] = {}
        keys: dict[str, Location] = {}
        repeated: list[tuple[str, Location]] = []
        for key, value in zip(self.parts[::2], self.parts[1::2], strict=True):
            if not isinstance(key, Scalar):
                advice = "write quotes around a value that begins with { or ["
                raise Unreadable(NO_YAML, "a list or map cannot be a key", advice, key.location)
            if key.written in fields:
                repeated.append((key.written, key.location))
            else:
                fields[key.written] = value
                keys[key.written] = key.location
        return Mapping(self.location, fields, keys, tuple(repeated), self.tag)


class _Composer:
    """Makes nodes of PyYAML's events: its parser keeps a stack of its own, where its composer would recurse."""

    def __init__(self, loader: Any, text: str, file: str) -> None:
        self.loader = loader  # PyYAML's methods have no types
        self.text = text
        self.file = file
        self.roots: list[Node] = []
        self.open: list[_Open] = []
        self.anchors: dict[str, tuple[Node, _Size] | None] = {}  # None while the value is open
        self.tabs = 0  # that every reader reads in one way

    def documents(self) -> list[Node]:
        import yaml

        while self.loader.check_event():
            event = self.loader.get_event()
            location = Location(self.file, event.start_mark.line + 1, event.start_mark.column + 1)
            anchor: Any = getattr(event, "anchor", None)
            match event:
                case yaml.DocumentStartEvent():
                    self.anchors = {}
                case yaml.ScalarEvent():
                    self.close(self.scalar(event, location), anchor, _Size(characters=len(event.value)))
                case yaml.AliasEvent():
                    self.put(*self.named(anchor, location), location)
                case yaml.CollectionStartEvent():
                    is_map = isinstance(event, yaml.MappingStartEvent)
                    self.start(_Open(location, _short(event.tag or ("map" if is_map else "seq")), anchor, is_map))
                case yaml.CollectionEndEvent():
                    ended = self.open.pop()
                    self.close(ended.node(), ended.anchor, ended.size)
        return self.roots

    def scalar(self, event: Any, location: Location) -> Scalar:
        import yaml

        written: str = event.value
        tag = _short(event.tag or self.loader.resolve(yaml.ScalarNode, written, event.implicit))
        plain = not event.style and event.tag not in ("!", f"{TAG}str")
        if _UNUSABLE.search(written):
            problem = "an escape stands for NUL or for half of a character"
            raise Unreadable(NO_YAML, problem, "write a character that a text can hold", location)
        if len(written) > LONGEST_NUMBER and (tag in _TYPED or (plain and NUMBER.fullmatch(written))):
            problem = f"a number has at most {LONGEST_NUMBER} digits"
            raise Unreadable(TOO_LARGE, problem, "write it in quotes if it is a text", location)
        raw = self.text[event.start_mark.index : event.end_mark.index]
        if "\t" in raw and event.style and not event.tag and not event.anchor:
            is_likewise = "\n" not in raw if event.style in "'\"" else _BLOCK_LIKEWISE.fullmatch(raw.rstrip(" "))
            self.tabs += raw.count("\t") if is_likewise else 0
        return Scalar(location, written, raw, "str" if tag == "!" else tag, plain)

    def named(self, anchor: str, location: Location) -> tuple[Node, _Size]:
        if anchor not in self.anchors:
            problem = f"nothing before it is named as the alias {shown(f'*{anchor}')} says"
            raise Unreadable(NO_YAML, problem, "write quotes around a text that begins with *", location)
        known = self.anchors[anchor]
        if known is None:
            problem = f"the alias {shown(f'*{anchor}')} stands inside of the value that it names"
            raise Unreadable(ENDLESS, problem, "write out what is meant", location)
        return known

    def start(self, opened: _Open) -> None:
        self.open.append(opened)
        self.check_depth(0, opened.location)
        if opened.anchor is not None:
            self.anchors[opened.anchor] = None

    def close(self, node: Node, anchor: str | None, size: _Size) -> None:
        if anchor is not None:
            self.anchors[anchor] = (node, size)
        self.put(node, size, node.location)

    def put(self, node: Node, size: _Size, location: Location) -> None:
        if not self.open:
            self.roots.append(node)
            return
        self.check_depth(size.levels, location)
        around = self.open[-1]
        around.parts.append(node)
        around.size.add(size)
        if around.size.values > MOST_VALUES or around.size.characters > LARGEST:
            problem = f"it has more than {MOST_VALUES} values or {LARGEST} characters, with its aliases written out"
            raise Unreadable(TOO_LARGE, problem, "split it", location)

    def check_depth(self, levels: int, location: Location) -> None:
        if len(self.open) + levels > DEEPEST:
            raise _too_deep(location)


def _too_deep(location: Location) -> Unreadable:
    return Unreadable(TOO_DEEP, f"it has more than {DEEPEST} levels", "flatten it", location)


def _short(tag: str) -> str:
    return tag.removeprefix(TAG)
