"""A catalog of locations, as Backstage's and that of IDP 1.0 are: files that are read again and again. No HTTP here.

A location is taken without a look at its file. The file is read a moment later, when the catalog is next asked for
anything, and then its entities appear. One that another location has stays with that, in silence.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from common.catalogs.rules import RULES
from common.catalogs.words import Format
from sandbox import yaml_text
from sandbox.catalog import entities, sources

if TYPE_CHECKING:
    from sandbox.state import State

DELAY = 0.3  # seconds until a location that was added, or is to be refreshed, is read
AGAIN = 100.0  # seconds until it is read again by itself
TABLE = """
CREATE TABLE IF NOT EXISTS locations (
    id TEXT PRIMARY KEY,
    catalog TEXT NOT NULL,
    target TEXT NOT NULL,
    due REAL NOT NULL,
    error TEXT NOT NULL,
    UNIQUE (catalog, target)
);
CREATE TABLE IF NOT EXISTS located_entities (
    uid TEXT PRIMARY KEY,
    catalog TEXT NOT NULL,
    ref TEXT NOT NULL,
    location TEXT NOT NULL,
    body TEXT NOT NULL,
    UNIQUE (catalog, ref)
);
"""
ORIGIN, MANAGED_BY = "backstage.io/managed-by-origin-location", "backstage.io/managed-by-location"


class Invalid(ValueError):
    """The file, or an entity of it, is not valid; the message begins with the name of Backstage's error."""


class LocationExists(Exception):
    """The catalog has a location of that target."""


class NoSuchLocation(LookupError):
    """The catalog has no location of that id."""


@dataclass(frozen=True)
class Location:
    """A registered location. `error` is what was wrong when it was last read."""

    id: str
    target: str
    error: str = ""

    @property
    def ref(self) -> str:
        return f"location:default/{self.name}"

    @property
    def name(self) -> str:
        """The name of its entity, as Backstage derives it (locationSpecToMetadataName)."""
        return f"generated-{hashlib.sha1(f'url:{self.target}'.encode(), usedforsecurity=False).hexdigest()}"

    def entity(self) -> dict[str, Any]:
        """Give the entity of the location itself."""
        entity: dict[str, Any] = {
            "apiVersion": "backstage.io/v1alpha1",
            "kind": "Location",
            "metadata": {"name": self.name, "namespace": "default", "annotations": _annotations(self.target)},
            "spec": {"type": "url", "target": self.target},
        }
        if self.error:
            message = {"type": "backstage.io/catalog-processing", "level": "error", "message": self.error}
            name, _, words = self.error.partition(": ")
            entity["status"] = {"items": [message | {"error": {"name": name, "message": words}}]}
        return entity


@dataclass(frozen=True)
class Catalog:
    """One catalog of this kind in the sandbox. host: where the sandbox is reached."""

    state: State
    name: str
    host: str

    def read(self, target: str) -> list[dict[str, Any]]:
        """Read the file of a location and give its entities. Raises Invalid, sources.NotReadable."""
        _, text = sources.read(self.state, target, self.host)
        try:
            documents = [document for document in yaml_text.load_all(text) if document is not None]
        except yaml_text.UnreadableYaml as error:
            raise Invalid(f"Error: YAML error at url:{target}, YAMLParseError: {error}") from error
        return [checked(document, target) for document in documents]

    def add(self, target: str) -> Location:
        found = Location(str(uuid.uuid4()), target)
        try:
            with self.state.database() as database:
                database.execute(
                    "INSERT INTO locations VALUES (?, ?, ?, ?, '')", (found.id, self.name, target, time.time() + DELAY)
                )
        except sqlite3.IntegrityError as error:
            raise LocationExists(target) from error
        return found

    def refresh(self, location: Location) -> None:
        """Have the file read soon."""
        with self.state.database() as database:
            database.execute("UPDATE locations SET due = ? WHERE id = ?", (time.time() + DELAY, location.id))

    def remove(self, location_id: str) -> None:
        """Remove a location and its entities."""
        found = self.location(location_id)
        with self.state.database() as database:
            database.execute("DELETE FROM located_entities WHERE location = ?", (found.id,))
            database.execute("DELETE FROM locations WHERE id = ?", (found.id,))

    def locations(self) -> list[Location]:
        query = "SELECT * FROM locations WHERE catalog = ? ORDER BY rowid"
        with self.state.database() as database:
            return [_location(row) for row in database.execute(query, (self.name,))]

    def location(self, location_id: str) -> Location:
        found = next((known for known in self.locations() if known.id == location_id), None)
        if found is None:
            raise NoSuchLocation(location_id)
        return found

    def at(self, target: str) -> Location | None:
        return next((known for known in self.locations() if known.target == target), None)

    def entities(self) -> dict[str, dict[str, Any]]:
        """Give every entity by its reference, after every location that is due was read."""
        self._process()
        query = "SELECT ref, body FROM located_entities WHERE catalog = ? ORDER BY rowid"
        with self.state.database() as database:
            return {row["ref"]: json.loads(row["body"]) for row in database.execute(query, (self.name,))}

    def owner(self, ref: str) -> Location | None:
        """Give the location that an entity came from."""
        query = "SELECT location FROM located_entities WHERE catalog = ? AND ref = ?"
        with self.state.database() as database:
            row = database.execute(query, (self.name, ref)).fetchone()
        return self.location(row["location"]) if row else None

    def remove_entity(self, uid: str) -> bool:
        """Remove an entity, and with that of a location what came from it. False when there is none of that id.

        The location itself stays, and brings them back when it is read again.
        """
        with self.state.database() as database:
            row = database.execute("SELECT ref, location FROM located_entities WHERE uid = ?", (uid,)).fetchone()
            database.execute("DELETE FROM located_entities WHERE uid = ?", (uid,))
            if row and row["ref"].startswith("location:"):
                database.execute("DELETE FROM located_entities WHERE location = ?", (row["location"],))
        return row is not None

    def _process(self) -> None:
        now = time.time()
        query = "SELECT * FROM locations WHERE catalog = ? AND due <= ? ORDER BY due"
        with self.state.database() as database:
            due = [_location(row) for row in database.execute(query, (self.name, now)).fetchall()]
        for location in due:
            error, found = "", []
            try:
                found = self.read(location.target)
            except (Invalid, sources.NotReadable) as problem:
                error = str(problem)
            self._keep(Location(location.id, location.target, error), found, due=now + AGAIN)

    def _keep(self, location: Location, found: list[dict[str, Any]], *, due: float) -> None:
        kept = {entity_ref(entity): entity for entity in (location.entity(), *found)}
        with self.state.database(write_first=True) as database:
            update = "UPDATE locations SET due = ?, error = ? WHERE id = ?"
            database.execute(update, (due, location.error, location.id))
            if not location.error:
                for row in database.execute("SELECT uid, ref FROM located_entities WHERE location = ?", (location.id,)):
                    if row["ref"] not in kept:
                        database.execute("DELETE FROM located_entities WHERE uid = ?", (row["uid"],))
            for ref, entity in kept.items():
                uid = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.name} {ref}"))
                entity["metadata"] |= {"uid": uid, "etag": hashlib.sha1(json.dumps(entity).encode()).hexdigest()}  # noqa: S324
                entity["relations"] = list(relations(entity))
                database.execute(
                    "INSERT INTO located_entities VALUES (?, ?, ?, ?, ?) ON CONFLICT (catalog, ref) DO UPDATE"
                    " SET body = excluded.body WHERE location = excluded.location",
                    (uid, self.name, ref, location.id, json.dumps(entity)),
                )


def checked(document: object, target: str) -> dict[str, Any]:
    """Give an entity with what the catalog adds to it. Raises Invalid in Backstage's words."""
    if not isinstance(document, dict) or not isinstance(document.get("metadata", {}), dict):
        raise Invalid(f"InputError: Policy check failed; caused by Error: no entity at url:{target}")
    metadata = dict(document.get("metadata") or {})
    ref = entity_ref(document)
    kinds = RULES[Format.BACKSTAGE].kinds
    faults = entities.broken_rules(document, Format.BACKSTAGE)
    if outside := [fault for fault in faults if not fault.startswith("spec")]:
        raise Invalid(f"InputError: Policy check failed for {ref}; caused by Error: {'; '.join(outside)}")
    if document["kind"] not in kinds:
        raise Invalid(
            f"NotAllowedError: Entity {ref} at url:{target}, originated at url:{target}, is not of an allowed kind for"
            " that location"
        )
    if faults:
        raise Invalid(
            "InputError: Processor BuiltinKindsEntityProcessor threw an error while validating the entity"
            f" {ref}; caused by TypeError: {'; '.join(faults)}"
        )
    given = {name: value for name, value in (metadata.get("annotations") or {}).items() if value is not None}
    metadata |= {
        "namespace": metadata.get("namespace") or "default",
        "annotations": {**given, **_annotations(target)},
    }
    return {**document, "metadata": metadata}


def relations(entity: dict[str, Any]) -> Iterator[dict[str, str]]:
    """Give the relations that follow from the spec, from this entity's side."""
    spec = entity.get("spec") or {}
    for field, (kind, name) in RELATIONS.items():
        value = spec.get(field) if isinstance(spec, dict) else None
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str) and text.strip():
                yield {"type": name, "targetRef": full_ref(text, kind)}


RELATIONS = {  # field of the spec -> the kind that a bare name means, and what the relation is called
    "owner": ("group", "ownedBy"),
    "system": ("system", "partOf"),
    "domain": ("domain", "partOf"),
    "subcomponentOf": ("component", "partOf"),
    "dependsOn": ("component", "dependsOn"),
    "providesApis": ("api", "providesApi"),
    "consumesApis": ("api", "consumesApi"),
}


def full_ref(text: str, kind: str) -> str:
    """Give a reference with all its parts, in lower case."""
    own, colon, rest = text.rpartition(":")
    namespace, _, name = rest.rpartition("/")
    return f"{own if colon else kind}:{namespace or 'default'}/{name}".lower()


def entity_ref(entity: dict[str, Any]) -> str:
    """Give the reference of an entity, in lower case."""
    metadata = entity.get("metadata") or {}
    return f"{entity.get('kind')}:{metadata.get('namespace') or 'default'}/{metadata.get('name')}".lower()


def _annotations(target: str) -> dict[str, str]:
    return {ORIGIN: f"url:{target}", MANAGED_BY: f"url:{target}"}


def _location(row: sqlite3.Row) -> Location:
    return Location(row["id"], row["target"], row["error"])
