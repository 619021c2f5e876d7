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
from common.template.job import KINDS, Answer, Job

COMMAND = (sys.executable, "-P", "-m", "common.template.child")
LONGEST_LINE = 65_536
GRACE = 5  # seconds; more than the process itself gives to hooks


@dataclass(frozen=True)
class Rendered:
    """The project's folder in the stage, the values of the template's variables, and the hooks that were not run."""

    project: Path
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
        closed = lent.user is not None and number in (errno.EACCES, errno.EPERM)  # in what was lent to the user
        if number in NOT_WRITABLE and not closed:
            raise OSError(number, reason, file)
        shown = file.removeprefix(f"{job.project}/")
        raise BadInput(f"The template cannot be rendered: {reason} ({shown}).", next_step=faults.CORRECT)
    return Rendered(Path(job.project, answer.project), answer.values, answer.left_out)


def _answer(job: Job, lock: int, temporary: str) -> Answer:
    with isolation.adopting() as before:
        text, code = _talked(job, lock, temporary, before)
    try:
        answer = Answer.read(text)
        if answer.project and answer.project not in {path.name for path in Path(job.project).iterdir()}:
            raise ValueError(answer.project)  # noqa: TRY301 - one more way in which it is no answer
    except ValueError as error:  # the template's code runs in that process, and can end it or speak in its place
        raise BadInput(
            f"The template's own code ended the rendering (exit code {code}).",
            next_step="Its last words stand above; a template that needs too much memory is ended by signal 9 (-9).",
        ) from error
    return answer


def _talked(job: Job, lock: int, temporary: str, before: Collection[int]) -> tuple[bytes, int]:
    """Have the process do the job, and give what it answered and its exit code. before: processes to leave alone."""
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
    listener = threading.Thread(target=_listen, args=(child.stderr,), daemon=True)
    try:  # from the start of the listener on: while that reads, nobody else could close its stream
        listener.start()
        with suppress(BrokenPipeError):
            child.stdin.write(job.text().encode())
            child.stdin.close()
        text = child.stdout.read()
        child.wait()
    finally:
        _end(child, before)
        child.stdout.close()
        with suppress(BrokenPipeError):
            child.stdin.close()
        if listener.ident is not None:
            listener.join(GRACE)
    return text, child.returncode


def _environ() -> dict[str, str]:
    """Give the variables of this process, with proxies that hold no password: a template's code could send it away."""
    return {
        name: without_credentials(value) if name.upper() in PROXY_VARIABLES and "://" in value else value
        for name, value in os.environ.items()
    }


def _listen(stream: IO[bytes]) -> None:
    with stream:
        while line := stream.readline(LONGEST_LINE):
            for part in line.decode(errors="replace").splitlines():
                log.info(part)


def _end(child: subprocess.Popen[bytes], before: Collection[int]) -> None:
    """End the process and all below it: in order when it can, for then it clears up itself."""
    if child.poll() is None:
        child.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            child.wait(GRACE)
    isolation.end_family(os.getpid(), but=before)
    child.kill()
    child.wait()
