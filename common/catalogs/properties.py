"""Custom properties of catalog entities: what is asked for, checked offline, and what of it is left to do.

The rules are those of the ingestion API (contract, D.3). Nothing is asked of any service here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from common.errors import BadInput

FIXED = ("kind", "metadata", "metadata.name", "metadata.namespace", "metadata.apis")
MODES = ("replace", "append")
REFERENCE = re.compile(r"(?:[A-Za-z][A-Za-z0-9]*:)?(?:[^\s:/<>]+/)?[^\s:/<>]+")
KEY = re.compile(r'"([^"]+)"|([^."]+)')


@dataclass(frozen=True)
class Change:
    """One property of one entity, with the value it should get (replace) or get more of (append)."""

    entity_ref: str
    path: str
    value: Any
    mode: str


def entity_changes(body: Mapping[str, Any]) -> list[Change]:
    """Read many properties of one entity, in the API's form: properties[], or property, value and mode alone."""
    ref = _text(body.get("entity_ref"))
    asked = [*_maps(body, "properties")]
    if body.get("property") is not None:
        asked.insert(0, dict(body))
    return [_change(ref, one.get("property"), one.get("value"), one.get("mode")) for one in asked]


def property_changes(body: Mapping[str, Any]) -> list[Change]:
    """Read one property of many entities, in the API's form; an entity without a value gets the common one."""
    default = body.get("value")
    return [
        _change(
            _text(one.get("entity_ref")),
            body.get("property"),
            default if one.get("value") is None else one["value"],
            body.get("mode"),
        )
        for one in _maps(body, "entity_refs")
    ]


def check(changes: list[Change]) -> None:
    """Raise BadInput with everything that the API would refuse."""
    faults = list(dict.fromkeys(fault for change in changes for fault in _faults(change)))
    if not changes:
        faults = ["No property is given for any entity"]
    if faults:
        raise BadInput(f"{'; '.join(faults)}.", next_step="Nothing was changed; correct the input and run again.")


def remaining(change: Change, current: Mapping[tuple[str, ...], Any]) -> Change | None:
    """Give what is left to do: None when the entity has it already, and of an append only what it has not yet."""
    path = tuple(keys(change.path))
    if path not in current:
        return change
    held = current[path]
    if change.mode == "replace":
        return None if _same(held, change.value) else change
    if isinstance(held, list) and isinstance(change.value, list):
        missing = [one for one in change.value if not any(_same(one, other) for other in held)]
        return replace(change, value=missing) if missing else None
    if isinstance(held, dict) and isinstance(change.value, dict):
        unlike = {
            name: value for name, value in change.value.items() if name not in held or not _same(held[name], value)
        }
        return replace(change, value=unlike) if unlike else None
    return change


def keys(path: str) -> list[str]:
    """Split a dotted path; a key that holds dots is written in double quotes. Raises ValueError when it is none."""
    found, position = [], 0
    while match := KEY.match(path, position):
        found.append(match.group(1) or match.group(2))
        position = match.end()
        if position == len(path):
            return found
        if path[position] != ".":
            break
        position += 1
    raise ValueError(path)


def _change(ref: str, path: object, value: object, mode: object) -> Change:
    text = _text(path)
    bare = text.removeprefix("<+").removesuffix(">") if text.startswith("<+") else text  # as the portal's form shows it
    return Change(ref, bare, value, _text(mode) or "replace")


def _faults(change: Change) -> Iterable[str]:
    where = f"property {change.path!r} of {change.entity_ref or 'an entity without a reference'}"
    kind, _, rest = change.entity_ref.rpartition(":")
    if not REFERENCE.fullmatch(change.entity_ref) or (rest.startswith(("account/", "account.")) and not kind):
        yield (
            f"{change.entity_ref!r} is no reference of an entity: write kind:account/identifier"
            " (also account.org and account.org.project), or kind:namespace/name in IDP 1.0"
        )
    try:
        path = ".".join(keys(change.path))
    except ValueError:
        yield f"{where} is no dotted path: write it as in metadata.team, keys that hold dots in double quotes"
    else:
        if path in FIXED:
            yield f"{where} may not be changed; the catalog keeps {', '.join(FIXED)} to itself"
    if change.value is None:
        yield f"{where} has no value"
    if change.mode not in MODES:
        yield f"{where} has the mode {change.mode!r}; it can be {' or '.join(MODES)}"
    elif change.mode == "append" and not isinstance(change.value, list | dict | None):
        yield f"{where} can be appended to only with a list or a map; use the mode replace"


def _maps(body: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    found = body.get(name) or []
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise BadInput(f"{name} is no list of maps.", next_step="Write one map per entry.")
    return found


def _text(value: object) -> str:
    return "" if value is None else str(value).strip()


def _same(one: object, other: object) -> bool:
    """Compare as JSON does: true is not 1, and the order of a map's keys does not count."""
    return json.dumps(one, sort_keys=True, default=str) == json.dumps(other, sort_keys=True, default=str)
