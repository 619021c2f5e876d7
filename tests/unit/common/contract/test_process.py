"""The process of a step is closed to the other processes of its user, and works all the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

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
