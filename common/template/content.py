"""What is in a file of a template, told from one reading: binary or text, what its lines end with, what to render.

Each answer is that of cookiecutter 2.7 and its library binaryornot; a test holds it against both.
"""

from __future__ import annotations

import io
import os
from collections.abc import Collection
from functools import cache, lru_cache

SNIFFED = 512  # bytes by which binaryornot tells
ORDINARY = bytes({9, 10, 13, *range(0x20, 0x7F)})
AT_ONCE = 1 << 16  # bytes; of larger files only those are read as a whole that are rendered


def beginning(file: int, size: int) -> bytes:
    """Read an open file of this size: all of it, or the first AT_ONCE bytes, also where a read gives less at a time."""
    data = os.read(file, AT_ONCE)
    while len(data) < min(size, AT_ONCE) and (more := os.read(file, AT_ONCE - len(data))):
        data += more
    return data


def is_binary(name: str, data: bytes) -> bool:
    """Tell whether cookiecutter takes a file for binary. data: at least its first SNIFFED bytes."""
    if _has_binary_ending(name):
        return True
    chunk = data[:SNIFFED]
    if not chunk.translate(None, ORDINARY) and (formats := _formats()):
        return chunk.startswith(formats)  # what is plain is text, unless it begins as a known format does
    return _is_binary_string(chunk)


@lru_cache(1_000)
def _is_binary_string(chunk: bytes) -> bool:
    from binaryornot.helpers import is_binary_string

    return bool(is_binary_string(chunk))


@cache
def _formats() -> tuple[bytes, ...]:
    """Give what files of known formats begin with; nothing for a binaryornot that keeps it elsewhere."""
    from binaryornot import helpers

    return tuple(getattr(helpers, "_BINARY_SIGNATURES", ()))


def _has_binary_ending(name: str) -> bool:
    stem, dot, ending = name.rpartition("/")[2].rpartition(".")
    if not dot:
        return False
    return _is_binary_ending(ending) if stem.strip(".") else _is_binary_name(name)


@lru_cache(1_000)
def _is_binary_ending(ending: str) -> bool:
    return _is_binary_name(f"x.{ending}")


def _is_binary_name(name: str) -> bool:
    from binaryornot.helpers import has_binary_extension

    return bool(has_binary_extension(name))


def holds_any(file: int, start: bytes, wanted: Collection[bytes]) -> bool:
    """Tell whether an open file holds one of some short texts. start: what has been read of it."""
    rest = start
    while rest:
        for text in wanted:
            if text in rest:
                return True
        if len(start) < AT_ONCE:
            return False
        longest = max(map(len, wanted))
        more = os.read(file, AT_ONCE)
        rest = rest[-longest:] + more if more else b""
    return False


def line_end(data: bytes) -> str:
    """Give what Python, asked as cookiecutter does, says that the lines of a text end with."""
    if b"\r" not in data:
        return "\n"
    with io.TextIOWrapper(io.BytesIO(data), encoding="utf-8") as file:
        file.readline()
        found = file.newlines
    return (found[0] if isinstance(found, tuple) else found) or os.linesep


def text_of(data: bytes) -> str:
    """Decode a text and give its lines one end, as Python does with a file. Raises UnicodeDecodeError."""
    text = data.decode()
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
