"""A run that a person sits in front of: what it asks, what it does with the answer, and what Ctrl-C ends."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY_ROOT
from tests.kills import PROC, Project

PATIENCE = 60.0  # seconds for what takes a moment, also on a slow machine
# The process takes the terminal for its own, so that Ctrl-C reaches it, and becomes the command.
TAKING_IT = "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"


@dataclass
class Session:
    """A command on a terminal of its own."""

    process: subprocess.Popen[bytes]
    terminal: int
    text: str = ""
    seen: int = 0

    def until(self, pattern: str) -> re.Match[str]:
        """Read until a pattern is there, after what was found last."""
        due = time.monotonic() + PATIENCE
        while not (found := re.compile(pattern, re.MULTILINE).search(self.text, self.seen)):
            assert time.monotonic() < due, f"{pattern!r} does not come after:\n{self.text}"
            assert self._read(0.2), f"{pattern!r} is not in:\n{self.text}"
        self.seen = found.end()
        return found

    def say(self, text: str) -> None:
        """Type a line."""
        os.write(self.terminal, f"{text}\n".encode())

    def press(self, key: bytes) -> None:
        os.write(self.terminal, key)

    def end(self) -> int:
        """Read to the end, and give the exit code."""
        while self._read(PATIENCE):
            pass
        return self.process.wait(PATIENCE)

    def _read(self, seconds: float) -> bool:
        """Read what is there. False: it is at its end."""
        if not select.select([self.terminal], [], [], seconds)[0]:
            return True
        with suppress(OSError):  # EIO: the other side is closed
            if content := os.read(self.terminal, 65_536):
                self.text += re.sub(r"\x1b\[[0-9;]*m", "", content.decode()).replace("\r\n", "\n")
                return True
        return False


@pytest.fixture
def project(tmp_path: Path) -> Project:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "tmp").mkdir()
    return Project(folder)


Start = Callable[..., Session]


@pytest.fixture
def start(project: Project) -> Iterator[Start]:
    """Start `idp-steps run` for a pipeline on a terminal."""
    with ExitStack() as stack:

        def begin(stages: str, *arguments: str, environ: Mapping[str, str] | None = None) -> Session:
            text = f"pipeline:\n  name: Asks\n  identifier: asks\n  orgIdentifier: o\n  projectIdentifier: p\n{stages}"
            (project.folder / "pipeline.yaml").write_text(text)
            terminal, its_end = pty.openpty()
            stack.callback(os.close, terminal)
            command = [sys.executable, "-m", "runner", "run", "pipeline.yaml", *arguments]
            process = subprocess.Popen(
                [sys.executable, "-c", TAKING_IT, *command],
                cwd=project.folder,
                env={
                    "PATH": os.environ["PATH"], "PYTHONPATH": str(REPOSITORY_ROOT), "LANG": "C.UTF-8",
                    "TMPDIR": str(project.temporary), **(environ or {}),
                },
                stdin=its_end, stdout=its_end, stderr=its_end, start_new_session=True,
            )  # fmt: skip
            stack.callback(process.wait)
            stack.callback(process.kill)
            os.close(its_end)
            return Session(process, terminal)

        yield begin


def stage(steps: str, identifier: str = "one") -> str:
    return (
        f"    - stage:\n        name: {identifier}\n        identifier: {identifier}\n        type: IDP\n"
        f"        spec: {{execution: {{steps: [{steps}]}}}}\n"
    )


def run_step(identifier: str, command: str, more: str = "") -> str:
    name = identifier.capitalize()
    return f'{{step: {{type: Run, name: {name}, identifier: {identifier}, {more} spec: {{command: "{command}"}}}}}}'


ASKING = (
    "failureStrategies: [{onFailure: {errors: [AllErrors], action: {type: ManualIntervention, "
    "spec: {timeout: <due>, onTimeout: {action: {type: Ignore}}}}}}],"
)


def test_a_person_decides_about_a_failed_step(start: Start) -> None:
    """By number or by text; a retry asks again when it is in vain, and another answer is asked for."""
    asking = ASKING.replace("<due>", "1h")
    steps = [
        run_step("odd", "echo x >> tries; exit 3", asking),
        run_step("tell", "wc -l < tries; echo <+steps.odd.status>"),
    ]
    session = start("  stages:\n" + stage(", ".join(steps)))

    session.until(r"^The step 'Odd' has failed with exit code 3\. What is to be done\?$")
    session.until(r"^  1\) Retry\n  2\) Ignore\n  3\) Mark as success\n  4\) Mark as failure\n  5\) Abort\n> $")
    session.say("6")
    session.until(r"^Answer with the number or the text of a line above\.$")
    session.say("1")
    session.until(r"^    'Odd' is tried again; 1 of 1 tries left\.$")
    session.until(r"What is to be done\?")
    session.say("Mark as success")
    session.until(r"^      2\n      SUCCEEDED$")
    assert session.end() == 0


def test_no_answer_in_time_takes_what_follows(start: Start) -> None:
    session = start("  stages:\n" + stage(run_step("odd", "exit 3", ASKING.replace("<due>", "200ms"))))
    session.until(r"What is to be done\?")
    session.until(r"^    'Odd': as its failure strategy says, no answer has come in time\.$")
    session.until(r"the failure is ignored")
    assert session.end() == 0


APPROVAL = (
    "    - stage: {name: Ask, identifier: ask, type: Approval, spec: {execution: {steps: "
    '[{step: {type: HarnessApproval, spec: {approvalMessage: "Go on?"}}}]}}}\n'
)


@pytest.mark.parametrize(
    ("answer", "code", "status", "said"),
    [("1", 0, "SUCCEEDED", ""), ("Reject", 1, "APPROVAL_REJECTED", "^The stage 'Ask' was rejected\\.$")],
)
def test_an_approval_is_asked_for(start: Start, answer: str, code: int, status: str, said: str) -> None:
    rest = stage(run_step("go", "echo going"), "two")
    last = stage(run_step("last", "echo it is <+pipeline.stages.ask.status>"), "three")
    session = start(
        "  stages:\n" + APPROVAL + rest + last.replace("type: IDP", "type: IDP\n        when: {pipelineStatus: All}")
    )

    session.until(r"^Ask: Go on\?$\n  1\) Approve\n  2\) Reject\n> ")
    session.say(answer)
    session.until(r"^      going$" if not code else r"Go is skipped: an earlier stage has failed")
    session.until(rf"^      it is {status}$")
    session.until(said)
    assert session.end() == code


def test_an_approval_waits_no_longer_than_the_pipeline_may_take(start: Start) -> None:
    session = start("  timeout: 1s\n  stages:\n" + APPROVAL)
    session.until(r"^The stage 'Ask' was ended by the timeout of the pipeline\.$")
    assert session.end() == 5


INPUTS = r"""
  variables:
    - {name: name, type: String, value: "<+input>.regex([a-z]+)"}
    - {name: size, type: String, value: "<+input>.selectOneFrom(small,large)"}
    - {name: tags, type: String, value: "<+input>.selectManyFrom(a,b,c)"}
    - {name: key, type: Secret, value: <+input>}
    - {name: count, type: Number, value: <+input>}
    - {name: given, type: String, value: <+input>}
    - {name: usual, type: String, value: "<+input>.default(usual)"}
"""


def test_values_that_are_missing_are_asked_for(start: Start) -> None:
    """With their choices, again when they are not allowed, and not when they are given or have a default."""
    step = run_step("say", "echo $name $size $tags $count $given $usual; test -n $key && echo key")
    session = start(
        "  stages:\n" + stage(step) + INPUTS, "--set", "given=g", environ={"SECRET_account_key": "hidden-value"}
    )

    session.until(r"^What is the value of the variable 'name'\?$\n> ")
    session.say("Nine9")
    session.until(r"^The value 'Nine9' of the variable 'name' is not allowed; it has to match \[a-z\]\+\.$")
    session.until(r"^What is the value of the variable 'name'\?$\n> ")
    session.say("")
    session.until(r"^Write something\.$")
    session.say("pay")
    session.until(r"^What is the value of the variable 'size'\?$\n  1\) small\n  2\) large\n> ")
    session.say("2")
    session.until(r"'tags'\?$\n  1\) a\n  2\) b\n  3\) c\n> ")
    session.say("1, c")
    session.until(r"'key' \(the id of a secret, not the secret itself\)\?$\n> ")
    session.say("account.key")
    session.until(r"'count'\?$\n> ")
    session.say("many")
    session.until(r"^The value 'many' of the variable 'count' is no number\.$")
    session.until(r"'count'\?$\n> ")
    session.say("3")
    session.until(r"^      pay large a,c 3 g usual\n      key$")
    assert session.end() == 0
    assert "'given'" not in session.text
    assert "'usual'" not in session.text
    assert "hidden-value" not in session.text


@pytest.mark.parametrize("where", ["value", "step"])
def test_ctrl_c_at_a_question_ends_the_run(start: Start, project: Project, where: str) -> None:
    step = run_step("odd", "exit 3", ASKING.replace("<due>", "1h"))
    session = start("  stages:\n" + stage(step) + (INPUTS if where == "value" else ""))
    session.until(r"^> ")
    session.press(b"\x03")
    session.until(r"Stopped; running the same command again is safe\.$")
    assert session.end() == 130
    assert "Traceback" not in session.text
    assert project.processes() == []


PARALLEL = ", ".join(
    [
        run_step("first", "echo first"),
        "{parallel: ["
        + ", ".join(
            run_step(name, f"echo {name} begins; sleep 600 & sleep 600") for name in ("left", "right", "middle")
        )
        + "]}",
        run_step("never", "echo never"),
    ]
)


@pytest.mark.skipif(not PROC.is_dir(), reason="processes are found by way of /proc")
@pytest.mark.parametrize(("how", "code"), [("Ctrl-C", 130), ("SIGTERM", 143)])
def test_what_runs_at_the_same_time_is_ended_together(start: Start, project: Project, how: str, code: int) -> None:
    """No process is left, also none that a step has started; the run says what it has stopped, and can be run again."""
    session = start("  stages:\n" + stage(PARALLEL))
    for name in ("left", "right", "middle"):
        session.seen = 0
        session.until(f"^      {name} \\| {name} begins$")
    if how == "Ctrl-C":
        session.press(b"\x03")
    else:
        session.process.send_signal(signal.SIGTERM)
    assert session.end() == code, session.text

    session.seen = 0
    session.until(r"^Stopped: Left, Right and Middle\. Done before: First\. Not run: Never\.$")
    session.until(r"Stopped; running the same command again is safe\.$")
    assert "Traceback" not in session.text
    assert project.processes() == []
    assert [path.name for path in project.folder.glob(".idp-steps/runs/*/*")] == ["harness"]

    again = start("  stages:\n" + stage(PARALLEL.replace("sleep 600 & sleep 600", "true")))
    assert again.end() == 0
    assert "never" in again.text
