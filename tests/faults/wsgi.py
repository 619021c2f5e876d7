"""Faults within the server: answers spoiled by a WSGI application, which a test of exact exit codes can count on.

proxy.py does the same on the socket, and more of it.
"""

from __future__ import annotations

import contextlib
import json
import socket
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from werkzeug.wsgi import ClosingIterator

from tests.conftest import WsgiApp, asked_for, fits

ELSEWHERE = "http://other.invalid/gateway"
RESET = "reset"


@dataclass(frozen=True)
class Fault:
    """An answer in the place of the true one. A status of 0 resets the connection."""

    name: str
    status: int
    body: str = '{"message": "injected"}'
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def passes(self) -> bool:
        """Whether trying again may help, by its status alone."""
        return self.status == 0 or self.status >= 500

    @property
    def says_nothing(self) -> bool:
        """Whether it calls itself a success and does not tell what was done."""
        return self.status == 200

    def __str__(self) -> str:
        return self.name


FAULTS = (
    Fault("500", 500),
    Fault("502", 502, "<html>bad gateway</html>"),
    Fault("503", 503),
    Fault("503 with Retry-After", 503, headers=(("Retry-After", "1"),)),
    Fault("reset", 0),
    Fault("an empty object", 200, "{}"),
    Fault("a list", 200, '["a", 1]'),
    Fault("a number", 200, "7"),
    Fault("JSON without end", 200, "[" * 5_000),
    Fault("a page", 200, "<html>Log in</html>"),
    Fault("a redirect", 302, "", (("Location", ELSEWHERE),)),
    Fault("an error that is a list", 400, "[[1]]"),
    Fault("odd parts", 200, json.dumps({"entity_ref": 7, "git_details": [1], "data": 3, "properties": [3]})),
)


@dataclass
class FaultProxy:
    """A WSGI application around another: so many requests as `spoil` says get a fault in place of the answer."""

    app: WsgiApp
    fault: Fault | None = None
    method: str = ""
    path: str = ""
    after: bool = False
    times: int = 0
    requests: list[str] = field(default_factory=list)

    def spoil(self, request: tuple[str, str], fault: Fault, *, after: bool, times: int = 1) -> None:
        """Spoil the next so many answers to requests of this method whose path begins so."""
        (self.method, self.path), self.fault, self.after, self.times = request, fault, after, times
        self.requests.clear()

    def heal(self) -> None:
        """Let every request through."""
        self.times = 0

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        method, path = environ["REQUEST_METHOD"], asked_for(environ)
        self.requests.append(f"{method} {path}")
        if not self.times or method != self.method or not fits(path, self.path) or self.fault is None:
            return self.app(environ, start_response)
        self.times -= 1
        if self.after:
            with contextlib.closing(ClosingIterator(self.app(environ, lambda *_: lambda _: None))) as answer:
                b"".join(answer)
        if not self.fault.status:
            return _reset(environ)
        start_response(f"{self.fault.status} Injected", [("Content-Type", "application/json"), *self.fault.headers])
        return [self.fault.body.encode()]


def _reset(environ: dict[str, Any]) -> Iterable[bytes]:
    """Break the connection off as a server that died does: the other side sees a reset."""
    connection: socket.socket = environ["werkzeug.socket"]
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.shutdown(socket.SHUT_RD)
    connection.close()
    raise ConnectionResetError(RESET)
