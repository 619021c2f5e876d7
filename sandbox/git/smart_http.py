"""Git over HTTP, by git's own `git http-backend`, streamed in both directions.

Where a repository is, who may read and push, and the words of a refusal are the host's.
"""

from __future__ import annotations

import contextlib
import io
import os
import signal
import subprocess
import threading
from http import HTTPStatus
from typing import TYPE_CHECKING, BinaryIO

from flask import Blueprint, Response, request
from werkzeug.exceptions import ClientDisconnected

from sandbox import faults
from sandbox.access import current_state, noted_caller
from sandbox.git import bare, repositories
from sandbox.git.admission import Refused, admitted
from sandbox.git.lfs import add_lfs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sandbox.git.repositories import Repository
    from sandbox.service import GitHost, Refusal
    from sandbox.state import State

_PACKS = frozenset({"git-upload-pack", "git-receive-pack"})
_BLOCK = 64 * 1024


def git_http(service: str, host: GitHost) -> Blueprint:
    """Make the routes of git for a service that hosts repositories."""
    routes = Blueprint(f"{service}_git", __name__)

    def info_refs(name: str, owner: str = "") -> Response:
        pack = request.args.get("service", "")
        if pack not in _PACKS:
            return _refusal(host, host.refusals.dumb)
        return _serve(service, host, (owner, name), pack, "info/refs")

    def rpc(name: str, pack: str, owner: str = "") -> Response:
        if f"git-{pack}" not in _PACKS:
            return _refusal(host, host.refusals.not_found)
        return _serve(service, host, (owner, name), f"git-{pack}", f"git-{pack}")

    for address in host.addresses:
        routes.add_url_rule(f"{address}/info/refs", view_func=info_refs)
        routes.add_url_rule(f"{address}/git-<pack>", view_func=rpc, methods=["POST"])
    add_lfs(routes, service, host)
    return routes


def _refusal(host: GitHost, refusal: Refusal) -> Response:
    status, words = refusal
    answer = Response(f"{words}\n", status, mimetype=host.refusal_type)
    if status == HTTPStatus.UNAUTHORIZED:
        answer.headers["WWW-Authenticate"] = f'Basic realm="{host.realm}"'
    return answer


def _serve(service: str, host: GitHost, place: tuple[str, str], pack: str, path: str) -> Response:
    pushes = pack == "git-receive-pack"
    try:
        repository = admitted(service, host, place, writes=pushes)
    except Refused as refused:
        return _refusal(host, refused.refusal)
    extra = faults.declining(current_state(), service, host.protected_words) if pushes else {}
    return _run_backend(repository, path, noted_caller().name, extra, pushed=pushes and path == pack)


def _run_backend(repository: Repository, path: str, user: str, extra: Mapping[str, str], *, pushed: bool) -> Response:
    environment = {
        **bare.environment(),
        "GIT_PROJECT_ROOT": str(repository.folder.parent),
        "PATH_INFO": f"/{repository.folder.name}/{path}",
        "GIT_HTTP_EXPORT_ALL": "1",
        "REQUEST_METHOD": request.method,
        "QUERY_STRING": request.query_string.decode("latin-1"),
        "CONTENT_TYPE": request.headers.get("Content-Type", ""),
        "REMOTE_ADDR": request.remote_addr or "",
        "REMOTE_USER": user,
        **extra,
    }
    # Absent for a chunked body: the backend then reads to the end.
    optional = {
        "CONTENT_LENGTH": request.headers.get("Content-Length"),
        "HTTP_CONTENT_ENCODING": request.headers.get("Content-Encoding"),
        "GIT_PROTOCOL": request.headers.get("Git-Protocol"),
    }
    environment.update({key: value for key, value in optional.items() if value})
    backend = subprocess.Popen(
        ["git", "http-backend"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        process_group=0,
    )
    if not (backend.stdin and backend.stderr and isinstance(backend.stdout, io.BufferedReader)):
        raise RuntimeError("git http-backend was started without pipes.")
    feeder = threading.Thread(target=_feed, args=(request.stream, backend.stdin, backend), daemon=True)
    feeder.start()
    complaints = threading.Thread(target=backend.stderr.read, daemon=True)
    complaints.start()
    status, headers = _cgi_head(backend.stdout)

    answer = Response(_blocks(backend.stdout, current_state(), repository if pushed else None), status, headers)
    answer.call_on_close(lambda: _end(backend, feeder, complaints))
    return answer


def _blocks(output: io.BufferedReader, state: State, pushed: Repository | None) -> Iterator[bytes]:
    """Hand on the backend's output as it comes; a push is booked before the client sees the end of the answer."""
    while block := output.read1(_BLOCK):
        yield block
    if pushed:
        repositories.after_push(state, pushed)


def _feed(source: BinaryIO, sink: BinaryIO, backend: subprocess.Popen[bytes]) -> None:
    """Hand the request's body to the backend, which may end before it has all of it."""
    with contextlib.suppress(OSError, ValueError), sink:
        while block := _block(source, backend):
            sink.write(block)


def _block(source: BinaryIO, backend: subprocess.Popen[bytes]) -> bytes:
    """Read on. A body that breaks off ends the backend: it would look for the rest for ever, and without a pause."""
    try:
        return source.read(_BLOCK)
    except (OSError, ValueError, ClientDisconnected):
        _kill(backend)
        return b""


def _kill(backend: subprocess.Popen[bytes]) -> None:
    """End git and what it has started: it does its work in processes of its own."""
    if backend.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(backend.pid, signal.SIGKILL)


def _end(backend: subprocess.Popen[bytes], *threads: threading.Thread) -> None:
    _kill(backend)
    backend.wait()
    for thread in threads:
        thread.join(timeout=5)
    for pipe in (backend.stdout, backend.stderr):
        if pipe:
            pipe.close()


def _cgi_head(output: BinaryIO) -> tuple[int, list[tuple[str, str]]]:
    status, headers = 200, []
    while line := output.readline().strip().decode("latin-1"):
        name, _, value = line.partition(":")
        if name.lower() == "status":
            status = int(value.split()[0])
        else:
            headers.append((name, value.strip()))
    return (status, headers) if headers else (500, headers)
