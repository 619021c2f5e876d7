"""What the Harness parts share: error answers, the check of credentials, and reading a JSON or YAML body."""

from __future__ import annotations

import uuid
from typing import Any, NoReturn

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from sandbox import yaml_text
from sandbox.access import current_state, json_body, recognise
from sandbox.harness import access
from sandbox.service import Caller

_CODES = {404: "RESOURCE_NOT_FOUND", 405: "METHOD_NOT_ALLOWED", 413: "INVALID_REQUEST"}


class HarnessError(Exception):
    """An error answer: HTTP status, Harness's code and a message."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


def stop(status: int, code: str, message: str) -> NoReturn:
    raise HarnessError(status, code, message)


def refuse(message: str) -> NoReturn:
    """400: the request is malformed or asks for what is not allowed."""
    stop(400, "INVALID_REQUEST", message)


def _answer_error(error: HarnessError) -> tuple[Response, int]:
    message: dict[str, object] = {
        "code": error.code,
        "level": "ERROR",
        "message": str(error),
        "exception": None,
        "failureTypes": [],
    }
    body = {
        "status": "ERROR",
        "code": error.code,
        "message": str(error),
        "correlationId": str(uuid.uuid4()),
        "detailedMessage": None,
        "responseMessages": [message],
        "metadata": None,
    }
    return jsonify(body), error.status


def _answer_http_error(error: HTTPException) -> tuple[Response, int]:
    status = error.code or 500
    return _answer_error(HarnessError(status, _CODES.get(status, "INVALID_REQUEST"), error.description or error.name))


def part(name: str) -> Blueprint:
    """Make a blueprint whose errors are Harness's."""
    routes = Blueprint(name, __name__)
    routes.register_error_handler(HarnessError, _answer_error)
    routes.register_error_handler(HTTPException, _answer_http_error)
    return routes


other_routes = part("harness_others")
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


@other_routes.route("/v1/<path:_path>", methods=_METHODS)
@other_routes.route("/ng/api/<path:_path>", methods=_METHODS)
@other_routes.route("/idp/<path:_path>", methods=_METHODS)
def unknown(_path: str) -> Response:
    check_caller()
    stop(404, "RESOURCE_NOT_FOUND", f"The sandbox does not serve {request.method} {request.path}.")


def check_caller(*, write: bool = False, permission: str = "idp_catalog_edit") -> Caller:
    """Stop a request without valid credentials, of another account, or that may not write."""
    caller = recognise("harness", access.caller)
    account = current_state().credentials["harness"].account
    if not caller.known:
        message = "Token is not valid." if caller.sent else "Missing authentication: send the header x-api-key."
        stop(401, "INVALID_TOKEN", message)
    named = {
        value for value in (request.headers.get("Harness-Account"), request.args.get("accountIdentifier")) if value
    }
    if "x-api-key" not in request.headers and not named:
        refuse("Harness-Account is required for authorization by other means than x-api-key.")
    if named - {account}:
        stop(403, "NG_ACCESS_DENIED", f"The credentials do not belong to the account {', '.join(sorted(named))}.")
    if write and not caller.may_write:
        stop(403, "NG_ACCESS_DENIED", f"Missing permission {permission} on IDP_CATALOG.")
    return caller


def read_body() -> dict[str, Any]:
    """Return the JSON body (or YAML, if it says so) as a mapping."""
    body = read_any_body()
    if not isinstance(body, dict):
        refuse("The request body must be a JSON object.")
    return body


def read_any_body() -> object:
    if "yaml" in (request.mimetype or ""):
        try:
            return yaml_text.load(request.get_data(as_text=True))
        except yaml_text.UnreadableYaml as error:
            refuse(f"The request body is not valid YAML: {error}")
    body = json_body()
    if body is None:
        refuse("Unable to process JSON: the request body is empty or malformed.")
    return body


def flag(name: str) -> bool:
    """Read a boolean query parameter."""
    return request.args.get(name, "false").lower() == "true"


def text(body: dict[str, Any], name: str) -> str:
    """Read a required text of a body."""
    value = body.get(name)
    if not isinstance(value, str) or not value:
        refuse(f"{name} must not be empty.")
    return value
