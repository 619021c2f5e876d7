"""The launcher that runs a step as a process of its own."""

from __future__ import annotations

import functools
import sys
from pathlib import Path

from common.contract import child
from common.errors import BadInput
from runner.execution import script
from runner.execution.launch import TIMED_OUT, Ended, Start

GRACE = 10.0  # seconds between asking a step to end and ending it
INSTALLED = "idp_steps-*.dist-info"


def command(module: str) -> list[str]:
    """Give the command line of a step. -P: the working directory holds generated code, nothing is imported from it."""
    return [sys.executable, "-P", "-m", module]


@functools.cache
def import_path() -> dict[str, str]:
    """Give what a process needs to find the steps when they run from a source tree that is not installed."""
    # What importlib.metadata would look for; loading that module takes as long as reading a pipeline.
    installed = any(next(Path(location).glob(INSTALLED), None) for location in sys.path)
    return {} if installed else {"PYTHONPATH": str(Path(__file__).resolve().parents[2])}


def launch(start: Start) -> Ended:
    """Run a step's process to its end. A signal to the runner is handed to it, and it gets time to end in order."""
    ours = start.script is None
    try:
        ended = child.run(
            command(start.kind.module) if start.script is None else script.argv(start.script),
            environ={**import_path(), **start.environ} if ours else start.environ,
            folder=start.folder,
            line=start.line,
            merged=True,
            seconds=start.timeout,
            grace=GRACE,
            ours=ours,
        )
    except child.NotStarted as error:
        if error.missing and start.script is not None:
            raise BadInput(
                f"The step needs the shell {start.script.shell}: {error}.", next_step="Install it, or name another."
            ) from error
        raise BadInput(
            f"The step's process could not be started: {error}.",
            next_step="A value longer than 128 KiB, or one with a NUL character, cannot be a variable.",
        ) from error
    return Ended(TIMED_OUT, timed_out=True) if ended.timed_out else Ended(ended.code)
