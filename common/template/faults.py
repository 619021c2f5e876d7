"""A template's own faults in sentences: bad input with file and line, whatever the template's code has raised."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType

from common.errors import BadInput, StepError

CORRECT = "Correct the template, or ask whoever keeps it."
LONGEST = 500  # characters of what others say in an error


@contextmanager
def told(file: str, *, line: int | Callable[[], int] = 1, root: str = "") -> Iterator[None]:
    """Turn what is raised while a piece of the template is read or rendered into BadInput.

    file: where that piece stands, from the template's root; line: where in it, or what tells that. root: the folder,
    from there, to which names of files are relative that Jinja gives.
    """
    try:
        with noted(file):
            yield
    except StepError:
        raise
    except Exception as error:  # the template's code may raise anything
        number = line if isinstance(line, int) else line()
        raise BadInput(_sentence(error, *_place(error, file, number, root)), next_step=CORRECT) from error


@contextmanager
def noted(file: str) -> Iterator[None]:
    """Have what is raised, as a stop of the step, hold the file at which it came as a note."""
    try:
        yield
    except BaseException as raised:
        raised.add_note(file)
        raise


def _place(error: Exception, file: str, line: int, root: str) -> tuple[str, int]:
    """Give file and line: those of Jinja's innermost frame, when there is one."""
    from jinja2 import TemplateSyntaxError

    name, number = _frame(error.__traceback__)
    if isinstance(error, TemplateSyntaxError):
        name, number = error.filename or "", error.lineno
    if name and not name.startswith("<"):
        return posixpath.normpath(posixpath.join(root, name)), number
    return file, line + max(number - 1, 0)


def _frame(traceback: TracebackType | None) -> tuple[str, int]:
    found = ("", 0)
    while traceback is not None:
        if "__jinja_exception__" in traceback.tb_frame.f_globals:  # jinja2.debug marks so the frames that it rewrites
            found = (traceback.tb_frame.f_code.co_filename, traceback.tb_lineno)
        traceback = traceback.tb_next
    return found


def _words(error: Exception) -> str:
    try:
        return str(error).strip().rstrip(".")[:LONGEST]
    except Exception as another:  # noqa: BLE001 - how it shows itself is the template's code, too
        return f"which cannot be shown for a {type(another).__name__}"


def _sentence(error: Exception, file: str, line: int) -> str:
    from jinja2 import TemplateNotFound, TemplateSyntaxError, UndefinedError

    said = _words(error)
    place = f"({file}, line {line})"
    if isinstance(error, MemoryError):
        return f"The template needs more memory than MAX_FILE_SIZE allows for {place}."
    if isinstance(error, UndefinedError):
        return f"The template uses a variable that it does not declare: {said} {place}."
    if isinstance(error, TemplateNotFound):
        return f"The template cannot be rendered: it includes {error.name!r}, which is not there {place}."
    if isinstance(error, TemplateSyntaxError):
        return f"The template cannot be rendered: {(error.message or said).rstrip('.')} {place}."
    if isinstance(error, OSError) and error.strerror:
        named = f" of {error.filename!r}" if error.filename else ""
        return f"The template cannot be rendered: {error.strerror}{named} {place}."
    return f"The template cannot be rendered: {type(error).__name__}{f': {said}' if said else ''} {place}."
