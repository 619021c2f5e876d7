"""Bringing a project to the newest state of its template: both states are rendered, and what changed is merged in.

Local changes are kept, and so is what was removed from the project. Nothing is written while anything is in conflict.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common import log
from common.contract.stage import Stage
from common.errors import Conflict, counted
from common.git.command import Git
from common.template import answers as answers_file
from common.template import merge
from common.template.answers import Answers
from common.template.fetching.fetch import Fetched
from common.template.fetching.recorded import Recorded
from common.template.merge import OURS, THEIRS, Entry, Merged
from common.template.rendering import Rendered
from common.template.variables import read_context

NAMED = 20
BY_HAND = (
    "Nothing was written. Make the template's changes in these files by hand, or set SKIP_IF_EXISTS to true to leave"
    " these files as they are, or OVERWRITE_IF_EXISTS to true to take the template's."
)

Render = Callable[[Stage, Fetched, Mapping[str, Any]], Rendered]


@dataclass(frozen=True, kw_only=True)
class Update:
    """What to do. home, checkout: what to write of the template; given: values of variables that are new.

    overwrite, skip: whose files are taken in a conflict.
    """

    project: Path
    name: str
    answers: Answers
    template: Recorded
    home: str
    checkout: str | None
    given: Mapping[str, Any]
    overwrite: bool
    skip: bool
    dry_run: bool


@dataclass(frozen=True)
class Updated:
    """What was done: the commit of the template now, and how many files changed."""

    commit: str
    changed: int


def update(
    wanted: Update, git: Git, scratch: Path, render: Render, stages: Callable[[], AbstractContextManager[Stage]]
) -> Updated:
    """Do it. Raises Conflict, before anything is written, for what both the project and the template changed."""
    old, new = wanted.answers.commit, wanted.template.newest(scratch)
    if new == old and not wanted.given:
        log.info(f"{wanted.name} is at the newest commit of its template, {old}.")
        return Updated(new, 0)
    with ExitStack() as stack:
        sides = {
            "old": (old, wanted.answers.answered()),
            "new": (new, {**wanted.answers.answered(), **wanted.given}),
        }
        made: dict[str, Rendered] = {}
        for side, (commit, given) in sides.items():
            fetched = wanted.template.at(commit, scratch / side)
            stage = stack.enter_context(stages())
            made[side] = render(stage, fetched, _known(fetched, given, wanted.given if side == "new" else {}))
        new = fetched.commit or new
        store = merge.open_store(git, scratch / "merge.git")
        before, after = made["old"].project, made["new"].project
        found = merge.merged(store, before, wanted.project, after, leave=_left_alone(wanted.answers))
        changes = _settled(found, wanted)
        _tell(wanted, found, changes, old, new)
        if not wanted.dry_run:
            merge.apply(store, wanted.project, changes)
            directory = fetched.folder.relative_to(fetched.repository).as_posix()
            _write_answers(wanted, new, "" if directory == "." else directory, made["new"].values)
    return Updated(new, len(changes))


def _known(fetched: Fetched, given: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out answers that this state of the template does not ask for, but not what the user gives now."""
    declared = read_context(fetched.folder)
    return {name: value for name, value in given.items() if name in own or name in declared}


def _left_alone(answers: Answers) -> Callable[[str], bool]:
    return lambda path: path == answers_file.FILE or answers.skipped(path)


def _settled(found: Merged, wanted: Update) -> dict[str, Entry | None]:
    """Give the changes, with those in conflict as the user wants them. Raises Conflict."""
    changes = dict(found.changes)
    # What git has given another name, for a file stands where a folder should be, is nobody's to choose.
    odd = [path for path, stages in found.conflicts.items() if "~" in path and len(stages) == 1]
    if found.conflicts and (odd or not (wanted.skip or wanted.overwrite)):
        names = sorted(found.conflicts)
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        for path in names:
            log.info(f"In conflict: {path} ({_why(found.conflicts[path])}).")
        raise Conflict(
            f"The project {wanted.name} and its template both changed {', '.join(names[:NAMED])}{more}.",
            next_step=BY_HAND,
        )
    for path, stages in found.conflicts.items():
        if not wanted.skip:
            changes[path] = stages.get(THEIRS)
    return changes


def _why(stages: Mapping[str, Entry]) -> str:
    if THEIRS not in stages:
        return "changed here, removed by the template"
    return "changed here and by the template" if len(stages) > len((OURS, THEIRS)) else "added here and by the template"


def _tell(wanted: Update, found: Merged, changes: Mapping[str, Entry | None], old: str, new: str) -> None:
    for path in found.left:
        log.info(f"Not there any more, and left so: {path}, which the template changed.")
    if wanted.skip:
        for path in sorted(found.conflicts):
            log.info(f"Left as it is: {path}, which the template changed, too.")
    for path in sorted(changes):
        log.info(f"{'Removed' if changes[path] is None else 'Changed'}: {path}.")
    would = "Dry run: would update" if wanted.dry_run else "Updating"
    log.info(f"{would} {wanted.name} from {old} to {new} of its template: {counted(len(changes), 'changed file')}.")


def _write_answers(wanted: Update, commit: str, directory: str, values: Mapping[str, Any]) -> None:
    answers = Answers(
        template=wanted.home,
        commit=commit,
        checkout=wanted.checkout,
        directory=directory or None,
        values=answers_file.public(values),
        others=wanted.answers.others,
    )
    file = wanted.project / answers_file.FILE
    made = file.with_name(f".idp-steps-{file.name}")
    made.write_text(answers.text(), encoding="utf-8")
    made.chmod(file.stat().st_mode & 0o777)
    made.replace(file)
