"""The state that the current request is served from, and who sent it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from flask import Request, current_app, g, request

from sandbox import faults
from sandbox.service import NOBODY, STRANGER, Caller

if TYPE_CHECKING:
    from sandbox.state import State


PATH_OF_MACHINE = "sandbox.path_of_machine"
"""In a request's environment: the path as the client asked for it, when the sandbox is the proxy for its machine."""


def asked_url() -> str:
    """Return the address of the current request as its client knows it, without the query."""
    path = request.environ.get(PATH_OF_MACHINE)
    return request.base_url if path is None else f"{request.url_root.rstrip('/')}{quote(path)}"


def current_state() -> State:
    """Return the state that this application serves."""
    state: State = current_app.extensions["sandbox"]
    return state


def recognise(service: str, caller_of: Callable[[Request, Any], Caller]) -> Caller:
    """Tell who sent the current request, by the credentials of a service, and note it for the request log."""
    caller = caller_of(request, current_state().credentials[service])
    if caller.sent and faults.value_of(current_state(), service, "expired_token") is not None:
        caller = STRANGER
    g.caller = caller
    return caller


def json_body() -> Any:
    """Return the body as JSON; None when it is none, or nested too deeply to be read."""
    try:
        return request.get_json(force=True, silent=True)
    except RecursionError:
        return None


def noted_caller() -> Caller:
    """Return whom the service recognised."""
    caller: Caller = g.get("caller", NOBODY)
    return caller
