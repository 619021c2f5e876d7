"""CreateRepo and DirectPush as processes of their own, with the real waiting: a fault, a kill, and the next run.

Every call with every fault is in test_host_matrix.py, where no time passes.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from steps import STEPS
from tests.conftest import REPOSITORY_ROOT
from tests.faults.host_calls import CALLS
from tests.faults.host_matrix import At, clean
from tests.faults.host_works import WORKS, Behind, behind
from tests.faults.proxy import Answer, Fault, answering
from tests.hosts import HOSTS, Host

BAD_GATEWAY = answering(502, b"<html>bad gateway</html>", kind="text/html")
WORK = "DirectPush"


PAIRS = [(row, step) for row in HOSTS for step in ("CreateRepo", WORK) if step in row.steps]


@pytest.fixture(params=PAIRS, ids=[f"{row}-{step}" for row, step in PAIRS])
def at(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Behind, str, int]]:
    """A host behind a proxy, the step, and the number of its last call that writes."""
    row: Host
    row, step = request.param
    with behind(row, tmp_path) as here:
        clean(here, step)
        calls = CALLS[str(row)][step]
        yield here, step, max(number for number, call in enumerate(calls) if not call.startswith("GET "))


def started(here: Behind, step: str, name: str) -> subprocess.Popen[str]:
    """Start the step in the folder of the workspace."""
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(REPOSITORY_ROOT), "OUTPUT_FORMAT": "table"}
    return subprocess.Popen(
        [sys.executable, "-P", "-m", STEPS[step]],
        env={**environ, **here.variables(name), **WORKS[step].inputs(here.host)},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def test_a_write_whose_answer_is_lost_is_done_once(at: tuple[Behind, str, int]) -> None:
    here, step, number = at
    name = here.named()
    WORKS[step].prepare(here, name)
    here.proxy.rules.append(At(number, Fault("502", BAD_GATEWAY, forwarded=True)))
    with started(here, step, name) as running:
        said, _ = running.communicate(timeout=60)
    assert (running.returncode, here.proxy.spoiled) == (0, 1), said
    assert here.held(name) == here.expected[step]


def killing(running: list[subprocess.Popen[str]]) -> Answer:
    """Kill the step in the place of an answer."""

    def answer(client: socket.socket, _: bytes) -> None:
        running[0].send_signal(signal.SIGKILL)
        with contextlib.suppress(OSError):
            client.recv(1)

    return answer


@pytest.mark.parametrize("forwarded", [False, True], ids=["before", "after"])
def test_the_run_after_a_kill_at_a_write_leaves_what_one_run_leaves(
    at: tuple[Behind, str, int], forwarded: bool
) -> None:
    here, step, number = at
    name = here.named()
    WORKS[step].prepare(here, name)
    processes: list[subprocess.Popen[str]] = []
    here.proxy.rules.append(At(number, Fault("kill", killing(processes), forwarded=forwarded)))
    processes.append(started(here, step, name))
    with processes[0] as killed:
        killed.communicate(timeout=60)
    assert killed.returncode == -signal.SIGKILL
    here.proxy.rules.clear()
    with started(here, step, name) as again:
        said, _ = again.communicate(timeout=60)
    assert again.returncode == 0, said
    assert here.held(name) == here.expected[step]
