"""The template's hooks, run as cookiecutter runs them, but within a time limit and with nothing left running.

A hook is a program of the template's author and may do what it likes; a value that it takes into its own source is in
its author's hands, too.
"""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from common.errors import BadInput, Refused
from common.template import faults, isolation
from common.template.source import Template

FOLDER = "hooks"


def before_all(template: Path, scratch: Path, *, seconds: int) -> Path:
    """Run the pre_prompt hooks on a copy of the template, which they may change, and give the copy.

    A link to another place in the template's repository becomes a copy of what is there.
    """
    if not _scripts(template, "pre_prompt"):
        return template
    copy = scratch / template.name
    shutil.copytree(template, copy, symlinks=True, ignore=shutil.ignore_patterns(".git"))
    for parent, folders, files in os.walk(template):
        for link in (Path(parent, name) for name in (*folders, *files) if Path(parent, name).is_symlink()):
            target, place = Path(os.path.realpath(link)), copy / link.relative_to(template)
            if place.is_symlink() and not target.is_relative_to(os.path.realpath(template)) and target.exists():
                place.unlink()
                if target.is_dir():
                    shutil.copytree(target, place, symlinks=True)
                else:
                    shutil.copy2(target, place)
    for script in _scripts(copy, "pre_prompt"):
        _run(script, script.name, copy, seconds=seconds)
    return copy


def run(name: str, template: Template, project: Path, scratch: Path, *, seconds: int, **places: str) -> None:
    """Render and run the hooks of one name in the project's folder.

    places: variables that are different for hooks: they act, and so need to know where things are now.
    """
    context = {**template.context, "cookiecutter": {**template.context["cookiecutter"], **places}}
    for script in _scripts(template.root, name):
        with faults.told(f"{FOLDER}/{script.name}"):
            source = template.environment.from_string(script.read_text(encoding="utf-8")).render(**context).encode()
        rendered = scratch / script.name
        rendered.write_bytes(source)
        _run(rendered, script.name, project, seconds=seconds)


def _scripts(template: Path, name: str) -> list[Path]:
    from cookiecutter.hooks import find_hook

    return [Path(path) for path in find_hook(name, str(template / FOLDER)) or []]


def _run(script: Path, name: str, folder: Path, *, seconds: int) -> None:
    script.chmod(script.stat().st_mode | 0o100)
    command = [sys.executable, str(script)] if script.suffix == ".py" else [str(script)]
    try:
        ended = _exit_code(command, folder, seconds)
    except subprocess.TimeoutExpired as error:
        raise Refused(
            f"The template's hook {name} ran for more than {seconds} s and was ended.",
            next_step="Find out what it waits for, or give it more seconds with HOOK_TIMEOUT.",
        ) from error
    except OSError as error:
        reason = "it does not say what runs it" if error.errno == errno.ENOEXEC else error.strerror
        raise BadInput(
            f"The template's hook {name} cannot be run: {reason}.",
            next_step="Its first line has to name a program that is there, as in #!/bin/sh.",
        ) from error
    if ended != 0:
        raise Refused(
            f"A hook of the template stopped the rendering: {name} ended with exit code {ended}.",
            next_step="Its own words stand above; correct the variables that it names.",
        )


def _exit_code(command: Sequence[str], folder: Path, seconds: int) -> int:
    try:
        with subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL) as process:
            try:
                return process.wait(seconds)
            finally:
                isolation.end_family(os.getpid())
    finally:
        sys.stderr.flush()
