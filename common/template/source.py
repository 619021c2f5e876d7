"""The template as a source: a folder that reaches nowhere beyond itself, and what it says on how to render it.

Nothing of the project is written here.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from common.errors import BadInput
from common.template import faults
from common.template.folder import DEEPEST
from common.template.variables import CONTEXT_FILE, line_of

if TYPE_CHECKING:
    from jinja2 import Environment

# What cookiecutter has taken over: the package is of 2016, and its offsets fail with the arrow of today.
TAKEN_OVER = {"jinja2_time.TimeExtension": "cookiecutter.extensions.TimeExtension"}
EFFECTIVE = os.access in os.supports_effective_ids


@dataclass(frozen=True)
class Template:
    """A template that is ready to be rendered. `project` is its folder that becomes the project."""

    root: Path
    project: Path
    environment: Environment
    context: Mapping[str, Any]
    declared: Mapping[str, Any]
    given: Mapping[str, Any]

    @property
    def unrendered(self) -> list[str]:
        """The patterns of the paths whose content is copied as it is."""
        patterns = self.context["cookiecutter"].get("_copy_without_render", [])
        if not isinstance(patterns, list) or not all(isinstance(pattern, str) for pattern in patterns):
            raise BadInput(
                f"The template's _copy_without_render is no list of texts ({CONTEXT_FILE},"
                f" line {line_of(self.root, '_copy_without_render')}).",
                next_step=faults.CORRECT,
            )
        return patterns


def check_folder(template: Path, repository: Path) -> None:
    """Refuse links that lead out of the repository, whose targets would be copied, and what is no file at all.

    A link may lead to another place in it, as from a template in a folder to a licence that several share; what stands
    there is looked at, too.
    """
    root = os.path.realpath(repository)
    top = os.path.realpath(template)
    seen: set[str] = set()
    waiting = [top]
    while waiting:
        folder = waiting.pop()
        if folder in seen:
            continue
        seen.add(folder)
        if folder.count("/") - root.count("/") > DEEPEST:
            raise BadInput(f"The template's folders are nested more than {DEEPEST} deep.", next_step=faults.CORRECT)
        for entry in _entries(folder, root):
            if entry.is_symlink():
                target = _target(entry.path, root)
                if Path(target).is_dir():
                    waiting.append(target)
            elif entry.is_dir(follow_symlinks=False):
                if entry.name != ".git" or folder not in (top, root):
                    waiting.append(entry.path)
            else:
                _check_file(entry, root)


def _check_file(entry: os.DirEntry[str], root: str) -> None:
    if not entry.is_file(follow_symlinks=False):
        raise BadInput(
            f"The template's {os.path.relpath(entry.path, root)} is a pipe, a socket or a device.",
            next_step="Remove it; a template is made of files and folders.",
        )
    if not os.access(entry.path, os.R_OK, effective_ids=EFFECTIVE):
        raise _unreadable(f"file {os.path.relpath(entry.path, root)}", os.strerror(errno.EACCES))


def _entries(folder: str, root: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError as error:  # it would be missing in the project
        raise _unreadable(f"folder {os.path.relpath(folder, root)}", error.strerror or str(error)) from error


def _unreadable(what: str, reason: str) -> BadInput:
    return BadInput(
        f"The template's {what} cannot be read: {reason}.",
        next_step="Let the user that runs the step read all of the template.",
    )


def _target(link: str, root: str) -> str:
    """Give the place that a link leads to. Raises BadInput for one that a template may not have."""
    target = os.path.realpath(link)
    name = os.path.relpath(link, root)
    if target != root and not target.startswith(root.rstrip("/") + "/"):
        raise BadInput(
            f"The template's {name} is a link to a place outside the template.",
            next_step="Replace the link by a copy of the file.",
        )
    if ".git" in os.path.relpath(target, root).split("/"):
        raise BadInput(f"The template's {name} is a link into its git repository.", next_step="Remove the link.")
    return target


def environment_of(template: Path, declared: Mapping[str, Any]) -> Environment:
    """Make cookiecutter's own environment, with the extensions and the settings that the template asks for."""
    from cookiecutter.exceptions import UnknownExtension
    from cookiecutter.utils import create_env_with_context

    _postpone_arrow()
    with faults.told(CONTEXT_FILE, line=line_of(template, "_jinja2_env_vars")):
        try:
            environment: Environment = create_env_with_context({"cookiecutter": _with_todays_extensions(declared)})
        except (UnknownExtension, ImportError, AttributeError) as error:
            name = _missing(declared["_extensions"])
            raise BadInput(
                f"The template's extension {name} cannot be loaded: {error.__cause__ or error}"
                f" ({CONTEXT_FILE}, line {line_of(template, '_extensions')}).",
                next_step=f"Put its module next to {CONTEXT_FILE}, or use an image in which its package is installed:"
                " docs/templates.md shows how to make one on ours.",
            ) from error
    return environment


def _with_todays_extensions(declared: Mapping[str, Any]) -> Mapping[str, Any]:
    names = declared.get("_extensions")
    if not isinstance(names, list):
        return declared
    known = {old: new for old, new in TAKEN_OVER.items() if old in names}
    return {**declared, "_extensions": [known.get(name, name) if isinstance(name, str) else name for name in names]}


def _postpone_arrow() -> None:
    """Have cookiecutter's extensions load arrow when a template asks for the time, for few do and it is large."""
    if "arrow" in sys.modules or "cookiecutter.extensions" in sys.modules:
        return
    later = ModuleType("arrow")
    later.__getattr__ = lambda name: getattr(import_module("arrow"), name)  # type: ignore[method-assign]
    sys.modules["arrow"] = later
    try:
        import_module("cookiecutter.extensions")
    finally:
        del sys.modules["arrow"]


def _missing(extensions: Any) -> str:
    from jinja2.utils import import_string

    names = [str(name) for name in extensions]
    return next((name for name in names if import_string(name, silent=True) is None), ", ".join(names))


def project_folder(template: Path, environment: Environment) -> Path:
    """Find the folder that becomes the project: the one whose name is an expression."""
    from cookiecutter.exceptions import NonTemplatedInputDirException
    from cookiecutter.find import find_template

    try:
        folder = Path(find_template(template, environment))
    except NonTemplatedInputDirException:
        folder = template / CONTEXT_FILE
    if not folder.is_dir():
        raise BadInput(
            "The template has no project folder.",
            next_step="Its root needs a folder named by an expression, as in {{ cookiecutter.app_name }}.",
        )
    return folder
