"""Steps that are killed at a random moment and run again: the work is there once, and no process is left.

python -m tests.faults.kills [NUMBER]     so many kills, 200 unless told, with figures; a few are in the suite
"""

from __future__ import annotations

import itertools
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from steps import STEPS
from tests.conftest import REPOSITORY_ROOT
from tests.faults.matrix import SUBJECTS, Ground, ground, type_of

SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
SUBJECT_NAMES = tuple(name for name, subject in SUBJECTS.items() if subject.repeats)
LONGEST = 1.5  # seconds until the kill; about what a step takes
ORPHANS_END = 20.0  # seconds for what a killed step had started to end


def start(step: str, here: Ground, temporary: Path) -> subprocess.Popen[str]:
    """Start the step as a process of its own."""
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(REPOSITORY_ROOT), "TMPDIR": str(temporary)}
    return subprocess.Popen(
        [sys.executable, "-P", "-m", STEPS[type_of(step)]],
        cwd=here.workspace,
        env=environ | SUBJECTS[step].inputs(here),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def running(marks: tuple[str, ...]) -> list[str]:
    """Give the command lines of the processes that hold one of the marks; those that have ended are no more."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and process.name != str(os.getpid()):
            with suppress(OSError):
                command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                found += [command] if any(mark in command for mark in marks) else []
    return found


def wrong(step: str, number: int, seconds: float, folder: Path) -> str:
    """Kill the step after so many seconds, run it again, and say what is wrong with what came of it."""
    temporary = folder / "tmp"
    temporary.mkdir()
    subject = SUBJECTS[step]
    with ground(folder) as here:
        subject.prepare(here)
        killed = start(step, here, temporary)
        time.sleep(seconds)
        killed.send_signal(number)
        _, told = killed.communicate(timeout=60)
        deadline = time.monotonic() + ORPHANS_END
        marks = (here.url, str(folder))
        while (left := running(marks)) and time.monotonic() < deadline:
            time.sleep(0.1)
        if left:
            return f"left running: {left}"
        if number != signal.SIGKILL and list(temporary.iterdir()):
            return f"left in the temporary folder: {list(temporary.iterdir())}"
        if "Traceback" in told:
            return f"a traceback:\n{told}"
        again = start(step, here, temporary)
        _, told = again.communicate(timeout=120)
        if again.returncode != 0 or subject.count(here) != 1:
            return f"run again: exit code {again.returncode}, done {subject.count(here)} times:\n{told}"
    return ""


def main(kills: int) -> int:
    """Kill so often, and print the figures."""
    found = 0
    moment = random.Random(7)  # noqa: S311 - so that a run can be repeated
    plan = itertools.cycle(itertools.product(SUBJECT_NAMES, SIGNALS))
    for done, (step, number) in enumerate(itertools.islice(plan, kills), 1):
        folder = Path(tempfile.mkdtemp(prefix="kills-"))
        seconds = moment.uniform(0, LONGEST)
        complaint = wrong(step, number, seconds, folder)
        shutil.rmtree(folder, ignore_errors=True)
        if complaint:
            found += 1
            print(f"{step} {number.name} after {seconds:.2f} s: {complaint}", flush=True)
        if done % 20 == 0:
            print(f"{done} of {kills} kills, {found} wrong", file=sys.stderr, flush=True)
    print(f"{kills} kills of {len(SUBJECT_NAMES)} steps: {found} wrong")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 200))
