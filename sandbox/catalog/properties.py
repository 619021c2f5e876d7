"""Custom properties of entities: values that lie over an entity's YAML. No HTTP here.

A property is a dotted path; dots inside a key are quoted (`metadata.annotations."harness.io/x"`).
"""

from __future__ import annotations

import copy
import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlite3 import Connection

    from sandbox.catalog.entities import Entity

TABLE = """
CREATE TABLE IF NOT EXISTS properties (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    entity_ref TEXT NOT NULL,
    property TEXT NOT NULL,
    value TEXT NOT NULL,
    mode TEXT NOT NULL,
    UNIQUE (entity_ref, property)
);
"""
_KEY = re.compile(r'"([^"]+)"|([^."]+)')
_PATH = re.compile(rf"(?:{_KEY.pattern})(?:\.(?:{_KEY.pattern}))*")
_FIXED = frozenset({"kind", "metadata", "metadata.name", "metadata.namespace", "metadata.apis"})


class InvalidProperty(ValueError):
    """The path is malformed, may not be changed, or the value does not fit the mode."""


def keys(path: str) -> list[str]:
    """Return the keys of a property path."""
    if not _PATH.fullmatch(path):
        raise InvalidProperty(f"Property {path!r} is not a dotted path.")
    found = [quoted or bare for quoted, bare in _KEY.findall(path)]
    if ".".join(found) in _FIXED:
        raise InvalidProperty(f"Property {path!r} can not be changed.")
    return found


def overlaid(database: Connection, entity: Entity) -> dict[str, Any]:
    """Return the entity's document with its custom properties."""
    document = copy.deepcopy(entity.document)
    for path, value, _ in of_entity(database, entity.ref):
        _set(document, keys(path), value)
    return document


def of_entity(database: Connection, ref: str) -> list[tuple[str, Any, str]]:
    """Property, value and mode of each custom property of an entity."""
    query = "SELECT property, value, mode FROM properties WHERE entity_ref = ? ORDER BY id"
    return [(row["property"], json.loads(row["value"]), row["mode"]) for row in database.execute(query, (ref,))]


def resulting(database: Connection, entity: Entity, path: str, value: object, mode: str) -> object:
    """Return the value that the property is going to have; an append builds on what the entity shows now."""
    steps = keys(path)
    if mode == "replace":
        return value
    if mode != "append":
        raise InvalidProperty(f"mode must be replace or append, it is {mode!r}.")
    if not isinstance(value, list | dict):
        raise InvalidProperty(f"Property {path!r}: append takes a list or a map.")
    current = _get(overlaid(database, entity), steps)
    match current, value:
        case None, _:
            return value
        case list(), list():
            return [*current, *value]
        case dict(), dict():
            return {**current, **value}
        case dict(), list() if all(isinstance(part, dict) for part in value):  # as the documentation has it
            return {name: inner for part in (current, *value) for name, inner in part.items()}
    raise InvalidProperty(
        f"Property {path!r} of {entity.ref}: a {_name(value)} can not be appended to a {_name(current)}."
    )


def has(database: Connection, entity: Entity, path: str) -> bool:
    """Whether a write to the property updates something, or adds it."""
    return _get(overlaid(database, entity), keys(path)) is not None


def store(database: Connection, ref: str, path: str, value: object, mode: str) -> None:
    database.execute(
        "INSERT INTO properties (entity_ref, property, value, mode) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (entity_ref, property) DO UPDATE SET value = excluded.value, mode = excluded.mode",
        (ref, _spelt(keys(path)), json.dumps(value), mode),
    )


def of_property(database: Connection, path: str) -> list[tuple[str, Any, str]]:
    """Entity, value and mode of a custom property, wherever it is set."""
    spelt = _spelt(keys(path))
    query = "SELECT entity_ref, value, mode FROM properties WHERE property = ? ORDER BY id"
    return [(row["entity_ref"], json.loads(row["value"]), row["mode"]) for row in database.execute(query, (spelt,))]


def remove(database: Connection, ref: str, path: str) -> bool:
    """Take a custom property away; False when there is none."""
    query = "DELETE FROM properties WHERE entity_ref = ? AND property = ?"
    return database.execute(query, (ref, _spelt(keys(path)))).rowcount > 0


def _spelt(path: list[str]) -> str:
    """Write a path in the one way that it is kept in: quotes only where a key needs them."""
    return ".".join(f'"{key}"' if "." in key else key for key in path)


def _get(document: object, steps: list[str]) -> object:
    for key in steps:
        document = document.get(key) if isinstance(document, dict) else None
    return document


def _set(document: dict[str, Any], steps: list[str], value: object) -> None:
    for key in steps[:-1]:
        inner = document.get(key)
        if not isinstance(inner, dict):
            inner = document[key] = {}
        document = inner
    document[steps[-1]] = value


def _name(value: object) -> str:
    return {list: "list", dict: "map", str: "text", bool: "boolean"}.get(type(value), "number")
