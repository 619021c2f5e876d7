"""Nothing of what somebody sends reaches the terminal of whoever started the sandbox as it was sent."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from urllib.parse import quote, urlsplit

import pytest
import requests

from sandbox.git import repositories, smart_http
from sandbox.server import Sandbox
from sandbox.state import State

HOSTILE = "\x1b]0;owned\x07\nerror: forged"


def exchange(address: str, sent: bytes) -> bytes:
    """Send these bytes, which need not be HTTP, and return the answer."""
    with socket.create_connection((urlsplit(address).hostname, urlsplit(address).port), timeout=10) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65_536), b""))


def requests_of_a_vandal() -> Iterator[bytes]:
    path, head = quote(HOSTILE), "Host: localhost\r\n"
    yield f"{HOSTILE}\r\n\r\n".encode()
    yield f"GET /{path} HTTP/9.9\r\n\r\n".encode()
    yield f"\x1b[31mGET /{path} HTTP/1.0\r\n{head}\r\n".encode()
    yield f"GET /{path}/{path}/tree/{path} HTTP/1.0\r\n{head}\r\n".encode()
    yield f"GET /api/v3/repos/{path}/x?{path} HTTP/1.0\r\n{head}Authorization: {HOSTILE!r}\r\n\r\n".encode()
    yield f"POST /v1/entities HTTP/1.0\r\n{head}Content-Type: {path}\r\nContent-Length: x\r\n\r\n{HOSTILE}".encode()
    yield f"GET /{path}.git/info/refs?service={path} HTTP/1.0\r\n{head}\r\n".encode()
    yield b"GET / HTTP/1.0\r\nHost: \x1b[31m\r\n\r\n"


@pytest.mark.parametrize("sent", list(requests_of_a_vandal()))
def test_no_request_prints_anything(served: Sandbox, sent: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    assert exchange(served.url, sent)
    assert capfd.readouterr() == ("", "")


def test_a_fault_of_the_sandbox_is_told_with_what_was_sent_escaped(
    served: Sandbox, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise RuntimeError(HOSTILE)

    monkeypatch.setattr(repositories, "find", lambda *_: fail())
    answer = requests.get(f"{served.url}/api/v3/repos/acme/{quote(HOSTILE)}", timeout=10)
    assert answer.status_code == 500
    told = capfd.readouterr().err
    assert told.startswith("The sandbox failed on GET '/api/v3/repos/acme/\\x1b]0;owned\\x07\\nerror: forged'")
    assert "in read_repository" in told
    assert "\x1b" not in told
    assert "\nerror: forged" not in told


def test_a_fault_in_the_middle_of_an_answer_is_told_with_what_was_sent_escaped(
    served: Sandbox, state: State, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Werkzeug logs that one, to stderr unless pytest takes it."""

    def fail(*_: object) -> Iterator[bytes]:
        yield b""
        raise RuntimeError(HOSTILE)

    repositories.create(state, "github", "acme", "payments", visibility="public")
    monkeypatch.setattr(smart_http, "_blocks", fail)
    exchange(served.url, b"GET /acme/payments.git/info/refs?service=git-upload-pack HTTP/1.0\r\n\r\n")
    (told,) = caplog.messages
    assert "RuntimeError: \\x1b]0;owned\\x07" in told
    assert "\x1b" not in told
    assert "\nerror: forged" not in told
