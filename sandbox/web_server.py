"""The HTTP server that carries the sandbox's application.

Apart from server.py, because loading it and Flask takes a while, and whoever uses another one's sandbox needs neither.
"""

from __future__ import annotations

import socket
from pathlib import Path

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from sandbox.app import create_app


class _QuietHandler(WSGIRequestHandler):
    """The page has the request log; the terminal belongs to whoever started the server."""

    def log(self, type: str, message: str, *args: object) -> None:
        """Print nothing: neither a request, nor what is wrong with one that is no HTTP."""


def make(listener: socket.socket, state_dir: Path) -> BaseWSGIServer:
    """Make a server of the application on a listening socket."""
    app = create_app(state_dir)
    host = listener.getsockname()[0]
    return make_server(host, 0, app, threaded=True, request_handler=_QuietHandler, fd=listener.fileno())
