"""Several templates in one: cookiecutter.json lists them, in one of cookiecutter's two forms, and a name chooses.

    {"templates": {"web": {"path": "./web", "title": "Web service", "description": "…"}, …}}
    {"template": ["Web service (./web)", …]}

Nobody is asked here, and the first of them would be a guess: without a name the choice is told.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common import log
from common.errors import BadInput
from common.template import faults
from common.template.variables import CONTEXT_FILE, read_context

NEW, OLD = "templates", "template"
OLD_FORM = re.compile(r"\((.+)\)")  # as cookiecutter.prompt.choose_nested_template finds the path


@dataclass(frozen=True)
class Choice:
    """One of them: its name, its folder relative to that of the list, and what to tell about it."""

    name: str
    path: str
    title: str
    description: str = ""


def choices(declared: Mapping[str, Any]) -> list[Choice]:
    """Give the templates that a cookiecutter.json lists; none when it is that of a template. Raises BadInput."""
    if isinstance(declared.get(NEW), dict) and declared[NEW]:
        return [_of_new_form(str(name), entry) for name, entry in declared[NEW].items()]
    if isinstance(declared.get(OLD), list) and declared[OLD]:
        return [_of_old_form(entry) for entry in declared[OLD]]
    if {NEW, OLD} & declared.keys():
        raise _faulty("is that of a choice of several templates, and lists none")
    return []


def _of_new_form(name: str, entry: Any) -> Choice:
    if not isinstance(entry, dict) or not isinstance(entry.get("path"), str) or not entry["path"]:
        raise _faulty(f"gives no path for the template {name[:100]!r}")
    title = str(entry.get("title", name))
    description = str(entry.get("description", ""))
    return Choice(name, entry["path"], title, "" if description == title else description)


def _of_old_form(entry: Any) -> Choice:
    found = OLD_FORM.search(entry) if isinstance(entry, str) else None
    if found is None:
        raise _faulty(f"lists {str(entry)[:100]!r}, which holds no path in parentheses")
    title = entry[: found.start()].strip() or found[1]
    return Choice(posixpath.normpath(found[1]), found[1], title)


def _faulty(what: str) -> BadInput:
    return BadInput(f"The template's {CONTEXT_FILE} {what}.", next_step=faults.CORRECT)


def chosen(folder: Path, names: Sequence[str], *, within: Path) -> tuple[Path, list[Path]]:
    """Give the folder of the template that the names lead to, and those of the choices on the way there.

    Raises BadInput that lists what there is, and for a path that leads out of `within`.
    """
    left, around = list(names), []
    while there := choices(read_context(folder)):
        if not left:
            raise BadInput(f"The template is a choice of {len(there)} templates.", next_step=_advice(there))
        around.append(folder)
        folder = inside(folder, pick(there, left.pop(0)), within=within)
    if left:  # a variable of the pipeline may be called TEMPLATE_NAME
        log.info(f"The template is no choice of several, so the name {left[0]!r} is not used.")
    return folder, around


def around(folder: Path, *, within: Path) -> list[Path]:
    """Give the folders of the choices that lead to a template, the outermost first."""
    found: list[Path] = []
    inner = folder
    for parent in folder.parents:
        if not parent.is_relative_to(within):
            break
        if (parent / CONTEXT_FILE).is_file() and any(
            (parent / one.path).resolve() == inner.resolve() for one in choices(read_context(parent))
        ):
            found.insert(0, parent)
            inner = parent
    return found


def pick(there: Sequence[Choice], name: str) -> Choice:
    """Give the one of that name, path or title. Raises BadInput that lists them."""
    for one in there:
        if name in (one.name, one.title) or posixpath.normpath(name) == posixpath.normpath(one.path):
            return one
    raise BadInput(f"There is no template {name!r} in the choice of templates.", next_step=_advice(there))


def inside(folder: Path, choice: Choice, *, within: Path) -> Path:
    """Give the folder of a choice. Raises BadInput when it leads out of the repository, or there is none."""
    found = (folder / choice.path).resolve()
    if Path(choice.path).is_absolute() or not found.is_relative_to(within.resolve()):
        raise _faulty(f"gives the path {choice.path[:100]!r} for {choice.name!r}, which leads out of the repository")
    if not found.is_dir():
        raise _faulty(f"gives the path {choice.path[:100]!r} for {choice.name!r}, and there is no such folder")
    return found


def _advice(there: Sequence[Choice]) -> str:
    listed = ", ".join(one.name if one.title == one.name else f"{one.name} ({one.title})" for one in there)
    return f"Set TEMPLATE_NAME to one of them: {listed}."
