"""Serving the sandbox on a port of this machine, in a thread of this process; on loopback unless asked for more.

One folder has one server: whoever comes second is handed its address, and it stays until they have ended too.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import socket
import threading
import time
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from common.errors import BadInput, StepError, Unavailable
from sandbox.services import open_state

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sandbox.state import Credentials

LOOPBACK = "127.0.0.1"
EVERYWHERE = "0.0.0.0"  # noqa: S104 - only compared with: what is listened on, the user says
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
    address: str = LOOPBACK,
    waiting: Callable[[], None] = _nothing,
) -> Iterator[Sandbox]:
    """Serve a state folder until the block ends and no other process uses the server any more.

    Port 0: the port that the folder had last time, so that links go on working, or else any free one. address: an IPv4
    address of this machine on which it is served too, next to loopback. `waiting` is called when the end has to wait
    for others; a signal ends that. Raises BadInput, Unavailable, OSError.
    """
    state = open_state(state_dir)
    record = state.folder / "sandbox.json"
    with (state.folder / "sandbox.lock").open("a") as lock, (state.folder / "guests.lock").open("a") as guests:
        url = _address_of_other(record, lock, guests)
        if url is not None:
            yield Sandbox(url, state.credentials, state.folder, owned=False)
            return
        with _listening(port, address, record) as listeners:
            from sandbox import web_server

            servers = web_server.make(listeners, state_dir)
        url = f"http://{LOOPBACK}:{servers[0].port}"
        noted = {"url": url, "port": servers[0].port, "pid": os.getpid()}
        record.write_text(json.dumps(noted) + "\n", encoding="utf-8")
        threads = [
            threading.Thread(target=server.serve_forever, args=(_POLL,), name="sandbox", daemon=True)
            for server in servers
        ]
        for thread in threads:
            thread.start()
        try:
            yield Sandbox(url, state.credentials, state.folder)
            _wait_for(guests, waiting)
        except Exception:
            _wait_for(guests, waiting)
            raise
        finally:
            for server, thread in zip(servers, threads, strict=True):
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
def _listening(port: int, address: str, record: Path) -> Iterator[list[socket.socket]]:
    """Open the listening sockets, all on one port; make_server would end the process if the port were taken."""
    addresses = [EVERYWHERE] if address == EVERYWHERE else list(dict.fromkeys((LOOPBACK, address)))
    wanted = (port,) if port else (_last_port(record), 0)
    with contextlib.ExitStack() as stack:
        for number in wanted:
            try:
                listeners = _bound(addresses, number)
            except OSError as error:
                if number == wanted[-1]:
                    raise _unable(port, address, error) from error
            else:
                break
        for listener in listeners:
            stack.enter_context(listener)
            listener.listen(128)
        yield listeners


def _bound(addresses: list[str], port: int) -> list[socket.socket]:
    listeners: list[socket.socket] = []
    try:
        for address in addresses:
            listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            listeners.append(listener)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((address, listeners[0].getsockname()[1] if len(listeners) > 1 else port))
    except OSError:
        for listener in listeners:
            listener.close()
        raise
    return listeners


def _unable(port: int, address: str, error: OSError) -> StepError:
    on = f" of {address}" if address != LOOPBACK else ""
    if error.errno == errno.EADDRNOTAVAIL or isinstance(error, socket.gaierror):
        return BadInput(
            f"The sandbox cannot listen on {address}: that is no IPv4 address of this machine.",
            next_step="Choose one that `ip -4 address` shows, as that of Docker's bridge; 0.0.0.0 stands for all.",
        )
    return Unavailable(
        f"The sandbox cannot listen on port {port}{on}: {error.strerror}.",
        next_step="Choose another port, or leave the port out to get a free one.",
    )


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
    with socket.create_connection((LOOPBACK, port), timeout=2) as asked, asked.makefile("rb") as answer:
        asked.sendall(f"GET /-/health HTTP/1.0\r\nHost: {LOOPBACK}\r\n\r\n".encode())
        body = answer.read().partition(b"\r\n\r\n")[2]
    return bool(json.loads(body)["state"] == str(folder))
