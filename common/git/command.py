"""The git command line: a clean environment, and a process group that ends with the step.

Configuration comes through GIT_CONFIG_* variables, so no file is written and no setting of the machine counts.
"""

from __future__ import annotations

import math
import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from common import log
from common.contract import child
from common.errors import Unavailable
from common.git import heads
from common.git.credentials import Credentials
from common.network.settings import Network

SETTINGS = {
    "safe.directory": "*",  # the workspace may belong to another uid
    "core.hooksPath": os.devnull,
    "core.fsmonitor": "false",
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
# What the server says of its own work on a transfer, which tells the user nothing more than how far that is.
COUNTED = re.compile(r"remote: (?:Enumerating|Finding|Getting|Total)\b")
ENVIRONMENT = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_HTTP_LOW_SPEED_LIMIT": "100",  # bytes per second
    "LC_ALL": "C.UTF-8",
}

LARGEST = ("git-remote-http", 512 * 1024 * 1024)
"""What git reads an answer by, as the kernel cuts its name, and the bytes of memory that one may fill.

A list of millions of references has less.
"""
PROGRESS = re.compile(r"(?:remote: )?[A-Z][A-Za-z ]+: +\d+% \(\d+/\d+\)")  # what git, git-lfs and the server tell often


class GitFailed(Exception):
    """Git ended with an error; `lines` are its own words, `stdout` what it had printed.

    broke_off: the head of an answer did not come whole, so what git made of it does not count.
    """

    broke_off = False

    def __init__(self, command: str, code: int, lines: Sequence[str], stdout: str = "") -> None:
        super().__init__(f"git {command} ended with {code}: {lines}")
        self.code = code
        self.lines = lines
        self.stdout = stdout

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def says(self, *words: str) -> bool:
        """Tell whether git said one of these, of answers that came whole."""
        return not self.broke_off and any(each in self.text for each in words)

    @property
    def reason(self) -> str:
        """The line that says why: the first that git marks so, for those after it only say what that led to."""
        marked = [line for line in self.lines if line.startswith(("fatal: ", "error: "))]
        told = next(iter(marked or [line for line in reversed(self.lines) if line.strip()]), "git gave no reason")
        return told.partition(": ")[2].rstrip(".") if marked else told.rstrip(".")


class Git(NamedTuple):
    """Git with a fixed environment. The credentials are in it only while git talks to their host."""

    network: Network
    credentials: Credentials | None = None

    def run(
        self,
        *arguments: str,
        cwd: Path | None = None,
        stdin: str = "",
        extra: Mapping[str, str] | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> str:
        """Run git without credentials and give its standard output. Raises GitFailed."""
        environ = self._environ(settings or {}) | dict(extra or {})
        return _run(arguments, cwd=cwd, stdin=stdin, environ=environ, brief=True)

    def talk(  # noqa: PLR0913 - how long it may take in three ways, and who hears what
        self,
        *arguments: str,
        cwd: Path | None = None,
        extra: Mapping[str, str] | None = None,
        settings: Mapping[str, str] | None = None,
        silent_seconds: float,
        seconds: float = math.inf,
        told: Callable[[str], object] = lambda _: None,
    ) -> str:
        """Run git with the credentials and give its standard output. Raises GitFailed, and TimeoutError.

        silent_seconds: how long a transfer may stand still; seconds: how long it may take in all. What the server says
        is shown at once, and now and then how far a long transfer is; `told` gets every other line of stderr.
        """
        own = self.credentials.settings() if self.credentials is not None else {}
        environ = self._environ(own | dict(settings or {})) | dict(extra or {})
        environ |= self.credentials.variables() if self.credentials is not None else {}
        environ["GIT_HTTP_LOW_SPEED_TIME"] = str(max(1, round(silent_seconds)))

        shown = time.monotonic()

        def heard(line: str) -> None:
            nonlocal shown
            if PROGRESS.match(line):
                if time.monotonic() > shown + log.BETWEEN_TELLINGS:
                    log.info(f"{line.rstrip('.')}.")
                    shown = time.monotonic()
            elif line.startswith("remote:") and not COUNTED.match(line):
                log.info(line)
            else:
                told(line)

        with _whole_heads(arguments[0]) as more:
            return _run(
                arguments,
                cwd=cwd,
                environ=environ | more,
                heard=heard,
                still=silent_seconds,
                largest=LARGEST,
                seconds=seconds,
            )

    def _environ(self, settings: Mapping[str, str]) -> dict[str, str]:
        environ = {**os.environ, **self.network.environ, **ENVIRONMENT}
        pairs = {**SETTINGS, **settings}
        environ["GIT_CONFIG_COUNT"] = str(len(pairs))
        for number, (key, value) in enumerate(pairs.items()):
            environ |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
        return environ


@contextmanager
def _whole_heads(command: str) -> Iterator[dict[str, str]]:
    """Have a command of git fail where the head of an answer broke off. Gives the variables that tell it."""
    with tempfile.NamedTemporaryFile(suffix=".trace") as file:
        trace = Path(file.name)
        try:
            yield heads.traced(trace)
        except GitFailed as failed:
            failed.broke_off = heads.broke_off(_text(trace))
            raise
        if heads.broke_off(_text(trace)):
            broken = GitFailed(command, 0, [heads.BROKE_OFF])
            broken.broke_off = True
            raise broken


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8", errors="replace")


def _run(
    arguments: Sequence[str],
    *,
    cwd: Path | None,
    environ: Mapping[str, str],
    heard: Callable[[str], object] = lambda _: None,
    **options: Any,
) -> str:
    lines: list[str] = []

    def line(text: str) -> None:
        if not PROGRESS.match(text):
            lines.append(text.rstrip())
        heard(text.rstrip())

    try:
        ended = child.run(["git", *arguments], environ=environ, folder=cwd, line=line, **options)
    except child.NotStarted as error:
        if error.missing:
            raise Unavailable(
                "There is no git on this machine.", next_step="Install git, or use the image of this step."
            ) from error
        raise GitFailed(arguments[0], -1, [f"fatal: git could not be started: {error}"]) from error
    if ended.swollen:
        raise TimeoutError("its answer has no end")
    if ended.timed_out:
        raise TimeoutError("git stood still, or took too long")
    if ended.code != 0:
        raise GitFailed(arguments[0], ended.code, lines, ended.stdout)
    return ended.stdout
