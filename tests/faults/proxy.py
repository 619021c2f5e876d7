"""A proxy in front of a server that spoils answers: before the request is handed on or after, once or for ever.

It works on the socket, so that it can do what no web framework does: reset a connection, cut a body, answer a byte at a
time. Reusable for any service: `rule` says which requests, `Fault` says what becomes of them.
"""

from __future__ import annotations

import contextlib
import re
import socket
import struct
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

TICK = 0.2  # seconds between two bytes of a trickle
HEAD_END = b"\r\n\r\n"


@dataclass(frozen=True)
class Request:
    """A request as it came: `path` decoded, and without the query."""

    method: str
    path: str
    query: str
    raw: bytes

    @property
    def has_credentials(self) -> bool:
        return re.search(rb"(?mi)^(authorization|x-api-key):", self.raw.partition(HEAD_END)[0]) is not None


Answer = Callable[[socket.socket, bytes], None]  # what is done to the client, given the server's own answer


@dataclass(frozen=True)
class Fault:
    """What becomes of a request. `forwarded`: the server does its work first, and only its answer is lost."""

    name: str
    answer: Answer
    forwarded: bool


class Spoils(Protocol):
    """Says which requests are spoiled, and how."""

    @property
    def fault(self) -> Fault: ...

    def takes(self, request: Request) -> bool: ...


@dataclass
class Rule:
    """Spoils the requests of a method whose path and query begin and contain so; `left` is None for ever."""

    method: str
    path: str
    fault: Fault
    left: int | None = 1
    query: str = ""

    def takes(self, request: Request) -> bool:
        fits = request.method == self.method and self.path in request.path and self.query in request.query
        if not fits or self.left == 0:
            return False
        if self.left is not None:
            self.left -= 1
        return True


@dataclass
class FaultProxy:
    """The proxy's address, its rules, and what reached it."""

    address: str
    port: int
    target: int
    rules: list[Spoils] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    spoiled: int = 0
    _listener: socket.socket | None = None

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._listening = threading.Event()

    def listen(self) -> None:
        """Take connections, at the port that it had before."""
        if self._listener is None:
            self._listener = socket.create_server((self.address, self.port), backlog=64)
            self.port = self._listener.getsockname()[1]
            self._listening.set()

    def refuse(self) -> None:
        """Have connections refused, until it listens again."""
        listener, self._listener = self._listener, None
        if listener is not None:
            self._listening.clear()
            listener.shutdown(socket.SHUT_RDWR)  # it wakes whoever waits in accept()
            listener.close()

    def serve(self) -> None:
        """Serve until the end, each connection in a thread."""
        threads = []
        while not self._ended.is_set():
            self._listening.wait()
            listener = self._listener
            if listener is None:
                continue
            try:
                client, _ = listener.accept()
            except OSError:  # it refuses connections now
                continue
            thread = threading.Thread(target=self._serve_one, args=(client,), daemon=True)
            thread.start()
            threads.append(thread)
        for thread in threads:
            thread.join(5)

    def end(self) -> None:
        self._ended.set()
        self.refuse()
        self._listening.set()

    def _serve_one(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            client.settimeout(30)
            request = _read_request(client)
            if request is None:
                return
            with self._lock:
                self.requests.append(request)
                rule = next((rule for rule in self.rules if rule.takes(request)), None)
                self.spoiled += rule is not None
            whole = b"" if rule is not None and not rule.fault.forwarded else self._forward(request)
            if rule is None:
                client.sendall(whole)
            else:
                rule.fault.answer(client, whole)

    def _forward(self, request: Request) -> bytes:
        with socket.create_connection(("127.0.0.1", self.target), timeout=30) as server:
            server.sendall(request.raw)
            return b"".join(iter(lambda: server.recv(65536), b""))


def _read_request(client: socket.socket) -> Request | None:
    data = b""
    while HEAD_END not in data:
        block = client.recv(65536)
        if not block:
            return None
        data += block
    head, _, body = data.partition(HEAD_END)
    lines = head.split(b"\r\n")
    method, target, _ = lines[0].decode("latin-1").split(" ", 2)
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines[1:])}
    if headers.get(b"expect", b"").lower() == b"100-continue":
        client.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    if headers.get(b"transfer-encoding", b"").lower() == b"chunked":
        while not body.endswith(b"0\r\n\r\n"):
            body += client.recv(65536)
    else:
        while len(body) < int(headers.get(b"content-length", b"0")):
            body += client.recv(65536)
    kept = [line for line in lines[1:] if not line.lower().startswith((b"connection:", b"expect:"))]
    raw = b"\r\n".join([lines[0], *kept, b"Connection: close"]) + HEAD_END + body
    target = f"/{target.split('/', 3)[3]}" if "://" in target else target  # as a proxy is asked
    path, _, query = target.partition("?")
    return Request(method, urllib.parse.unquote(path), query, raw)


@contextlib.contextmanager
def in_front_of(target: int, address: str = "127.0.0.1") -> Iterator[FaultProxy]:
    """Run a proxy on a free port of a loopback address in front of a server on another; it is stopped at the end."""
    proxy = FaultProxy(address, 0, target)
    proxy.listen()
    thread = threading.Thread(target=proxy.serve, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.end()
        thread.join()


def answering(status: int, body: bytes, *headers: str, kind: str = "application/json") -> Answer:
    """Answer with a status and a body instead."""
    head = [f"HTTP/1.1 {status} Injected", f"Content-Type: {kind}", f"Content-Length: {len(body)}", *headers]
    whole = "\r\n".join([*head, "Connection: close"]).encode() + HEAD_END + body

    def answer(client: socket.socket, _: bytes) -> None:
        client.sendall(whole)

    return answer


def reset(client: socket.socket, _: bytes) -> None:
    """Break the connection off by a reset."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


def cut(client: socket.socket, whole: bytes) -> None:
    """End the answer in its middle."""
    head, _, body = whole.partition(HEAD_END)
    client.sendall((head + HEAD_END + body[: len(body) // 2]) if whole else b"HTTP/1.1 200 OK\r\nContent-Le")


def silent(client: socket.socket, _: bytes) -> None:
    """Say nothing for as long as the client waits."""
    with contextlib.suppress(TimeoutError):
        client.recv(1)


def trickle(client: socket.socket, whole: bytes) -> None:
    """Answer a byte at a time, without end."""
    for byte in whole[:20] or b"HTTP/1.1 200 OK\r\nX: ":
        client.sendall(bytes([byte]))
        time.sleep(TICK)
    while True:
        client.sendall(b"x")
        time.sleep(TICK)


def many_headers(client: socket.socket, _: bytes) -> None:
    """Answer with headers, of which there is always one more."""
    client.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n")
    block = b"X-More: and more\r\n" * 4096
    while True:
        client.sendall(block)


def endless(client: socket.socket, _: bytes) -> None:
    """Answer with a body that is larger than any memory."""
    client.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n{")
    block = b" " * 65536
    while True:
        client.sendall(block)


def faults(elsewhere: str) -> list[Fault]:
    """Give every fault, before and after the server's work; `elsewhere` is another host's address for redirects."""
    deep = b"[" * 5000 + b"]" * 5000
    answers: dict[str, Answer] = {
        "reset": reset,
        "cut": cut,
        "silent": silent,
        "trickle": trickle,
        "endless": endless,
        "408": answering(408, b"{}"),
        "429": answering(429, b'{"message": "slow down"}', "Retry-After: 0"),
        "500": answering(500, b'{"message": "oops"}'),
        "502": answering(502, b"<html>bad gateway</html>", kind="text/html"),
        "503": answering(503, b"<html>busy</html>", kind="text/html"),
        "503-wait": answering(503, b"{}", "Retry-After: 0"),
        "504": answering(504, b""),
        "401": answering(401, b'{"message": "who?"}', 'WWW-Authenticate: Basic realm="x"'),
        "403": answering(403, b'{"message": "no"}'),
        "404": answering(404, b'{"message": "gone"}'),
        "413": answering(413, b"<html>too large</html>", kind="text/html"),
        "422": answering(422, b'{"message": 7, "errors": "none"}'),
        "redirect": answering(302, b"", f"Location: {elsewhere}/somewhere"),
        "html": answering(200, b"<html>Please log in</html>", kind="text/html"),
        "empty-object": answering(200, b"{}"),
        "list": answering(200, b"[1, 2]"),
        "number": answering(200, b"17"),
        "error-list": answering(400, b'["no"]'),
        "error-number": answering(400, b"17"),
        "deep": answering(200, deep),
        "error-deep": answering(400, deep),
        "not-utf8": answering(200, b'{"message": "\xff\xfe"}'),
        "nothing": answering(200, b""),
    }
    return [Fault(name, answer, forwarded) for name, answer in answers.items() for forwarded in (False, True)]
