"""Faults in front of a host: its answer is replaced or the connection broken, before or after it did the work."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from werkzeug.wsgi import ClosingIterator

from tests.conftest import WsgiApp

RESET = (0, "")
ANSWERS: dict[str, tuple[int, str]] = {  # name -> status and body
    "500": (500, '{"message": "injected"}'),
    "502": (502, "<html>Bad Gateway</html>"),
    "503": (503, ""),
    "connection reset": RESET,
    "HTML": (200, "<html>Please log in.</html>"),
    "empty object": (200, "{}"),
    "list": (200, "[1]"),
    "number": (200, "7"),
    "deep JSON": (200, '{"a":' * 100_000 + "1" + "}" * 100_000),
    "cut short": (200, '{"name": "pay'),
    "wrong types": (200, '{"name": 5, "html_url": [], "clone_url": {}, "visibility": true, "login": 1}'),
    "error that is a list": (500, '["no"]'),
    "error that is a number": (500, "7"),
}
PASSING = frozenset(
    {"500", "502", "503", "connection reset", "cut short", "error that is a list", "error that is a number"}
)


@dataclass
class FaultProxy:
    """Stands in front of an application. `times` faults are given to requests whose method and path begin so."""

    app: WsgiApp
    request: tuple[str, str]
    fault: tuple[int, str]
    after: bool
    times: int
    seen: list[str] = field(default_factory=list)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        self.seen.append(f"{method} {path}")
        if method != self.request[0] or not path.startswith(self.request[1]) or self.times == 0:
            return self.app(environ, start_response)
        self.times -= 1
        if self.after:
            with contextlib.closing(ClosingIterator(self.app(environ, lambda *_: lambda _: None))) as answer:
                b"".join(answer)
        if self.fault == RESET:
            environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
            raise ConnectionResetError
        status, body = self.fault
        start_response(f"{status} Injected", [("Content-Type", "application/json")])
        return [body.encode()]
