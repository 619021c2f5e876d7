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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from common import log
from common.errors import BadInput, NotAllowed, Refused, StepError, Unavailable
from common.git.credentials import Credentials
from common.network.deadline import Deadline
from common.network.settings import Network
from common.network.url import origin, without_credentials

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
    "GIT_ATTR_NOSYSTEM": "1",
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

    @property
    def reason(self) -> str:
        """The line that says why: the first that git marks so, for those after it only say what that led to."""
        marked = [line for line in self.lines if line.startswith(("fatal: ", "error: "))]
        told = next(iter(marked or [line for line in reversed(self.lines) if line.strip()]), "git gave no reason")
        return told.partition(": ")[2].rstrip(".") if marked else told.rstrip(".")


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
    "tunnel failed, response 5",
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
STOPPED = ("tunnel failed, response 4", "returned error: 407", "code 407 from proxy", "code 403 from proxy")
NO_GIT = ("no DAV locking support", "not valid: is this a git repository", "unable to update url base")
UNTRUSTED = ("server certificate verification failed", "SSL certificate problem", "certificate")


def transient(failure: GitFailed, *, not_found: bool = False) -> bool:
    """Tell whether the failure may pass by itself; `not_found` says that a 404 may too (straight after a create)."""
    return _says(failure, AWAY) or (not_found and _says(failure, NOT_FOUND))


EXPLANATIONS: tuple[tuple[Sequence[str], type[StepError], str, str], ...] = (  # signs, kind, what is wrong, what to do
    (
        STOPPED,
        Unavailable,
        "the proxy does not let {host} through",
        "Check the proxy's credentials in HTTPS_PROXY and HTTP_PROXY, or name the host in NO_PROXY.",
    ),
    (NO_LOGIN, NotAllowed, "{host} asks for a login", ""),
    (FORBIDDEN, NotAllowed, "the token is not allowed to", "Give it the right to write to this repository."),
    (
        NOT_FOUND,
        BadInput,
        "there is no such repository, or the credentials may not see it",
        "Check the address.",
    ),
    (
        UNTRUSTED,
        Unavailable,
        "the certificate of {host} is not trusted",
        "Give the authority that signed it as CA_BUNDLE (a path or the PEM text).",
    ),
    (
        NO_GIT,
        Refused,
        "what answers at {host} is no git server",
        "Check the address, and that no log-in page stands before it.",
    ),
    (
        AWAY,
        Unavailable,
        "{host} is not available",
        "Check the address, the network and the proxy, or raise RETRY_BUDGET; running again is safe.",
    ),
)


def explain(failure: GitFailed, *, doing: str, url: str, login_advice: str) -> StepError:
    """Turn git's words into the failure to raise. doing: as in "clone https://example.com/x"."""
    for signs, kind, words, advice in EXPLANATIONS:
        if _says(failure, signs):
            said = words.format(host=origin(url))
            return kind(f"Could not {doing}: {said}.", next_step=advice or login_advice, detail=failure.text)
    return Refused(f"Could not {doing}: {failure.reason}.", detail=failure.text)


def _says(failure: GitFailed, signs: Sequence[str]) -> bool:
    return any(sign.lower() in failure.text.lower() for sign in signs)


def clone(git: Git, url: str, into: Path, *, deadline: Deadline, login_advice: str) -> None:
    """Clone the newest state of a repository, retrying what may pass by itself."""
    attempts = deadline.attempts()
    for _ in attempts:
        try:
            arguments = ("clone", "--quiet", "--depth=1", "--no-tags", "--", url, str(into))
            git.run(*arguments, cwd=into.parent, show=("remote:",))  # there, so that no repository around counts
        except GitFailed as failure:
            last = failure
            if not transient(failure):
                break
            attempts.failed(f"{origin(url)} is not available.")
        else:
            return
    doing = f"clone {without_credentials(url)}"
    raise explain(last, doing=doing, url=url, login_advice=login_advice) from last


def tracks_lfs(folder: Path) -> bool:
    """Tell whether a .gitattributes of the folder puts files under Git LFS, which these clones and pushes leave out."""
    attributes = (path for path in folder.rglob(".gitattributes") if path.is_file())
    return any("filter=lfs" in path.read_text(encoding="utf-8", errors="replace") for path in attributes)
