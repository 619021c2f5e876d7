"""Puts the faults of faults.py before and behind the routes of every git host alike."""

from __future__ import annotations

import time
from collections.abc import Iterator
from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Response, g, request

from sandbox import faults
from sandbox.access import current_state

if TYPE_CHECKING:
    from flask import Flask

    from sandbox.service import Service

_WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})


def install(app: Flask, services: tuple[Service, ...]) -> None:
    """Put the faults before and behind the routes of the git hosts."""
    hosts = {service.name for service in services if service.git}

    def host_of_request() -> str:
        service = (request.blueprint or "").rpartition("_")[0]
        return service if service in hosts else ""

    @app.before_request
    def before() -> Response | None:
        host = host_of_request()
        if not host:
            return None
        state = current_state()
        if (seconds := faults.value_of(state, host, "slow")) is not None:
            time.sleep(float(seconds))
        is_git = (request.blueprint or "").endswith("_git")
        if not is_git and faults.taken(state, host, "rate_limited"):
            g.spoiled = True
            return _answer(HTTPStatus.TOO_MANY_REQUESTS, {"Retry-After": "1"})
        return None

    @app.after_request
    def after(answer: Response) -> Response:
        host = host_of_request()
        wrote = request.method in _WRITES and not request.path.endswith("git-upload-pack") and answer.status_code < 400  # noqa: PLR2004 - the classes of HTTP
        if not host or g.get("spoiled") or not wrote or not faults.taken(current_state(), host, "lost_answer"):
            return answer
        for _ in _blocks(answer):  # a push is done when its answer has been read
            continue
        answer.close()
        return _answer(HTTPStatus.BAD_GATEWAY, {})


def _blocks(answer: Response) -> Iterator[bytes | str]:
    yield from answer.response if answer.is_streamed else ()


def _answer(status: HTTPStatus, headers: dict[str, str]) -> Response:
    body = f'{{"message": "{status.phrase} (a fault of the sandbox)"}}\n'
    return Response(body, status, headers, mimetype="application/json")
