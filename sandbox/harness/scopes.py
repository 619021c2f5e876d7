"""Harness: organizations and projects (/ng/api/organizations, /ng/api/projects)."""

from __future__ import annotations

import json
import re
import sqlite3
import time
import uuid
from typing import TYPE_CHECKING, Any

from flask import jsonify, request

from sandbox.access import current_state
from sandbox.harness.api import check_caller, part, read_body, refuse, stop, text
from sandbox.harness.scope_table import ACCOUNT

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from sandbox.state import State

scope_routes = part("harness_scopes")
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_$]{0,127}")
_MODULES = ("CD", "CE", "CF", "CHAOS", "CI", "CODE", "CV", "IACM", "IDP", "SEI", "SRM", "SSCA", "STO")


def every(state: State, kind: str) -> list[dict[str, Any]]:
    """Return what there is of a kind, the oldest first."""
    with state.database() as database:
        query = "SELECT content FROM harness_scopes WHERE kind = ? ORDER BY rowid"
        return [json.loads(row["content"]) for row in database.execute(query, (kind,)).fetchall()]


def _answer(kind: str, row: sqlite3.Row) -> ResponseReturnValue:
    data = {
        kind: json.loads(row["content"]),
        "createdAt": row["created_at"],
        "lastModifiedAt": row["changed_at"],
        "harnessManaged": False,
    }
    return jsonify({"status": "SUCCESS", "data": data, "metaData": None, "correlationId": str(uuid.uuid4())})


def _organization(kind: str) -> str:
    """Return the organization that a request is for; '' for one of organizations themselves."""
    if not request.args.get("accountIdentifier"):
        refuse("accountIdentifier must not be empty.")
    if kind == "organization":
        return ACCOUNT
    named = request.args.get("orgIdentifier", "default")
    _row("organization", ACCOUNT, named)
    return named


def _row(kind: str, organization: str, identifier: str) -> sqlite3.Row:
    with current_state().database() as database:
        query = "SELECT * FROM harness_scopes WHERE kind = ? AND organization = ? AND identifier = ?"
        row: sqlite3.Row | None = database.execute(query, (kind, organization, identifier)).fetchone()
    if row is None:
        stop(404, "RESOURCE_NOT_FOUND_EXCEPTION", f"{kind.capitalize()} with identifier [{identifier}] not found")
    return row


def _content(kind: str, organization: str) -> dict[str, Any]:
    """Return the body's values, checked as the portal checks them."""
    body = read_body().get(kind)
    if not isinstance(body, dict):
        refuse(f"{kind} must not be null.")
    identifier = text(body, "identifier")
    if not _IDENTIFIER.fullmatch(identifier):
        refuse(
            f"Invalid request: identifier: {identifier} can be 128 characters long and can only contain [a-zA-Z0-9_$]."
        )
    content: dict[str, Any] = {"identifier": identifier, "name": text(body, "name")}
    content |= {"description": body.get("description") or "", "tags": body.get("tags") or {}}
    if not isinstance(content["tags"], dict):
        refuse("tags must be a map.")
    if kind == "project":
        if body.get("orgIdentifier", organization) != organization:
            refuse("orgIdentifier in the body and in the query differ.")
        modules = body.get("modules") or []
        if wrong := [module for module in modules if module not in _MODULES]:
            refuse(f"Cannot deserialize value of type ModuleType from {wrong[0]!r}: not one of {', '.join(_MODULES)}.")
        content |= {"orgIdentifier": organization, "color": body.get("color") or "#0063F7", "modules": modules}
    return content


def _store(kind: str, organization: str, content: dict[str, Any]) -> None:
    now = int(time.time() * 1000)
    values = (kind, organization, content["identifier"], json.dumps(content), now, now)
    with current_state().database() as database:
        database.execute("INSERT INTO harness_scopes VALUES (?, ?, ?, ?, ?, ?)", values)


def _routes(kind: str) -> None:
    def create() -> ResponseReturnValue:
        check_caller(write=True, permission=f"core_{kind}_create")
        organization = _organization(kind)
        content = _content(kind, organization)
        identifier = content["identifier"]
        try:
            _store(kind, organization, content)
        except sqlite3.IntegrityError:
            message = f"{kind.capitalize()} with identifier [{identifier}] already exists or is soft deleted"
            stop(400, "DUPLICATE_FIELD", message)
        return _answer(kind, _row(kind, organization, identifier))

    def read(identifier: str) -> ResponseReturnValue:
        check_caller()
        return _answer(kind, _row(kind, _organization(kind), identifier))

    def update(identifier: str) -> ResponseReturnValue:
        check_caller(write=True, permission=f"core_{kind}_edit")
        organization = _organization(kind)
        _row(kind, organization, identifier)
        content = _content(kind, organization)
        if content["identifier"] != identifier:
            refuse("The identifier in the body and in the path differ.")
        with current_state().database() as database:
            query = (
                "UPDATE harness_scopes SET content = ?, changed_at = ?"
                " WHERE kind = ? AND organization = ? AND identifier = ?"
            )
            database.execute(query, (json.dumps(content), int(time.time() * 1000), kind, organization, identifier))
        return _answer(kind, _row(kind, organization, identifier))

    base = f"/ng/api/{kind}s"
    scope_routes.add_url_rule(base, f"create_{kind}", create, methods=["POST"])
    scope_routes.add_url_rule(f"{base}/<identifier>", f"read_{kind}", read, methods=["GET"])
    scope_routes.add_url_rule(f"{base}/<identifier>", f"update_{kind}", update, methods=["PUT"])


for _kind in ("organization", "project"):
    _routes(_kind)
