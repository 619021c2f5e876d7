"""CookieCutter against the cookiecutter command line, and a whole onboarding against cookiecutter and git by hand.

Outputs are deleted only at the end: a file system that has just deleted thousands of files makes new ones slowly.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sandbox.git import repositories
from sandbox.seeding import seed
from sandbox.server import serve
from sandbox.services import open_state
from tests.bench import ROOT, side_by_side

PROJECT = "{{cookiecutter.app_name}}"
CONTEXT = {"app_name": "ledger", "description": "Keeps accounts.", "owner": "platform", "tls": True}
WORDS = ["".join(random.Random(number).choices("abcdefghij", k=7)) for number in range(500)]  # noqa: S311
HEAD, FOOT = b"# {{ cookiecutter.app_name }}\n", b"{{ cookiecutter.description }}\n"
STATEMENT = b"{% if cookiecutter.tls %}tls{% else %}plain{% endif %}\n"
MEGABYTE = 1_000_000
ROWS = {  # name -> number of files, bytes of each, what stands before and behind them
    "12 files of 2 KB, two expressions each": (12, 2_000, HEAD, FOOT),
    "2,000 files of 2 KB, two expressions each": (2_000, 2_000, HEAD, FOOT),
    "5,000 files of 2 KB, two expressions each": (5_000, 2_000, HEAD, FOOT),
    "5,000 files of 2 KB without expressions": (5_000, 2_000, b"", b""),
    "2,000 files of 2 KB, an {% if %} each": (2_000, 2_000, HEAD, STATEMENT),
    "50 files of 4 MB, two expressions each": (50, 4 * MEGABYTE, HEAD, FOOT),
    "50 binary files of 4 MB": (50, 4 * MEGABYTE, b"\x89PNG\r\n\x1a\n\0\0", b""),
    "1 binary file of 200 MB": (1, 200 * MEGABYTE, b"\x89PNG\r\n\x1a\n\0\0", b""),
}
SAMPLED = 0.02  # seconds between looks at the memory


def grow(folder: Path, number: int, size: int, head: bytes, foot: bytes) -> None:
    """Write a template of so many files, each of other words."""
    (folder / PROJECT).mkdir(parents=True)
    (folder / "cookiecutter.json").write_text(json.dumps(CONTEXT), encoding="utf-8")
    whatever = random.Random(size)  # noqa: S311 - words, not keys
    for file in range(number):
        lines = [" ".join(whatever.choices(WORDS, k=9)) for _ in range(30)]
        text = ("\n".join(lines) + "\n").encode()
        inner = folder / PROJECT / f"module{file // 100}"
        inner.mkdir(exist_ok=True)
        (inner / f"file{file}").write_bytes(head + (text * (size // len(text) + 1))[:size] + b"\n" + foot)


def templates() -> None:
    """Print the time of each kind of template against the command line's, and the memory of all processes."""
    for name, row in ROWS.items():
        with tempfile.TemporaryDirectory() as place:
            workspace = Path(place)
            grow(workspace / "template", *row)
            places = iter(range(1000))

            def by_hand(workspace: Path = workspace, places: Iterator[int] = places) -> None:
                cookiecutter("template", workspace, f"hand{next(places)}")

            def by_step(workspace: Path = workspace, places: Iterator[int] = places) -> None:
                step(workspace, f"step{next(places)}").check_returncode()

            hand, ours = side_by_side(by_hand, by_step, rounds=7 if row[0] * row[1] < MEGABYTE else 3)
            with watched() as peak:
                by_step()
            figures = f"{ours / hand:.2f} x cookiecutter ({hand:.1f} s), {peak[0]:.0f} MB"
            print(f"CookieCutter, {name}: {figures}", flush=True)


def cookiecutter(template: str, folder: Path, output: str) -> None:
    """Run the command line as one does by hand."""
    command = [sys.executable, "-m", "cookiecutter", template, "--no-input", "--default-config", "-o", output]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, env={**os.environ, "HOME": str(folder)})


def step(workspace: Path, output: str) -> subprocess.CompletedProcess[bytes]:
    """Run the step on the template in the workspace."""
    environ = {"PATH": os.environ["PATH"], "TEMPLATE_TYPE": "private", "PATH_FOR_TEMPLATE": "template"}
    environ |= {"OUTPUT_DIRECTORY": output, "PYTHONPATH": str(ROOT), "TMPDIR": str(workspace)}
    command = [sys.executable, "-P", "-m", "steps.cookie_cutter"]
    return subprocess.run(command, cwd=workspace, env=environ, check=False, capture_output=True)


@contextmanager
def watched() -> Iterator[list[float]]:
    """Give the most megabytes that all processes below this one had together, what they share counted for each."""
    peak, ended = [0.0], threading.Event()

    def look() -> None:
        while not ended.wait(SAMPLED):
            peak[0] = max(peak[0], sum(resident(process) for process in below(os.getpid())) / 1000)

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield peak
    finally:
        ended.set()
        watcher.join()


def below(parent: int) -> list[int]:
    """Give the processes that a process has started, directly or not."""
    found = []
    for task in Path(f"/proc/{parent}/task").glob("*/children"):
        try:
            own = [int(number) for number in task.read_text().split()]
        except OSError:  # the thread has ended
            continue
        found += own + [deeper for child in own for deeper in below(child)]
    return found


def resident(process: int) -> int:
    """Give the kilobytes of a process that are in memory; none when it has ended."""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmRSS:")), 0)


def onboarding() -> None:
    """Print the runner's time for the example's pipeline with 5,000 files against cookiecutter and git by hand."""
    example = ROOT / "examples" / "service-onboarding"
    with tempfile.TemporaryDirectory() as place, serve(Path(place) / "state") as sandbox:
        folder = Path(place)
        for name in ("pipeline.yaml", "inputs.yaml"):
            shutil.copy(example / name, folder)
        grow(folder / "source", 5_000, 2_000, HEAD, FOOT)
        seed(sandbox.state_dir, "templates", "service", folder / "source")
        number = iter(range(1000))

        def by_runner() -> None:
            command = [str(Path(sys.executable).parent / "idp-steps"), "run", "pipeline.yaml", "--sandbox"]
            command += ["--state", str(sandbox.state_dir), "--set", f"project_name=bench-{next(number)}"]
            subprocess.run(command, cwd=folder, check=True, capture_output=True)

        def by_hand() -> None:
            name = f"hand-{next(number)}"
            user = sandbox.credentials["github"]
            repositories.create(open_state(sandbox.state_dir), "github", "acme", name, visibility="private")
            address = sandbox.url.replace("://", f"://{user.user}:{user.token}@")
            cookiecutter(f"{sandbox.url}/templates/service.git", folder, name)
            git = ["git", "-C", str(folder / name / "ledger"), "-c", "user.name=a", "-c", "user.email=a@x.test"]
            for arguments in (
                ("init", "--quiet", "--initial-branch=main"),
                ("add", "--all"),
                ("commit", "--quiet", "-m", "Initial commit"),
                ("push", "--quiet", f"{address}/acme/{name}.git", "main"),
            ):
                subprocess.run([*git, *arguments], check=True, capture_output=True)

        hand, runner = side_by_side(by_hand, by_runner, rounds=3)
        print(f"Onboarding 5,000 files by `idp-steps run`: {runner / hand:.2f} x cookiecutter and git ({hand:.1f} s)")
