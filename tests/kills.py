"""Ends `idp-steps run` at random moments and looks at what is left: processes, duplicates, files.

    .venv/bin/python tests/kills.py 120        # so many kills; prints figures as JSON, and exits 1 when one is wrong

A round is a few kills of the same command in the same folder, and then a run that may come to its end. The pipeline is
the service-onboarding example on its own sandbox, with a hook that takes its time and has a child of its own.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.services import open_state

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = ROOT / "examples" / "service-onboarding"
SLOW_HOOK = "import subprocess, sys\nsubprocess.run([sys.executable, '-c', 'import time; time.sleep(1)'], check=True)\n"
KILLS: dict[str, tuple[int, ...]] = {
    "SIGTERM": (signal.SIGTERM,),
    "SIGINT": (signal.SIGINT,),
    "SIGINT twice": (signal.SIGINT, signal.SIGINT),
    "SIGKILL": (signal.SIGKILL,),
}
PROC = Path("/proc")
PER_ROUND = 5
PATIENCE = 60  # seconds in which what a killed runner left has to end by itself, also on a slow machine
DYING = 5  # seconds in which what was ended by force has to vanish


@dataclass
class Figures:
    """What came of the kills. Everything under `wrong` should not be."""

    kills: Counter[str] = field(default_factory=Counter)
    too_late: int = 0
    rounds: int = 0
    wrong: Counter[str] = field(default_factory=Counter)
    told: list[str] = field(default_factory=list)

    def fault(self, what: str, detail: object) -> None:
        self.wrong[what] += 1
        self.told.append(f"{what}: {detail}")


@dataclass(frozen=True)
class Project:
    """A copy of the example in a folder of its own, where everything of a run stays."""

    folder: Path

    @property
    def temporary(self) -> Path:
        return self.folder / "tmp"

    @property
    def output(self) -> Path:
        return self.folder / "output.txt"

    def start(self) -> subprocess.Popen[bytes]:
        environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "TMPDIR": str(self.temporary)}
        with self.output.open("wb") as output:
            return subprocess.Popen(
                [sys.executable, "-m", "runner", "run", "example", "--sandbox"],
                cwd=self.folder, env=environ, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                start_new_session=True,
            )  # fmt: skip

    def processes(self) -> list[str]:
        """Give the command lines of what runs in this folder or names it."""
        return [line for process in PROC.glob("[0-9]*") for line in self._of_process(process)]

    def _of_process(self, process: Path) -> Iterator[str]:
        try:
            words = process.joinpath("cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            place = process.joinpath("cwd").readlink()
        except OSError:  # it has just ended
            return
        if str(self.folder) in words or place.is_relative_to(self.folder):
            yield f"{process.name} {words}"


def prepare(folder: Path) -> Project:
    project = Project(folder)
    folder.mkdir(exist_ok=True)
    shutil.copytree(EXAMPLE, folder / "example")
    (folder / "example" / "template" / "hooks" / "post_gen_project.py").write_text(SLOW_HOOK, encoding="utf-8")
    project.temporary.mkdir()
    return project


def end(project: Project, kind: str, after: float, figures: Figures) -> bool:
    """Start a run, end it after so many seconds, and look at its processes. Gives whether it had reached Slack."""
    with project.start() as runner:
        while runner.poll() is None and not _listens(runner.pid):
            time.sleep(0.001)
        time.sleep(after)
        for number in KILLS[kind]:
            runner.send_signal(number)
            time.sleep(random.uniform(0, 0.3))  # noqa: S311 - no cryptography
        code = runner.wait(120)
    told = project.output.read_text(encoding="utf-8", errors="replace")
    first = KILLS[kind][0]
    if code == 0:
        figures.too_late += 1
    elif code not in (-first, 128 + first):  # as the shell tells both
        figures.fault("exit codes", f"{code} after {kind}: {told[-2000:]}")
    figures.kills[kind] += 1
    deadline = time.monotonic() + (PATIENCE if first == signal.SIGKILL else DYING)
    while (left := project.processes()) and time.monotonic() < deadline:
        time.sleep(0.1)
    if left:
        figures.fault(f"orphans of {kind}", left)
    if "Traceback" in told:
        figures.fault("tracebacks", told[-3000:])
    while project.processes():
        time.sleep(0.2)  # the next kill is counted for itself
    return "(SlackNotify)" in told


def _listens(pid: int) -> bool:
    """Tell whether a process has its own answer to SIGTERM: before main(), Python answers SIGINT by a traceback."""
    told = (PROC / str(pid) / "status").read_text(encoding="ascii", errors="replace")
    caught = int(next(line.split()[1] for line in told.splitlines() if line.startswith("SigCgt:")), 16)
    return bool(caught >> (signal.SIGTERM - 1) & 1)


def finish(project: Project, reached_slack: int, figures: Figures) -> None:
    """Run the command to its end, and look for duplicates and files."""
    figures.rounds += 1
    with project.start() as runner:
        code = runner.wait(300)
    if code != 0:
        figures.fault("re-runs that fail", project.output.read_text(encoding="utf-8", errors="replace")[-3000:])
        return
    state = open_state(project.folder / ".idp-steps" / "sandbox")
    with state.database() as database:
        count = {
            table: database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608 - no value from outside
            for table in ("repositories", "entities", "slack_messages")
        }
    repository = next(state.folder.rglob("payments.git"))
    command = ["git", "-C", str(repository), "rev-list", "--count", "main"]
    commits = int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    expected = {"repositories": 2, "entities": 1}  # one is the template's
    for what, number in expected.items():
        if count[what] != number:
            figures.fault(f"duplicate {what}", count[what])
    if commits != 1:
        figures.fault("duplicate commits", commits)
    if not 1 <= count["slack_messages"] <= 1 + reached_slack:  # who is ended while posting cannot know (docs/steps.md)
        figures.fault("duplicate messages", f"{count['slack_messages']}, {reached_slack} runs had reached Slack")
    locks = [path for path in state.folder.rglob("*.lock") if ".git" in str(path)]
    left = [*project.temporary.iterdir(), *locks, *project.folder.glob(".idp-steps/runs/*/private")]
    workspace = max(project.folder.glob(".idp-steps/runs/*"), key=lambda path: int(path.name.partition("-")[0]))
    left += list(workspace.glob("harness/.*"))
    if left:
        figures.fault("leftovers", left)


def kill(count: int, tell: Callable[[Figures], object] = lambda _: None) -> Figures:
    """Do all of it. `tell` gets the figures so far after each round."""
    figures = Figures()
    kinds = [kind for _ in range(count // len(KILLS) + 1) for kind in KILLS][:count]
    duration = 0.0
    while kinds:
        with tempfile.TemporaryDirectory(prefix="kills-") as folder:
            project = prepare(Path(folder))
            if not duration:
                started = time.monotonic()
                finish(prepare(Path(folder, "measured")), 0, figures)
                duration = time.monotonic() - started
            chosen, kinds = kinds[:PER_ROUND], kinds[PER_ROUND:]
            moments = [random.uniform(0, duration) for _ in chosen]  # noqa: S311 - no cryptography
            slack = sum(end(project, kind, after, figures) for kind, after in zip(chosen, moments, strict=True))
            finish(project, slack, figures)
        tell(figures)
    return figures


def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 120
    figures = kill(count, lambda so_far: print(sum(so_far.kills.values()), dict(so_far.wrong), file=sys.stderr))
    print(json.dumps({**vars(figures), "told": figures.told[:20]}, indent=2, ensure_ascii=False))
    return 1 if figures.wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
