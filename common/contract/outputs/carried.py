"""What every dialect needs to know of a value: its text, and how to say that it cannot be carried."""

from __future__ import annotations

import re

Value = str | int | bool

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
PATH = re.compile(r"[A-Za-z0-9_./-]+")  # what every reader of the Harness engine takes as a name (contract, C.3)


class NotCarried(ValueError):
    """A dialect cannot bring this output back unchanged; `reason` is the second half of a sentence."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name}: {reason}")
        self.name = name
        self.reason = reason


def text_of(name: str, value: Value, *, path: bool = False) -> str:
    """Give the value as text, refusing what no runner could take. path: a name may be the path of a file."""
    if not (NAME.fullmatch(name) or (path and PATH.fullmatch(name))):
        raise NotCarried(name, "a name may hold only letters, digits and underscores, and may not start with a digit")
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    if "\0" in text:
        raise NotCarried(name, "its value holds a NUL character")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise NotCarried(name, "its value holds half a surrogate pair and so is no Unicode text") from None
    return text
