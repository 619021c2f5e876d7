"""A template in a zip file, unpacked into a folder that it cannot leave.

What comes out is what the cookiecutter command line unpacks: zip files of templates carry no rights there.
"""

from __future__ import annotations

import posixpath
import shutil
import stat
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path

from common.errors import BadInput
from common.template.folder import LONGEST_NAME

LARGEST = 1024 * 1024 * 1024  # bytes, unpacked
MOST_ENTRIES = 100_000
ENCRYPTED = 0x1  # of an entry's flags (APPNOTE.TXT, 4.4.4)
MADE_ON_UNIX = 3  # the system of an entry whose rights and kind are Unix's (4.4.2)
DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, UnicodeError, MemoryError)
PACK = "Pack the template again, as in `git archive --format=zip --prefix=template/ HEAD`."


def unpack(file: Path, into: Path, *, name: str) -> Path:
    """Unpack the file and give its top folder. Raises BadInput that calls the file `name`."""
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            _check(entries, name)
            for entry in entries:
                _write(archive, entry, into)
    except DAMAGED as error:
        said = f": {str(error)[:100]}" if str(error) else ""
        raise BadInput(f"{name} is no zip file, or a damaged one{said}.", next_step=PACK) from error
    except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        raise BadInput(f"{name} holds a file and a folder of the same name.", next_step=PACK) from error
    return into / _top(entries)


def _check(entries: Sequence[zipfile.ZipInfo], name: str) -> None:
    if not entries:
        raise BadInput(f"{name} holds no file.", next_step=PACK)
    if len(entries) > MOST_ENTRIES:
        raise BadInput(f"{name} holds more than {MOST_ENTRIES} files.", next_step=PACK)
    if sum(entry.file_size for entry in entries) > LARGEST:  # an entry is not read beyond the size that it states
        raise BadInput(f"{name} holds more than {LARGEST // 1024**3} GiB, unpacked.", next_step=PACK)
    for entry in entries:
        if entry.flag_bits & ENCRYPTED:
            raise BadInput(
                f"{name} is protected by a password.",
                next_step="Give one without; for a template that is not public, use a login for its address.",
            )
        if fault := _fault(entry):
            raise BadInput(f"{name} holds {entry.filename[:100]!r}, which {fault}.", next_step=PACK)


def _fault(entry: zipfile.ZipInfo) -> str:
    path = entry.orig_filename  # as it stands in the file: Python cuts a name at a NUL
    parts = path.removesuffix("/").split("/")
    if "\\" in path or not path.isprintable():
        return "is no name of a file"
    if path.startswith("/") or any(part in ("", ".", "..") for part in parts):
        return "leads out of the folder"
    if max(len(part.encode()) for part in parts) > LONGEST_NAME:
        return "is too long"
    kind = stat.S_IFMT(entry.external_attr >> 16) if entry.create_system == MADE_ON_UNIX else 0
    if kind == stat.S_IFLNK:
        return "is a link; the git repository or a copy of the file can hold what it leads to"
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "is neither a file nor a folder"
    return ""


def _write(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, into: Path) -> None:
    target = into / entry.filename
    if entry.is_dir():
        target.mkdir(parents=True, exist_ok=True)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(entry) as source, target.open("wb") as written:
        shutil.copyfileobj(source, written)


def _top(entries: Sequence[zipfile.ZipInfo]) -> str:
    """Give the folder that the first entry is, as cookiecutter.zipfile.unzip does, or the one that all are in."""
    first = entries[0].filename
    if first.endswith("/"):
        return first
    tops = {entry.filename.partition("/")[0] for entry in entries}
    return tops.pop() if len(tops) == 1 and "/" in first else posixpath.curdir
