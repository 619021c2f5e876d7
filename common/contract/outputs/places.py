"""Where outputs are written: a file that is appended to, a document that is replaced, a directory of files.

Each place can be checked without being touched, and is written completely or left as it was.
"""

from __future__ import annotations

import errno
import json
import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

CREATED_MODE = 0o666  # less the umask: the runner may read with another uid than ours

_NOT_REPLACEABLE = (errno.EACCES, errno.EPERM, errno.EROFS, errno.EBUSY, errno.EXDEV)


class NotADocument(ValueError):
    """The file holds something other than one JSON object."""


def file_problem(path: Path) -> str | None:
    """Say why the file could not be appended to, or created."""
    try:
        path.stat()
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENAMETOOLONG):
            return error.strerror
    mode = _mode(path)
    if stat.S_ISDIR(mode):
        return "it is a directory"
    if mode:
        return None if os.access(path, os.W_OK) else "it is not writable for this user"
    if not stat.S_ISDIR(_mode(path.parent)):
        return f"{path.parent} is not an existing directory"
    if not os.access(path.parent, os.W_OK | os.X_OK):
        return f"{path.parent} is not writable for this user"
    return None


def is_directory(path: Path) -> bool:
    """Tell whether a directory is there."""
    return stat.S_ISDIR(_mode(path))


def directory_problem(path: Path) -> str | None:
    """Say why files could not be made in the directory, or it could not be made itself."""
    mode = _mode(path)
    if not mode:
        return file_problem(path)
    if not stat.S_ISDIR(mode):
        return "it is not a directory"
    return None if os.access(path, os.W_OK | os.X_OK) else "it is not writable for this user"


def document_problem(path: Path) -> str | None:
    """Say why the file could not be replaced by one JSON object that keeps what it holds now."""
    if problem := file_problem(path):
        return problem
    try:
        read_document(path)
    except OSError as error:
        return f"it cannot be read ({error.strerror})"
    except NotADocument as error:
        return str(error)
    return None


def read_document(path: Path) -> dict[str, Any]:
    """Read the JSON object that the file holds; a missing or empty file is an empty object."""
    if not file_size(path):
        return {}
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise NotADocument(f"it holds something other than one JSON object ({error})") from None
    if not isinstance(document, dict):
        raise NotADocument(f"it holds a JSON {type(document).__name__} and not an object")
    return document


def file_size(path: Path) -> int:
    """Give the number of bytes a regular file holds now."""
    return path.stat().st_size if stat.S_ISREG(_mode(path)) else 0


def append(path: Path, text: str) -> None:
    """Append in one write; existing content that lacks its last newline gets it first."""
    content = ("\n" if _is_unterminated(path) else "").encode() + text.encode()
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, CREATED_MODE)
    try:
        _write_whole(descriptor, content)
    finally:
        os.close(descriptor)


def replace(path: Path, text: str) -> None:
    """Give the file this content in one step; what is no regular file (a pipe, a terminal) is written to."""
    mode = _mode(path)
    if mode and not stat.S_ISREG(mode):
        append(path, text)
        return
    target = path.resolve()
    try:
        write_files(target.parent, {target.name: text})
    except OSError as error:
        if error.errno not in _NOT_REPLACEABLE or not mode:
            raise
        _overwrite(target, text.encode())  # a file mounted by itself, or one in a directory that is not ours


def write_files(directory: Path, contents: Mapping[str, str]) -> None:
    """Write a file for each name; none appears before all are written."""
    directory.mkdir(exist_ok=True)
    for name in contents:
        if stat.S_ISDIR(_mode(directory / name)):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(directory / name))
    suffix = os.urandom(4).hex()
    drafts = {directory / f".{name}.{suffix}": directory / name for name in contents}
    try:
        for draft, target in drafts.items():
            _create(draft, contents[target.name].encode(), mode=_mode(target))
        for draft, target in drafts.items():
            draft.replace(target)
    finally:
        for draft in drafts:
            with suppress(OSError):
                draft.unlink(missing_ok=True)


def _create(path: Path, content: bytes, *, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, CREATED_MODE)
    try:
        if mode:
            os.fchmod(descriptor, stat.S_IMODE(mode))
        _write_whole(descriptor, content)
    finally:
        os.close(descriptor)


def _overwrite(path: Path, content: bytes) -> None:
    before = path.read_bytes()
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        _write_whole(descriptor, content)
        os.ftruncate(descriptor, len(content))
    except OSError:
        os.pwrite(descriptor, before, 0)
        raise
    finally:
        os.close(descriptor)


def _write_whole(descriptor: int, content: bytes) -> None:
    before = os.fstat(descriptor)
    try:
        _write_once(descriptor, content)
        if stat.S_ISREG(before.st_mode):
            os.fsync(descriptor)
    except OSError:
        if stat.S_ISREG(before.st_mode):
            os.ftruncate(descriptor, before.st_size)
        raise


def _write_once(descriptor: int, content: bytes) -> None:
    written = os.write(descriptor, content)
    if written < len(content):
        raise OSError(errno.ENOSPC, f"only {written} of {len(content)} bytes could be written")


def _is_unterminated(path: Path) -> bool:
    if not file_size(path):
        return False
    try:
        with path.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read(1) != b"\n"
    except PermissionError:  # writable but not readable: an empty line more does no harm
        return True


def _mode(path: Path) -> int:
    """Give type and permissions, or 0 for what is not there or may not be seen."""
    try:
        return path.stat().st_mode
    except OSError:
        return 0
