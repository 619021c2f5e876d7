"""Backstage's catalog API (plugin-catalog-backend), as far as the steps and commands use it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NoReturn

from flask import Blueprint, Response, g, jsonify, request
from werkzeug.exceptions import HTTPException

from sandbox.access import current_state, json_body, recognise
from sandbox.backstage import access
from sandbox.catalog import locations, sources
from sandbox.catalog.locations import Catalog, Location
from sandbox.harness import access as harness_access

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from sandbox.service import Caller

_NAMES = {
    400: "InputError",
    401: "AuthenticationError",
    403: "NotAllowedError",
    404: "NotFoundError",
    409: "ConflictError",
}


class BackstageError(Exception):
    """An error answer."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def stop(status: int, message: str) -> NoReturn:
    raise BackstageError(status, message)


def _answer(status: int, message: str) -> tuple[Response, int]:
    error = {"name": _NAMES.get(status, "Error"), "message": message}
    asked = {"method": request.method, "url": request.full_path.rstrip("?")}
    return jsonify({"error": error, "request": asked, "response": {"statusCode": status}}), status


def _answer_error(error: BackstageError) -> tuple[Response, int]:
    return _answer(error.status, str(error))


def _answer_http_error(error: HTTPException) -> tuple[Response, int]:
    return _answer(error.code or 500, error.description or error.name)


def _check(caller: Caller, *, writes: bool) -> None:
    if not caller.known:
        stop(401, "Illegal token" if caller.sent else "Missing credentials")
    if writes and not caller.may_write:
        stop(403, "Unauthorized")


catalog_routes = Blueprint("backstage_catalog", __name__)
"""Served twice: as Backstage's own, and below the account as that of IDP 1.0."""

catalog_routes.register_error_handler(BackstageError, _answer_error)
catalog_routes.register_error_handler(HTTPException, _answer_http_error)


@catalog_routes.url_value_preprocessor
def take_account(_endpoint: str | None, values: dict[str, Any] | None) -> None:
    """Keep the account of IDP 1.0 from the functions, which are the same for both."""
    g.account = (values or {}).pop("account", None)


def _opened(writes: bool) -> Catalog:
    """Open the catalog that the request is for, after a check of who asks."""
    if g.account is None:
        _check(recognise("backstage", access.caller), writes=writes)
        return Catalog(current_state(), "backstage", request.host)
    _check(recognise("harness", harness_access.caller), writes=writes)
    if g.account != current_state().credentials["harness"].account:
        stop(403, f"The credentials do not belong to the account {g.account}.")
    return Catalog(current_state(), "idp1", request.host)


@catalog_routes.post("/locations")
def add_location() -> ResponseReturnValue:
    body = _body("type", "target")
    if (conflict := request.args.get("onConflict", "reject")) not in ("refresh", "reject"):
        allowed = "request/query/onConflict must be equal to one of the allowed values: refresh, reject"
        stop(400, f"{allowed} ({conflict})")
    catalog = _opened(True)
    if body["type"] != "url":
        stop(400, 'Registered locations must be of an allowed type ["url"]')
    target = body["target"]
    if request.args.get("dryRun") == "true":
        return _dry_run(catalog, target)
    try:
        added = catalog.add(target)
    except locations.LocationExists:
        there = catalog.at(target)
        if conflict == "reject" or there is None:
            stop(409, f"Location url:{target} already exists")
        catalog.refresh(there)
        added = there
    return jsonify({"location": _shown(added), "entities": []}), 201


@catalog_routes.get("/locations")
def list_locations() -> ResponseReturnValue:
    return jsonify([{"data": _shown(known)} for known in _opened(False).locations()])


@catalog_routes.get("/locations/<location_id>")
def read_location(location_id: str) -> ResponseReturnValue:
    return jsonify(_shown(_location(_opened(False), location_id)))


@catalog_routes.delete("/locations/<location_id>")
def delete_location(location_id: str) -> ResponseReturnValue:
    catalog = _opened(True)
    catalog.remove(_location(catalog, location_id).id)
    return "", 204


@catalog_routes.get("/locations/by-entity/<kind>/<namespace>/<name>")
def location_of_entity(kind: str, namespace: str, name: str) -> ResponseReturnValue:
    catalog, ref = _opened(False), f"{kind}:{namespace}/{name}".lower()
    if ref not in catalog.entities() or (found := catalog.owner(ref)) is None:
        stop(404, f"found no entity for ref {ref}")
    return jsonify(_shown(found))


@catalog_routes.post("/refresh")
def refresh() -> ResponseReturnValue:
    ref = _body("entityRef")["entityRef"].lower()
    catalog = _opened(True)
    catalog.entities()
    if (found := catalog.owner(ref)) is None:
        stop(404, f"Entity {ref} not found")
    catalog.refresh(found)
    return ""


@catalog_routes.get("/entities/by-name/<kind>/<namespace>/<name>")
def read_entity(kind: str, namespace: str, name: str) -> ResponseReturnValue:
    ref = f"{kind}:{namespace}/{name}".lower()
    if (found := _opened(False).entities().get(ref)) is None:
        stop(404, f"No entity named '{name}' found, with kind '{kind}' in namespace '{namespace}'")
    return jsonify(found)


@catalog_routes.post("/entities/by-refs")
def read_entities() -> ResponseReturnValue:
    refs = (json_body() or {}).get("entityRefs")
    if not isinstance(refs, list):
        stop(400, "request/body must have required property 'entityRefs'")
    found = _opened(False).entities()
    return jsonify({"items": [found.get(str(ref).lower()) for ref in refs]})


@catalog_routes.get("/entities/by-query")
def query_entities() -> ResponseReturnValue:
    """Give a page. The cursor keeps the filter of the first one, as Backstage's does."""
    try:
        start, queries = json.loads(request.args.get("cursor", "null")) or (0, request.args.getlist("filter"))
    except (TypeError, ValueError):
        stop(400, "Malformed cursor")
    matching = [entity for entity in _opened(False).entities().values() if _matches(entity, queries)]
    limit = request.args.get("limit", 20, type=int)
    info = {"nextCursor": json.dumps([start + limit, queries])} if start + limit < len(matching) else {}
    return jsonify({"items": matching[start : start + limit], "totalItems": len(matching), "pageInfo": info})


@catalog_routes.get("/entities/by-uid/<uid>")
def read_entity_by_uid(uid: str) -> ResponseReturnValue:
    every = _opened(False).entities().values()
    found = next((entity for entity in every if entity["metadata"]["uid"] == uid), None)
    return _answer(404, f"No entity with uid {uid} found") if found is None else jsonify(found)


@catalog_routes.delete("/entities/by-uid/<uid>")
def delete_entity(uid: str) -> ResponseReturnValue:
    return ("", 204) if _opened(True).remove_entity(uid) else _answer(404, f"Entity with uid {uid} not found")


@catalog_routes.post("/validate-entity")
def validate_entity() -> ResponseReturnValue:
    body = json_body() or {}
    _opened(False)
    try:
        locations.checked(body.get("entity"), str(body.get("location", "")).removeprefix("url:"))
    except locations.Invalid as error:
        name, _, words = str(error).partition(": ")
        return jsonify({"errors": [{"name": name, "message": words}]}), 400
    return ""


guest_routes = Blueprint("backstage_guest", __name__)


@guest_routes.post("/guest/refresh")
def sign_in_as_guest() -> ResponseReturnValue:
    identity = {"type": "user", "userEntityRef": "user:development/guest", "ownershipEntityRefs": []}
    token = current_state().credentials["backstage"].guest_token
    return jsonify(
        {"backstageIdentity": {"token": token, "expiresInSeconds": 3600, "identity": identity}, "profile": {}}
    )


def _dry_run(catalog: Catalog, target: str) -> ResponseReturnValue:
    try:
        found = catalog.read(target)
    except (locations.Invalid, sources.NotReadable) as error:
        stop(400, str(error))
    there = catalog.at(target)
    shown = _shown(Location(f"url:{target}", target))
    entities = [Location("", target).entity(), *found]
    return jsonify({"exists": there is not None, "location": shown, "entities": entities}), 201


def _shown(location: Location) -> dict[str, str]:
    return {"id": location.id, "type": "url", "target": location.target, "entityRef": location.ref}


def _location(catalog: Catalog, location_id: str) -> Location:
    try:
        return catalog.location(location_id)
    except locations.NoSuchLocation:
        stop(404, f"Found no location with ID {location_id}")


def _body(*names: str) -> dict[str, str]:
    """Give the texts of the body, which is checked before the credentials are."""
    body = json_body()
    if not isinstance(body, dict):
        stop(400, "request/body must be object")
    for name in names:
        if not isinstance(body.get(name), str):
            stop(400, f"request/body must have required property '{name}'")
    return body


def _matches(entity: dict[str, Any], queries: list[str]) -> bool:
    """Tell whether an entity fits the query: texts joined by commas all hold, and one of several queries is enough."""
    return not queries or any(all(_holds(entity, part) for part in query.split(",")) for query in queries)


def _holds(entity: dict[str, Any], part: str) -> bool:
    path, _, wanted = part.partition("=")
    value: Any = entity
    for key in re.split(r"\.(?![^.]*/)", path):
        value = value.get(key) if isinstance(value, dict) else None
    return str(value or "").lower() == wanted.lower()
