"""One folder has one server, one set of credentials and one port, and keeps all of it over a restart."""

from __future__ import annotations

import contextlib
import json
import socket
import sqlite3
import stat
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from common.errors import BadInput, Interrupted, Unavailable
from sandbox.git import repositories
from sandbox.server import serve
from sandbox.services import open_state


def test_state_credentials_and_port_survive_a_restart(tmp_path: Path) -> None:
    with serve(tmp_path) as first:
        repositories.create(open_state(tmp_path), "github", "acme", "payments", visibility="public")
    with serve(tmp_path) as second:
        assert (second.url, second.credentials) == (first.url, first.credentials)
        assert requests.get(f"{second.url}/api/v3/repos/acme/payments", timeout=10).status_code == 200
    with pytest.raises(requests.ConnectionError):
        requests.get(second.url, timeout=10)


def test_the_credentials_are_random_and_only_for_their_owner(tmp_path: Path) -> None:
    first, second = open_state(tmp_path / "first"), open_state(tmp_path / "second")
    assert not set(first.secret_values()) & set(second.secret_values())
    assert stat.S_IMODE((tmp_path / "first" / "credentials.json").stat().st_mode) == 0o600
    assert not any(value in repr(first) for value in first.secret_values())


def test_a_credential_that_a_later_version_adds_is_added_to_an_old_folder(tmp_path: Path) -> None:
    known = open_state(tmp_path).credentials
    file = tmp_path / "credentials.json"
    stored = json.loads(file.read_text(encoding="utf-8"))
    del stored["slack"], stored["github"]["readonly_token"]
    file.write_text(json.dumps(stored), encoding="utf-8")
    again = open_state(tmp_path).credentials
    assert again["slack"].token != known["slack"].token
    assert again["github"].readonly_token != known["github"].readonly_token
    assert (again["github"].token, again["harness"]) == (known["github"].token, known["harness"])


def test_states_that_are_opened_at_once_have_the_same_credentials(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        opened = list(threads.map(lambda _: open_state(tmp_path).credentials, range(8)))
    assert all(credentials == opened[0] for credentials in opened)


def test_a_folder_of_another_version_is_refused_with_what_to_do(tmp_path: Path) -> None:
    open_state(tmp_path)
    with contextlib.closing(sqlite3.connect(tmp_path / "state.sqlite")) as database, database:
        database.execute("ALTER TABLE repositories RENAME COLUMN host TO place")
    with pytest.raises(BadInput, match="kept by another version") as refused:
        open_state(tmp_path)
    assert refused.value.next_step == "Remove that folder, or choose another --state."


def test_a_second_server_on_the_folder_is_handed_the_first(tmp_path: Path) -> None:
    with serve(tmp_path) as first:
        with serve(tmp_path) as second:
            assert (second.url, second.owned) == (first.url, False)
        assert requests.get(f"{first.url}/-/health", timeout=10).status_code == 200


def test_the_server_stays_until_those_who_were_handed_it_have_ended(tmp_path: Path) -> None:
    came, may_go = threading.Event(), threading.Event()
    answers: list[int] = []

    def guest() -> None:
        with serve(tmp_path) as second:
            came.set()
            may_go.wait(10)
            answers.append(requests.get(f"{second.url}/-/health", timeout=10).status_code)

    thread = threading.Thread(target=guest)
    with serve(tmp_path, waiting=may_go.set):
        thread.start()
        assert came.wait(10)
    thread.join(10)
    assert answers == [200]


def test_an_interrupted_server_waits_for_nobody(tmp_path: Path) -> None:
    with pytest.raises(Interrupted), serve(tmp_path), serve(tmp_path):
        raise Interrupted(2)
    with serve(tmp_path) as next_one:
        assert next_one.owned


def test_whoever_is_handed_a_server_does_not_load_one(tmp_path: Path) -> None:
    """The runner's start-up would take twice as long."""
    program = (
        "import pathlib, sys; from sandbox.server import serve\n"
        "with serve(pathlib.Path(sys.argv[1])) as sandbox: print(sandbox.owned, 'flask' in sys.modules)"
    )
    with serve(tmp_path):
        done = subprocess.run([sys.executable, "-c", program, tmp_path], check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["False", "False"]


def test_another_port_is_taken_when_the_last_one_is_occupied(tmp_path: Path) -> None:
    with serve(tmp_path) as first:
        pass
    port = int(first.url.rpartition(":")[2])
    with socket.create_server(("127.0.0.1", port)), serve(tmp_path) as second:
        assert second.url != first.url
        assert requests.get(second.url, timeout=10).status_code == 200


def test_a_port_that_was_asked_for_and_is_occupied_is_an_error(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as occupied:
        port = occupied.getsockname()[1]
        with pytest.raises(Unavailable, match=f"cannot listen on port {port}"), serve(tmp_path, port):
            pytest.fail("It was served.")


def test_the_terminal_stays_silent(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with serve(tmp_path) as sandbox:
        requests.get(f"{sandbox.url}/nothing/here", timeout=10)
    assert capfd.readouterr() == ("", "")
