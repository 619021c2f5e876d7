"""Reads `<+input>` and what may follow it (contract, E)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from common.errors import shown
from runner.language.expressions import regular
from runner.language.expressions.scanner import CLOSE, INPUT, OPEN
from runner.language.expressions.values import Failed
from runner.language.inputs import Rule

PLACEHOLDER = f"{OPEN}{INPUT}{CLOSE}"
CLAUSES = ("default", "allowedValues", "selectOneFrom", "selectManyFrom", "regex", "executionInput")
_CLAUSE = re.compile(r"\.([A-Za-z]+)\(")
_CLAUSE_END = re.compile(r"\)(?=$|\.[A-Za-z]+\()")


def is_placeholder(text: str) -> bool:
    """Tell whether a text is a placeholder."""
    return text.lstrip().startswith(PLACEHOLDER)


def parse(text: str) -> Rule | None:
    """Read a placeholder with its clauses, or give None when the text is none. Raises ValueError."""
    text = text.strip()
    if not text.startswith(PLACEHOLDER):
        return None
    rest = text[len(PLACEHOLDER) :]
    clauses: dict[str, str] = {}
    while rest:
        start = _CLAUSE.match(rest)
        end = _CLAUSE_END.search(rest, start.end() - (rest[start.end() :][:1] == ")")) if start else None
        if start is None or end is None:
            told = f"{shown(rest)} after {PLACEHOLDER} is not understood; it can be followed by {_clauses()}"
            if start and not end:  # in YAML a comma within { } ends a value that has no quotes
                told = f"{shown(rest)} after {PLACEHOLDER} has no end; within {{ }} or [ ], write the value in quotes"
            raise ValueError(told)
        name = start.group(1)
        if name not in CLAUSES:
            raise ValueError(f"{PLACEHOLDER} has no {shown(name)}; it can be followed by {_clauses()}")
        clauses[name] = rest[start.end() : end.start()]
        rest = rest[end.end() :]
    allowed = next(
        (clauses[name] for name in ("allowedValues", "selectOneFrom", "selectManyFrom") if name in clauses), ""
    )
    default = _unquoted(clauses["default"]) if "default" in clauses else None
    return Rule(default, tuple(_split(allowed)), "selectManyFrom" in clauses, _pattern(clauses.get("regex", "")))


def _pattern(pattern: str) -> str:
    """Give the pattern if values can be checked by it; one that only the platform can use is left to the platform."""
    try:
        regular.check(pattern)
    except regular.NotSupported:
        return ""
    except Failed as reason:
        raise ValueError(str(reason).removesuffix(".")) from reason
    return pattern


def _clauses() -> str:
    return ", ".join(f".{name}(..)" for name in CLAUSES)


def _split(text: str) -> Iterator[str]:
    for part in re.findall(r"""\s*("[^"]*"|'[^']*'|[^,]*)\s*(?:,|$)""", text):
        if part.strip():
            yield _unquoted(part)


def _unquoted(text: str) -> str:
    text = text.strip()
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text
