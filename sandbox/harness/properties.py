"""Harness IDP: custom properties of catalog entities (/v1/catalog/custom-properties)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import jsonify, request

from sandbox.access import current_state
from sandbox.catalog import entities, properties
from sandbox.harness.api import check_caller, flag, part, read_body, refuse, stop, text

if TYPE_CHECKING:
    from sqlite3 import Connection

    from flask.typing import ResponseReturnValue

    from sandbox.catalog.entities import Entity

property_routes = part("harness_properties")
_PATH = "/v1/catalog/custom-properties"


@dataclass(frozen=True)
class Change:
    """One property of one entity that was written; whether it is a new one."""

    entity_ref: str
    property: str
    adds: bool


def _entity(ref: object) -> Entity:
    if not isinstance(ref, str) or not ref:
        refuse("entity_ref must not be empty.")
    try:
        return entities.by_ref(current_state(), ref)
    except entities.NoSuchEntity:
        stop(404, "RESOURCE_NOT_FOUND", f"Entity {ref} was not found.")


def _change(database: Connection, entity: Entity, path: object, value: object, mode: object) -> Change:
    """Write a property; what a request asks for next builds on it."""
    if not isinstance(path, str):
        refuse("property must not be empty.")
    try:
        adds = not properties.has(database, entity, path)
        kept = str(mode or "replace")
        properties.store(database, entity.ref, path, properties.resulting(database, entity, path, value, kept), kept)
    except properties.InvalidProperty as error:
        refuse(str(error))
    return Change(entity.ref, path, adds)


def _apply(wanted: list[tuple[Entity, object, object, object]]) -> ResponseReturnValue:
    """Make all the changes (entity, path, value, mode) or none; on a dry run none, and tell them."""
    with current_state().database(write_first=True) as database:
        changes = [_change(database, *asked) for asked in wanted]
        if flag("dry_run"):
            database.rollback()
    adds = sum(change.adds for change in changes)
    counts = f"{adds} added, {len(changes) - adds} updated"
    if flag("dry_run"):
        named = ", ".join(f"{change.property} of {change.entity_ref}" for change in changes)
        return jsonify({"status": "SUCCESS", "message": f"Dry run: {counts} ({named})."})
    return jsonify({"status": "SUCCESS", "message": f"Custom properties ingested: {counts}."})


def _list(body: dict[str, Any], name: str) -> list[Any]:
    value = body.get(name) or []
    if not isinstance(value, list):
        refuse(f"{name} must be a list.")
    return value


@property_routes.post(f"{_PATH}/entity")
def ingest_by_entity() -> ResponseReturnValue:
    check_caller(write=True)
    body = read_body()
    entity = _entity(body.get("entity_ref"))
    wanted = _list(body, "properties")
    if body.get("property"):
        wanted = [body, *wanted]
    if not wanted or not all(isinstance(item, dict) for item in wanted):
        refuse("property or properties must not be empty.")
    return _apply([(entity, item.get("property"), item.get("value"), item.get("mode")) for item in wanted])


@property_routes.post(f"{_PATH}/property")
def ingest_by_property() -> ResponseReturnValue:
    check_caller(write=True)
    body = read_body()
    path, targets = text(body, "property"), _list(body, "entity_refs")
    if body.get("entity_ref"):
        targets = [{"entity_ref": body["entity_ref"]}, *targets]
    if not targets or not all(isinstance(target, dict) for target in targets):
        refuse("entity_refs must not be empty.")
    changes: list[tuple[Entity, object, object, object]] = []
    for target in targets:
        own = target.get("value")
        value = body.get("value") if own is None else own
        if value is None:
            refuse(f"There is no value for {target.get('entity_ref')}, and no default value.")
        changes.append((_entity(target.get("entity_ref")), path, value, body.get("mode")))
    return _apply(changes)


@property_routes.delete(f"{_PATH}/entity")
def delete_by_entity() -> ResponseReturnValue:
    check_caller(write=True)
    body = read_body()
    entity = _entity(body.get("entity_ref"))
    return _delete([(entity, path) for path in _texts(body, "property", "properties")])


@property_routes.delete(f"{_PATH}/property")
def delete_by_property() -> ResponseReturnValue:
    check_caller(write=True)
    body = read_body()
    path = text(body, "property")
    return _delete([(_entity(ref), path) for ref in _texts(body, "entity_ref", "entity_refs")])


def _texts(body: dict[str, Any], one: str, many: str) -> list[str]:
    found = [*([body[one]] if body.get(one) else []), *_list(body, many)]
    if not found or not all(isinstance(item, str) for item in found):
        refuse(f"{one} or {many} must not be empty.")
    return found


def _delete(wanted: list[tuple[Entity, str]]) -> ResponseReturnValue:
    """Take properties away; what the YAML holds stays."""
    with current_state().database(write_first=True) as database:
        try:
            there = sum(properties.remove(database, entity.ref, path) for entity, path in wanted)
        except properties.InvalidProperty as error:
            refuse(str(error))
        if flag("dry_run"):
            database.rollback()
    verb = "Dry run: " if flag("dry_run") else "Custom properties deleted: "
    return jsonify({"status": "SUCCESS", "message": f"{verb}{there} of {len(wanted)}."})


@property_routes.get(f"{_PATH}/property")
def read_by_property() -> ResponseReturnValue:
    check_caller()
    path = request.args.get("property", "")
    if not path:
        refuse("property must not be empty.")
    with current_state().database() as database:
        found = properties.of_property(database, path)
    modes = {mode for _, _, mode in found}
    listed = [{"entity_ref": ref, "value": value} for ref, value, _ in found]
    return jsonify({"entity_refs": listed, **({"mode": modes.pop()} if len(modes) == 1 else {})})


@property_routes.get(f"{_PATH}/entity")
def read_by_entity() -> ResponseReturnValue:
    check_caller()
    entity = _entity(request.args.get("entity_ref"))
    with current_state().database() as database:
        found = properties.of_entity(database, entity.ref)
    return jsonify({"properties": [{"property": path, "value": value, "mode": mode} for path, value, mode in found]})
