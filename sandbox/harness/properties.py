"""Harness IDP: custom properties of catalog entities (/v1/catalog/custom-properties)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import jsonify, request

from sandbox.access import current_state
from sandbox.catalog import entities, properties
from sandbox.harness.api import check_caller, flag, harness_api, read_body, refuse, stop, text

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from sandbox.catalog.entities import Entity

_PATH = "/v1/catalog/custom-properties"


@dataclass(frozen=True)
class Change:
    """One property of one entity, with the value that it gets."""

    entity: Entity
    property: str
    value: object
    mode: str
    adds: bool


def _entity(ref: object) -> Entity:
    if not isinstance(ref, str) or not ref:
        refuse("entity_ref must not be empty.")
    try:
        return entities.by_ref(current_state(), ref)
    except entities.NoSuchEntity:
        stop(404, "RESOURCE_NOT_FOUND", f"Entity {ref} was not found.")


def _change(entity: Entity, path: object, value: object, mode: object) -> Change:
    if not isinstance(path, str):
        refuse("property must not be empty.")
    try:
        kept = str(mode or "replace")
        result = properties.resulting(current_state(), entity, path, value, kept)
        return Change(entity, path, result, kept, not properties.has(current_state(), entity, path))
    except properties.InvalidProperty as error:
        refuse(str(error))


def _apply(changes: list[Change]) -> None:
    with current_state().database() as database:
        for change in changes:
            properties.store(database, change.entity.ref, change.property, change.value, change.mode)


def _refs(refs: list[str]) -> dict[str, Any]:
    return {"count": len(refs), "entity_refs": refs}


def _summary(path: str, changes: list[Change]) -> dict[str, Any]:
    return {
        "property": path,
        "entities_with_additions": _refs([change.entity.ref for change in changes if change.adds]),
        "entities_with_updates": _refs([change.entity.ref for change in changes if not change.adds]),
    }


def _done(changes: list[Change]) -> ResponseReturnValue:
    """Store the changes, or only tell them on a dry run."""
    adds = sum(change.adds for change in changes)
    counts = f"{adds} added, {len(changes) - adds} updated"
    if flag("dry_run"):
        named = ", ".join(f"{change.property} of {change.entity.ref}" for change in changes)
        return jsonify({"status": "SUCCESS", "message": f"Dry run: {counts} ({named})."})
    _apply(changes)
    return jsonify({"status": "SUCCESS", "message": f"Custom properties ingested: {counts}."})


def _list(body: dict[str, Any], name: str) -> list[Any]:
    value = body.get(name) or []
    if not isinstance(value, list):
        refuse(f"{name} must be a list.")
    return value


@harness_api.post(f"{_PATH}/entity")
def ingest_by_entity() -> ResponseReturnValue:
    check_caller(write=True)
    body = read_body()
    entity = _entity(body.get("entity_ref"))
    wanted = _list(body, "properties")
    if body.get("property"):
        wanted = [body, *wanted]
    if not wanted or not all(isinstance(item, dict) for item in wanted):
        refuse("property or properties must not be empty.")
    return _done([_change(entity, item.get("property"), item.get("value"), item.get("mode")) for item in wanted])


@harness_api.post(f"{_PATH}/property")
def ingest_by_property() -> ResponseReturnValue:
    check_caller(write=True)
    body = read_body()
    path, targets = text(body, "property"), _list(body, "entity_refs")
    if body.get("entity_ref"):
        targets = [{"entity_ref": body["entity_ref"]}, *targets]
    if not targets or not all(isinstance(target, dict) for target in targets):
        refuse("entity_refs must not be empty.")
    changes = []
    for target in targets:
        own = target.get("value")
        value = body.get("value") if own is None else own
        if value is None:
            refuse(f"There is no value for {target.get('entity_ref')}, and no default value.")
        changes.append(_change(_entity(target.get("entity_ref")), path, value, body.get("mode")))
    return _done(changes)


@harness_api.post(_PATH)
def ingest_by_filter() -> ResponseReturnValue:
    check_caller(write=True)
    body = read_body()
    path = text(body, "property")
    changes = [_change(entity, path, body.get("value"), body.get("mode")) for entity in _filtered(body)]
    if not flag("dry_run"):
        _apply(changes)
    return jsonify(_summary(path, changes))


def _filtered(body: dict[str, Any]) -> list[Entity]:
    wanted = body.get("filter")
    if not isinstance(wanted, dict) or not wanted.get("kind"):
        refuse("filter.kind must not be empty.")
    skipped = {_entity(ref).ref for ref in _list(body, "skip_entity_refs")}
    return [
        entity for entity in entities.every(current_state()) if entity.ref not in skipped and _passes(entity, wanted)
    ]


def _passes(entity: Entity, wanted: dict[str, Any]) -> bool:
    document = properties.overlaid(current_state(), entity)
    metadata, spec = document.get("metadata") or {}, document.get("spec") or {}
    if entity.kind != str(wanted["kind"]).lower():
        return False
    if wanted.get("type") and wanted["type"] != document.get("type"):
        return False
    have = {
        "owners": {document.get("owner")},
        "lifecycle": {spec.get("lifecycle")},
        "tags": set(metadata.get("tags") or []),
    }
    return all(not wanted.get(name) or set(wanted[name]) & values for name, values in have.items())


@harness_api.delete(f"{_PATH}/entity")
def delete_by_entity() -> ResponseReturnValue:
    check_caller(write=True)
    body = read_body()
    entity = _entity(body.get("entity_ref"))
    paths = [path for path in (body.get("property"), *_list(body, "properties")) if path]
    if not paths:
        refuse("property or properties must not be empty.")
    removed = _remove([(entity.ref, str(path)) for path in paths])
    return jsonify({"status": "SUCCESS", "message": f"Custom properties deleted: {len(removed)}."})


@harness_api.delete(f"{_PATH}/property")
def delete_by_property() -> ResponseReturnValue:
    check_caller(write=True)
    body = read_body()
    path = text(body, "property")
    refs = [ref for ref in (body.get("entity_ref"), *_list(body, "entity_refs")) if ref]
    if not refs:
        refuse("entity_refs must not be empty.")
    removed = _remove([(_entity(ref).ref, path) for ref in refs])
    return jsonify({"status": "SUCCESS", "message": f"Custom properties deleted: {len(removed)}."})


@harness_api.delete(_PATH)
def delete_by_filter() -> ResponseReturnValue:
    check_caller(write=True)
    body = read_body()
    path = text(body, "property")
    removed = _remove([(entity.ref, path) for entity in _filtered(body)])
    return jsonify({"property": path, "entities_with_deletion": _refs(removed)})


def _remove(targets: list[tuple[str, str]]) -> list[str]:
    """Return the entities that had the property; nothing is removed on a dry run."""
    state = current_state()
    if flag("dry_run"):
        return [ref for ref, path in targets if path in {known for known, _, _ in properties.of_entity(state, ref)}]
    with state.database() as database:
        return [ref for ref, path in targets if properties.remove(database, ref, path)]


@harness_api.get(f"{_PATH}/entity")
def read_by_entity() -> ResponseReturnValue:
    check_caller()
    entity = _entity(request.args.get("entity_ref"))
    found = properties.of_entity(current_state(), entity.ref)
    return jsonify({"properties": [{"property": path, "value": value, "mode": mode} for path, value, mode in found]})


@harness_api.get(f"{_PATH}/property")
def read_by_property() -> ResponseReturnValue:
    check_caller()
    path = text(dict(request.args.items()), "property")
    found = properties.of_property(current_state(), path)
    answer = {"entity_refs": [{"entity_ref": ref, "value": value} for ref, value, _ in found]}
    return jsonify(answer | ({"mode": found[0][2]} if found else {}))
