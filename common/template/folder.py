"""Put a finished folder in its place: never half, never over something else unasked, and gladly twice."""

from __future__ import annotations

import filecmp
import os
import shutil
import stat
from contextlib import suppress
from pathlib import Path

from common.errors import BadInput, Conflict

NAMED = 5
DEEPEST = 100
SHOWN = 60
LONGEST_NAME = 255  # bytes, on every usual file system


def files_of(folder: Path) -> list[str]:
    """Give every file and link below the folder, relative to it, in a stable order."""
    found = []
    waiting = [""]
    while waiting:
        before = waiting.pop()
        if before.count("/") > DEEPEST:
            raise BadInput(
                f"The project's folders are nested more than {DEEPEST} deep ({before[:SHOWN]}…).",
                next_step="Correct the template or its hooks, or the variable that names them.",
            )
        with suppress(PermissionError), os.scandir(folder / before) as entries:  # a hook may have closed a folder
            for entry in entries:
                name = before + entry.name
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(f"{name}/")
                else:
                    found.append(name)
    return sorted(found)


def differing(made: Path, target: Path) -> list[str]:
    """Give the files of `made` that are not, or not so, in the folder `target`."""
    return [name for name in files_of(made) if not _same(made / name, target / name)]


def place(made: Path, target: Path, *, overwrite: bool, skip: bool = False, dry_run: bool = False) -> bool:
    """Move the folder `made` to `target`; gives False when the same files were there already.

    An existing target may hold more files. One that differs in a file raises Conflict, unless `overwrite` says to
    replace those files, or `skip` to leave those that are there. A dry run only checks.
    """
    if not target.parent.is_dir() and any(parent.is_file() for parent in target.parents):
        raise Conflict(f"{target} cannot be made: a file stands where a folder should be.", next_step="Choose another.")
    if not target.exists() and not target.is_symlink():
        if not dry_run:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(made, target)
        return True
    if not target.is_dir():
        raise Conflict(f"{target} is a file, and the project is a folder.", next_step="Choose another name.")
    different = differing(made, target)
    if skip:
        different = [name for name in different if not os.path.lexists(target / name)]
    _check_ways(target, different, through_files=not skip)
    if not different:
        return False
    if not (overwrite or skip):
        more = f" and {len(different) - NAMED} more" if len(different) > NAMED else ""
        names = ", ".join(different[:NAMED])
        raise Conflict(
            f"{target} exists already and differs in {names}{more}.",
            next_step="Choose another name, or set overwriteIfExists to true to replace these files,"
            " or SKIP_IF_EXISTS to true to leave them as they are.",
        )
    for name in () if dry_run else different:
        _replace(made / name, target / name)
    return True


def _check_ways(target: Path, names: list[str], *, through_files: bool) -> None:
    """Refuse to write through a link and, unless they may be replaced, where a file stands in the place of a folder."""
    for name in names:
        for parent in Path(name).parents:
            if (target / parent).is_symlink():
                raise Conflict(
                    f"{target / parent} is a link, through which files would be written to another place.",
                    next_step="Remove the link, or choose another name.",
                )
            if (target / parent).is_file() and not through_files:
                raise Conflict(
                    f"{target / name} cannot be made: a file stands where a folder should be.",
                    next_step="Remove that file, or choose another name.",
                )


def _same(made: Path, there: Path) -> bool:
    if made.is_symlink() or there.is_symlink():
        return made.is_symlink() and there.is_symlink() and made.readlink() == there.readlink()
    if not (made.is_file() and there.is_file()):  # a hook may have made a pipe or a socket
        return not made.is_file() and os.path.lexists(there) and _kind(made) == _kind(there)
    executable = os.access(made, os.X_OK) == os.access(there, os.X_OK)
    return executable and filecmp.cmp(made, there, shallow=False)


def _kind(path: Path) -> int:
    return stat.S_IFMT(path.lstat().st_mode)


def _replace(source: Path, target: Path) -> None:
    for parent in target.parents:
        if parent.is_file():
            parent.unlink()
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_dir() and not target.is_symlink():
        shutil.rmtree(target)
    elif target.exists() or target.is_symlink():
        target.unlink()
    shutil.move(source, target)
