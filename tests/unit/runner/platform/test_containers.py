"""A container is pointed at the sandbox by a file of variables, and reaches it at a second address."""

from __future__ import annotations

import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from runner.language import step_types
from runner.platform import containers, sandboxed
from steps import STEPS
from tests.unit.runner.conftest import ROOT

SECOND = "127.0.0.2"  # an address of this machine that nobody else reaches


def test_the_file_names_only_variables_that_steps_read(tmp_path: Path) -> None:
    """A name that no step declares would point nothing at the sandbox."""
    with sandboxed.running(tmp_path) as server:
        given = containers.environment(server)
    read = {name for step_type in STEPS for name in step_types.kind(step_type).reads}

    assert sorted(set(given) - read) == []


def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    with sandboxed.running(tmp_path) as server:
        file = containers.write(server)
        assert file.read_text(encoding="utf-8").splitlines() == [
            f"{name}={value}" for name, value in containers.environment(server).items()
        ]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_another_address_serves_the_services_but_no_page_and_what_that_opens_is_said(tmp_path: Path) -> None:
    """With a pipeline, its repositories are there before the first container asks."""
    state = tmp_path / "state"
    command = [sys.executable, "-m", "runner", "sandbox", str(ROOT / "examples/service-onboarding"), "--host", SECOND]
    with subprocess.Popen([*command, "--state", str(state)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        printed = ""
        while not printed.endswith("\n\n"):
            line = process.stdout.readline()
            assert line, printed
            printed += line
        port = printed.partition("http://127.0.0.1:")[2].partition("/")[0]
        elsewhere = f"http://{SECOND}:{port}"
        cloned = requests.get(f"{elsewhere}/templates/service.git/info/refs?service=git-upload-pack", timeout=10)
        page = requests.get(elsewhere, timeout=10)
        pretended = requests.get(elsewhere, headers={"Host": "127.0.0.1"}, timeout=10)
        near = requests.get(f"http://127.0.0.1:{port}/", timeout=10)
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0

    assert f"It listens on {SECOND} too, without TLS: whoever reaches that address can try its credentials" in printed
    assert (state / "docker.env").read_text(encoding="utf-8") in printed
    assert (cloned.status_code, page.status_code, near.status_code) == (200, 403, 200)
    assert pretended.status_code == 200  # the request came from this machine


@pytest.mark.parametrize("asker", ["172.17.0.2", "2001:db8::1"])
def test_a_page_is_refused_to_whoever_asks_from_elsewhere_under_the_right_name(tmp_path: Path, asker: str) -> None:
    from sandbox.app import create_app

    client = create_app(tmp_path).test_client()
    assert client.get("/", environ_base={"REMOTE_ADDR": asker}).status_code == 403
    assert client.get("/", environ_base={"REMOTE_ADDR": "127.0.0.1"}).status_code == 200
