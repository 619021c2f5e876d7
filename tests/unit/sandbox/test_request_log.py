"""What the sandbox keeps of the requests to its services."""

from __future__ import annotations

import socket

from sandbox import request_log
from sandbox.server import Sandbox
from sandbox.services import open_state

HALF = (
    b"POST /backstage/api/catalog/locations HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    b'Content-Length: 50\r\n\r\n{"type": "u'
)


def test_a_request_that_breaks_off_within_its_body_is_noted_too(served: Sandbox) -> None:
    """It failed by what the note lacked, with a traceback on the sandbox's terminal."""
    with socket.create_connection(("127.0.0.1", int(served.url.rpartition(":")[2]))) as connection:
        connection.sendall(HALF)
        connection.shutdown(socket.SHUT_WR)
        answer = connection.recv(9_999)
    assert answer.split()[1] == b"400"
    (noted,) = request_log.latest(open_state(served.state_dir), 9)
    assert (noted.method, noted.status, noted.request_body) == ("POST", 400, "")
