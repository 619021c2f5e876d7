"""The HTTP server that carries the sandbox's application.

Apart from server.py, because loading it and Flask takes a while, and whoever uses another one's sandbox needs neither.
"""

from __future__ import annotations

import logging
import re
import socket
from pathlib import Path

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from sandbox.app import create_app


def _harmless(record: logging.LogRecord) -> bool:
    """Escape what a request brought into werkzeug's report of a fault of ours; every line of it is told apart."""
    text = re.sub(r"[^\n\x20-\x7e\xa0-\uffff]", lambda found: ascii(found[0])[1:-1], record.getMessage())
    record.msg, record.args = text.rstrip().replace("\n", "\n  | "), ()
    return True


logging.getLogger("werkzeug").addFilter(_harmless)


class _QuietHandler(WSGIRequestHandler):
    """The page has the request log; the terminal belongs to whoever started the server."""

    def log(self, type: str, message: str, *args: object) -> None:
        """Print nothing: neither a request, nor what is wrong with one that is no HTTP."""


def make(listeners: list[socket.socket], state_dir: Path) -> list[BaseWSGIServer]:
    """Make servers of one application, each on a listening socket."""
    app = create_app(state_dir)
    return [
        make_server(
            listener.getsockname()[0], 0, app, threaded=True, request_handler=_QuietHandler, fd=listener.fileno()
        )
        for listener in listeners
    ]
