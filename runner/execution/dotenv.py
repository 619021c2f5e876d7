"""Reads a step's output file by the platform's rules (contract, C.3, its older and stricter parser).

A line that the platform could not read loses every output of the step there; so it does here, by raising BadOutputs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

LONGEST_LINE = 65_536  # bytes
_EXPORT = re.compile(r"^export\s+")
_REFERENCE = re.compile(r"\\?\$(?:\{([A-Za-z0-9_]+)\}|([A-Za-z0-9_]+))?")
_PAIR = re.compile(r"\\([^$])", re.DOTALL)
_BREAKS = {"n": "\n", "r": "\r"}


class BadOutputs(Exception):
    """The file breaks the platform's rules. The text is a reason without a full stop; it never holds a value."""


def read(path: Path) -> dict[str, str]:
    """Read an output file. A missing one means no outputs."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise BadOutputs(f"it cannot be read: {error.strerror}") from error
    try:
        return parse(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise BadOutputs("it is not UTF-8 text") from error


def parse(content: str) -> dict[str, str]:
    """Parse the lines of an output file."""
    found: dict[str, str] = {}
    for number, line in enumerate(content.split("\n"), start=1):
        if len(line.encode()) >= LONGEST_LINE:
            raise BadOutputs(f"line {number} is longer than {LONGEST_LINE} bytes")
        stripped = _without_comment(line.strip())
        if not stripped:
            continue
        separator = re.search("[=:]", stripped)
        if separator is None:
            raise BadOutputs(f"line {number} has neither = nor :")
        name = _EXPORT.sub("", stripped[: separator.start()].strip(), count=1)
        found[name] = _value(stripped[separator.end() :].strip(), found)
    return found


def _without_comment(line: str) -> str:
    """Drop what follows a `#` outside quotes, as the platform judges that: piece by piece between the hashes."""
    first, *rest = line.split("#")
    kept = [first]
    quoted = _toggles(first)
    for piece in rest:
        toggles = _toggles(piece)
        if quoted or toggles:
            kept.append(piece)
        quoted ^= toggles
    return "#".join(kept).strip()


def _toggles(piece: str) -> bool:
    return piece.count('"') == 1 or piece.count("'") == 1


def _value(text: str, earlier: Mapping[str, str]) -> str:
    quote = text[0] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else ""
    if quote:
        text = text[1:-1]
    if quote == "'":
        return text
    if quote:
        text = _PAIR.sub(lambda pair: _BREAKS.get(pair[1], pair[1]), text)
    return _REFERENCE.sub(lambda match: _expanded(match, earlier), text)


def _expanded(match: re.Match[str], earlier: Mapping[str, str]) -> str:
    if match[0].startswith("\\"):
        return match[0][1:]
    name = match[1] or match[2]
    return earlier.get(name, "") if name else match[0]
