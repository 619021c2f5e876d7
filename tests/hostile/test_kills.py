"""A step that is killed at any moment leaves no process behind, and the next run leaves nothing else behind either.

The killed runs share one workspace and overlap, so each also meets the folders of others that still run.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY_ROOT

KILLS = 32
PARALLEL = 4
PATIENCE = 60.0  # seconds, of which a machine that is not busy needs three
HOOK = """\
#!/bin/sh
sleep 300 &
(setsid sleep 300 &) &
sleep 0.3
echo hook >> hooks
"""
ENVIRON = {
    "PATH": os.environ["PATH"],
    "PYTHONPATH": str(REPOSITORY_ROOT),
    "TEMPLATE_TYPE": "private",
    "PATH_FOR_TEMPLATE": "template",
}
COMMAND = [sys.executable, "-P", "-m", "steps.cookie_cutter"]


def processes(folder: Path) -> list[int]:
    """The processes that work in the folder or below it, as all that a step starts do; also when it is removed."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            place = (path / "cwd").readlink()
        except OSError:  # it has ended
            continue
        if place.is_relative_to(folder) and int(path.name) != os.getpid():
            found.append(int(path.name))
    return found


@pytest.fixture
def slow(workspace: Path) -> Path:
    """A workspace with a template of twenty files and two hooks that start more than they wait for."""
    project = workspace / "template" / "{{cookiecutter.slug}}"
    project.mkdir(parents=True)
    (workspace / "template" / "cookiecutter.json").write_text('{"slug": "app"}')
    for number in range(20):
        (project / f"{number}.txt").write_text("{% for _ in range(9999) %}x{% endfor %}")
    for name in ("pre_gen_project", "post_gen_project"):
        hook = workspace / "template" / "hooks" / f"{name}.sh"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(HOOK)
    return workspace


def killed(workspace: Path, temporary: Path, number: int, seconds: float) -> int:
    """Start the step and send it a signal after so long."""
    step = subprocess.Popen(COMMAND, cwd=workspace, env=ENVIRON | {"TMPDIR": str(temporary)}, stderr=subprocess.DEVNULL)
    time.sleep(seconds)
    step.send_signal(number)
    return step.wait()


def test_a_kill_at_any_moment_leaves_no_process_and_the_next_run_clears_the_rest(slow: Path, tmp_path: Path) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    environ = ENVIRON | {"TMPDIR": str(temporary)}
    start = time.monotonic()
    subprocess.run(COMMAND, cwd=slow, env=environ, check=True, capture_output=True)
    whole = time.monotonic() - start
    whatever = random.Random(7)  # noqa: S311 - moments, not keys
    with ThreadPoolExecutor(PARALLEL) as pool:
        tries = [
            pool.submit(
                killed,
                slow,
                temporary,
                (signal.SIGTERM, signal.SIGKILL)[number % 2],
                whatever.uniform(0, whole * PARALLEL / 2),
            )
            for number in range(KILLS)
        ]
        codes = {ended.result() for ended in tries}
    assert codes <= {0, 143, -signal.SIGTERM, -signal.SIGKILL}
    assert -signal.SIGKILL in codes
    assert 143 in codes
    due = time.monotonic() + PATIENCE
    while (orphans := processes(slow)) and time.monotonic() < due:
        time.sleep(0.05)
    assert orphans == []
    done = subprocess.run(COMMAND, cwd=slow, env=environ, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in slow.iterdir()) == ["app", "template"]
    assert len(list((slow / "app").iterdir())) == 21
    assert (slow / "app" / "hooks").read_text() == "hook\n" * 2


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_a_signal_during_a_hook_ends_it_with_all_that_it_started(slow: Path, tmp_path: Path, number: int) -> None:
    """Also what went into a session of its own, and what ignores SIGTERM."""
    hook = slow / "template" / "hooks" / "pre_gen_project.sh"
    stubborn = "(setsid sh -c 'trap \"\" TERM; sleep 300 & wait' &) &"
    hook.write_text(HOOK.replace("sleep 0.3", f"{stubborn}\nsleep 0.3; touch {tmp_path}/there; sleep 300"))
    step = subprocess.Popen(COMMAND, cwd=slow, env=ENVIRON, stderr=subprocess.PIPE)
    while not (tmp_path / "there").exists():
        assert step.poll() is None
        time.sleep(0.02)
    assert len(processes(slow)) >= 7  # step, renderer, hook and its sleep; and what it started
    step.send_signal(number)
    step.communicate()
    assert step.returncode == (-number if number == signal.SIGKILL else 128 + number)
    due = time.monotonic() + PATIENCE
    while (left := processes(slow)) and time.monotonic() < due:
        time.sleep(0.05)
    assert left == []
    assert [path.name for path in slow.iterdir()] == ["template"], "it is cleared at once, not only by the next run"
