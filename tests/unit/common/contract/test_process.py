"""The process of a step is closed to the other processes of its user, and works all the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from common.contract import process
from tests.conftest import REPOSITORY_ROOT

LOOK = "cat /proc/$PPID/environ; (exec 3</proc/$PPID/mem) && echo memory; echo inherited $TOKEN"
PROGRAM = f"""
import ctypes, encodings.ascii, json, os, subprocess  # all of it now: this Python may be in a folder of root's
from common.contract import process

if os.getuid() == 0:  # who reads everything
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
    process.prctl(process.PR_SET_DUMPABLE, 1)  # a change of uid takes it away


def look():
    return subprocess.run(["sh", "-c", {LOOK!r}], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout


environ, before = dict(os.environ), look()
process.close_to_others()
descriptors = os.listdir("/proc/self/fd")
print(json.dumps([before, look(), dict(os.environ) == environ, len(descriptors)]))
"""


def test_the_temporary_files_of_a_killed_run_are_cleared_by_the_next_and_those_of_a_running_one_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = "import time\nfrom common.contract.process import scratch_folder\nwith scratch_folder() as folder:\n"
    program += "    (folder / 'file').touch(); print(folder, flush=True); time.sleep(300)\n"
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(REPOSITORY_ROOT), "TMPDIR": str(tmp_path)}
    (tmp_path / f"{process.SCRATCH}others").mkdir(mode=0o755)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with subprocess.Popen([sys.executable, "-c", program], env=environ, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        held = Path(running.stdout.readline().strip())
        with process.scratch_folder():
            assert (held / "file").is_file()
        running.kill()
    assert (held / "file").is_file()
    with process.scratch_folder():
        assert not held.exists()
    assert [path.name for path in tmp_path.iterdir()] == [f"{process.SCRATCH}others"]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no /proc")
def test_others_of_the_same_user_read_neither_the_environment_nor_the_memory() -> None:
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(REPOSITORY_ROOT), "TOKEN": "s3cr3t-canary"}
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    before, after, same, descriptors = json.loads(done.stdout)
    assert "TOKEN=s3cr3t-canary\0" in before
    assert "memory\n" in before
    assert after == "inherited s3cr3t-canary\n", "what a child is given goes its usual way"
    assert same, "the process itself reads what it read before"
    assert descriptors > 2, "and its own descriptors stay within its reach"


@pytest.mark.parametrize(("stdout", "code"), [("a file", 3), ("/dev/full", 120)])
def test_the_end_of_a_process_gives_its_code_and_loses_no_word(stdout: str, code: int, tmp_path: Path) -> None:
    """120 is what Python ends with when its last words cannot be written."""
    place = tmp_path / "told" if stdout == "a file" else Path(stdout)
    program = "import sys; from common.contract import process; sys.stdout.write('last words'); process.end(3)"
    with place.open("w") as file:
        done = subprocess.run(
            [sys.executable, "-c", program],
            cwd=REPOSITORY_ROOT,
            env={**os.environ, "PYTHONUNBUFFERED": ""},
            stdout=file,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == code
    assert place == Path(stdout) or place.read_text() == "last words"
    assert ("No space left" in done.stderr) is (code == 120)
