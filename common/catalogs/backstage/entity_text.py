"""Properties in the YAML of entities: what is left to do in a file, and the file with that done, comments kept."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from common.catalogs.entity import located_reference, parse
from common.catalogs.properties import Change, appended, keys, named, remaining, same
from common.document import NULL, Unreadable, plain, reader, roundtrip
from common.document.roundtrip import Entry, entries, fill, with_value
from common.errors import BadInput, Conflict, Refused

NO_KEY = "\0"  # the reader refuses such a text
BY_HAND = "Nothing was changed; correct the value, or edit the file by hand."


def changed(text: str, wanted: Mapping[str, Sequence[Change]], *, what: str) -> tuple[str, list[Change]]:
    """Give the file with the changes that its entities have not yet, and these changes.

    wanted: by the entity's reference in full and in lower case; `what` names the file. Raises BadInput when it is no
    catalog file, or would be none; Conflict for what cannot be done in it.
    """
    names = [located_reference(entity) for entity in parse(text, what=what)]
    documents = [plain.of_node(root) for root in reader.documents(text) if root.tag != NULL]
    due = {
        number: [left for change in wanted.get(name, ()) if (left := _left(change, documents[number], what))]
        for number, name in enumerate(names)
    }

    def edit(root: Any, number: int) -> Any:
        for one in due[number]:
            _check_not_shared(root, keys(one.path), what)
            _put(root, root, keys(one.path), one)
        return root if due[number] else None

    places = [place for of_it in due.values() for one in of_it for place in _places(one)]

    def looks(path: tuple[str, ...]) -> bool:
        return any(path[: len(place)] == place or place[: len(path)] == path for place in places)

    expected = [_with(document, due[number]) for number, document in enumerate(documents)]
    try:
        new = roundtrip.edited(text, edit, looks) if any(due.values()) else text
        made = [plain.of_node(root) for root in reader.documents(new) if root.tag != NULL]
    except Unreadable as error:  # a value that YAML has no form for, or a file that is too large with it
        raise BadInput(f"With the change, {what} is {error.verdict}: {error.problem}.", next_step=BY_HAND) from error
    if not same(made, expected):
        raise Refused(f"{what} cannot be edited so that nothing else of it changes.", next_step=BY_HAND)
    parse(new, what=f"With the change, {what}")
    return new, [one for of_it in due.values() for one in of_it]


def _places(change: Change) -> list[tuple[str, ...]]:
    """Give the paths whose values a change replaces; an append lets what is there be."""
    path = tuple(keys(change.path))
    if change.mode != "append":
        return [path]
    return [(*path, name) for name in appended({}, change.value) or [NO_KEY]]


def _left(change: Change, document: Any, what: str) -> Change | None:
    path = keys(change.path)
    held = document
    for number, key in enumerate(path):
        if held is not None and not isinstance(held, dict):
            raise Conflict(
                f"{named([change])} cannot be changed: {'.'.join(path[:number])} in {what} is no map.",
                next_step=BY_HAND,
            )
        held = (held or {}).get(key)
    left = remaining(change, {} if held is None else {tuple(path): held})
    if left is not None and left.mode == "append" and held is not None and appended(held, left.value) is None:
        raise Conflict(
            f"Nothing can be appended to {named([change])}: {what} holds neither a list nor a map there.",
            next_step="Nothing was changed; use the mode replace, or append to another property.",
        )
    return None if left is None else replace(left, adds=held is None)


def _with(document: Any, due: Sequence[Change]) -> Any:
    """Give a document as it is to be after the changes."""
    document = copy.deepcopy(document)
    for one in due:
        *above, last = keys(one.path)
        inner = document
        for key in above:
            if inner.get(key) is None:
                inner[key] = {}
            inner = inner[key]
        if one.mode == "delete":
            del inner[last]
        else:
            held = inner.get(last) if one.mode == "append" else None
            inner[last] = one.value if held is None else appended(held, one.value)
    return document


def _put(root: Any, mapping: Any, path: Sequence[str], change: Change) -> None:
    """Make one change in a map of the document, and in those below it."""
    fields = entries(root, mapping)
    column = min((place[1] for place in (mapping.lc.data or {}).values()), default=0)
    key, below = path[0], path[1:]
    at = next((number for number, entry in enumerate(fields) if entry.key == key), None)
    if at is not None and below and isinstance(fields[at].value, dict) and fields[at].value:
        _put(root, fields[at].value, below, change)
    elif change.mode == "delete":
        del fields[at if at is not None else len(fields)]
    elif at is not None and not below and change.mode == "append" and isinstance(fields[at].value, list | dict):
        together = _together(fields[at].value, change.value)
        fields[at] = with_value(fields[at], together) if together is not fields[at].value else fields[at]
    else:
        value = roundtrip.value_of(_nested(below, change.value))
        if at is None:
            fields.append(Entry(key, value))
        else:
            fields[at] = with_value(fields[at], value)
    fill(mapping, fields, column=column)


def _together(held: Any, more: Any) -> Any:
    """Append to a list or map where it is, so that its comments stay; an empty one is written anew."""
    if not held:
        return roundtrip.value_of(appended([] if isinstance(held, list) else {}, more))
    if isinstance(held, list):
        held.extend(roundtrip.value_of(more))
    else:
        held.update(roundtrip.value_of(appended({}, more)))
    return held


def _nested(path: Sequence[str], value: Any) -> Any:
    for key in reversed(path):
        value = {key: value}
    return value


def _check_not_shared(root: Any, path: Sequence[str], what: str) -> None:
    """Raise Conflict when the place is written once for several: a change there would change the others too."""
    uses: Counter[int] = Counter()
    waiting = [root]
    while waiting:
        container = waiting.pop()
        for value in container.values() if isinstance(container, dict) else container:
            if isinstance(value, dict | list):
                uses[id(value)] += 1
                waiting += [value] if uses[id(value)] == 1 else []
    inner = root
    for number, key in enumerate(path):
        inner = inner.get(key) if isinstance(inner, dict) else None
        if uses[id(inner)] > 1:
            shared = ".".join(path[: number + 1])
            raise Conflict(f"{shared} in {what} is written once for several places, by an anchor.", next_step=BY_HAND)
