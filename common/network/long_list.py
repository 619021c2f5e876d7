"""The items of a list in an answer, one at a time: of a long one nothing is held but its text."""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any

from common.network.nesting import bounded

if TYPE_CHECKING:
    import requests

DECODER = json.JSONDecoder()
WHITESPACE = re.compile(r"[ \t\n\r]*")


class NoList(LookupError):
    """The object has no such field, or null."""


def items_of(answer: requests.Response, name: str) -> Iterator[Any]:
    """Give the items of the list that is a field of the JSON object in an answer.

    Raises NoList, or ValueError when it is no such object, or holds something else there; what comes after the list
    may be what is wrong, so what was given counts only when all of it was.
    """
    yield from items(answer.content.decode(), name)


def items(text: str, name: str) -> Iterator[Any]:
    """Do the same with a text."""
    at, found, is_first = _after(text, _next(text, 0), "{"), False, True
    while text[at : at + 1] != "}":
        at = at if is_first else _after(text, at, ",")
        is_first = False
        if text[at : at + 1] != '"':
            raise ValueError("a name is missing")
        key, at = _decoded(text, at)
        at = _after(text, _next(text, at), ":")
        if key == name and text[at : at + 1] == "[":
            found = True
            at = yield from _items(text, at)
        else:
            value, at = _decoded(text, at)
            if key == name and value is not None:
                raise ValueError(f"{name} is no list")
        at = _next(text, at)
    if text[at + 1 :].strip():
        raise ValueError("something comes after the object")
    if not found:
        raise NoList(name)


def _items(text: str, at: int) -> Generator[Any, None, int]:
    at, is_first = _after(text, at, "["), True
    while text[at : at + 1] != "]":
        at = at if is_first else _after(text, at, ",")
        is_first = False
        item, at = _decoded(text, at)
        yield item
        at = _next(text, at)
    return at + 1


def _decoded(text: str, at: int) -> tuple[Any, int]:
    with bounded():
        return DECODER.raw_decode(text, at)


def _next(text: str, at: int) -> int:
    found = WHITESPACE.match(text, at)
    return found.end() if found else at


def _after(text: str, at: int, mark: str) -> int:
    if text[at : at + 1] != mark:
        raise ValueError(f"{mark} is missing at character {at}")
    return _next(text, at + 1)
