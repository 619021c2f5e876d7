"""Runs one step as a process of its own: streams its lines, bounds its time, and stops its whole process group."""

from __future__ import annotations

import functools
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from common.errors import BadInput, Interrupted

GRACE = 10.0  # seconds between asking a step to end and ending it
DRAIN = 2.0  # seconds for the last lines after a step has ended
TIMED_OUT = 5  # a step that takes too long is, to its user, an unavailable service
INSTALLED = "idp_steps-*.dist-info"


@dataclass(frozen=True)
class Ended:
    """How a step's process ended."""

    exit_code: int
    timed_out: bool = False


def command(module: str) -> list[str]:
    """Give the command line of a step. -P: the working directory holds generated code, nothing is imported from it."""
    return [sys.executable, "-P", "-m", module]


@functools.cache
def import_path() -> dict[str, str]:
    """Give what a process needs to find the steps when they run from a source tree that is not installed."""
    # What importlib.metadata would look for; loading that module takes as long as reading a pipeline.
    installed = any(next(Path(location).glob(INSTALLED), None) for location in sys.path)
    return {} if installed else {"PYTHONPATH": str(Path(__file__).resolve().parents[2])}


def run(
    argv: list[str], *, environ: Mapping[str, str], folder: Path, timeout: float, line: Callable[[str], None]
) -> Ended:
    """Run a process to its end. `line` gets what it prints, line by line. `timeout` is in seconds.

    A signal to the runner is handed to the process, which gets time to end in order; then Interrupted goes on.
    """
    try:
        process = subprocess.Popen(
            argv,
            env=dict(environ),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:  # ValueError: a NUL in a value
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise BadInput(
            f"The step's process could not be started: {reason}.",
            next_step="A value longer than 128 KiB, or one with a NUL character, cannot be a variable.",
        ) from error
    reader = threading.Thread(target=_relay, args=(process, line), daemon=True)
    # Popen.wait(timeout) would look for the end only every 50 ms; joining a thread that waits sees it at once.
    waiter = threading.Thread(target=process.wait, daemon=True)
    timed_out = False
    try:  # from here on a signal stops the process too, be it while the threads start
        reader.start()
        waiter.start()
        waiter.join(timeout)
        if waiter.is_alive():
            timed_out = True
            _stop(process, signal.SIGTERM)
    except Interrupted as interrupt:
        _stop(process, interrupt.exit_code - 128)
        raise
    finally:
        if reader.is_alive():
            reader.join(DRAIN)
        _end_group(process)
        if reader.is_alive():
            reader.join(DRAIN)
    if timed_out:
        return Ended(TIMED_OUT, timed_out=True)
    code = process.returncode
    return Ended(128 - code if code < 0 else code)


def _relay(process: subprocess.Popen[bytes], line: Callable[[str], None]) -> None:
    assert process.stdout is not None  # noqa: S101 - it was asked for as a pipe
    with process.stdout as stream:
        for raw in stream:
            line(raw.decode("utf-8", errors="replace").rstrip("\r\n"))


def _stop(process: subprocess.Popen[bytes], number: int) -> None:
    _signal_group(process, number)
    try:
        process.wait(GRACE)
    except (subprocess.TimeoutExpired, Interrupted):  # a second signal: at once
        _signal_group(process, signal.SIGKILL)
        process.wait()


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """End what a step has left running."""
    if process.poll() is not None:
        _signal_group(process, signal.SIGKILL)


def _signal_group(process: subprocess.Popen[bytes], number: int) -> None:
    with suppress(ProcessLookupError):  # all of it may have ended
        os.killpg(process.pid, number)
