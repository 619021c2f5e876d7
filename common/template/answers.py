"""The answers file of a project: which template it was made from, at which commit, with which variables.

The form is cruft's (its .cruft.json), so that `cruft check` and `cruft update` work on it, and this on a project that
cruft has made. Keys that others keep in it stay.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from common import secret
from common.errors import BadInput
from common.template.fetching.fetch import Fetched
from common.template.folder import differing
from common.template.rendering import Rendered

FILE = ".cruft.json"
LARGEST = 4_000_000  # bytes
SECRETIVE = re.compile(
    r"passw(or)?d|passphrase|secret|token|credential|(api|access|private|auth|signing|encryption)_?-?key", re.IGNORECASE
)
RIGHT_FOLDER = f"Set UPDATE_PROJECT to the folder of a project that holds its {FILE}."


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What an answers file says. `others`: what it holds besides, as `skip` and `checkout` of cruft."""

    template: str
    commit: str
    checkout: str | None
    directory: str | None
    values: Mapping[str, Any]
    others: Mapping[str, Any] = field(default_factory=dict)

    def text(self) -> str:
        """Give the file, in the order and form in which cruft writes it."""
        context = {"cookiecutter": {**self.values, "_template": self.template}}
        found = {
            "template": self.template,
            "commit": self.commit,
            "checkout": self.checkout,
            "context": context,
            "directory": self.directory,
            **self.others,
        }
        return json.dumps(found, ensure_ascii=False, indent=2) + "\n"

    def answered(self) -> dict[str, Any]:
        """Give the variables that say what a user wanted; cruft leaves out the others, too."""
        return {name: value for name, value in self.values.items() if not name.startswith("_")}

    def skipped(self, path: str) -> bool:
        """Tell whether an update leaves this path alone: cruft's `skip`, with paths and patterns."""
        skip = self.others.get("skip")
        patterns = [str(pattern).rstrip("/") for pattern in skip] if isinstance(skip, list) else []
        around = [path, *(str(parent) for parent in Path(path).parents)]
        return any(Path(place).match(pattern) if "*" in pattern else place == pattern
                   for pattern in patterns for place in around if place != ".")  # fmt: skip


def public(values: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what is, holds or by its name is meant to be a secret."""
    return {
        name: value
        for name, value in values.items()
        if not SECRETIVE.search(name) and not secret.is_held_by(json.dumps(value, ensure_ascii=False))
    }


def read(project: Path) -> Answers:
    """Read the answers file of a project. Raises BadInput."""
    file = project / FILE
    if not file.is_file() or not Path(os.path.realpath(file)).is_relative_to(os.path.realpath(project)):
        raise BadInput(f"There is no {FILE} in {project}.", next_step=RIGHT_FOLDER)
    try:
        with file.open("rb") as opened:
            found = json.loads(opened.read(LARGEST).decode())
        values = found["context"]["cookiecutter"]
        rest = dict(found)
        answers = Answers(
            template=_text(rest.pop("template")),
            commit=_text(rest.pop("commit")),
            checkout=_text(rest.pop("checkout", None), may_lack=True),
            directory=_text(rest.pop("directory", None), may_lack=True),
            values={str(name): value for name, value in values.items() if name != "_template"},
            others={name: value for name, value in rest.items() if name != "context"},
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise BadInput(
            f"The {FILE} in {project} is none that cruft or this step writes: {type(error).__name__}"
            f" {str(error)[:100]}.",
            next_step="Restore it from the project's history, or remove it and render the project anew.",
        ) from error
    return answers


def add(template: Fetched, rendered: Rendered, target: Path) -> None:
    """Put the answers file to a rendered project whose template has a commit, unless the template has one itself.

    A project that is there already, and is the same, keeps the commit that it was made from.
    """
    file = rendered.project / FILE
    if not template.commit or os.path.lexists(file):
        return
    directory = template.folder.relative_to(template.repository).as_posix()
    answers = Answers(
        template=template.home,
        commit=template.commit,
        checkout=template.told["_checkout"],
        directory=None if directory == "." else directory,
        values=public(rendered.values),
    )
    text = answers.text().encode()
    if same_but_for_commit(target, answers) and not differing(rendered.project, target):
        text = (target / FILE).read_bytes()
    file.write_bytes(text)


def same_but_for_commit(project: Path, ours: Answers) -> bool:
    """Tell whether the project was made in the same way, from whichever commit of the template."""
    try:
        theirs = read(project)
    except BadInput:
        return False
    return (theirs.template, theirs.directory, theirs.checkout, theirs.values) == (
        ours.template,
        ours.directory,
        ours.checkout,
        ours.values,
    )


def _text(value: Any, *, may_lack: bool = False) -> Any:
    if (value is None and may_lack) or (isinstance(value, str) and (value or may_lack)):
        return value or None
    raise ValueError(f"holds {str(value)[:40]!r} where a text is expected")
