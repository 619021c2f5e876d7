"""Catalog entities: reading their YAML, its rules, and keeping them. No HTTP here.

An entity is kept as the YAML that was registered; custom properties lie over it (see properties.py) and never
change it. Backstage's YAML is converted to Harness's (IDP 2.0), which names an entity by scope, kind and identifier.
"""

from __future__ import annotations

import json
import re
import sqlite3
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from sandbox import yaml_text

if TYPE_CHECKING:
    from sandbox.state import State

TABLE = """
CREATE TABLE IF NOT EXISTS entities (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    scope TEXT NOT NULL,
    kind TEXT NOT NULL,
    identifier TEXT NOT NULL,
    yaml TEXT NOT NULL,
    git_details TEXT,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    UNIQUE (scope, kind, identifier)
);
"""
KINDS = ("api", "component", "group", "resource", "user", "workflow", "environmentblueprint", "environment", "system")
_NATIVE = "harness.io/v1"
_BACKSTAGE = "backstage.io/v1alpha1"
_BACKSTAGE_TEMPLATE = "scaffolder.backstage.io/v1beta3"
_IDENTIFIER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_$.-]{0,127}")
_REQUIRED: dict[str, tuple[str, ...]] = {
    "api": ("type", "owner", "spec.lifecycle"),
    "component": ("type", "owner", "spec.lifecycle"),
    "group": ("type",),
    "resource": ("type", "owner"),
    "system": ("owner",),
    "workflow": ("type", "owner"),
}


class InvalidEntity(ValueError):
    """The YAML is none, or breaks a rule of the catalog; the message names every broken rule."""


class EntityExists(Exception):
    """The scope has an entity of that kind and identifier."""


class NoSuchEntity(LookupError):
    """No entity has that reference."""


@dataclass(frozen=True)
class Entity:
    """A registered entity. Times in milliseconds since 1970."""

    scope: str
    kind: str
    identifier: str
    yaml: str
    git_details: dict[str, Any] | None = None
    created: int = 0
    updated: int = 0
    document: dict[str, Any] = field(default_factory=dict)

    @property
    def ref(self) -> str:
        return f"{self.kind}:{self.scope}/{self.identifier}"


def parse(text: str, *, convert: bool, organization: str | None = None, project: str | None = None) -> Entity:
    """Read an entity from its YAML. `organization` and `project` are where the request wants it, if it says so."""
    document = _load(text)
    if document.get("apiVersion") in (_BACKSTAGE, _BACKSTAGE_TEMPLATE):
        if not convert:
            raise InvalidEntity(f"apiVersion {document['apiVersion']} needs conversion (convert=true).")
        document = _converted(document)
        text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True)
    faults = _faults(document)
    scope = ["account"]
    for key, wanted in (("orgIdentifier", organization), ("projectIdentifier", project)):
        stated = document.get(key)
        if stated and wanted and stated != wanted:
            faults.append(f"{key} is {stated} in the YAML and {wanted} in the request")
        scope.extend(str(name) for name in (stated or wanted,) if name)
    if faults:
        raise InvalidEntity("Invalid entity YAML: " + "; ".join(faults) + ".")
    return Entity(".".join(scope), str(document["kind"]).lower(), str(document["identifier"]), text, document=document)


def _load(text: str) -> dict[str, Any]:
    try:
        documents = [document for document in yaml_text.load_all(text) if document is not None]
    except yaml_text.UnreadableYaml as error:
        raise InvalidEntity(f"The file is not valid YAML: {error}") from error
    if len(documents) != 1:
        raise InvalidEntity(f"The file must hold exactly one entity, it holds {len(documents)}.")
    if not isinstance(documents[0], dict):
        raise InvalidEntity("The file must hold a mapping with apiVersion and kind.")
    return documents[0]


def _faults(document: dict[str, Any]) -> list[str]:
    faults = []
    if document.get("apiVersion") != _NATIVE:
        faults.append(f"apiVersion must be {_NATIVE}, it is {document.get('apiVersion')}")
    kind = str(document.get("kind", "")).lower()
    if kind not in KINDS:
        faults.append(f"kind must be one of {', '.join(KINDS)}, it is {document.get('kind')}")
    if not _IDENTIFIER.fullmatch(str(document.get("identifier") or "")):
        faults.append(f"identifier {document.get('identifier')!r} is missing or has characters that are not allowed")
    parts = [part for part in ("spec", "metadata") if not isinstance(document.get(part, {}), dict)]
    faults += [f"{part} must be a mapping" for part in parts]
    faults += [f"{path} is missing" for path in _REQUIRED.get(kind, ()) if not _at(document, path)]
    return faults


def _at(document: dict[str, Any], path: str) -> object:
    value: object = document
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _converted(document: dict[str, Any]) -> dict[str, Any]:
    """Harness's form of a Backstage entity."""
    if wrong := [part for part in ("spec", "metadata") if not isinstance(document.get(part) or {}, dict)]:
        raise InvalidEntity(f"Invalid entity YAML: {' and '.join(wrong)} must be a mapping.")
    metadata, spec = (dict(document.get(part) or {}) for part in ("metadata", "spec"))
    kind = str(document.get("kind", "")).lower()
    metadata.pop("namespace", None)
    name = metadata.pop("name", None)
    converted: dict[str, Any] = {
        "apiVersion": _NATIVE,
        "kind": "workflow" if kind == "template" else kind,
        "identifier": name,
        "name": metadata.pop("title", None) or name,
        "type": spec.pop("type", None),
        "owner": spec.pop("owner", None),
        "spec": spec,
        "metadata": metadata,
    }
    if isinstance(spec.get("system"), str):
        spec["system"] = [spec["system"]]
    return {key: value for key, value in converted.items() if value not in (None, {})}


def add(state: State, entity: Entity) -> Entity:
    now = int(time.time() * 1000)
    details = None if entity.git_details is None else json.dumps(entity.git_details)
    values = (entity.scope, entity.kind, entity.identifier, entity.yaml, details, now, now)
    try:
        with state.database() as database:
            database.execute(
                "INSERT INTO entities (scope, kind, identifier, yaml, git_details, created, updated)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                values,
            )
    except sqlite3.IntegrityError as error:
        raise EntityExists(entity.ref) from error
    return get(state, entity.scope, entity.kind, entity.identifier)


def get(state: State, scope: str, kind: str, identifier: str) -> Entity:
    with state.database() as database:
        row = database.execute(
            "SELECT * FROM entities WHERE scope = ? AND kind = ? AND identifier = ?", (scope, kind.lower(), identifier)
        ).fetchone()
    if row is None:
        raise NoSuchEntity(f"{kind.lower()}:{scope}/{identifier}")
    return _entity(row)


def exists(state: State, entity: Entity) -> bool:
    try:
        get(state, entity.scope, entity.kind, entity.identifier)
    except NoSuchEntity:
        return False
    return True


def every(state: State) -> list[Entity]:
    """Return every entity, the newest first."""
    with state.database() as database:
        return [_entity(row) for row in database.execute("SELECT * FROM entities ORDER BY id DESC").fetchall()]


def by_ref(state: State, ref: str) -> Entity:
    """Find an entity by `kind:account[.org[.project]]/identifier`, or by Backstage's `[kind:][namespace/]name`.

    The former is exact, the latter without regard to case; its namespace `default` is the account.
    """
    kind, _, rest = ref.rpartition(":")
    scope, _, name = rest.rpartition("/")
    kind = (kind or "component").lower()
    if scope.partition(".")[0] == "account":
        return get(state, scope, kind, name)
    for entity in every(state):
        same_name = entity.identifier.lower() == name.lower()
        if same_name and entity.kind == kind and (scope or "default").lower() in ("default", entity.scope.lower()):
            return entity
    raise NoSuchEntity(ref)


def _entity(row: sqlite3.Row) -> Entity:
    return Entity(
        scope=row["scope"],
        kind=row["kind"],
        identifier=row["identifier"],
        yaml=row["yaml"],
        git_details=json.loads(row["git_details"]) if row["git_details"] else None,
        created=row["created"],
        updated=row["updated"],
        document=_load(row["yaml"]),
    )
