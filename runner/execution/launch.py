"""The seam between a run and what carries a step out: a launcher starts one step and waits for its end.

There is one for processes (process.py). One for containers needs nothing but what is here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from runner.language.step_types import StepKind

TIMED_OUT = 5  # a step that takes too long is, to its user, an unavailable service


@dataclass(frozen=True)
class Script:
    """A command that is a step of its own: the name of its shell, and the file that it stands in."""

    shell: str
    file: Path


@dataclass(frozen=True)
class Start:
    """A step to be started. `timeout` is in seconds; `line` gets what the step prints, line by line.

    Launchers are called by several threads at once. `files` is the folder of its outputs, for this step alone. What
    follows is for containers: image, '' for the one that the type of step has; entrypoint, the
    image's own when empty; user, '' for this one; the limits, as Kubernetes writes them, '' for none.
    """

    kind: StepKind
    environ: Mapping[str, str]
    folder: Path
    files: Path
    timeout: float
    line: Callable[[str], None]
    script: Script | None = None
    image: str = ""
    entrypoint: tuple[str, ...] = ()
    user: str = ""
    memory: str = ""
    cpus: str = ""


@dataclass(frozen=True)
class Ended:
    """How a step ended."""

    exit_code: int
    timed_out: bool = False


Launcher = Callable[[Start], Ended]
"""Raises BadInput for a step that cannot be started; Interrupted, after the step has ended, when a signal came."""
