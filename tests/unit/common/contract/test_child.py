"""A child process: what it is told and says, and that nothing of its group outlives it, its time or its parent."""

from __future__ import annotations

import functools
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from common.contract import child
from common.contract.signals import signals
from common.contract.talk import CHUNK
from common.errors import Interrupted
from tests.conftest import REPOSITORY_ROOT
from tests.processes import alive, ends

ENVIRON = {"PATH": os.environ["PATH"]}
SLEEPS = "import time; print('ready', flush=True); time.sleep(60)"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + SLEEPS
WITH_OFFSPRING = (
    "import subprocess, sys; child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); "
    "print(child.pid, flush=True); "
)


def python(program: str, **more: object) -> child.Ended:
    return child.run([sys.executable, "-c", program], environ=ENVIRON, **more)  # type: ignore[arg-type]


def test_a_child_reads_what_it_is_told_and_its_streams_are_kept_apart(tmp_path: Path) -> None:
    lines: list[str] = []
    told = "ä" * 500_000  # far more than a pipe takes at once, in both directions
    program = "import os, sys; print(sys.stdin.read(), end=''); print(os.getcwd(), 'done', file=sys.stderr)"
    done = python(program, stdin=told, line=lines.append, folder=tmp_path)
    assert done == child.Ended(0, told)
    assert lines == [f"{tmp_path} done"]


def test_merged_streams_come_line_by_line_in_their_order() -> None:
    lines: list[str] = []
    program = r"import sys; print('1', flush=True); sys.stderr.write('2\r3\r\n4\n\n'); sys.stderr.write('5')"
    assert python(program, merged=True, line=lines.append) == child.Ended(0)
    assert lines == ["1", "2", "3", "4", "", "5"]


def test_a_line_without_an_end_comes_in_pieces() -> None:
    lines: list[str] = []
    python(f"import sys; sys.stderr.write('x' * {3 * CHUNK})", line=lines.append)
    assert "".join(lines) == "x" * 3 * CHUNK
    assert max(map(len, lines)) <= 2 * CHUNK


@pytest.mark.parametrize(("program", "code"), [("raise SystemExit(4)", 4), ("import os; os.kill(os.getpid(), 9)", 137)])
def test_the_exit_code_is_that_of_the_child_or_of_its_signal(program: str, code: int) -> None:
    assert python(program).code == code


def test_a_child_that_reads_nothing_and_closes_its_streams_is_waited_for() -> None:
    program = "import os, time; [os.close(number) for number in (0, 1, 2)]; time.sleep(0.2); os._exit(3)"
    assert python(program, stdin="x" * 1_000_000).code == 3


@pytest.mark.parametrize(
    ("argv", "environ", "reason", "missing"),
    [
        (["no-such-program"], ENVIRON, "there is no program no-such-program", True),
        (["/etc/passwd"], ENVIRON, "Permission denied", False),
        ([sys.executable], ENVIRON | {"X": "a\0b"}, "embedded null byte", False),
        ([sys.executable], ENVIRON | {"X": "x" * 200_000}, "Argument list too long", False),
    ],
    ids=["missing", "not executable", "NUL", "too long"],
)
def test_what_cannot_be_started_is_told(argv: list[str], environ: dict[str, str], reason: str, missing: bool) -> None:
    with pytest.raises(child.NotStarted, match=reason) as raised:
        child.run(argv, environ=environ)
    assert raised.value.missing is missing


@pytest.mark.parametrize("program", [SLEEPS, STUBBORN])
def test_a_child_whose_time_is_up_is_asked_to_end_and_then_forced(program: str) -> None:
    done = python(program, seconds=1, grace=0.5)
    assert done.timed_out
    assert done.code == (128 + (signal.SIGKILL if program is STUBBORN else signal.SIGTERM))
    assert done.stdout == "ready\n", "what it said in its time is kept"


def test_what_a_child_leaves_running_is_ended_and_its_last_words_are_kept() -> None:
    started = time.monotonic()
    done = python(WITH_OFFSPRING)
    assert ends(int(done.stdout))
    assert time.monotonic() - started < 30, "nobody waited for the end of what it left"
    program = "import subprocess, sys; subprocess.Popen(['sh', '-c', 'sleep 0.3; echo late >&2'])"
    lines: list[str] = []
    python(program, line=lines.append)
    assert lines == ["late"]


def test_a_callback_that_fails_ends_the_child() -> None:
    pids: list[int] = []

    def fail(line: str) -> None:
        pids.append(int(line))
        raise KeyError(line)

    with pytest.raises(KeyError):
        python(WITH_OFFSPRING + SLEEPS, merged=True, line=fail)
    assert ends(pids[0])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_whole_group_before_it_is_raised(number: signal.Signals) -> None:
    pids: list[int] = []

    def stop(line: str) -> None:
        pids.append(int(line))
        os.kill(os.getpid(), number)

    with pytest.raises(Interrupted) as raised, signals():
        python(WITH_OFFSPRING + "import time; time.sleep(60)", merged=True, line=stop)
    assert raised.value.exit_code == 128 + number
    assert ends(pids[0])


def test_a_second_signal_does_not_wait_for_a_child_that_takes_its_time() -> None:
    def stop(line: str) -> None:
        if line == "ready":
            os.kill(os.getpid(), signal.SIGINT)
            threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()

    started = time.monotonic()
    with pytest.raises(Interrupted), signals():
        python(STUBBORN, merged=True, line=stop, grace=60)
    assert time.monotonic() - started < 40


def test_a_signal_that_comes_while_the_child_is_being_started_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[int] = []
    popen = subprocess.Popen

    def start(*arguments: object, **more: object) -> object:
        process = popen(*arguments, **more)  # type: ignore[call-overload]
        started.append(process.pid)
        os.kill(os.getpid(), signal.SIGTERM)
        return process

    monkeypatch.setattr(subprocess, "Popen", start)
    with pytest.raises(Interrupted), signals():
        python(SLEEPS)
    assert not alive(started[0])


PARENT = """
import sys, threading
from common.contract import child
if {threads!r}:
    threading.Thread(target=threading.Event().wait, daemon=True).start()
child.run({argv!r}, environ={environ!r}, line=lambda line: print(line, flush=True), **{options!r})
"""
OTHERS = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
OURS = """
import os, time
from common.contract import process
{before}
process.follow_parent(os.environ)
print(os.getpid(), flush=True)
time.sleep(60)
"""


def _parent(program: str, *, threads: bool = False, ours: bool = False) -> subprocess.Popen[str]:
    environ = {**ENVIRON, "PYTHONPATH": str(REPOSITORY_ROOT)}
    argv = [sys.executable, "-c", program]
    parent = PARENT.format(argv=argv, environ=environ, threads=threads, options={"merged": True, "ours": ours})
    return subprocess.Popen([sys.executable, "-c", parent], env=environ, stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize(
    ("program", "options"),
    [
        (OTHERS, {}),
        (OTHERS, {"threads": True}),
        (OURS.format(before=""), {"ours": True}),
    ],
    ids=["of others", "of others, with threads", "ours"],
)
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's end")
def test_a_parent_that_is_killed_takes_its_child_along(program: str, options: dict[str, bool]) -> None:
    with _parent(program, **options) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.kill()
        assert ends(pid)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's end")
def test_a_child_whose_parent_ended_before_it_could_ask_ends_too(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    before = f"print(os.getpid(), flush=True)\nwhile not os.path.exists({str(gate)!r}): time.sleep(0.01)"
    with _parent(OURS.format(before=before), ours=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.kill()
        parent.wait()
        gate.touch()
        assert ends(pid)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's end")
def test_a_program_of_others_is_not_begun_when_its_parent_has_ended(tmp_path: Path) -> None:
    """What starts it looks at its parent after it has asked to be told of that one's end."""
    begun = tmp_path / "begun"
    command = child._following("touch", ENVIRON)
    stranger = str(os.getppid())  # not the parent of what is started here
    done = subprocess.run([*command[:-1], stranger, "touch", begun], env=ENVIRON, check=False)
    assert done.returncode == 143
    assert not begun.exists()
    subprocess.run([*command, "touch", begun], env=ENVIRON, check=True)
    assert begun.exists()

    run = functools.partial(subprocess.run, ["touch", begun], env=ENVIRON, check=False)
    begun.unlink()
    assert run(preexec_fn=child._follow(os.getppid())).returncode == 143
    assert not begun.exists()
    assert run(preexec_fn=child._follow(os.getpid())).returncode == 0
    assert begun.exists()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's end")
def test_a_signal_before_a_program_of_others_is_begun_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between fork and exec the handlers of this process would still be in place, and would swallow it."""
    monkeypatch.setattr(child, "prctl", lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    with signals():
        done = python("print('begun')")
    assert done == child.Ended(128 + signal.SIGTERM)


def test_a_child_of_ours_is_told_its_parent_and_a_program_of_others_is_not() -> None:
    program = "import os; print(os.environ.get('IDP_STEPS_PARENT'))"
    assert python(program).stdout == "None\n"
    assert python(program, brief=True).stdout == "None\n"
    assert python(program, ours=True).stdout == f"{os.getpid()}\n"


def test_a_brief_program_that_is_not_there_is_told_likewise() -> None:
    with pytest.raises(child.NotStarted, match="there is no program no-such-program") as raised:
        child.run(["no-such-program"], environ=ENVIRON, brief=True)
    assert raised.value.missing


def test_no_descriptor_is_left_open() -> None:
    look: Callable[[], int] = lambda: len(os.listdir("/proc/self/fd"))  # noqa: E731, PTH208
    python("pass")
    before = look()
    for _ in range(3):
        python("import sys; sys.stdin.read()", stdin="x")
    assert look() == before
