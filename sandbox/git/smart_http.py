"""Git over HTTP at /{owner}/{repository}.git, by git's own `git http-backend`, streamed in both directions.

Who may read and push, and the words of a refusal, are GitHub's.
"""

from __future__ import annotations

import contextlib
import io
import subprocess
import threading
from http import HTTPStatus
from typing import TYPE_CHECKING, BinaryIO

from flask import Blueprint, Response, redirect, request

from sandbox.access import current_state, github_caller
from sandbox.git import bare, repositories

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask.typing import ResponseReturnValue

    from sandbox.git.repositories import Repository
    from sandbox.state import State

git_http = Blueprint("git_http", __name__)
_SERVICES = frozenset({"git-upload-pack", "git-receive-pack"})
_BLOCK = 64 * 1024


@git_http.get("/<owner>/<name>.git/info/refs")
@git_http.get("/<owner>/<name>/info/refs")
def info_refs(owner: str, name: str) -> ResponseReturnValue:
    service = request.args.get("service", "")
    if service not in _SERVICES:
        return _refusal(403, "Please upgrade your git client.\nGitHub.com no longer supports git over dumb-http.")
    return _serve(owner, name, service, "info/refs")


@git_http.post("/<owner>/<name>.git/git-<pack>")
@git_http.post("/<owner>/<name>/git-<pack>")
def rpc(owner: str, name: str, pack: str) -> ResponseReturnValue:
    service = f"git-{pack}"
    if service not in _SERVICES:
        return _refusal(404, "Not Found")
    return _serve(owner, name, service, service)


@git_http.get("/<owner>/<name>.git")
def browse(owner: str, name: str) -> ResponseReturnValue:
    return redirect(f"/{owner}/{name}")


def _refusal(status: int, words: str) -> Response:
    answer = Response(f"{words}\n", status, mimetype="text/plain")
    if status == HTTPStatus.UNAUTHORIZED:
        answer.headers["WWW-Authenticate"] = 'Basic realm="GitHub"'
    return answer


def _serve(owner: str, name: str, service: str, path: str) -> Response:
    caller = github_caller(request)
    if caller.sent and not caller.known:
        return _refusal(401, "Invalid username or token. Password authentication is not supported for Git operations.")
    pushes = service == "git-receive-pack"
    try:
        repository = repositories.find(current_state(), owner, name)
    except repositories.NoSuchRepository:
        # GitHub asks a stranger to log in first, so that it tells nobody which private repositories exist.
        return _refusal(404, "Repository not found.") if caller.known else _refusal(401, "Repository not found.")
    if not caller.known and (pushes or repository.is_private):
        return _refusal(401, "No anonymous write access." if pushes else "Repository not found.")
    if pushes and not caller.may_write:
        return _refusal(403, "Write access to repository not granted.")
    if pushes and repository.settings.get("archived"):
        return _refusal(403, "This repository was archived so it is read-only.")
    return _run_backend(repository, path, caller.name, pushed=pushes and path == service)


def _run_backend(repository: Repository, path: str, user: str, *, pushed: bool) -> Response:
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
    }
    # Absent for a chunked body: the backend then reads to the end.
    optional = {
        "CONTENT_LENGTH": request.headers.get("Content-Length"),
        "HTTP_CONTENT_ENCODING": request.headers.get("Content-Encoding"),
        "GIT_PROTOCOL": request.headers.get("Git-Protocol"),
    }
    environment.update({key: value for key, value in optional.items() if value})
    backend = subprocess.Popen(
        ["git", "http-backend"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    )
    if not (backend.stdin and backend.stderr and isinstance(backend.stdout, io.BufferedReader)):
        raise RuntimeError("git http-backend was started without pipes.")
    feeder = threading.Thread(target=_feed, args=(request.stream, backend.stdin), daemon=True)
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


def _feed(source: BinaryIO, sink: BinaryIO) -> None:
    """Hand the request's body to the backend; either side may hang up first, and then the other notices by itself."""
    with contextlib.suppress(OSError, ValueError), sink:
        while block := source.read(_BLOCK):
            sink.write(block)


def _end(backend: subprocess.Popen[bytes], *threads: threading.Thread) -> None:
    backend.kill()
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
