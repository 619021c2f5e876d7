"""Serving the sandbox on a loopback port, in a thread of this process.

One folder has one server: a second one on the same folder is handed the address of the first.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import socket
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from werkzeug.serving import WSGIRequestHandler, make_server

from common.errors import Unavailable
from sandbox.app import create_app
from sandbox.state import Credentials, open_state

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_HOST = "127.0.0.1"
_POLL_INTERVAL = 0.05
"""Seconds after which the server notices that it is to stop."""
_POLL = 0.05
"""Seconds until the server notices that it is to stop."""
_START_TIMEOUT = 10.0
"""Seconds to wait for another process that has just taken the folder to answer."""


@dataclass(frozen=True)
class Sandbox:
    """A sandbox that is being served. `owned` is false when another process (or thread) serves it."""

    url: str
    credentials: Credentials
    state_dir: Path
    owned: bool = True


class _QuietHandler(WSGIRequestHandler):
    """The page has the request log; the terminal belongs to whoever started the server."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Print nothing."""


@contextlib.contextmanager
def serve(state_dir: Path, port: int = 0, *, organizations: tuple[str, ...] | None = None) -> Iterator[Sandbox]:
    """Serve a state folder on 127.0.0.1 until the block ends.

    Port 0: the port that the folder had last time, so that links go on working, or else any free one.
    """
    state = open_state(state_dir, organizations)
    record = state.folder / "sandbox.json"
    with (state.folder / "sandbox.lock").open("a") as lock:
        if not _locked(lock):
            yield Sandbox(_address_of_other(record), state.credentials, state.folder, owned=False)
            return
        with _listening(port, record) as listener:
            server = make_server(
                _HOST,
                0,
                create_app(state_dir, organizations=organizations),
                threaded=True,
                request_handler=_QuietHandler,
                fd=listener.fileno(),
            )
        url = f"http://{_HOST}:{server.port}"
        record.write_text(json.dumps({"url": url, "port": server.port, "pid": os.getpid()}) + "\n", encoding="utf-8")
        thread = threading.Thread(target=server.serve_forever, args=(_POLL,), name="sandbox", daemon=True)
        thread.start()
        try:
            yield Sandbox(url, state.credentials, state.folder)
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


def _locked(lock: IO[str]) -> bool:
    """Try to take the lock, which ends with the process that holds it, however that ends."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextlib.contextmanager
def _listening(port: int, record: Path) -> Iterator[socket.socket]:
    """Open a listening socket on the wanted port; make_server would end the process if the port were taken."""
    wanted = (port,) if port else (_last_port(record), 0)
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    with listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        for number in wanted:
            try:
                listener.bind((_HOST, number))
            except OSError as error:
                if port:
                    raise Unavailable(
                        f"The sandbox cannot listen on port {port}: {error.strerror}.",
                        next_step="Choose another port, or leave the port out to get a free one.",
                    ) from error
            else:
                break
        listener.listen(128)
        yield listener


def _last_port(record: Path) -> int:
    try:
        return int(json.loads(record.read_text(encoding="utf-8"))["port"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0


def _address_of_other(record: Path) -> str:
    """Return the address of the server that holds the folder, once it answers."""
    deadline = time.monotonic() + _START_TIMEOUT
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            url = str(json.loads(record.read_text(encoding="utf-8"))["url"])
            # Straight to the loopback address, whatever proxy the environment names.
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            with opener.open(f"{url}/-/health", timeout=2) as answer:
                if json.load(answer)["state"] == str(record.parent):
                    return url
        time.sleep(0.1)
    raise Unavailable(
        f"Another process holds the sandbox's folder {record.parent}, and its server does not answer.",
        next_step="Stop that process, or use another folder.",
    )
