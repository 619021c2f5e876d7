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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from common.errors import BadInput, Refused
from common.template import faults, isolation, user
from common.template.source import Template, check_folder

FOLDER = "hooks"
PHASES = {"pre_prompt": "pre", "pre_gen_project": "pre", "post_gen_project": "post"}
NOT_FOUND = 127  # by which a shell, and env, tell that there is no such program
OTHER_IMAGE = "Use an image in which it is installed: docs/templates.md shows how to make one on ours."


def environ(scratch: Path, signature: Mapping[str, str]) -> dict[str, str]:
    """Give the variables of hooks: a HOME in which git finds who commits, and Python's words at once, in their order.

    By a file, not by git's own variables: a hook may say in the repository that it makes who commits there.
    """
    home = scratch / "home"
    home.mkdir()
    author, committer = (
        [_quoted(signature[f"GIT_{who}_{part}"]) for part in ("NAME", "EMAIL")] for who in ("AUTHOR", "COMMITTER")
    )
    lines = ["[user]\n\tname = {}\n\temail = {}\n".format(*author)]
    if committer != author:
        lines.append("[committer]\n\tname = {}\n\temail = {}\n".format(*committer))
    lines.append("[safe]\n\tdirectory = *\n")  # the repositories around may belong to the step's user, which is another
    (home / ".gitconfig").write_text("".join(lines), encoding="utf-8")
    return {"HOME": str(home), "PYTHONUNBUFFERED": "1"}


def _quoted(text: str) -> str:
    """Write a value as git-config(1) reads it."""
    for sign, written in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\t", "\\t")):
        text = text.replace(sign, written)
    return f'"{text}"'


@dataclass(frozen=True)
class Hooks:
    """How hooks are run: which (see words.HOOKS), for how many seconds each, and with which variables.

    scratch: a folder for them as they are rendered, which may take `memory` bytes. left_out: gets the names of those
    that are there and not run.
    """

    wanted: str
    seconds: int
    scratch: Path
    environ: Mapping[str, str]
    left_out: list[str]
    memory: int

    def before_all(self, templates: Sequence[Path]) -> list[Path]:
        """Run the pre_prompt hooks of each, on a copy which they may change, and give where the templates are then.

        templates: the last is the one to render, and the others the choices of templates that it was chosen from.
        """
        places = list(templates)
        for number in range(len(places)):
            template = places[number]
            if not self._scripts(template, "pre_prompt"):
                continue
            copy = self.scratch / f"template{number}" / template.name
            _copy(template, copy)
            for script in _hooks(copy, "pre_prompt"):
                self._run(script, script.name, copy)
            check_folder(copy, copy)
            places[number:] = [_moved(place, template, copy) for place in places[number:]]
        return places

    def run(self, name: str, template: Template, project: Path, **places: str) -> None:
        """Render and run the hooks of one name in the project's folder.

        places: variables that are different for hooks: they act, and so need to know where things are now.
        """
        context = {**template.context, "cookiecutter": {**template.context["cookiecutter"], **places}}
        for script in self._scripts(template.root, name):
            with faults.told(f"{FOLDER}/{script.name}"), isolation.bounded_memory(self.memory):
                source = template.environment.from_string(script.read_text(encoding="utf-8")).render(**context).encode()
            rendered = self.scratch / script.name
            rendered.write_bytes(source)
            self._run(rendered, script.name, project)

    def _scripts(self, template: Path, name: str) -> list[Path]:
        """Give the hooks of a name that are to be run."""
        found = _hooks(template, name)
        if self.wanted in ("all", PHASES[name]):
            return found
        self.left_out.extend(script.name for script in found)
        return []

    def _run(self, script: Path, name: str, folder: Path) -> None:
        script.chmod(script.stat().st_mode | 0o100)
        command = [sys.executable, str(script)] if script.suffix == ".py" else [str(script)]
        try:
            with faults.noted(f"{FOLDER}/{name}"):
                ended = _exit_code(command, folder, self.seconds, {**os.environ, **self.environ})
        except subprocess.TimeoutExpired as error:
            raise Refused(
                f"The template's hook {name} ran for more than {self.seconds} s and was ended.",
                next_step="Find out what it waits for, or give it more seconds with HOOK_TIMEOUT.",
            ) from error
        except OSError as error:
            raise _not_started(error, script, name) from error
        if ended == NOT_FOUND:
            named = f" ({program})" if (program := _program(script)) else ""
            raise Refused(
                f"The template's hook {name} needs a program that is not there{named}: it ended with exit code {ended}"
                f" ({FOLDER}/{name}, line 1).",
                next_step=f"Its own words stand above. {OTHER_IMAGE}",
            )
        if ended != 0:
            raise Refused(
                f"A hook of the template stopped the rendering: {name} ended with exit code {ended}.",
                next_step="Its own words stand above; correct the variables that it names.",
            )


def _hooks(template: Path, name: str) -> list[Path]:
    from cookiecutter.hooks import find_hook

    return [Path(path) for path in find_hook(name, str(template / FOLDER)) or []]


def _moved(place: Path, template: Path, copy: Path) -> Path:
    """Give the place in the copy of a template; one that lies elsewhere in the repository is where it was."""
    if not place.is_relative_to(template):
        return place
    moved = copy / place.relative_to(template)
    if not moved.is_dir() or not Path(os.path.realpath(moved)).is_relative_to(os.path.realpath(copy)):
        raise BadInput(
            f"A pre_prompt hook of the template removed the folder {place.relative_to(template)}, or put something else"
            " in its place.",
            next_step=faults.CORRECT,
        )
    return moved


def _copy(template: Path, copy: Path) -> None:
    """Copy a template. A link to another place in its repository becomes a copy of what is there."""
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


def _not_started(error: OSError, script: Path, name: str) -> BadInput:
    place = f"({FOLDER}/{name}, line 1)"
    if error.errno == errno.ENOEXEC:
        return BadInput(
            f"The template's hook {name} cannot be run: it does not say what runs it {place}.",
            next_step="Its first line has to name a program that is there, as in #!/bin/sh.",
        )
    program = _program(script)
    if error.errno == errno.ENOENT and program:
        return BadInput(
            f"The template's hook {name} cannot be run: there is no program {program} {place}.", next_step=OTHER_IMAGE
        )
    return BadInput(f"The template's hook {name} cannot be run: {error.strerror} {place}.", next_step=faults.CORRECT)


def _program(script: Path) -> str:
    """Give the program that a hook's first line names, when that is not there; else nothing."""
    with script.open("rb") as file:
        words = file.readline(faults.LONGEST).removeprefix(b"#!").decode(errors="replace").split()
    if words and words[0].rpartition("/")[2] == "env":
        words = [word for word in words[1:] if not word.startswith("-") and "=" not in word]
    return words[0] if words and shutil.which(words[0]) is None else ""


def _exit_code(command: Sequence[str], folder: Path, seconds: int, environ: Mapping[str, str]) -> int:
    try:
        with subprocess.Popen(command, cwd=folder, env=environ, stdin=subprocess.DEVNULL) as process:
            try:
                return process.wait(seconds)
            finally:
                isolation.end_family(os.getpid())
                user.end_all()
    finally:
        sys.stderr.flush()
