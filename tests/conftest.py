"""Fixtures for every test: a step run in this process, and a sandbox in front of which a test can put faults."""

from __future__ import annotations

import contextlib
import getpass
import json
import os
import re
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wsgi import ClosingIterator

from common import log, secret
from sandbox.app import create_app
from sandbox.services import open_state
from sandbox.state import Credentials
from steps import load

REPOSITORY_ROOT = Path(__file__).resolve().parents[1]

# No test is timed: on a busy machine, one example may take a hundred times as long as another.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


@pytest.fixture(autouse=True)
def _fresh_process_state() -> Iterator[None]:
    """Each test starts without secrets to mask and with the plain log."""
    secret._values.clear()
    secret._masked.clear()
    log.configure({}, verbose=False)
    yield
    log.configure({}, verbose=False)


@pytest.fixture(scope="session")
def _temporary_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder for temporary files of the whole session, of child processes too; it goes with pytest's own."""
    folder = tmp_path_factory.mktemp("temporary")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(folder))
        patch.setattr(tempfile, "tempdir", None)
        yield folder


@pytest.fixture(autouse=True)
def _nothing_is_left_in_the_temporary_folder(_temporary_folder: Path) -> Iterator[None]:
    """A test that leaves a temporary file, or whose subject does, fails."""
    yield
    left = list(_temporary_folder.iterdir())
    for path in left:  # so that the next test is not blamed for it
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert left == []


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test of programs that are not here; the continuous integration has to have them."""
    wanted = [name for mark in item.iter_markers("programs") for name in mark.args]
    missing = [name for name in wanted if shutil.which(name) is None]
    if missing and not os.environ.get("CI"):
        pytest.skip(f"There is no {' and no '.join(missing)} here; Debian's packages are git-lfs, gpg, openssh-client.")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the folder in which pytest keeps those of its runs, if it has kept none."""
    with contextlib.suppress(OSError):
        Path(tempfile.gettempdir(), f"pytest-of-{getpass.getuser()}").rmdir()


@dataclass(frozen=True)
class Result:
    """What a step left behind."""

    code: int
    stdout: str
    stderr: str
    outputs: dict[str, Any]


RunStep = Callable[..., Result]


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that a step works in."""
    folder = tmp_path / "workspace"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def run_step(workspace: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> RunStep:
    """Run a step by its type with these variables; outputs are read back from an OUTPUT_FILE of JSON."""
    outputs = tmp_path / "outputs.json"

    def run(step_type: str, environ: Mapping[str, str], *argv: str) -> Result:
        outputs.unlink(missing_ok=True)
        capfd.readouterr()
        explicit = {"OUTPUT_FILE": str(outputs), "OUTPUT_FORMAT": "json", "RETRY_BUDGET": "1", "WAIT_TIMEOUT": "20"}
        code = load(step_type).main(list(argv), {**explicit, **environ})
        captured = capfd.readouterr()
        written = json.loads(outputs.read_text(encoding="utf-8")) if outputs.exists() else {}
        return Result(code, captured.out, captured.err, written)

    return run


WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


DRY_RUN = "?dryRun=true"


def asked_for(environ: Mapping[str, Any]) -> str:
    """Give the path of a request, with the one query that makes another request of it: Backstage's dry run."""
    return str(environ["PATH_INFO"]) + (DRY_RUN if "dryRun=true" in environ["QUERY_STRING"] else "")


def fits(path: str, beginning: str) -> bool:
    """Tell whether a path begins so; `*` is one part of it. A dry run and its real run are not taken for each other."""
    pattern = re.escape(beginning.removesuffix(DRY_RUN)).replace(r"\*", "[^/ ]+")
    return re.match(pattern, path) is not None and path.endswith(DRY_RUN) == beginning.endswith(DRY_RUN)


@dataclass
class Faults:
    """Answers that a test puts in front of the sandbox, and what reached it.

    `before` maps (method, beginning of the path) to the statuses that the next such requests get instead of an answer;
    `after` to the status that is answered although the sandbox did the work.
    """

    app: WsgiApp
    before: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    after: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    headers: list[tuple[str, str]] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        method, path = environ["REQUEST_METHOD"], asked_for(environ)
        self.requests.append(f"{method} {path}")
        if status := self._next(self.before, method, path):
            return self._answer(start_response, status)
        if status := self._next(self.after, method, path):
            with contextlib.closing(ClosingIterator(self.app(environ, lambda *_: lambda _: None))) as answer:
                b"".join(answer)
            return self._answer(start_response, status)
        return self.app(environ, start_response)

    def _answer(self, start_response: Callable[..., Any], status: int) -> Iterable[bytes]:
        start_response(f"{status} Injected", [("Content-Type", "application/json"), *self.headers])
        return [b'{"message": "injected"}']

    def _next(self, rules: dict[tuple[str, str], list[int]], method: str, path: str) -> int:
        for (wanted, beginning), statuses in rules.items():
            if statuses and wanted == method and fits(path, beginning):
                return statuses.pop(0)
        return 0


@dataclass(frozen=True)
class World:
    """A served sandbox with its credentials and the faults in front of it."""

    url: str
    state_dir: Path
    credentials: Credentials
    faults: Faults

    @property
    def connector(self) -> dict[str, str]:
        """The variables of a git connector, as the platform sets them (contract, B.2 and B.3)."""
        return {
            "CONNECTOR_TYPE": "Github",
            "DRONE_NETRC_MACHINE": "127.0.0.1",
            "DRONE_NETRC_PORT": self.url.rpartition(":")[2],
            "DRONE_NETRC_USERNAME": self.credentials["github"].user,
            "DRONE_NETRC_PASSWORD": self.credentials["github"].token,
            "DRONE_REMOTE_URL": f"{self.url}/payments.git",
        }

    def repository(self, owner: str, name: str) -> Path:
        """The bare repository on disk, for tests that look at it with git or put a hook into it."""
        (found,) = (path for path in self.state_dir.rglob(f"{name}.git") if path.parent.name == owner)
        return found


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:
        """Say nothing on stderr: it belongs to the step under test."""


@contextlib.contextmanager
def serving(app: WsgiApp) -> Iterator[str]:
    """Serve an application on a free loopback port for the time of a test."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A sandbox on a free loopback port, stopped after the test."""
    state_dir = tmp_path / "sandbox"
    faults = Faults(create_app(state_dir))
    with serving(faults) as url:
        yield World(url, state_dir, open_state(state_dir).credentials, faults)
