"""JEXL's operators, as the platform evaluates them: https://commons.apache.org/proper/commons-jexl/reference/syntax.html.

A text that is a number counts as one beside a number; null counts as 0, '' or false. What cannot be worked out raises
Failed.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from runner.language.expressions import regular
from runner.language.expressions.values import Failed, Json, bounded, kind, quoted, text_of, truth

Number = int | float
LARGEST = 2**63  # the platform's whole numbers are of 64 bits


def number(value: Json) -> Number:
    """Give a value as a number."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int | float):
        return value
    if value is None or value == "":
        return 0
    if isinstance(value, str) and len(value) < 40 and value.isascii():  # noqa: PLR2004 - no number of 64 bits is longer
        for read in (int, float):
            try:
                return _bounded(read(value))
            except ValueError:
                continue
    raise Failed(f"{quoted(value)} is no number.")


def _bounded(result: Number) -> Number:
    if not (math.isfinite(result) and abs(result) < LARGEST):
        raise Failed("the number is too large.")
    return result


def add(left: Json, right: Json) -> Json:
    """Add numbers, or join texts."""
    if not (isinstance(left, str) and isinstance(right, str)):
        try:
            return _bounded(number(left) + number(right))
        except Failed:
            if not (isinstance(left, str) or isinstance(right, str)):
                raise
    return bounded("".join("" if side is None else text_of(side) for side in (left, right)))


def _divided(left: Json, right: Json) -> Number:
    dividend, divisor = number(left), number(right)
    if divisor == 0:
        raise Failed("it divides by 0.")
    if isinstance(dividend, int) and isinstance(divisor, int):
        return int(dividend / divisor) if abs(dividend) < 2**53 else dividend // divisor
    return dividend / divisor


def _rest(left: Json, right: Json) -> Number:
    dividend, divisor = number(left), number(right)
    if divisor == 0:
        raise Failed("it divides by 0.")
    return math.fmod(dividend, divisor) if isinstance(dividend + divisor, float) else int(math.fmod(dividend, divisor))


def equal(left: Json, right: Json) -> bool:
    """Compare as JEXL does: beside a boolean as booleans, beside a number as numbers, else as they are."""
    if left is None or right is None:
        return left is right
    if isinstance(left, bool) or isinstance(right, bool):
        return truth(left) == truth(right)
    if isinstance(left, int | float) or isinstance(right, int | float):
        try:
            return number(left) == number(right)
        except Failed:  # the platform ends the expression there, which nobody can mean by ==
            return False
    return left == right


def _order(left: Json, right: Json) -> Number:
    if isinstance(left, str) and isinstance(right, str):
        return (left > right) - (left < right)
    for side in (left, right):
        if side is None or isinstance(side, list | dict):
            raise Failed(f"{kind(side)} is neither larger nor smaller than anything.")
    return number(left) - number(right)


def _matches(left: Json, right: Json) -> bool:
    """Match a regular expression as a whole; of a list or map, be in it."""
    if isinstance(right, list):
        return any(equal(left, item) for item in right)
    if isinstance(right, dict):
        return text_of(left) in right
    return regular.fits(text_of(right), text_of(left))


OPERATORS: dict[str, Callable[[Json, Json], Json]] = {
    "+": add,
    "-": lambda left, right: _bounded(number(left) - number(right)),
    "*": lambda left, right: _bounded(number(left) * number(right)),
    "/": _divided,
    "%": _rest,
    "==": equal,
    "!=": lambda left, right: not equal(left, right),
    "<": lambda left, right: _order(left, right) < 0,
    "<=": lambda left, right: _order(left, right) <= 0,
    ">": lambda left, right: _order(left, right) > 0,
    ">=": lambda left, right: _order(left, right) >= 0,
    "=~": _matches,
    "!~": lambda left, right: not _matches(left, right),
    "=^": lambda left, right: text_of(left).startswith(text_of(right)),
    "!^": lambda left, right: not text_of(left).startswith(text_of(right)),
    "=$": lambda left, right: text_of(left).endswith(text_of(right)),
    "!$": lambda left, right: not text_of(left).endswith(text_of(right)),
}


def size(value: Json) -> int:
    """Give the length of a text, list or map."""
    if isinstance(value, str | list | dict):
        return len(value)
    if value is None:
        return 0
    raise Failed(f"{kind(value)} has no size.")


UNARY: dict[str, Callable[[Json], Json]] = {
    "!": lambda value: not truth(value),
    "-": lambda value: _bounded(-number(value)),
    "+": number,
    "empty": lambda value: value is None or value in ("", [], {}),
    "size": size,
}
