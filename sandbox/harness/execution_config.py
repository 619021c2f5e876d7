"""Harness IDP: which image runs a step, per account and infrastructure (/idp/execution-config)."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from flask import jsonify, request

from sandbox.access import current_state
from sandbox.harness.api import check_caller, part, read_any_body, refuse

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

config_routes = part("harness_config")
_DEFAULTS = {
    "cookieCutter": "harness/cookiecutter:1.9.1",
    "createRepo": "harness/createrepo:1.9.0",
    "directPush": "harness/directpush:1.9.0",
    "registerCatalog": "harness/registercatalog:1.9.0",
    "createCatalog": "harness/createcatalog:1.9.0",
    "slackNotify": "harness/slacknotify:1.9.0",
    "createOrganisation": "harness/createorganisation:1.9.0",
    "createProject": "harness/createproject:1.9.0",
    "createResource": "harness/createresource:1.9.0",
    "updateCatalogProperty": "harness/updatecatalogproperty:1.9.0",
}
_INFRASTRUCTURES = ("K8", "VM")
_PERMISSION = "core_account_edit"


def _answer(found: object) -> ResponseReturnValue:
    return jsonify({"status": "SUCCESS", "data": found, "metaData": None, "correlationId": str(uuid.uuid4())})


def _infrastructure() -> str:
    infra = request.args.get("infra", "")
    if infra not in _INFRASTRUCTURES:
        refuse(f"infra must be one of {', '.join(_INFRASTRUCTURES)}, it is {infra!r}.")
    if not request.args.get("accountIdentifier"):
        refuse("accountIdentifier must not be empty.")
    return infra


def _fields(*wanted: str) -> list[dict[str, str]]:
    """Return the items of the body, each with these keys and a field that exists."""
    body = read_any_body()
    if not isinstance(body, list) or not all(isinstance(item, dict) for item in body):
        refuse("The request body must be a list of objects.")
    for item in body:
        if missing := [key for key in wanted if not isinstance(item.get(key), str)]:
            refuse(f"{' and '.join(missing)} must not be empty.")
        if item["field"] not in _DEFAULTS:
            refuse(f"There is no field {item['field']}. Fields are {', '.join(_DEFAULTS)}.")
    return body


def _overrides(infra: str) -> dict[str, str]:
    with current_state().database() as database:
        rows = database.execute("SELECT field, image FROM step_images WHERE infra = ?", (infra,)).fetchall()
    return {row["field"]: row["image"] for row in rows}


@config_routes.get("/idp/execution-config/get-default-config")
def default_config() -> ResponseReturnValue:
    check_caller()
    _infrastructure()
    return _answer(_DEFAULTS)


@config_routes.get("/idp/execution-config/get-customer-config")
def customer_config() -> ResponseReturnValue:
    check_caller()
    overrides = _overrides(_infrastructure())
    only = request.args.get("overridesOnly", "true").lower() != "false"
    return _answer(overrides if only else _DEFAULTS | overrides)


@config_routes.post("/idp/execution-config/update-config")
def update_config() -> ResponseReturnValue:
    check_caller(write=True, permission=_PERMISSION)
    infra = _infrastructure()
    wanted = _fields("field", "value")
    with current_state().database() as database:
        database.executemany(
            "INSERT INTO step_images (infra, field, image) VALUES (?, ?, ?)"
            " ON CONFLICT (infra, field) DO UPDATE SET image = excluded.image",
            [(infra, item["field"], item["value"]) for item in wanted],
        )
    return _answer(found=True)


@config_routes.post("/idp/execution-config/reset-config")
def reset_config() -> ResponseReturnValue:
    check_caller(write=True, permission=_PERMISSION)
    infra = _infrastructure()
    wanted = _fields("field")
    with current_state().database() as database:
        database.executemany(
            "DELETE FROM step_images WHERE infra = ? AND field = ?", [(infra, item["field"]) for item in wanted]
        )
    return _answer(found=True)
