r"""Finds `<+...>` in a text: a nested `<+` opens one more, each `>` closes one, `\>` inside is a plain `>`.

What stands around stays as it is. A text that takes the place of an expression is never scanned.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

OPEN, CLOSE, ESCAPED = "<+", ">", "\\>"
_SIGNS = re.compile("|".join(map(re.escape, (OPEN, ESCAPED, CLOSE))))
DEEPEST = 15  # the platform's own limit (contract, E)
MOST = 2_000  # of one text
INPUT = "input"  # <+input> is a placeholder of the document, not a reference
LEFT_ALONE = "metadata"  # a property name of UpdateCatalogProperty that the pipeline engine does not resolve


class Malformed(ValueError):
    """A text or expression that nobody can evaluate. The text is a sentence that begins in lower case."""


@dataclass(frozen=True)
class Expression:
    """One `<+...>`: `raw` as written with its delimiters, `body` what is between them."""

    raw: str
    body: tuple[Part, ...]


Part: TypeAlias = str | Expression


def scan(text: str) -> tuple[Part, ...]:
    """Split a text into plain pieces and expressions. An expression that is never closed is plain text.

    Raises Malformed for one that is nested deeper than the platform allows, and for too many.
    """
    starts: list[int] = []  # of the expressions that are open
    levels: list[list[Part]] = [[]]  # the parts so far: of the text, and of each open expression
    position, count = 0, 0
    for sign in _SIGNS.finditer(text):
        if sign.group() != OPEN and (not starts or sign.group() == ESCAPED):
            continue
        plain = text[position : sign.start()]
        if plain:
            levels[-1].append(plain.replace(ESCAPED, CLOSE) if starts else plain)
        if sign.group() == OPEN:
            starts.append(sign.start())
            levels.append([])
            count += 1
        else:
            body = tuple(levels.pop())
            levels[-1].append(Expression(text[starts.pop() : sign.end()], body))
        if len(starts) > DEEPEST:
            raise Malformed(f"expressions are nested deeper than {DEEPEST}.")
        if count > MOST:
            raise Malformed(f"there are more than {MOST} expressions.")
        position = sign.end()
    *parts, last = levels[0] or [""]
    rest = text[starts[0] if starts else position :]
    parts += [last + rest] if isinstance(last, str) else [last, rest]
    return tuple(part for part in parts if part)


def expressions(parts: Iterable[Part]) -> list[Expression]:
    """Give every expression, inner ones before the one they stand in."""
    found: list[Expression] = []
    for part in parts:
        if isinstance(part, Expression):
            found += [*expressions(part.body), part]
    return found


def is_input(expression: Expression) -> bool:
    """Tell whether this is the `<+input>` placeholder."""
    return expression.body == (INPUT,)


def is_left_alone(expression: Expression) -> bool:
    """Tell whether the pipeline engine leaves this expression as it stands."""
    first = expression.body[0] if expression.body else ""
    return isinstance(first, str) and first.partition(".")[0].strip() == LEFT_ALONE
