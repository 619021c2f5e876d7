"""Regular expressions by RE2: in linear time and bounded memory, whoever wrote them (https://github.com/google/re2).

RE2 has neither look-around nor references to groups, which the platform's (java.util.regex) have; a pattern with one
raises NotSupported.
"""

from __future__ import annotations

import functools
import re
import time
from collections.abc import Iterator
from typing import Any

from common.errors import shown
from runner.language.expressions.values import LONGEST, Failed

LONGEST_PATTERN = 1_000  # characters
LARGEST_PROGRAM = 5_000  # RE2's instructions: `.{1000}` has more than 1,000
LONGEST_TEXT = 100_000  # characters that a pattern is looked for in
SECONDS = 0.25  # of a processor, for all the matches in one text
MEMORY = 8 * 1024 * 1024  # bytes that one pattern may take
_BEYOND = re.compile(r"\(\?<?[=!]|\\[1-9]|\\k<|\(\?>|[*+?}]\+")
_GROUP = re.compile(r"\\(.)|\$(\d)|\$\{(\w+)\}", re.DOTALL)  # Matcher.replaceAll: $1, ${name}, \ before either


class NotSupported(Failed):
    """A pattern that only the platform's own engine takes."""


@functools.lru_cache(maxsize=256)
def _compiled(pattern: str) -> Any:
    import re2

    if len(pattern) > LONGEST_PATTERN:
        raise Failed(f"the regular expression is longer than {LONGEST_PATTERN} characters.")
    options = re2.Options()
    options.log_errors = False
    options.max_mem = MEMORY
    try:
        found = re2.compile(pattern, options)
    except re2.error as error:
        if _BEYOND.search(pattern):
            what = "uses look-around or a reference to a group, which are not evaluated here"
            raise NotSupported(f"the regular expression {shown(pattern)} {what}.") from error
        reason = error.args[0].decode() if isinstance(error.args[0], bytes) else str(error)
        raise Failed(f"the regular expression {shown(pattern)} is not valid: {shown(reason, quotes=False)}.") from error
    if found.programsize > LARGEST_PROGRAM:
        raise Failed(f"the regular expression {shown(pattern)} is too large.")
    return found


def check(pattern: str) -> None:
    """Raise NotSupported or Failed for a pattern that cannot be used."""
    _compiled(pattern)


def fits(pattern: str, text: str) -> bool:
    """Tell whether the whole text matches."""
    return _compiled(pattern).fullmatch(_bounded(text)) is not None


def first(pattern: str, text: str) -> str | None:
    """Give what matches first."""
    match = _compiled(pattern).search(_bounded(text))
    return None if match is None else str(match.group())


def split(pattern: str, text: str, limit: int = 0) -> list[str]:
    """Split at the matches, as String.split does: without empty texts at the end when there is no limit."""
    parts: list[str] = []
    end = 0
    for match in _matches(pattern, text):
        if 0 < limit == len(parts) + 1:
            break
        if match.end() == 0:  # an empty match at the beginning splits nothing off
            continue
        parts.append(text[end : match.start()])
        end = match.end()
    parts.append(text[end:])
    while limit == 0 and len(parts) > 1 and not parts[-1]:
        parts.pop()
    return parts


def replaced(pattern: str, replacement: str, text: str, *, count: int = 0) -> str:
    """Replace the matches; `$1` in the replacement is a group."""
    parts: list[str] = []
    end = length = 0
    for number, match in enumerate(_matches(pattern, text)):
        if 0 < count <= number:
            break
        part = _GROUP.sub(lambda found, match=match: _group(found, match), replacement)  # type: ignore[misc]
        parts += [text[end : match.start()], part]
        end = match.end()
        length += len(part)
        if length > LONGEST:
            raise Failed(f"the text would have more than {LONGEST} characters.")
    return "".join([*parts, text[end:]])


def _matches(pattern: str, text: str) -> Iterator[Any]:
    due = time.thread_time() + SECONDS
    for match in _compiled(pattern).finditer(_bounded(text)):
        yield match
        if time.thread_time() > due:
            raise Failed(f"the regular expression {shown(pattern)} takes too long.")


def _bounded(text: str) -> str:
    if len(text) > LONGEST_TEXT:
        raise Failed(f"a regular expression is not looked for in more than {LONGEST_TEXT} characters.")
    return text


def _group(found: re.Match[str], match: Any) -> str:
    if found[1] is not None:
        return found[1]
    try:
        return match.group(int(found[2]) if found[2] else found[3]) or ""
    except (IndexError, KeyError) as error:
        raise Failed(f"the regular expression has no group {found[2] or found[3]}.") from error
