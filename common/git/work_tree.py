"""What a folder must be so that git pushes all of it: git passes over some things in silence, and misreads others."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple, NoReturn

from common import log
from common.errors import BadInput

RIGHT_FOLDER = "Set CODE_DIRECTORY to the folder that CookieCutter made (its output projectDirectory)."


class Found(NamedTuple):
    """What the files of a folder ask git for: to leave some out, or to keep some under Git LFS."""

    ignores: bool
    lfs: bool


def check_folder(folder: Path) -> Found:
    """Look at every file. Raises BadInput for a folder without one, that may not be read, or a repository inside."""
    if not folder.is_dir():
        raise BadInput(f"The code directory {folder} does not exist, or is no folder.", next_step=RIGHT_FOLDER)
    holds_files, ignores, lfs = False, False, False
    for place, folders, files in os.walk(folder, onerror=_unreadable):
        if ".git" in (*folders, *files) and Path(place) != folder:
            raise BadInput(
                f"{place} is a git repository of its own, so git would push a reference to it and not its files.",
                next_step=f"Remove {place}/.git.",
            )
        if Path(place) == folder:
            if ".git" in (*folders, *files):
                log.info(f"Not pushed: {folder}/.git, the folder's own repository.")
            folders[:] = [name for name in folders if name != ".git"]
            files = [name for name in files if name != ".git"]  # noqa: PLW2901 - the folder's own is not pushed
        for name in files:
            path = Path(place, name)
            if not path.is_file() and not path.is_symlink():
                log.warning(f"Not pushed: {path.relative_to(folder)}, which is a pipe, socket or device.")
        ignores = ignores or ".gitignore" in files
        lfs = lfs or (".gitattributes" in files and _asks_for_lfs(Path(place, ".gitattributes")))
        holds_files = holds_files or bool(files) or any(Path(place, name).is_symlink() for name in folders)
    if not holds_files:
        raise BadInput(f"The code directory {folder} holds no file to push.", next_step=RIGHT_FOLDER)
    return Found(ignores, lfs)


def _asks_for_lfs(attributes: Path) -> bool:
    return attributes.is_file() and "filter=lfs" in attributes.read_text(encoding="utf-8", errors="replace")


def _unreadable(error: OSError) -> NoReturn:
    raise BadInput(
        f"{error.filename} cannot be read by uid {os.getuid()}: {error.strerror}.",
        next_step="Make the code directory readable for that uid, or use the image's -root tag.",
    ) from error
