"""What a folder must be so that git pushes all of it: git passes over some things in silence, and misreads others."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NoReturn

from common.errors import BadInput

RIGHT_FOLDER = "Set CODE_DIRECTORY to the folder that CookieCutter made (its output projectDirectory)."


def check_folder(folder: Path) -> None:
    """Raise BadInput for a folder without files, with one that may not be read, or with a repository inside."""
    if not folder.is_dir():
        raise BadInput(f"The code directory {folder} does not exist, or is no folder.", next_step=RIGHT_FOLDER)
    holds_files = False
    for place, folders, files in os.walk(folder, onerror=_unreadable):
        if ".git" in (*folders, *files) and Path(place) != folder:
            raise BadInput(
                f"{place} is a git repository of its own, so git would push a reference to it and not its files.",
                next_step=f"Remove {place}/.git.",
            )
        if Path(place) == folder:
            folders[:] = [name for name in folders if name != ".git"]
            files = [name for name in files if name != ".git"]  # noqa: PLW2901 - the folder's own is not pushed
        holds_files = holds_files or bool(files) or any(Path(place, name).is_symlink() for name in folders)
    if not holds_files:
        raise BadInput(f"The code directory {folder} holds no file to push.", next_step=RIGHT_FOLDER)


def _unreadable(error: OSError) -> NoReturn:
    raise BadInput(
        f"{error.filename} cannot be read by uid {os.getuid()}: {error.strerror}.",
        next_step="Make the code directory readable for that uid, or use the image's -root tag.",
    ) from error
