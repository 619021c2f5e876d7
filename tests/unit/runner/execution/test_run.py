"""A run of many steps, by a launcher that only talks: their order, their lines, and what it takes of memory."""

from __future__ import annotations

import io
import re
import threading
import tracemalloc
from dataclasses import dataclass, field
from pathlib import Path

from common.secret import Secret
from runner.execution import checks, run
from runner.execution.launch import Ended, Start
from runner.execution.report import Report
from runner.execution.step import Settings
from runner.language.inputs import Values
from runner.language.validate.examine import examined
from runner.platform.connectors import Harness, Missing, Services

BEFORE, AT_ONCE, AFTER = 90, 20, 90
LINES, WIDTH = 40, 2_000  # of each step
MEMORY = 2 * 1024 * 1024  # of what the run takes; all lines together have eight times as much
LINE = re.compile(r" {6}(?:(?P<label>\w+) \| )?(?P<name>\w+) says \d+ x{2000}\n")


def _step(name: str, after: str) -> str:
    command = f"after <+steps.{after}.output.outputVariables.out>" if after else "first"
    spec = f"{{command: '{command}', outputVariables: [{{name: out}}]}}"
    return f"step: {{type: Run, name: {name}, identifier: {name}, spec: {spec}}}"


HEAD = """
pipeline:
  name: Many
  identifier: many
  orgIdentifier: o
  projectIdentifier: p
  stages:
    - stage:
        name: s
        identifier: s
        type: IDP
        spec:
          execution:
            steps:
"""


def _pipeline(file: Path) -> Path:
    steps = [f"- {_step(f'a{number}', f'a{number - 1}' if number else '')}" for number in range(BEFORE)]
    inner = [f"    - {_step(f'p{number}', f'a{BEFORE - 1}')}" for number in range(AT_ONCE)]
    steps += ["- parallel:", *inner]
    steps += [f"- {_step(f'z{number}', f'z{number - 1}' if number else 'p7')}" for number in range(AFTER)]
    file.write_text(HEAD + "\n".join(f"              {line}" for line in steps) + "\n")
    return file


class Sink(io.StringIO):
    """Looks at what is written, and keeps no more than the heads of the steps."""

    def __init__(self) -> None:
        super().__init__()
        self.heads: list[str] = []
        self.odd: list[str] = []
        self.count = 0

    def write(self, text: str) -> int:
        if found := LINE.fullmatch(text):
            self.count += 1
            label = found["name"] if found["name"].startswith("p") else None
            self.odd += [] if found["label"] == label else [text]
        elif text.startswith("["):
            self.heads.append(text.split()[1])
        elif " says " in text or text.count("\n") != 1:
            self.odd.append(text)
        return len(text)


@dataclass
class Talking:
    """A launcher whose steps talk, and hand their own name on."""

    together: threading.Barrier = field(default_factory=lambda: threading.Barrier(AT_ONCE, timeout=60))
    got: dict[str, str] = field(default_factory=dict)

    def launch(self, start: Start) -> Ended:
        name = start.files.name.rpartition(".")[2]
        assert start.script is not None
        self.got[name] = start.script.file.read_text().splitlines()[1]
        if name.startswith("p"):
            self.together.wait()
        for number in range(LINES):
            start.line(f"{name} says {number} {'x' * WIDTH}")
        (start.files / "variables").write_bytes(f"out={name}\0".encode())
        return Ended(0)


def _nothing(reference: str, _: str = "") -> Secret:
    raise Missing(reference)


def test_two_hundred_steps_run_in_order_with_whole_lines_and_little_memory(tmp_path: Path) -> None:
    """Twenty of them at the same time. Each gets what an earlier one has put out."""
    checked, faults = examined(_pipeline(tmp_path / "pipeline.yaml"), checks.facts_of({}))
    assert faults == []
    talking, sink = Talking(), Sink()
    services = Services(lambda _: None, _nothing, lambda: Harness("a", "https://p.test", {}))  # type: ignore[arg-type, return-value]
    settings = Settings(tmp_path, None, {}, launcher=talking.launch)
    tracemalloc.start()
    try:
        code, tree = run.run(checked, Values({}, {}), {}, services, settings, Report(sink, colour=False))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    first, last = [f"a{number}" for number in range(BEFORE)], [f"z{number}" for number in range(AFTER)]
    assert code == 0
    assert sink.heads[:BEFORE] == first
    assert sorted(sink.heads[BEFORE:-AFTER]) == sorted(f"p{number}" for number in range(AT_ONCE))
    assert sink.heads[-AFTER:] == last
    assert sink.odd == []
    assert sink.count == LINES * (BEFORE + AT_ONCE + AFTER)
    assert talking.got["a1"] == "after a0"
    assert {talking.got[f"p{number}"] for number in range(AT_ONCE)} == {f"after a{BEFORE - 1}"}
    assert talking.got[f"z{AFTER - 1}"] == f"after z{AFTER - 2}"
    assert [node.number for node in tree.root.steps()] == list(range(1, BEFORE + AT_ONCE + AFTER + 1))
    assert peak < MEMORY, f"{peak / 1024 / 1024:.1f} MiB"
