"""The kinds of failure a step can have, each with its exit code. A step raises one of these and never prints it.

A message is a whole sentence that says what failed and on what; `next_step` is a sentence that says what to set or do.
"""

from __future__ import annotations

from common.secret import mask

LONGEST_SHOWN = 100

EXIT_CODES: dict[int, str] = {
    0: "done (also: nothing to do)",
    1: "refused by the other side",
    2: "bad input",
    3: "not authenticated or not allowed",
    4: "conflict with what exists",
    5: "unavailable after retries",
    70: "a bug in this step",
    130: "interrupted",
    143: "terminated",
}


class StepError(Exception):
    """A failure that is told to the user in sentences; `detail` is shown only with VERBOSE=true."""

    exit_code: int = 1

    def __init__(self, message: str, *, next_step: str = "", detail: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.message} {self.next_step}".rstrip()


class Refused(StepError):
    """The other side understood and said no."""

    exit_code = 1


class BadInput(StepError):
    """An input is missing, malformed or not allowed."""

    exit_code = 2


class NotAllowed(StepError):
    """The credentials are wrong, or right but not sufficient."""

    exit_code = 3


class Conflict(StepError):
    """Something exists already and differs from what was asked for."""

    exit_code = 4


class Unavailable(StepError):
    """A service could not be reached, or kept failing until the retry budget was spent."""

    exit_code = 5


class Interrupted(BaseException):
    """A signal asked the step to stop; not a StepError, so that no handler of failures takes it for one."""

    def __init__(self, signal_number: int) -> None:
        super().__init__(signal_number)
        self.exit_code = 128 + signal_number


def counted(number: int, what: str) -> str:
    """Give a number of things in words: 1 file, 2 files."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def shown(text: str, *, quotes: bool = True) -> str:
    """Give what somebody else wrote as a message can hold it: cut, on one line, control characters made visible.

    Secrets are masked first: a part of one, left by the cut, would not be found any more.
    """
    text = mask(text)
    start = text[:LONGEST_SHOWN]
    if quotes:
        start = repr(start)
    else:
        start = "".join(mark if mark.isprintable() else mark.encode("unicode_escape").decode() for mark in start)
    return start if len(text) <= LONGEST_SHOWN else f"{start}… ({len(text)} characters)"
