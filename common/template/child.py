"""The process that renders: a fresh interpreter that never held a secret, told its job on stdin, answering on stdout.

It imports none of the step's inputs, network and git. All that the template brings runs here or below: expressions,
extensions, hooks. It ends with the step, takes everything below it along, and clears up when the step was killed.
"""

from __future__ import annotations

import errno
import json
import os
import signal
import sys
import traceback
from collections import OrderedDict
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

from common.contract.stage import remove
from common.errors import BadInput, StepError
from common.template import faults, hooks, isolation, names, source, user, variables, writing
from common.template.job import Answer, Job
from common.template.source import Template

OWN = ("_template", "_output_dir", "_repo_dir", "_checkout")  # in the order in which cookiecutter.main adds them
MEMORY = 300_000_000  # bytes that rendering may take, and the more, the larger a file may become:
MEMORY_PER_BYTE = 4  # what Python takes for a character at most


class _Stopped(BaseException):
    """The step was stopped, or is gone."""


def main() -> None:
    """Do the one job and answer."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what extensions and hooks print is for people
    os.environ.pop("PYTHONPATH", None)  # was for this process alone
    signal.signal(signal.SIGTERM, _stop)
    try:
        isolation.confine()
        text = sys.stdin.read()
        if not text:  # the step was killed before it had told the job
            return
        job = Job(**json.loads(text))
    except _Stopped:
        return
    try:
        other = job.user is not None and user.become(job.user, lambda: _lacking(job))
        if job.user is not None:
            isolation.end_with_parent()  # the kernel forgets it when the user changes, also for the time of a try
        if os.getppid() != job.parent:
            raise _Stopped  # noqa: TRY301 - the same end
        answer = _answer(job, looked_at=other)
        with suppress(OSError):  # the template's code has closed a stream, or made the step listen no more
            answers.write(answer.text())
            answers.close()
            sys.stdout.flush()
        os._exit(0)  # threads of extensions, and what these have asked to be called at the end, could go on for ever
    except _Stopped as stop:
        if places := getattr(stop, "__notes__", []):
            with suppress(OSError):
                os.write(2, f"The template was stopped at {places[0]}.\n".encode())
        isolation.end_family(os.getpid())
        user.end_all()
        if os.getppid() != job.parent:
            remove(Path(job.project).parent)
        os._exit(128 + signal.SIGTERM)


def _stop(_: int, __: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise _Stopped


def _lacking(job: Job) -> str:
    """Say what the user that is tried lacks; see `user.become`."""
    modules = [place for place in sys.path if os.path.lexists(place)]
    if lacks := user.unreachable([sys.executable, *modules], [job.project, job.scratch, os.environ["TMPDIR"]]):
        return lacks
    try:
        source.check_folder(Path(job.template), Path(job.repository))
    except BadInput as fault:
        return f"finds: {fault.message.rstrip('.')}"
    return ""


def _answer(job: Job, *, looked_at: bool) -> Answer:
    answer = Answer()
    try:
        if not looked_at:  # see `_lacking`
            source.check_folder(Path(job.template), Path(job.repository))
        answer.project, answer.values = _render(job, answer)
    except StepError as error:
        answer.failure = (type(error).__name__, error.message, error.next_step)
    except OSError as error:
        answer.system = (error.errno or errno.EIO, error.strerror or str(error), str(error.filename or ""))
    except (KeyboardInterrupt, SystemExit, GeneratorExit) as error:
        ended = f"The template's own code ended the rendering ({type(error).__name__})."
        answer.failure = (BadInput.__name__, ended, faults.CORRECT)
    except Exception:  # noqa: BLE001 - the template's own are told; what is left is a bug, and the step says so
        answer.bug = traceback.format_exc()
    return answer


def _render(job: Job, answer: Answer) -> tuple[str, dict[str, Any]]:
    """Render the template and give the name of the project's folder, and the values of the variables."""
    scratch = Path(job.scratch)
    memory = MEMORY + MEMORY_PER_BYTE * job.largest
    environ = hooks.environ(scratch, job.signature)
    hook = hooks.Hooks(job.hooks, job.hook_timeout, scratch, environ, answer.left_out, memory)
    *around, root = hook.before_all([*map(Path, job.around), Path(job.template)])
    sys.dont_write_bytecode = True  # the template's folder may be one of the workspace
    sys.path += map(str, (*around, root))  # for extensions next to a cookiecutter.json, as cookiecutter.main does
    with isolation.bounded_memory(memory):
        template = _opened(root, job, answer.warnings)
        name = names.project_name(template)
        entries = names.plan(template)
    project = Path(job.project, name)
    project.mkdir()
    places = {"_repo_dir": str(root), "_output_dir": job.project}
    hook.run("pre_gen_project", template, project, **places)
    _check_project(project)
    with isolation.bounded_memory(memory):
        writing.write(template, entries, project, largest=job.largest)
    hook.run("post_gen_project", template, project, **places)
    _check_project(project)
    values = {name: value for name, value in template.context["cookiecutter"].items() if name not in OWN}
    values |= {  # a choice as the template lists it: another run, and cruft, look for it there
        name: template.given.get(name, default[0])
        for name, default in template.declared.items()
        if isinstance(default, list) and not name.startswith("_")
    }
    return project.name, json.loads(json.dumps(values, default=str))  # an extension may have made them anything


def _opened(root: Path, job: Job, warnings: list[str]) -> Template:
    declared = variables.declared_in(root)
    with faults.told(variables.CONTEXT_FILE):
        given, unknown = variables.checked(declared, job.given, strict=job.strict)
        warnings += unknown
    environment = source.environment_of(root, declared)

    def render(raw: Any, found: Mapping[str, Any]) -> Any:
        """As cookiecutter.prompt.render_variable does."""
        if raw is None or isinstance(raw, bool):
            return raw
        if isinstance(raw, dict):
            return {render(key, found): render(value, found) for key, value in raw.items()}
        if isinstance(raw, list):
            return [render(value, found) for value in raw]
        return environment.from_string(str(raw)).render(cookiecutter=found)

    values = variables.resolved(root, declared, given, render)
    values |= {name: job.output if name == "_output_dir" else job.told[name] for name in OWN}
    context = OrderedDict(cookiecutter=values, _cookiecutter=variables.unrendered(declared, given))
    folder = source.project_folder(root, environment)
    return Template(root, folder, environment, context, declared, given)


def _check_project(project: Path) -> None:
    """Refuse what a hook has put in the place of the project's folder."""
    if project.is_symlink() or not project.is_dir():
        raise BadInput(
            f"A hook of the template removed the project's folder {project.name}, or put something else in its place.",
            next_step=faults.CORRECT,
        )
    if not os.access(project, os.R_OK | os.W_OK | os.X_OK):  # it could not be moved to its place
        raise BadInput(f"A hook of the template closed the project's folder {project.name}.", next_step=faults.CORRECT)


if __name__ == "__main__":
    main()
