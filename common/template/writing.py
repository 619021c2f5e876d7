"""Writing what was planned, byte for byte as cookiecutter.generate does, and only below the project's folder.

A hook can put a link where the template writes next, so each place is looked at once more before it is written to.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from common.errors import BadInput
from common.template import faults
from common.template.names import Entry, Kind
from common.template.source import Template


def write(template: Template, entries: Sequence[Entry], project: Path) -> None:
    """Write the entries into the project's folder, which is there. Works in the template's, as cookiecutter does."""
    from jinja2 import FileSystemLoader

    os.chdir(template.project)
    template.environment.loader = FileSystemLoader([".", "../templates"])
    for entry in entries:
        target = project / entry.target
        _check_place(project, target)
        if entry.kind is Kind.FOLDER:
            target.mkdir(parents=True, exist_ok=True)
        elif entry.kind is Kind.COPIED_FOLDER:
            _copy_folder(entry.source, target, project)
        elif not target.is_dir():  # a name that is empty by a condition: the file is not wanted
            target.parent.mkdir(parents=True, exist_ok=True)
            _write_file(template, entry, target)


def _check_place(project: Path, target: Path) -> None:
    fault = ""
    if not Path(os.path.realpath(target)).is_relative_to(project):
        fault = "a link that leads out of the project"
    elif target.exists() and not (target.is_file() or target.is_dir()):  # a pipe would be waited for without end
        fault = "something else than a file or a folder"
    if fault:
        raise BadInput(f"A hook of the template made {target.relative_to(project)} {fault}.", next_step=faults.CORRECT)


def _copy_folder(source: str, target: Path, project: Path) -> None:
    if target == project:
        raise BadInput(
            f"The template's folder {source}, which is copied as it is, would replace the project.",
            next_step=faults.CORRECT,
        )
    if target.is_dir():
        shutil.rmtree(target)
    shutil.copytree(source, target)


def _write_file(template: Template, entry: Entry, target: Path) -> None:
    from binaryornot.check import is_binary

    with faults.told(f"{template.project.name}/{entry.source}", root=template.project.name):
        text = None
        if entry.kind is Kind.RENDERED and not is_binary(entry.source):
            text = template.environment.get_template(entry.source).render(**template.context).encode()
            text = text.replace(b"\n", _line_end(template, entry.source).encode())
    if text is None:
        shutil.copyfile(entry.source, target)
    else:
        target.write_bytes(text)
    shutil.copymode(entry.source, target)


def _line_end(template: Template, source: str) -> str:
    """Give what the template asks for, or what the first line of the file ends with."""
    wanted = template.context["cookiecutter"].get("_new_lines", False)
    if wanted:
        if wanted not in ("\n", "\r", "\r\n"):
            raise ValueError(f"_new_lines is {wanted!r}, which ends no line")
        return str(wanted)
    with Path(source).open(encoding="utf-8") as file:
        file.readline()
        found = file.newlines
    return (found[0] if isinstance(found, tuple) else found) or os.linesep
