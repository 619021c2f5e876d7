"""Catalog entities: reading their YAML, checking it by common.catalogs.rules, and keeping them. No HTTP here.

An entity is kept as the YAML that was registered; custom properties lie over it (see properties.py) and never
change it. Backstage's YAML is converted to Harness's (IDP 2.0), which names an entity by scope, kind and identifier.
"""

from __future__ import annotations

import functools
import json
import sqlite3
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from common.catalogs.rules import API_VERSIONS, IMPORTED_KINDS, RULES, TEXT, URL, Field, Rule, Shape
from common.catalogs.words import Format
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
_FAST: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # where libyaml is
_NATIVE = next(version for version, written_in in API_VERSIONS.items() if written_in is Format.HARNESS)


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

    @functools.cached_property
    def document(self) -> dict[str, Any]:
        """What the YAML holds. It was read within bounds when it was taken; this reader is ten times as fast."""
        documents = yaml.load_all(self.yaml, Loader=_FAST)
        return next(document for document in documents if document is not None)

    @property
    def ref(self) -> str:
        return f"{self.kind}:{self.scope}/{self.identifier}"


def parse(text: str, *, convert: bool, organization: str | None = None, project: str | None = None) -> Entity:
    """Read an entity from its YAML. `organization` and `project` are where the request wants it, if it says so."""
    document = _load(text)
    version = document.get("apiVersion")
    faults = []
    if isinstance(version, str) and API_VERSIONS.get(version) is Format.BACKSTAGE:
        if not convert:
            raise InvalidEntity(f"apiVersion {version} needs conversion (convert=true).")
        faults = broken_rules(document, Format.BACKSTAGE)
        if not faults:
            document = _converted(document)
            text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True)
    faults = faults or broken_rules(document, Format.HARNESS)
    scope = ["account"]
    for key, wanted in (("orgIdentifier", organization), ("projectIdentifier", project)):
        stated = document.get(key)
        if stated and wanted and stated != wanted:
            faults.append(f"{key} is {stated} in the YAML and {wanted} in the request")
        scope.extend(str(name) for name in (stated or wanted,) if _is_given(name))
    if faults:
        raise InvalidEntity("Invalid entity YAML: " + "; ".join(faults) + ".")
    return Entity(".".join(scope), str(document["kind"]).lower(), str(document["identifier"]), text)


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


def broken_rules(document: dict[str, Any], format: Format) -> list[str]:
    """Tell every rule of the format that the document breaks."""
    rules = RULES[format]
    kind = document["kind"] if isinstance(document.get("kind"), str) else ""
    required = rules.required(kind)
    faults = [f"kind {problem}"] if kind and (problem := rules.kind_problem(kind)) else []
    faults += [f"{key} may not stand at the root" for key in document.keys() - rules.roots if rules.roots]
    for path, rule in rules.fields.items():
        faults += _field_faults(document, path, rule, required=path in required)
        if rule.needs and _is_given(_at(document, path)) and not _is_given(_at(document, rule.needs)):
            faults.append(f"{path} needs {rule.needs}")
    return faults


def _field_faults(document: dict[str, Any], path: str, wanted: Field, *, required: bool) -> list[str]:
    """Check the value at the path; one that is null or blank is as good as none."""
    value = _at(document, path)
    if value is None or (not required and isinstance(value, str) and not value.strip() and wanted.shape is Shape.TEXT):
        nothing_below = wanted.shape is Shape.MAP and path in document
        return [f"{path} is missing"] if required or nothing_below else []
    if wanted.shape in (Shape.TEXTS, Shape.MAP) and not isinstance(value, dict):
        return [f"{path} must be a mapping"]
    if wanted.shape in (Shape.LIST, Shape.LINKS) and not isinstance(value, list):
        return [f"{path} must be a list"]
    if wanted.shape is Shape.LINKS:
        return [fault for number, link in enumerate(value, 1) for fault in _link_faults(f"{path} item {number}", link)]
    if wanted.keys and (wrong := [key for key in map(_key, value) if wanted.keys.problem(key, "")]):
        return [f"{path} has the keys {', '.join(wrong)}, which have not the form"]
    texts = {Shape.TEXT: [value], Shape.LIST: value, Shape.TEXTS: isinstance(value, dict) and value.values()}
    texts[Shape.CONTENT] = [] if _is_placeholder(value) else [value]
    return [fault for text in texts.get(wanted.shape) or [] for fault in _text_faults(path, text, wanted.rule)]


def _key(key: object) -> str:
    """Give a key as JSON, and so the catalog, has it: a number is a text there."""
    return key if isinstance(key, str) else json.dumps(key, default=str)


def _is_given(value: object) -> bool:
    return bool(value.strip() if isinstance(value, str) else value)


def _is_placeholder(value: object) -> bool:
    return isinstance(value, dict) and len(value) == 1 and str(next(iter(value))).startswith("$")


def _link_faults(path: str, link: object) -> list[str]:
    if not isinstance(link, dict):
        return [f"{path} must be a mapping"]
    given = {name: link[name] for name in ("title", "icon") if name in link}
    faults = [fault for name, value in given.items() for fault in _text_faults(f"{path} {name}", value, TEXT)]
    return faults + _text_faults(f"{path} url", link.get("url"), URL)


def _text_faults(path: str, value: object, rule: Rule) -> list[str]:
    problem = rule.problem(value, "write a text") if isinstance(value, str) else "must be a text"
    return [f"{path} {problem}"] if problem else []


def _at(document: dict[str, Any], path: str) -> Any:
    value: object = document
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _converted(document: dict[str, Any]) -> dict[str, Any]:
    """Harness's form of a Backstage entity that is valid."""
    metadata, spec = (dict(document.get(part) or {}) for part in ("metadata", "spec"))
    kind = document["kind"].lower()
    metadata.pop("namespace", None)
    name = metadata.pop("name", None)
    converted: dict[str, Any] = {
        "apiVersion": _NATIVE,
        "kind": IMPORTED_KINDS.get(kind, kind),
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


def remove(state: State, entity: Entity) -> None:
    """Remove an entity."""
    where = "scope = ? AND kind = ? AND identifier = ?"
    with state.database() as database:
        values = (entity.scope, entity.kind, entity.identifier)
        database.execute(f"DELETE FROM entities WHERE {where}", values)  # noqa: S608 - fixed


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
    )
