"""The items of a list in an answer, one at a time: of a long one nothing is held but its bytes and some text."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from common.network.nesting import bounded

if TYPE_CHECKING:
    import requests

DECODER = json.JSONDecoder()
WHITESPACE = re.compile(r"[ \t\n\r]*")
PART = 64 * 1024  # bytes that become text at once; of what is longer, twice as many each time


class NoList(LookupError):
    """The object has no such field, or null."""


def items_of(answer: requests.Response, name: str) -> Iterator[Any]:
    """Give the items of the list that is a field of the JSON object in an answer.

    Raises NoList, or ValueError when it is no such object, or holds something else there; what comes after the list
    may be what is wrong, so what was given counts only when all of it was.
    """
    return items(answer.content, name)


def items(content: bytes, name: str, *, part: int = PART) -> Iterator[Any]:
    """Do the same with the bytes of an answer."""
    text = _Text(content, part)
    text.expect("{")
    found, is_first = False, True
    while text.mark() != "}":
        if not is_first:
            text.expect(",")
        is_first = False
        if text.mark() != '"':
            raise ValueError("a name is missing")
        key = text.value()
        text.expect(":")
        if key == name and text.mark() == "[":
            found = True
            yield from _items(text)
        else:
            value = text.value()
            if key == name and value is not None:
                raise ValueError(f"{name} is no list")
    text.expect("}")
    if text.mark():
        raise ValueError("something comes after the object")
    if not found:
        raise NoList(name)


def _items(text: _Text) -> Iterator[Any]:
    text.expect("[")
    is_first = True
    while text.mark() != "]":
        if not is_first:
            text.expect(",")
        is_first = False
        yield text.value()
    text.expect("]")


class _Text:
    """JSON that becomes text part by part; what was read of it is dropped."""

    def __init__(self, content: bytes, part: int) -> None:
        self._content = memoryview(content)
        self._part = part
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._read = 0  # bytes
        self._text, self._at = "", 0

    def mark(self) -> str:
        """Give the next character that is no white space; '' at the end."""
        while True:
            blank = WHITESPACE.match(self._text, self._at)
            self._at = blank.end() if blank else self._at
            if self._at < len(self._text) or not self._more():
                return self._text[self._at : self._at + 1]

    def expect(self, mark: str) -> None:
        """Go past a mark. Raises ValueError when it is not the next."""
        if self.mark() != mark:
            raise ValueError(f"{mark} is missing after {self._read} bytes at most")
        self._at += 1

    def value(self) -> Any:
        """Read a value. Raises ValueError when there is none."""
        self.mark()
        while True:
            try:
                with bounded():
                    value, end = DECODER.raw_decode(self._text, self._at)
            except ValueError:
                if not self._more():
                    raise
                continue
            if end < len(self._text) or not self._more():  # at the end of a part, a number may go on
                self._at = end
                return value

    def _more(self) -> bool:
        """Take in another part; False at the end."""
        if self._read == len(self._content):
            return False
        rest = self._text[self._at :]
        step = max(self._part, len(rest))  # so that what is read again and again comes to twice its length
        piece = bytes(self._content[self._read : self._read + step])
        self._read += len(piece)
        self._text = rest + self._decoder.decode(piece, final=self._read == len(self._content))
        self._at = 0
        return True
