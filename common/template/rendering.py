"""Rendering a template, seen from the step: a process of its own does it, which is watched, listened to and ended.

The step's secrets are neither in that process nor in its reach, so neither are they in that of a template's code.
"""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from common import log
from common.contract.process import NOT_WRITABLE, forget_initial_environment
from common.contract.stage import Stage
from common.errors import BadInput
from common.network.settings import PROXY_VARIABLES
from common.network.url import without_credentials
from common.template import faults, isolation, lending
from common.template.folder import files_of
from common.template.job import KINDS, Answer, Job
from common.template.listening import listen

COMMAND = (sys.executable, "-P", "-m", "common.template.child")
LARGEST = 100_000_000  # bytes of an answer; it tells the values of the variables (variables.LONGEST_VALUES)
GRACE = 5  # seconds; more than the process itself gives to hooks


@dataclass(frozen=True)
class Rendered:
    """The project's folder in the stage, how many files it has, the values of the variables, and hooks not run."""

    project: Path
    count: int
    values: Mapping[str, Any]
    left_out: Sequence[str]


def render(  # noqa: PLR0913 - what there is to say about a template
    stage: Stage,
    template: Path,
    *,
    around: Sequence[Path],
    repository: Path,
    told: Mapping[str, str | None],
    given: Mapping[str, Any],
    strict: bool,
    output: Path,
    hooks: str,
    hook_timeout: int,
    signature: Mapping[str, str],
    largest: int,
) -> Rendered:
    """Render the template into the stage. What hooks print is told line by line.

    around: the folders of the choices that the template was chosen from, the outermost first. repository: the folder
    around all, which no link may leave. told: what it is told to be (_template,
    _repo_dir, _checkout). given: the values of variables; `strict` refuses those that it does not have. output: the
    folder in which the project will be in the end. hooks: which are run (see `words.HOOKS`); hook_timeout: in seconds,
    for each; signature: the variables of git by which they commit. largest: bytes that a rendered file may have.
    """
    forget_initial_environment()
    with log.group("Rendering the template"), isolation.unreadable(), lending.lent(stage, template) as lent:
        job = Job(
            template=str(template),
            around=[str(folder) for folder in around],
            repository=str(repository),
            told=told,
            given=given,
            strict=strict,
            project=str(stage.project),
            scratch=str(stage.scratch),
            output=str(output),
            hooks=hooks,
            hook_timeout=hook_timeout,
            signature=signature,
            largest=largest,
            parent=os.getpid(),
            user=lent.user,
        )
        answer = _answer(job, stage.lock, lent.temporary)
    for warning in answer.warnings:
        log.warning(warning)
    if answer.bug:
        raise RuntimeError(f"in the process that renders:\n{answer.bug}")
    if answer.failure is not None:
        kind, message, next_step = answer.failure
        raise KINDS[kind](message, next_step=next_step)
    if answer.system is not None:
        number, reason, file = answer.system
        # In a folder that the step has just made nobody but the template's code has closed anything.
        closed = number == errno.EACCES and file.startswith(f"{stage.project.parent}/")
        lacks = lent.user is not None and number in (errno.EACCES, errno.EPERM)  # a right in what it was lent
        if number in NOT_WRITABLE and not (closed or lacks):
            raise OSError(number, reason, file)
        shown = file.removeprefix(f"{job.project}/")
        raise BadInput(f"The template cannot be rendered: {reason} ({shown}).", next_step=faults.CORRECT)
    project = Path(job.project, answer.project)
    return Rendered(project, len(files_of(project)), answer.values, answer.left_out)


def _answer(job: Job, lock: int, temporary: str) -> Answer:
    with isolation.adopting() as before:
        text, ending = _talked(job, lock, temporary, before)
    try:
        answer = Answer.read(text)
        if answer.project and answer.project not in {path.name for path in Path(job.project).iterdir()}:
            raise ValueError(answer.project)  # noqa: TRY301 - one more way in which it is no answer
    except ValueError as error:  # the template's code runs in that process, and can end it or speak in its place
        raise BadInput(
            f"The template's own code ended the rendering ({ending}).",
            next_step="Its last words stand above; a template that needs too much memory is ended by signal 9 (-9).",
        ) from error
    return answer


def _talked(job: Job, lock: int, temporary: str, before: Collection[int]) -> tuple[bytes, str]:
    """Have the process do the job, and give what it answered and how it ended. before: processes to leave alone."""
    child = subprocess.Popen(
        COMMAND,
        env={**_environ(), "TMPDIR": temporary, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        pass_fds=(lock,),
    )
    assert child.stdin is not None  # noqa: S101 - opened as pipes
    assert child.stdout is not None  # noqa: S101
    assert child.stderr is not None  # noqa: S101
    heard: list[bytes] = []
    threads = [
        threading.Thread(target=listen, args=(child.stderr,), daemon=True),
        threading.Thread(target=_hear, args=(child.stdout, heard), daemon=True),
    ]
    try:
        for thread in threads:
            thread.start()
        with suppress(BrokenPipeError):
            child.stdin.write(job.text().encode())
            child.stdin.close()
        ending = _ending(child)
    finally:
        _end(child, before)
        with suppress(BrokenPipeError):
            child.stdin.close()
        for thread, stream in zip(threads, (child.stderr, child.stdout), strict=True):
            if thread.ident is None:
                stream.close()  # of others the thread does it: while it reads, nobody else could
            else:
                thread.join(GRACE)
    return b"".join(heard), ending


def _hear(stream: IO[bytes], heard: list[bytes]) -> None:
    """Read an answer. Nobody listens to what is longer than one, so that its writer ends."""
    with stream:
        heard.append(stream.read(LARGEST))


def _ending(child: subprocess.Popen[bytes]) -> str:
    """Wait until the process has ended, or a signal has stopped it, and say how; it never stops itself."""
    _, status = os.waitpid(child.pid, os.WUNTRACED)
    if os.WIFSTOPPED(status):
        return f"stopped by signal {os.WSTOPSIG(status)}"
    child.returncode = os.waitstatus_to_exitcode(status)
    return f"exit code {child.returncode}"


def _environ() -> dict[str, str]:
    """Give the variables of this process, with proxies that hold no password: a template's code could send it away."""
    return {
        name: without_credentials(value) if name.upper() in PROXY_VARIABLES and "://" in value else value
        for name, value in os.environ.items()
    }


def _end(child: subprocess.Popen[bytes], before: Collection[int]) -> None:
    """End the process and all below it: in order when it can, for then it clears up itself."""
    if child.poll() is None:
        child.send_signal(signal.SIGTERM)
        child.send_signal(signal.SIGCONT)  # the template's code may have stopped it
        with suppress(subprocess.TimeoutExpired):
            child.wait(GRACE)
    isolation.end_family(os.getpid(), but=before)
    child.kill()
    child.wait()
