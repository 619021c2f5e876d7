"""Serving the sandbox on a loopback port, in a thread of this process.

One folder has one server: whoever comes second is handed its address, and it stays until they have ended too.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import socket
import threading
import time
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from common.errors import Unavailable
from sandbox.services import open_state

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sandbox.state import Credentials

_HOST = "127.0.0.1"
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


def _nothing() -> None:
    """Stand for nobody who wants to be told."""


@contextlib.contextmanager
def serve(
    state_dir: Path,
    port: int = 0,
    *,
    waiting: Callable[[], None] = _nothing,
) -> Iterator[Sandbox]:
    """Serve a state folder on 127.0.0.1 until the block ends and no other process uses the server any more.

    Port 0: the port that the folder had last time, so that links go on working, or else any free one.
    `waiting` is called when the end has to wait for others; a signal ends that. Raises Unavailable, OSError.
    """
    state = open_state(state_dir)
    record = state.folder / "sandbox.json"
    with (state.folder / "sandbox.lock").open("a") as lock, (state.folder / "guests.lock").open("a") as guests:
        url = _address_of_other(record, lock, guests)
        if url is not None:
            yield Sandbox(url, state.credentials, state.folder, owned=False)
            return
        with _listening(port, record) as listener:
            from sandbox import web_server

            server = web_server.make(listener, state_dir)
        url = f"http://{_HOST}:{server.port}"
        record.write_text(json.dumps({"url": url, "port": server.port, "pid": os.getpid()}) + "\n", encoding="utf-8")
        thread = threading.Thread(target=server.serve_forever, args=(_POLL,), name="sandbox", daemon=True)
        thread.start()
        try:
            yield Sandbox(url, state.credentials, state.folder)
            _wait_for(guests, waiting)
        except Exception:
            _wait_for(guests, waiting)
            raise
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


def _wait_for(guests: IO[str], waiting: Callable[[], None]) -> None:
    if not _locked(guests):
        waiting()
        fcntl.flock(guests, fcntl.LOCK_EX)


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


def _address_of_other(record: Path, lock: IO[str], guests: IO[str]) -> str | None:
    """Take the folder, or return the address of the server that has it, which then waits for this process."""
    deadline = time.monotonic() + _START_TIMEOUT
    while time.monotonic() < deadline:
        if _locked(lock):
            return None
        fcntl.flock(guests, fcntl.LOCK_SH)  # while a server ends it holds this, and afterwards the folder is free
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            noted = json.loads(record.read_text(encoding="utf-8"))
            if _serves(int(noted["port"]), record.parent):
                return str(noted["url"])
        fcntl.flock(guests, fcntl.LOCK_UN)
        time.sleep(0.1)
    raise Unavailable(
        f"Another process holds the sandbox's folder {record.parent}, and its server does not answer.",
        next_step="Stop that process, or use another folder.",
    )


def _serves(port: int, folder: Path) -> bool:
    """Ask what answers at a port whether it serves this folder. By hand: an HTTP client takes longer to load."""
    with socket.create_connection((_HOST, port), timeout=2) as asked, asked.makefile("rb") as answer:
        asked.sendall(f"GET /-/health HTTP/1.0\r\nHost: {_HOST}\r\n\r\n".encode())
        body = answer.read().partition(b"\r\n\r\n")[2]
    return bool(json.loads(body)["state"] == str(folder))
