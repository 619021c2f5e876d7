"""What a template prints reaches the log while it works, and never in such an amount that the log is cut off."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from common.template import listening, writing
from tests.conftest import RunStep
from tests.hostile.test_kills import COMMAND, ENVIRON
from tests.unit.common.template.test_hooks import POST, PRE, PRIVATE, template

LINE = "one of many lines, " * 10
FLOOD = f"#!/bin/sh\nyes '{LINE}' | head -n 100000\necho '::set-output name=a::b'\n"


def test_a_hook_that_prints_without_measure_fills_no_log_and_its_last_words_are_shown(
    workspace: Path, run_step: RunStep
) -> None:
    template(workspace / "template", {f"{PRE}.sh": FLOOD, f"{POST}.sh": "#!/bin/sh\necho why; exit 3\n"})
    done = run_step("CookieCutter", PRIVATE | {"HOOK_TIMEOUT": "300", "GITHUB_ACTIONS": "true"})
    assert done.code == 1
    lines = done.stderr.splitlines()
    shown = lines.count(LINE)
    assert listening.MOST <= shown * len(f"{LINE}\n") <= listening.MOST + listening.LAST * len(f"{LINE}\n")
    assert "printed more than 2000000 bytes" in done.stderr
    left_out = re.search(r"^(\d+) lines of the template's code are left out here\.$", done.stderr, re.MULTILINE)
    assert left_out is not None
    assert int(left_out[1]) + shown == 100_000
    assert [line for line in lines if "set-output" in line] == [": :set-output name=a::b"]
    assert "why" in lines


def test_a_line_without_end_is_cut(workspace: Path, run_step: RunStep) -> None:
    text = "import sys\nfor _ in range(50):\n    sys.stdout.write('x' * 1_000_000)\n"
    template(workspace / "template", {f"{PRE}.py": text})
    done = run_step("CookieCutter", PRIVATE)
    assert done.code == 0, done.stderr
    assert len(done.stderr) < listening.MOST
    assert "… (65536 characters)" in done.stderr


WAITING = """\
from pathlib import Path
from time import monotonic, sleep
from common.template import writing
from jinja2.ext import Extension
writing.PROGRESS = 0.2

def wait(number):
    due = monotonic() + 60
    while number == 150 and not Path("WORKSPACE/go").exists() and monotonic() < due:
        sleep(0.01)
    sleep(0.005)
    return number

class Waiting(Extension):
    def __init__(self, environment):
        super().__init__(environment)
        environment.filters["wait"] = wait
"""


@contextmanager
def started(workspace: Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        COMMAND, cwd=workspace, env=ENVIRON, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as step:
        yield step


def test_long_rendering_says_how_far_it_is_while_it_works_and_in_few_lines(workspace: Path) -> None:
    root = template(workspace / "template", {})
    for number in range(300):
        (root / "{{cookiecutter.slug}}" / f"f{number:03}").write_text(f"{{{{ {number} | wait }}}}")
    (root / "own.py").write_text(WAITING.replace("WORKSPACE", str(workspace)))
    (root / "cookiecutter.json").write_text('{"slug": "app", "_extensions": ["own.Waiting"]}')
    with started(workspace) as step:
        assert step.stderr is not None
        told = [""]
        while "are written" not in told[-1]:
            told.append(step.stderr.readline())
            assert told[-1], told
        assert re.fullmatch(r"\d+ of 301 files and folders are written\.\n", told[-1])
        assert step.poll() is None, "it is told while the step works"
        (workspace / "go").touch()
        told += step.stderr.readlines()
    assert step.returncode == 0, told
    numbers = [int(line.split()[0]) for line in told if "are written" in line]
    assert numbers == sorted(set(numbers))
    assert len(numbers) < 300 / 4, "in 0.2 seconds come some tens of files"


def test_short_rendering_says_nothing_of_how_far_it_is(workspace: Path, run_step: RunStep) -> None:
    template(workspace / "template", {})
    assert writing.PROGRESS >= 5
    assert "are written" not in run_step("CookieCutter", PRIVATE).stderr
