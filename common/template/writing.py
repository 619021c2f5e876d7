"""Writing what was planned, byte for byte as cookiecutter.generate does, and only below the project's folder.

A hook can put a link where the template writes next, so once there has been one, each place is looked at before it is
written to.
"""

from __future__ import annotations

import os
import shutil
import stat
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from common.errors import BadInput, StepError
from common.template import content, faults
from common.template.names import Entry, Kind
from common.template.pieces import Pieces
from common.template.source import Template

PROGRESS = 5.0  # seconds
BLOCK = 1 << 20  # characters that are held before they are written
MANY = 10_000  # pieces of them
READING = os.O_RDONLY | os.O_CLOEXEC
MAKING = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC


def write(template: Template, entries: Sequence[Entry], project: Path, *, largest: int) -> None:
    """Write the entries into the project's folder, which is there. Works in the template's, as cookiecutter does.

    largest: bytes that a rendered file may have.
    """
    from jinja2 import FileSystemLoader

    os.chdir(template.project)
    template.environment.loader = FileSystemLoader([".", "../templates"])
    writer = _writer(template, largest)
    untouched = not any(project.iterdir())
    place = str(project)
    due = time.monotonic() + PROGRESS
    for number, entry in enumerate(entries):
        target = f"{place}/{entry.target}"
        if not untouched:
            _check_place(project, Path(target))
        if entry.kind is Kind.FOLDER:
            Path(target).mkdir(parents=True, exist_ok=True)
        elif entry.kind is Kind.COPIED_FOLDER:
            _copy_folder(entry.source, Path(target), project)
        else:
            with faults.noted(f"{template.project.name}/{entry.source}"):
                writer.write(entry, target)
        if time.monotonic() >= due:
            sys.stderr.write(f"{number + 1} of {len(entries)} files and folders are written.\n")
            sys.stderr.flush()
            due = time.monotonic() + PROGRESS


def _writer(template: Template, largest: int) -> _Writer:
    pieces = Pieces(template.environment)
    signs = (*(sign.encode() for sign in pieces.starts), b"\r")
    wanted = template.context["cookiecutter"].get("_new_lines", False)
    kept = pieces.usual and wanted in (False, None, "", "\n") and template.environment.newline_sequence == "\n"
    return _Writer(template, pieces, signs, kept, largest)


def _check_place(project: Path, target: Path) -> None:
    fault = ""
    if not Path(os.path.realpath(target)).is_relative_to(project):
        fault = "a link that leads out of the project"
    elif target.exists() and not (target.is_file() or target.is_dir()):  # a pipe would be waited for without end
        fault = "something else than a file or a folder"
    if fault:
        raise BadInput(f"A hook of the template made {target.relative_to(project)} {fault}.", next_step=faults.CORRECT)


def _copy_folder(source: str, target: Path, project: Path) -> None:
    if target == project:
        raise BadInput(
            f"The template's folder {source}, which is copied as it is, would replace the project.",
            next_step=faults.CORRECT,
        )
    if target.is_dir():
        shutil.rmtree(target)
    shutil.copytree(source, target)


@dataclass(frozen=True)
class _Writer:
    """Writes files of one template.

    signs: those of Jinja, and the carriage return; a file without them is copied, when `kept` says so: that what is
    written of a text without any of them is that text.
    """

    template: Template
    pieces: Pieces
    signs: tuple[bytes, ...]
    kept: bool
    largest: int

    def write(self, entry: Entry, target: str) -> None:
        """Write one file, unless its name has become that of a folder: by a condition, the file is not wanted."""
        source = os.open(entry.source, READING)  # each call of the system counts where there are thousands of files
        try:
            found = os.fstat(source)
            made = _opened(target)
            if made is None:
                return
            try:
                start = content.beginning(source, found.st_size)
                blocks = self._blocks(entry, source, start, found.st_size) if entry.kind is Kind.RENDERED else None
                if blocks is not None:
                    _write_all(made, blocks)
                elif len(start) < content.AT_ONCE:
                    _write_all(made, (start,))
                else:
                    shutil.copyfile(entry.source, target)
                os.fchmod(made, stat.S_IMODE(found.st_mode))
            finally:
                os.close(made)
        finally:
            os.close(source)

    def _blocks(self, entry: Entry, file: int, start: bytes, size: int) -> Iterable[bytes] | None:
        """Give the content of a file as it is rendered; None when it is copied."""
        if content.is_binary(entry.source, start):
            return None
        if self.kept and not content.holds_any(file, start, self.signs):
            return None
        if size > self.largest:
            raise self._too_large(entry)
        data = start
        if len(start) == content.AT_ONCE:
            os.lseek(file, 0, os.SEEK_SET)
            with open(file, "rb", buffering=0, closefd=False) as whole:
                data = whole.readall()
        try:
            text = content.text_of(data)
        except UnicodeDecodeError as error:
            if self.pieces.usual and not content.holds_any(file, data, self.signs[:-1]):
                return None
            line = data.count(b"\n", 0, error.start) + 1
            raise BadInput(
                f"The template's file is no UTF-8 text, and holds something to render"
                f" ({self._place(entry)}, line {line}).",
                next_step="Save it as UTF-8, or name it in the template's _copy_without_render.",
            ) from error
        with faults.told(self._place(entry)):
            end = _line_end(self.template.context["cookiecutter"].get("_new_lines", False), data)
        return self._rendered(entry, text, end)

    def _rendered(self, entry: Entry, text: str, end: bytes) -> Iterable[bytes]:
        pieces = self.pieces.of(text, self.template.context)
        if pieces is not None:
            try:
                return [*self._joined(entry, pieces, end)]
            except StepError:
                raise
            except Exception:  # noqa: BLE001 - Jinja tells it, with its line
                pieces = None
        return self._whole(entry, end)

    def _whole(self, entry: Entry, end: bytes) -> Iterator[bytes]:
        with faults.told(self._place(entry), root=self.template.project.name):
            rendered = self.template.environment.get_template(entry.source).generate(**self.template.context)
            yield from self._joined(entry, rendered, end)

    def _joined(self, entry: Entry, pieces: Iterator[str], end: bytes) -> Iterator[bytes]:
        """Give the text in few blocks, and stop one that becomes too large."""
        held: list[str] = []
        length = written = 0
        for piece in pieces:
            held.append(piece)
            length += len(piece)
            if written + length > self.largest:
                raise self._too_large(entry)
            if length >= BLOCK or len(held) >= MANY:
                block = _encoded(held, end)
                written += len(block)
                yield block
                held, length = [], 0
        block = _encoded(held, end)
        if written + len(block) > self.largest:
            raise self._too_large(entry)
        yield block

    def _too_large(self, entry: Entry) -> BadInput:
        return BadInput(
            f"The template's file would come out larger than {self.largest} bytes ({self._place(entry)}).",
            next_step="Correct what it repeats, or allow more with MAX_FILE_SIZE.",
        )

    def _place(self, entry: Entry) -> str:
        return f"{self.template.project.name}/{entry.source}"


def _opened(target: str) -> int | None:
    try:
        return os.open(target, MAKING)
    except IsADirectoryError:
        return None
    except (FileNotFoundError, NotADirectoryError):
        Path(target).parent.mkdir(parents=True, exist_ok=True)
        return os.open(target, MAKING)


def _write_all(file: int, blocks: Iterable[bytes]) -> None:
    for block in blocks:
        rest = memoryview(block)
        while rest:
            rest = rest[os.write(file, rest) :]


def _line_end(wanted: object, data: bytes) -> bytes:
    """Give what the template asks for, or what the first line of the file ends with."""
    if not wanted:
        return content.line_end(data).encode()
    if wanted not in ("\n", "\r", "\r\n"):
        raise ValueError(f"_new_lines is {wanted!r}, which ends no line")
    return str(wanted).encode()


def _encoded(pieces: list[str], end: bytes) -> bytes:
    block = "".join(pieces).encode()
    return block if end == b"\n" else block.replace(b"\n", end)
