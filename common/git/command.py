"""The git command line: a clean environment, and a process group that ends with the step.

Configuration comes through GIT_CONFIG_* variables, so no file is written and no setting of the machine counts.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from common import log
from common.errors import Unavailable
from common.git.credentials import Credentials
from common.git.standstill import ended_when_still
from common.network.settings import Network

SETTINGS = {
    "safe.directory": "*",  # the workspace may belong to another uid
    "core.hooksPath": os.devnull,
    "core.autocrlf": "false",
    "core.fileMode": "true",
    "core.symlinks": "true",
    "commit.gpgSign": "false",
    "credential.helper": "",
    "gc.auto": "0",
    "http.followRedirects": "false",  # the files and the credentials are for the host that was named
    "init.defaultBranch": "main",
    "advice.detachedHead": "false",
    "protocol.ext.allow": "never",
}
ENVIRONMENT = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_HTTP_LOW_SPEED_LIMIT": "100",  # bytes per second
    "LC_ALL": "C.UTF-8",
}
STOP_SECONDS = 5


class GitFailed(Exception):
    """Git ended with an error; `lines` are its own words."""

    def __init__(self, command: str, code: int, lines: Sequence[str]) -> None:
        super().__init__(f"git {command} ended with {code}: {lines}")
        self.lines = lines

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    @property
    def reason(self) -> str:
        """The line that says why: the first that git marks so, for those after it only say what that led to."""
        marked = [line for line in self.lines if line.startswith(("fatal: ", "error: "))]
        told = next(iter(marked or [line for line in reversed(self.lines) if line.strip()]), "git gave no reason")
        return told.partition(": ")[2].rstrip(".") if marked else told.rstrip(".")


@dataclass(frozen=True)
class Git:
    """Git with a fixed environment. The credentials are in it only while git talks to their host."""

    network: Network
    credentials: Credentials | None = None

    def run(
        self,
        *arguments: str,
        cwd: Path | None = None,
        stdin: str = "",
        extra: Mapping[str, str] | None = None,
    ) -> str:
        """Run git without credentials and give its standard output. Raises GitFailed."""
        return _run(arguments, cwd=cwd, stdin=stdin, environ=self._environ({}) | dict(extra or {}))

    def talk(
        self,
        *arguments: str,
        cwd: Path | None = None,
        extra: Mapping[str, str] | None = None,
        settings: Mapping[str, str] | None = None,
        silent_seconds: float,
        show: tuple[str, ...] = (),
    ) -> str:
        """Run git with the credentials and give its standard output. Raises GitFailed, and TimeoutError.

        silent_seconds: how long a transfer may stand still. show: beginnings of lines on stderr that the user sees at
        once, as in "remote:".
        """
        own = self.credentials.settings() if self.credentials is not None else {}
        environ = self._environ(own | dict(settings or {})) | dict(extra or {})
        environ |= self.credentials.variables() if self.credentials is not None else {}
        environ["GIT_HTTP_LOW_SPEED_TIME"] = str(max(1, round(silent_seconds)))
        return _run(arguments, cwd=cwd, environ=environ, show=show, silent_seconds=silent_seconds)

    def _environ(self, settings: Mapping[str, str]) -> dict[str, str]:
        environ = {**os.environ, **self.network.environ, **ENVIRONMENT}
        pairs = {**SETTINGS, **settings}
        environ["GIT_CONFIG_COUNT"] = str(len(pairs))
        for number, (key, value) in enumerate(pairs.items()):
            environ |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
        return environ


def _run(  # noqa: PLR0913 - all but the arguments are keyword-only
    arguments: Sequence[str],
    *,
    cwd: Path | None,
    environ: Mapping[str, str],
    stdin: str = "",
    show: tuple[str, ...] = (),
    silent_seconds: float = 0,
) -> str:
    try:
        child = subprocess.Popen(
            ["git", *arguments],
            cwd=cwd,
            env=environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
    except FileNotFoundError as error:
        raise Unavailable(
            "There is no git on this machine.", next_step="Install git, or use the image of this step."
        ) from error
    lines: list[str] = []
    reader = threading.Thread(target=_read_errors, args=(child, lines, show), daemon=True)
    with child:
        reader.start()
        try:
            with ended_when_still(child.pid, silent_seconds) if silent_seconds else contextlib.nullcontext():
                stdout = _exchange(child, stdin)
        finally:
            _stop(child)
            reader.join()
    if child.returncode != 0:
        raise GitFailed(arguments[0], child.returncode, lines)
    return stdout


def _exchange(child: subprocess.Popen[str], stdin: str) -> str:
    assert child.stdin is not None  # noqa: S101 - opened as a pipe
    assert child.stdout is not None  # noqa: S101 - opened as a pipe
    with contextlib.suppress(BrokenPipeError):
        child.stdin.write(stdin)
        child.stdin.close()
    stdout = child.stdout.read()
    child.wait()
    return stdout


def _read_errors(child: subprocess.Popen[str], lines: list[str], show: tuple[str, ...]) -> None:
    assert child.stderr is not None  # noqa: S101 - opened as a pipe
    for line in child.stderr:
        lines.append(line.rstrip())
        if show and line.startswith(show):
            log.info(line.rstrip())


def _stop(child: subprocess.Popen[str]) -> None:
    """End what is left of git and its helpers, gently first, so that it removes its lock files."""
    for number, seconds in ((signal.SIGTERM, STOP_SECONDS), (signal.SIGKILL, None)):
        if child.poll() is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(seconds)
