"""What every page for people has in common.

It is only for a browser on this machine: another host name is refused, so that no web site can reach it by pointing
its own name at the loopback address, and so is whoever asks from elsewhere when the sandbox is served there too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import Blueprint, abort, request

if TYPE_CHECKING:
    from flask import Response

_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def page_routes(name: str) -> Blueprint:
    """Make a blueprint of pages."""
    routes = Blueprint(name, __name__)
    routes.before_request(_only_this_machine)
    routes.after_request(_headers)
    return routes


def _only_this_machine() -> None:
    if urlsplit(f"//{request.host}").hostname not in _HOSTS or request.remote_addr not in _HOSTS:
        abort(403, "This page is only for a browser on this machine: open it by http://127.0.0.1.")


def _headers(answer: Response) -> Response:
    answer.headers.setdefault("Content-Security-Policy", _POLICY)
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.headers["Cache-Control"] = "no-store"
    return answer
