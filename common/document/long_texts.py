"""Long texts of a document, kept from ruamel.yaml: it takes seconds for a megabyte, and breaks the lines of some anew.

A short word takes the place of each before ruamel.yaml reads the document, and what was written comes back for it when
the document is written. In between the value is there for whoever looks at it.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from common.document import STRING, Node, Scalar, inside, reader
from common.document import Mapping as NodeMapping
from common.document.plain import MERGE

if TYPE_CHECKING:
    from common.document.kept import Kept

LONG = 10_000  # characters
INDENTED = re.compile(r"[|>][-+]?[1-9]")  # a block whose head says how far in it is; ruamel.yaml moves it further
BEFORE = re.compile(r"(?: *- +)* *")  # a line up to its first key or value
WORD = re.compile("kept[0-9a-f]{24}")  # no document can be made to hold one


def shortened(text: str) -> tuple[str, Mapping[str, Kept]]:
    """Give a text of one document with a word in place of each long text, and by the word what it stands for.

    What is given is a `ScalarString` of ruamel.yaml, with the value of the text. The reader must have taken the text.
    """
    roots = reader.documents(text) if len(text) > LONG or INDENTED.search(text) else []
    if len(roots) != 1:
        return text, {}
    from common.document.kept import Kept  # here: who edits nothing need not wait for ruamel.yaml

    starts = [0, *(found.end() for found in re.finditer("\n", text))]
    kept: dict[str, Kept] = {}
    parts: list[str] = []
    end = 0
    for node in _long(roots[0]):
        line = node.location.line - 1
        begin = starts[line] + node.location.column - 1 if line < len(starts) else 0
        written = _written(node)
        if begin < end or not written or not text.startswith(node.raw, begin):
            continue  # the reader counts lines in another way here
        before = text[starts[line] : begin]
        if "\n" in written and BEFORE.fullmatch(before) and not before.rstrip().endswith("-"):
            continue  # it begins on a line of its own, and its lines stand in further than those after a key would
        word = f"kept{secrets.token_hex(12)}"
        kept[word] = Kept(node.written, word=word, written=written, column=_column(before))
        parts += [text[end:begin], word]
        end = begin + len(written)
    return "".join([*parts, text[end:]]), kept


def put_back(text: str, kept: Mapping[str, Kept]) -> str | None:
    """Give a written document with the long texts in place of their words; None when one of them does not fit there."""
    parts: list[str] = []
    end = 0
    for found in WORD.finditer(text):
        own = kept.get(found.group())
        if own is None:
            continue
        column = _column(text[text.rfind("\n", 0, found.start()) + 1 : found.start()])
        written = _moved(own.written, column - own.column)
        if written is None:
            return None
        parts += [text[end : found.start()], written]
        end = found.end()
    return "".join([*parts, text[end:]])


def replaced(root: Any, instead: Callable[[str], Any]) -> Any:
    """Put something in place of texts of a document of ruamel.yaml, and give the root. instead: None leaves a text."""
    if isinstance(root, str):
        other = instead(root)
        return root if other is None else other
    waiting, seen = [root], set[int]()
    while waiting:
        value = waiting.pop()
        if not isinstance(value, dict | list) or id(value) in seen:
            continue
        seen.add(id(value))
        for key, inner in list(value.items() if isinstance(value, dict) else enumerate(value)):
            if isinstance(inner, str) and (other := instead(inner)) is not None:
                value[key] = other
            else:
                waiting.append(inner)
    return root


def _long(root: Node) -> list[Scalar]:
    """Give the long texts in the order of the file, without those that have an anchor or a tag."""
    waiting: list[Node] = [root]
    seen = set[int]()
    found: list[Scalar] = []
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, NodeMapping) and MERGE in node.fields:
            return []  # whose fields ruamel.yaml shows as those of another map, too
        if isinstance(node, Scalar) and _is_kept(node):
            found.append(node)
        waiting.extend(reversed(inside(node)))
    return found


def _is_kept(node: Scalar) -> bool:
    is_hard = len(node.raw) > LONG or INDENTED.match(node.raw) is not None
    return is_hard and node.tag == STRING and node.raw[0] not in "&!"


def _written(node: Scalar) -> str:
    """Give what is written, of a block without the line end; '' for what depends on what stands around it."""
    if node.raw[0] not in "|>":
        return node.raw
    head, _, _ = node.raw.partition("\n")
    written = node.raw.rstrip("\n")
    last = written[written.rfind("\n") + 1 :]
    return "" if "+" in head or "#" in head or not last.strip(" ") else written


def _column(before: str) -> int:
    """Give where the key, or the dash, stands whose value comes behind it: a block counts its own column from there."""
    found = BEFORE.match(before)
    begin = found.end() if found else 0
    return before.rindex("-") if begin == len(before) and "-" in before else begin


def _moved(written: str, by: int) -> str | None:
    """Give a text of several lines with all but the first so much further in; None where it cannot stand there."""
    if by == 0 or "\n" not in written:
        return written
    first, *lines = written.split("\n")
    if by < 0 and any(line.strip(" ") and not line.startswith(" " * -by) for line in lines):
        return None
    moved = [(" " * by + line if by > 0 else line[-by:]) if line.strip(" ") else line for line in lines]
    return "\n".join([first, *moved])
