"""The HTTP client against servers that misbehave: everything it does is bounded, and told in a sentence."""

from __future__ import annotations

import socket
import tracemalloc
from collections.abc import Iterator

import pytest

from common.errors import Refused, StepError, Unavailable
from common.network import http
from common.network.deadline import Deadline
from common.network.http import Client, client
from common.network.repeat import Uncertain
from common.network.settings import Network
from tests.faults.proxy import Answer, Fault, FaultProxy, Rule, answering, cut, endless, in_front_of, reset, trickle

MIB = 1024 * 1024


@pytest.fixture
def proxy() -> Iterator[FaultProxy]:
    """A server that only has what a test puts into it."""
    with in_front_of(9) as found:
        yield found


def asking(proxy: FaultProxy, *answers: Answer, seconds: float = 3) -> Client:
    proxy.rules += [
        Rule(method, "/", Fault("", answer, forwarded=False), left)
        for method in ("GET", "POST")
        for answer, left in [*((answer, 1) for answer in answers[:-1]), (answers[-1], None)]
    ]
    return client(f"http://127.0.0.1:{proxy.port}", network=Network(), deadline=Deadline(seconds))


def test_an_answer_without_end_is_refused_and_not_kept(proxy: FaultProxy) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(Refused, match="answered with more than 32 MiB"):
            asking(proxy, endless).send("GET", "/")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 * http.LARGEST_ANSWER


@pytest.mark.parametrize("status", ["200 OK", "302 Found", "401 Unauthorized", "404 Not Found", "409 Conflict"])
@pytest.mark.parametrize("kept", ["", "\r\n", "\r\nContent-Ty", "\r\nContent-Type: text/plain\r\n"])
def test_a_head_that_broke_off_is_no_answer(proxy: FaultProxy, status: str, kept: str) -> None:
    def broken(client: socket.socket, _: bytes) -> None:
        client.sendall(f"HTTP/1.1 {status}{kept}".encode())

    whole = answering(200, b"{}")
    assert asking(proxy, broken, whole).send("GET", "/").status_code == 200
    with pytest.raises(Uncertain):
        asking(proxy, broken).send("POST", "/x", json={})


def test_an_answer_without_any_header_is_one(proxy: FaultProxy) -> None:
    def bare(client: socket.socket, _: bytes) -> None:
        client.sendall(b"HTTP/1.0 404 Not Found\r\n\r\n")

    assert asking(proxy, bare).send("GET", "/").status_code == 404


def test_an_answer_of_a_byte_at_a_time_is_ended_by_the_wall_clock(proxy: FaultProxy) -> None:
    with pytest.raises(Unavailable, match="did not answer in time"):
        asking(proxy, trickle, seconds=2).send("GET", "/")


@pytest.mark.parametrize("answer", [reset, cut, answering(502, b""), answering(503, b"")])
def test_a_write_whose_answer_was_lost_is_uncertain_and_sent_once(proxy: FaultProxy, answer: Answer) -> None:
    with pytest.raises(Uncertain):
        asking(proxy, answer).send("POST", "/", json={})
    assert len(proxy.requests) == 1


@pytest.mark.parametrize("answer", [reset, cut, answering(502, b""), answering(429, b"", "Retry-After: 0")])
def test_a_read_is_asked_again(proxy: FaultProxy, answer: Answer) -> None:
    got = asking(proxy, answer, answering(200, b'{"a": 1}')).send("GET", "/")

    assert http.json_of(got) == {"a": 1}
    assert len(proxy.requests) == 2


def test_a_write_that_was_not_taken_is_sent_again(proxy: FaultProxy) -> None:
    waits = answering(503, b"", "Retry-After: 0")

    assert asking(proxy, waits, answering(201, b"{}")).send("POST", "/", json={}).status_code == 201


def test_a_redirect_is_not_followed(proxy: FaultProxy) -> None:
    got = asking(proxy, answering(302, b"", "Location: http://127.0.0.2:9/")).send("GET", "/")
    assert got.status_code == 302
    assert isinstance(http.refusal(got, doing="read it", credentials="the token"), Refused)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"message": "no"}', "no"),
        (b'{"error": {"message": "deeper"}}', "deeper"),
        (b'{"errors": [{"message": "a"}, "b", 7, [1]]}', "a; b; 7"),
        (b'{"message": ["x"], "errors": "none"}', ""),
        (b"[1, 2]", "[1, 2]"),
        (b"17", "17"),
        (b"<html>log in</html>", ""),
        (b"plain  words", "plain words"),
        (b"[" * 5000 + b"]" * 5000, "[" * 500),
        (b'{"a":' * 5000 + b"1" + b"}" * 5000, '{"a":' * 100),
        (b"\xff\xfe", "\ufffd\ufffd"),
    ],
)
def test_what_a_server_says_is_quoted_whatever_its_form(proxy: FaultProxy, body: bytes, said: str) -> None:
    got = asking(proxy, answering(400, body)).send("GET", "/")

    assert http.quote(got) == said
    error: StepError = http.refusal(got, doing="read it", credentials="the token")
    assert said[:50] in str(error)


def test_an_empty_answer_that_says_so_is_an_answer(proxy: FaultProxy) -> None:
    assert asking(proxy, answering(200, b"")).send("GET", "/").content == b""
