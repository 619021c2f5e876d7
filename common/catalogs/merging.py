"""Puts entities into a catalog file that is there: what both say is the newer's, and the file's comments stay."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

from common.catalogs.entity import Entity, parse, readable, reference
from common.catalogs.words import Format
from common.document import roundtrip
from common.document.entries import Entry, entries, fill, with_value
from common.errors import Conflict

NOTHING = object()


def merged(there: str, given: str, *, what: str) -> str:
    """Give the file with what the given text says of its entities: fields replaced, lists with what they lack.

    An entity that the file has not yet becomes a document of its own, which IDP 2.0 does not allow: Conflict.
    `what` names the file. Raises BadInput when it is no catalog file, or would be none.
    """
    before, new = parse(there, what=what), parse(given, what="fileContent")
    with readable("fileContent"):
        roots = [roundtrip.parsed(text) for text in _texts(given, len(new))]
    known = {_name(entity): number for number, entity in enumerate(before)}
    for entity in new:
        if _name(entity) not in known and Format.HARNESS in {entity.format, before[0].format}:
            raise Conflict(
                f"{what} holds {reference(before[0])} ({before[0].format.value}), and {reference(entity)}"
                f" ({entity.format.value}) is to be merged into it.",
                next_step="Choose another file, or set catalogFormat to the format that the file has.",
            )
    changes = {known[_name(entity)]: root for entity, root in zip(new, roots, strict=True) if _name(entity) in known}

    def edit(root: Any, number: int) -> Any:
        return put_into(root, changes[number]) if number in changes else None

    with readable(what):
        text = roundtrip.edited(there, edit, functools.partial(_looks, list(changes.values())))
    more = [text for entity, text in zip(new, _texts(given, len(new)), strict=True) if _name(entity) not in known]
    text = "---\n".join(_ended(part) for part in (text, *more)) if more else text
    parse(text, what=what)
    return text


def annotated(text: str, annotations: Mapping[str, str]) -> str:
    """Give the text with these annotations on each of its entities."""
    more = roundtrip.value_of({"metadata": {"annotations": dict(annotations)}})
    with readable("fileContent"):
        return roundtrip.edited(text, lambda root, _: put_into(root, more), functools.partial(_looks, [more]))


def _looks(roots: Sequence[Any], path: tuple[str, ...]) -> bool:
    """Tell whether one of the roots has something at the path, or what takes the place of all that is there."""
    return any(_at(more, path) is not NOTHING for more in roots)


def _at(value: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        value = value.get(key, NOTHING) if isinstance(value, dict) else value
    return value


def put_into(root: Any, more: Any) -> Any:
    """Put the fields of one root into another; None when it has them all."""
    return root if _put(root, root, more) else None


def _put(root: Any, mapping: Any, more: Any) -> bool:
    fields = entries(root, mapping)
    column = min((place[1] for place in (mapping.lc.data or {}).values()), default=0)
    changed = False
    for number, entry in enumerate(fields):
        if entry.key not in more:
            continue
        old, new = entry.value, more[entry.key]
        if isinstance(old, dict) and isinstance(new, dict) and old:
            changed |= _put(root, old, new)
        elif isinstance(old, list) and isinstance(new, list) and old:
            lacking = [item for item in new if item not in old]
            old.extend(lacking)
            changed |= bool(lacking)
        elif old != new:
            fields[number] = with_value(entry, new)
            changed = True
    added = [Entry(key, value) for key, value in more.items() if key not in mapping]
    fill(mapping, [*fields, *added], column=column)
    return changed or bool(added)


def _name(entity: Entity) -> tuple[Format, str, str, str]:
    own = entity.name if entity.format is Format.HARNESS else entity.name.lower()
    return entity.format, entity.kind.lower(), entity.scope, own


def _texts(text: str, number: int) -> list[str]:
    return [text] if number == 1 else roundtrip.split(text)


def _ended(text: str) -> str:
    return text if text.endswith("\n") else f"{text}\n"
