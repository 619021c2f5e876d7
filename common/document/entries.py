"""The fields of a map in a document of ruamel.yaml, each with the comments that are its own, to be moved together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Entry:
    """A field of a map: `above` are the lines of comment before it, without their indentation; '' is an empty one."""

    key: Any
    value: Any
    above: list[str] = field(default_factory=list)
    after: Any = None  # ruamel.yaml's comment behind it, and further ones inside of it


def entries(root: Any, mapping: Any) -> list[Entry]:
    """Take a map of the document apart, each field with the comments that are its own; first the root itself.

    ruamel.yaml keeps the comment above a field with whatever value ends before it.
    """
    if mapping.fa.flow_style():
        return [Entry(key, value, after=_slot(mapping, key)) for key, value in mapping.items()]
    firsts = _first_places(root)
    column = min((place[1] for place in mapping.lc.data.values()), default=0) if mapping.lc.data else 0
    above = _take_start(root, mapping)
    found: list[Entry] = []
    for key, value in mapping.items():
        own, above = above, []
        slot = mapping.ca.items.get(key)
        own += [mark for token in (slot and slot[1]) or () for mark in _lines(token.value)]
        container, last = _last_leaf(mapping, key, firsts)
        if container is not None:
            is_end = mapping is not root and len(found) == len(mapping) - 1
            above = _take_tail(container, last, column - is_end)
        found.append(Entry(key, value, own, _slot(mapping, key)))
    if above and mapping is root:
        root.ca.end = [*(_comment(mark, 0) for mark in above), *(root.ca.end or [])]
        root.ca.comment = root.ca.comment or [None, None]  # without, ruamel.yaml writes no comment at the end either
    return found


def with_value(entry: Entry, value: Any, key: Any = None) -> Entry:
    """Give the field with another value, or under another name: what stands behind it comes close to it."""
    after = entry.after
    if after and after[0] is not None:
        after = [_comment(after[0].value.removesuffix("\n"), 0), *after[1:]]
    return Entry(entry.key if key is None else key, value, entry.above, after)


def comments_of(entry: Entry) -> list[str]:
    """Give the lines of comment above and behind a field; behind a list or map, what stands next to its name."""
    inner = getattr(entry.value, "ca", None) if hasattr(entry.value, "fa") else None
    after = (inner.comment if inner is not None else entry.after) or [None]
    return entry.above + (_lines(after[0].value) if after[0] is not None else [])


def fill(mapping: Any, fields: list[Entry], *, column: int) -> Any:
    """Put these fields in place of those that a map has, keys at the column, and give it: anchors and aliases stay."""
    for key in list(mapping):
        del mapping[key]
    mapping.ca.items.clear()
    for entry in fields:
        mapping[entry.key] = entry.value
        above = [_comment(mark, column) for mark in entry.above] or None
        inner = getattr(entry.value, "ca", None) if hasattr(entry.value, "fa") else None
        after = (inner.comment if inner is not None else entry.after) or [None, None]
        if above or any(after):
            mapping.ca.items[entry.key] = [None, above, *after]
    return mapping


def fields(container: Any) -> Iterator[tuple[Any, Any]]:
    """Give what a list or map holds, each with its key or number."""
    return iter(container.items() if isinstance(container, dict) else enumerate(container))


def _slot(mapping: Any, key: Any) -> Any:
    slot = mapping.ca.items.get(key)
    return slot[2:] if slot else None


def _first_places(root: Any) -> dict[int, tuple[int, Any]]:
    """Give where each list and map stands first: anywhere else it is an alias, whose comments are not there."""
    places: dict[int, tuple[int, Any]] = {}
    waiting = [root]
    while waiting:
        container = waiting.pop()
        for key, value in fields(container):
            if hasattr(value, "ca") and hasattr(value, "fa") and id(value) not in places:
                places[id(value)] = (id(container), key)
                waiting.append(value)
    return places


def _last_leaf(container: Any, key: Any, firsts: dict[int, tuple[int, Any]]) -> tuple[Any, Any]:
    """Give the list or map, and the place in it, that holds the comment behind a value; None for an alias."""
    while True:
        value = container[key]
        nested = hasattr(value, "ca") and hasattr(value, "fa") and isinstance(value, dict | list)
        if nested and firsts.get(id(value)) != (id(container), key):
            return None, None
        if not nested or not value or value.fa.flow_style():
            return container, key
        container, key = value, (next(reversed(value)) if isinstance(value, dict) else len(value) - 1)


def _token(container: Any, key: Any) -> Any:
    slot = container.ca.items.get(key)
    if not slot:
        return None
    return slot[2] if isinstance(container, dict) else slot[0]


def _take_tail(container: Any, key: Any, column: int) -> list[str]:
    """Cut off the comment lines behind a value that stand at the column or before, and give them."""
    token = _token(container, key)
    if token is None:
        return []
    is_block = type(container[key]).__name__ in ("LiteralScalarString", "FoldedScalarString")
    head, _, rest = ("", "", token.value) if is_block else token.value.partition("\n")
    lines = rest.removesuffix("\n").split("\n") if rest else []
    at = next(
        (number for number, mark in enumerate(lines) if mark.strip() and len(mark) - len(mark.lstrip()) <= column),
        len(lines) if any(mark.strip() for mark in lines) else 0,
    )
    while at and not lines[at - 1].strip():  # empty lines go with what they stand before
        at -= 1
    kept, taken = lines[:at], lines[at:]
    behind = "\n".join([head, *kept]) if not is_block else "\n".join(kept)
    new = _comment(behind, token.start_mark.column) if behind.strip() else None
    slot = container.ca.items[key]
    slot[2 if isinstance(container, dict) else 0] = new
    value = container[key]
    if getattr(getattr(value, "ca", None), "comment", None):
        value.ca.comment[0] = new
    return [mark.strip() for mark in taken]


def _take_start(root: Any, mapping: Any) -> list[str]:
    """Cut off the comment lines between the name of a map and its first field, and give them."""
    if mapping is root or not mapping.ca.comment:
        return []  # those of the whole document stay at its beginning
    behind, before = (*mapping.ca.comment, None)[:2]
    lines: list[str] = []
    if behind is not None:
        head, _, rest = behind.value.partition("\n")
        lines += _lines(rest) if rest else []
        new = _comment(head, behind.start_mark.column) if head.strip() else None
        mapping.ca.comment = [new, None]
    lines += [mark for token in before or () for mark in _lines(token.value)]
    if behind is None:
        mapping.ca.comment = None
    return lines


def _lines(text: str) -> list[str]:
    return [mark.strip() for mark in text.removesuffix("\n").split("\n")]


def _comment(text: str, column: int) -> Any:
    from ruamel.yaml.error import CommentMark
    from ruamel.yaml.tokens import CommentToken

    return CommentToken(f"{text}\n", CommentMark(column if text.strip() else 0), None)
