"""A real Backstage backend, installed once into .cache and served for the time of the tests.

It reads files from a sandbox, whose git holds them; what is missing to build or start it fails the tests.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.app import create_app
from sandbox.catalog import sources
from sandbox.services import open_state
from tests.conftest import Faults, World, serving

HERE = Path(__file__).parent / "backstage"
TOKEN = "integration-static-token-0123456789"
READY_SECONDS = 120.0
KINDS = ("Component", "System", "API", "Resource", "Location", "Template", "Group", "User", "Domain")


@dataclass(frozen=True)
class Backstage:
    """A running backend, and the world whose files it reads."""

    url: str
    world: World

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """Send a request to its catalog; give status and JSON."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        asked = urllib.request.Request(  # noqa: S310 - our own address
            f"{self.url}/api/catalog/{path}", data=data, method=method, headers=headers
        )
        try:
            with urllib.request.urlopen(asked, timeout=60) as answer:  # noqa: S310
                status, content = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            status, content = error.code, error.read()
            error.close()
        return status, json.loads(content) if content else None


def raw_files(app: Callable[..., Iterable[bytes]], state_dir: Path) -> Callable[..., Iterable[bytes]]:
    """Serve the file itself at its page, as Backstage's plain reader wants it."""

    def serve(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if "/blob/" not in environ["PATH_INFO"]:
            return app(environ, start_response)
        host = environ["HTTP_HOST"]
        try:
            _, text = sources.read(open_state(state_dir), f"http://{host}{environ['PATH_INFO']}", host)
        except sources.NotReadable:
            start_response("404 Not Found", [("Content-Type", "text/plain")])
            return [b""]
        start_response("200 OK", [("Content-Type", "text/plain; charset=utf-8")])
        return [text.encode()]

    return serve


@pytest.fixture(scope="session")
def _backend(tmp_path_factory: pytest.TempPathFactory, _temporary_folder: Path) -> Iterator[Backstage]:
    folder = subprocess.run([str(HERE / "install.sh")], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    state_dir = tmp_path_factory.mktemp("integration") / "sandbox"
    faults = Faults(raw_files(create_app(state_dir), state_dir))
    with serving(faults) as forge, contextlib.closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        url = f"http://127.0.0.1:{port}"
        config = state_dir.parent / "app-config.yaml"
        config.write_text(yaml.safe_dump(_config(url, port, forge.partition("//")[2])), encoding="utf-8")
        log = state_dir.parent / "backstage.log"
        with log.open("wb") as output, _started(folder, config, output) as process:
            _wait_until_ready(url, process, log)
            yield Backstage(url, World(forge, state_dir, open_state(state_dir).credentials, faults))


@contextlib.contextmanager
def _started(folder: str, config: Path, output: Any) -> Iterator[subprocess.Popen[bytes]]:
    """Start the backend, and end it with the tests, by its own process id."""
    environ = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    process = subprocess.Popen(
        ["node", "index.js", "--config", str(config)],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        env={**environ, "TMPDIR": str(config.parent), "NODE_ENV": "development"},
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait for the catalog, and for the guest's sign-in, which begins to answer a moment later."""
    until = time.monotonic() + READY_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        asked = urllib.request.Request(f"{url}/api/auth/guest/refresh", method="POST")  # noqa: S310
        with contextlib.suppress(OSError):
            for wanted in (f"{url}/.backstage/health/v1/readiness", asked):
                urllib.request.urlopen(wanted, timeout=10).close()  # noqa: S310
            return
        time.sleep(0.3)
    said = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if "error" in line]
    pytest.fail("Backstage did not start:\n" + "\n".join(said[:20]))


def _config(url: str, port: int, forge: str) -> dict[str, Any]:
    return {
        "app": {"baseUrl": url},
        "backend": {
            "baseUrl": url,
            "listen": {"host": "127.0.0.1", "port": port},
            "database": {"client": "better-sqlite3", "connection": ":memory:"},
            "reading": {"allow": [{"host": forge}]},
            "auth": {
                "externalAccess": [{"type": "static", "options": {"token": TOKEN, "subject": "tests"}}],
            },
        },
        "auth": {"environment": "development", "providers": {"guest": {"dangerouslyAllowOutsideDevelopment": True}}},
        "catalog": {"processingInterval": {"seconds": 5}, "rules": [{"allow": list(KINDS)}]},
    }


@pytest.fixture
def backstage(_backend: Backstage) -> Backstage:
    """The backend, which all tests share: each uses names of its own."""
    _backend.world.faults.requests.clear()
    return _backend
