"""The git command line: a clean environment, credentials for one host only, errors told in sentences.

Configuration comes through GIT_CONFIG_* variables, so no file is written and no setting of the machine counts.
Credentials come through a helper that git asks for this origin alone and that reads them from git's own environment:
never in a URL, in argv or in .git/config, and no executable file is needed (a tmpfs is often mounted noexec).
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import urllib.parse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from common import log
from common.connector import Credentials
from common.errors import BadInput, NotAllowed, Refused, StepError, Unavailable
from common.network import Network
from common.retry import Budget
from common.secret import Secret
from common.url import origin

SETTINGS = {
    "safe.directory": "*",  # the workspace may belong to another uid
    "core.hooksPath": os.devnull,
    "core.autocrlf": "false",
    "core.fileMode": "true",
    "core.symlinks": "true",
    "commit.gpgSign": "false",
    "gc.auto": "0",
    "init.defaultBranch": "main",
    "advice.detachedHead": "false",
    "protocol.ext.allow": "never",
}
ENVIRONMENT = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_HTTP_LOW_SPEED_LIMIT": "1",  # bytes per second, below which for so long a transfer counts as dead
    "GIT_HTTP_LOW_SPEED_TIME": "60",
    "LC_ALL": "C.UTF-8",
}
HELPER = (
    '!f() { test "$1" = get && '
    'printf "username=%s\\npassword=%s\\n" "$IDP_STEPS_GIT_USERNAME" "$IDP_STEPS_GIT_PASSWORD"; }; f'
)
STOP_SECONDS = 5


class GitFailed(Exception):
    """Git ended with an error; `lines` are its own words."""

    def __init__(self, command: str, code: int, lines: Sequence[str]) -> None:
        super().__init__(f"git {command} ended with {code}: {lines}")
        self.lines = lines

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


@dataclass(frozen=True)
class Git:
    """Git with a fixed environment."""

    environ: Mapping[str, str]

    def run(
        self,
        *arguments: str,
        cwd: Path | None = None,
        stdin: str = "",
        extra: Mapping[str, str] | None = None,
        show: tuple[str, ...] = (),
    ) -> str:
        """Run git and give its standard output. Raises GitFailed.

        show: beginnings of lines on stderr that the user sees at once, as in "remote:". The whole process group is
        stopped when the step is.
        """
        try:
            child = subprocess.Popen(
                ["git", *arguments],
                cwd=cwd,
                env={**self.environ, **(extra or {})},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
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


def git(network: Network, credentials: Credentials | None = None) -> Git:
    """Make a git that talks through the network as prepared, with credentials for their origin alone."""
    settings = {**SETTINGS, "credential.helper": ""}
    environ = {**os.environ, **network.environ, **ENVIRONMENT}
    pairs = list(settings.items())
    if credentials is not None:
        pairs.append((f"credential.{credentials.origin}.helper", HELPER))
        environ |= {
            "IDP_STEPS_GIT_USERNAME": credentials.username,
            "IDP_STEPS_GIT_PASSWORD": credentials.password.reveal(),
        }
    environ["GIT_CONFIG_COUNT"] = str(len(pairs))
    for number, (key, value) in enumerate(pairs):
        environ |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return Git(environ)


NOT_FOUND = ("not found", "does not exist", "returned error: 404", "does not appear to be a git repository")
NO_LOGIN = ("could not read Username", "Authentication failed", "returned error: 401", "Invalid username or")
FORBIDDEN = ("returned error: 403", "Permission to", "Write access to repository not granted")
AWAY = (
    "Could not resolve host",
    "Failed to connect",
    "Couldn't connect",
    "Connection refused",
    "Connection reset",
    "Connection timed out",
    "Operation timed out",
    "Operation too slow",
    "Empty reply from server",
    "Proxy CONNECT",
    "the remote end hung up",
    "early EOF",
    "unexpected disconnect",
    "Recv failure",
    "HTTP 408",
    "HTTP 429",
    "HTTP 5",
    "returned error: 408",
    "returned error: 429",
    "returned error: 5",
)
UNTRUSTED = ("server certificate verification failed", "SSL certificate problem", "certificate")


def transient(failure: GitFailed, *, not_found: bool = False) -> bool:
    """Tell whether the failure may pass by itself; `not_found` says that a 404 may too (straight after a create)."""
    return _says(failure, AWAY) or (not_found and _says(failure, NOT_FOUND))


def explain(failure: GitFailed, *, doing: str, url: str, has_credentials: bool) -> StepError:
    """Turn git's words into the failure to raise. doing: as in "clone https://example.com/x"."""
    message = f"Could not {doing}"
    detail = failure.text
    if _says(failure, NO_LOGIN):
        advice = (
            "Check the connector's user name and token: they are wrong or have expired."
            if has_credentials
            else "Give the connector's user name and token (DRONE_NETRC_USERNAME, DRONE_NETRC_PASSWORD)."
        )
        return NotAllowed(f"{message}: {origin(url)} asks for a login.", next_step=advice, detail=detail)
    if _says(failure, FORBIDDEN):
        return NotAllowed(
            f"{message}: the token is not allowed to.",
            next_step="Give it the right to write to this repository.",
            detail=detail,
        )
    if _says(failure, NOT_FOUND):
        return BadInput(
            f"{message}: there is no such repository, or the credentials may not see it.",
            next_step="Check the address.",
            detail=detail,
        )
    if _says(failure, UNTRUSTED):
        return Unavailable(
            f"{message}: the certificate of {origin(url)} is not trusted.",
            next_step="Give the authority that signed it as CA_BUNDLE (a path or the PEM text).",
            detail=detail,
        )
    if transient(failure):
        return Unavailable(
            f"{message}: {origin(url)} is not available.",
            next_step="Check the address, the network and the proxy, or raise RETRY_BUDGET; running again is safe.",
            detail=detail,
        )
    last = next((line for line in reversed(failure.lines) if line.strip()), "git gave no reason")
    return Refused(f"{message}: {last.removeprefix('fatal: ').rstrip('.')}.", detail=detail)


def _says(failure: GitFailed, signs: Sequence[str]) -> bool:
    return any(sign.lower() in failure.text.lower() for sign in signs)


def clone(git: Git, url: str, into: Path, *, budget: Budget, has_credentials: bool) -> None:
    """Clone the newest state of a repository, retrying what may pass by itself."""
    refuse_option(url, "The repository's address")
    attempts = budget.start()
    for _ in attempts:
        try:
            git.run("clone", "--quiet", "--depth=1", "--no-tags", "--", url, str(into), show=("remote:",))
        except GitFailed as failure:
            if not transient(failure):
                raise explain(failure, doing=f"clone {url}", url=url, has_credentials=has_credentials) from failure
            last = failure
            attempts.failed(f"{origin(url)} is not available.")
        else:
            return
    raise explain(last, doing=f"clone {url}", url=url, has_credentials=has_credentials) from last


def refuse_option(text: str, what: str) -> None:
    """Refuse a value that git would take for an option, or for a program to run."""
    if text.startswith("-") or "::" in text.split("/", 1)[0]:
        raise BadInput(f"{what} is {text!r}, which git would not take as an address.", next_step="Give an https URL.")
    password = urllib.parse.urlsplit(text).password if "://" in text else None
    if password:
        Secret(urllib.parse.unquote(password))
