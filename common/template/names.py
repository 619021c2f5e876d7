"""Every name that a template would write, known and checked before the first is written.

A value that names a file or folder may lead deeper into the project (com/acme/app), and never out of it.
"""

from __future__ import annotations

import fnmatch
import os
import posixpath
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum, auto
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.errors import BadInput
from common.template import faults
from common.template.folder import LONGEST_NAME
from common.template.pieces import Pieces
from common.template.source import Template

if TYPE_CHECKING:
    from jinja2 import Environment

LONGEST_PATH = 3500  # bytes; the kernel takes 4096, and the project's own place comes before
MOST_ENTRIES = 100_000  # links inside a template can multiply its files without end
SHOWN = 300
CONTROLS = re.compile(r"[\x00-\x1f\x7f]")


class Kind(Enum):
    """How an entry comes into the project."""

    FOLDER = auto()
    RENDERED = auto()
    COPIED = auto()
    COPIED_FOLDER = auto()


@dataclass(frozen=True)
class Entry:
    """A file or folder to write; both paths are relative, to the template's project folder and to the project."""

    source: str
    target: str
    kind: Kind


def project_name(template: Template) -> str:
    """Give the name of the project's folder."""
    name = _rendered(template, template.project.name, place=template.project.name)
    fault = _fault(name) or ("it holds a slash" if set(name) & set("/\\") else "")
    if fault or name in ("", ".", ".."):
        raise BadInput(
            f"The project folder would be named {name[:SHOWN]!r}, which is no name for a folder"
            f"{f': {fault}' if fault else ''}{_because(template, template.project.name)}.",
            next_step="Give the variables that name it in a few words without slashes.",
        )
    return name


def plan(template: Template) -> list[Entry]:
    """Give all that the template would write, in cookiecutter's order. Raises BadInput for what it may not write."""
    entries: list[Entry] = []
    folders: dict[str, str] = {".": "the project's own"}
    for entry in _entries(template):
        if entry.kind is Kind.FOLDER:
            if entry.target in folders:
                raise BadInput(
                    f"The template's folder {entry.source} becomes {entry.target!r}, and so does another one"
                    f" ({folders[entry.target]}){_because(template, entry.source)}.",
                    next_step="Give the variables that name them different values, or correct the template.",
                )
            folders[entry.target] = entry.source
        entries.append(entry)
        if len(entries) > MOST_ENTRIES:
            raise BadInput(f"The template would write more than {MOST_ENTRIES} files.", next_step=faults.CORRECT)
    return entries


def _entries(template: Template) -> Iterator[Entry]:
    patterns = template.unrendered
    for place, folders, files in os.walk(template.project):
        inner = os.path.relpath(place, template.project)
        before = "" if inner == "." else f"{inner}/"
        rendered = []
        for name in sorted(folders):
            source = before + name
            if _matches(source, patterns):
                yield Entry(source, _target(template, source), Kind.COPIED_FOLDER)
                _check_copied(Path(place, name))
            else:
                rendered.append(name)
        folders[:] = rendered
        for name in rendered:
            source = before + name
            yield Entry(source, _target(template, source), Kind.FOLDER)
        for name in sorted(files):
            source = before + name
            kind = Kind.COPIED if _matches(source, patterns) else Kind.RENDERED
            yield Entry(source, _target(template, source), kind)


def _matches(path: str, patterns: list[str]) -> bool:
    return any(fnmatch.fnmatch(path, pattern) for pattern in patterns)


def _check_copied(folder: Path) -> None:
    """Refuse what may not be copied as a whole: a repository, or links that make it endless."""
    for number, (place, folders, files) in enumerate(os.walk(folder, followlinks=True)):
        if any(_is_git(name) for name in (*folders, *files)):
            raise BadInput(f"The template's {Path(place).name} holds a git repository.", next_step="Remove its .git.")
        if number > MOST_ENTRIES or len(files) > MOST_ENTRIES:
            raise BadInput(f"The template's {folder.name} has too many files.", next_step=faults.CORRECT)


def _target(template: Template, source: str) -> str:
    """Give the path in the project that an entry of the template becomes."""
    name = _rendered(template, source, place=f"{template.project.name}/{source}")
    target = posixpath.normpath(name) if name else "."
    fault = _fault(name)
    if target.startswith(("/", "../")) or target == "..":
        fault = "it lies outside the project's folder"
    if fault:
        raise BadInput(
            f"The template's {source} would become {name[:SHOWN]!r}, and {fault}{_because(template, source)}.",
            next_step="Give a value without '..' and without a slash at its beginning.",
        )
    return target


def _fault(name: str) -> str:
    """Say what is wrong with a relative path as such; empty when nothing is."""
    if CONTROLS.search(name):
        return "it holds a control character"
    parts = name.split("/")
    try:
        longest = max(len(part.encode()) for part in parts)
    except UnicodeEncodeError:
        return "it holds bytes that are no UTF-8 text"
    if longest > LONGEST_NAME or len(name.encode()) > LONGEST_PATH:
        return "it is too long"
    return "git keeps a repository under that name" if any(_is_git(part) for part in parts) else ""


def _is_git(name: str) -> bool:
    return name.rstrip(". ").lower() == ".git"  # other systems take these for the same name


def _rendered(template: Template, name: str, *, place: str) -> str:
    naming = _naming(template.environment)
    pieces = naming.of(name, template.context)
    if pieces is not None:
        with suppress(Exception):  # Jinja tells it
            return "".join(pieces)
    with faults.told(place):
        return naming.environment.from_string(name).render(**template.context)


@cache
def _naming(environment: Environment) -> Pieces:
    """Give what renders names, in which an expression may not come to a list or a map: that makes no name."""

    def plain(value: Any) -> Any:
        if value is None or isinstance(value, dict | list | tuple | set):
            raise TypeError(f"a name cannot be made of {value!r}")
        return value

    return Pieces(environment.overlay(finalize=plain))


def _because(template: Template, name: str) -> str:
    """Tell the variables that a name is made of; of those that were given, when there are any."""
    used = _variables(template, name)
    given = [variable for variable in used if variable in template.given]
    named = ", ".join(repr(variable) for variable in given or used)
    return f" (by the variable {named})" if named else ""


def _variables(template: Template, name: str) -> list[str]:
    """Give the variables of an expression, those included from which these are computed."""
    from jinja2 import TemplateError, nodes

    found: list[str] = []
    texts = [name]
    while texts:
        try:
            tree = template.environment.parse(texts.pop())
        except TemplateError:
            continue  # told by the rendering itself; here it is only about whom to name
        asked: list[tuple[nodes.Expr, Any]] = [(node.node, node.attr) for node in tree.find_all(nodes.Getattr)]
        asked += [(node.node, getattr(node.arg, "value", "")) for node in tree.find_all(nodes.Getitem)]
        for owner, variable in asked:
            if isinstance(owner, nodes.Name) and owner.name == "cookiecutter" and variable not in found:
                found.append(str(variable))
                default = template.declared.get(str(variable))
                texts.extend([default] if isinstance(default, str) else [])
    return found
