"""The methods of values: those of Java's String, and what one asks of a list or a map. There are no others.

Source: docs.oracle.com/javase/8/docs/api/java/lang/String.html; the platform documents contains, split, substring,
charAt, indexOf, replace, and says that the others work.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from common.diagnostics import suggestion
from common.errors import shown
from runner.language.expressions import operators, regular
from runner.language.expressions.values import LONGEST, Failed, Json, bounded, kind, text_of

Call = Callable[..., Any]


def call(value: Json, name: str, arguments: list[Json]) -> Json:
    """Call a method of a value. Raises Failed."""
    table = TEXTS if isinstance(value, str) else LISTS if isinstance(value, list) else MAPS
    if isinstance(value, bool | int | float):
        table = SCALARS
    if value is None:
        raise Failed(f"null has no method {shown(name)}.")
    if name not in table:
        raise Failed(f"{kind(value)} has no method {shown(name)}.{suggestion(name, table)}")
    counts, function = table[name]
    if len(arguments) not in counts:
        raise Failed(f"{name}() takes {' or '.join(map(str, counts))} arguments, not {len(arguments)}.")
    result: Json = function(value, *arguments)
    return bounded(result) if isinstance(result, str) else result


def _position(value: Json, length: int) -> int:
    position = operators.number(value)
    if position != int(position) or not 0 <= position <= length:
        raise Failed(f"{text_of(value)} is no position in {length} characters.")
    return int(position)


def _substring(text: str, begin: Json, end: Json = None) -> str:
    first, last = _position(begin, len(text)), len(text) if end is None else _position(end, len(text))
    if first > last:
        raise Failed(f"the position {first} is behind {last}.")
    return text[first:last]


def _char_at(text: str, index: Json) -> str:
    position = _position(index, len(text))
    if position == len(text):
        raise Failed(f"{position} is no position in {len(text)} characters.")
    return text[position]


def _replace(text: str, old: Json, new: Json) -> str:
    before, after = text_of(old), text_of(new)
    count = text.count(before)
    if len(text) + count * (len(after) - len(before)) > LONGEST:
        raise Failed(f"the text would have more than {LONGEST} characters.")
    return text.replace(before, after)


def _index_of(text: str, part: Json, begin: Json = 0) -> int:
    return text.find(text_of(part), max(0, int(operators.number(begin))))


def _last_index_of(text: str, part: Json) -> int:
    return text.rfind(text_of(part))


def _starts(text: str, part: Json, begin: Json = 0) -> bool:
    return text.startswith(text_of(part), max(0, int(operators.number(begin))))


def _split(text: str, pattern: Json, limit: Json = 0) -> list[str]:
    return regular.split(text_of(pattern), text, int(operators.number(limit)))


def _repeat(text: str, count: Json) -> str:
    times = int(operators.number(count))
    if times < 0 or times * len(text) > LONGEST:
        raise Failed(f"a text cannot be repeated {times} times.")
    return text * times


def _compare(text: str, other: Json) -> int:
    right = text_of(other)
    for mine, theirs in zip(text, right, strict=False):
        if mine != theirs:
            return ord(mine) - ord(theirs)
    return len(text) - len(right)


def _format(text: str, *arguments: Json) -> str:
    values = iter(arguments)
    parts = text.split("%s")
    if "%" in "".join(parts).replace("%%", "") or len(parts) - 1 > len(arguments):
        raise Failed("only %s is put into a text, once for each argument.")
    return "".join(part if not index else text_of(next(values)) + part for index, part in enumerate(parts))


def _item(values: list[Json], index: Json) -> Json:
    position = int(operators.number(index))
    if not 0 <= position < len(values):
        raise Failed(f"{position} is no position in a list of {len(values)}.")
    return values[position]


def _contains(values: list[Json], item: Json) -> bool:
    return any(operators.equal(value, item) for value in values)


def _index_in(values: list[Json], item: Json) -> int:
    return next((index for index, value in enumerate(values) if operators.equal(value, item)), -1)


def _default(values: dict[str, Json], key: Json, otherwise: Json = None) -> Json:
    return values.get(text_of(key), otherwise)


Table = Mapping[str, tuple[tuple[int, ...], Call]]

SCALARS: Table = {
    "toString": ((0,), text_of),
    "equals": ((1,), operators.equal),
    "intValue": ((0,), int),
}
TEXTS: Table = {
    "charAt": ((1,), _char_at),
    "compareTo": ((1,), _compare),
    "compareToIgnoreCase": ((1,), lambda text, other: _compare(text.lower(), text_of(other).lower())),
    "concat": ((1,), lambda text, other: text + text_of(other)),
    "contains": ((1,), lambda text, part: text_of(part) in text),
    "endsWith": ((1,), lambda text, part: text.endswith(text_of(part))),
    "equals": ((1,), lambda text, other: text == other),
    "equalsIgnoreCase": ((1,), lambda text, other: text.lower() == text_of(other).lower()),
    "format": (tuple(range(20)), _format),
    "indexOf": ((1, 2), _index_of),
    "isBlank": ((0,), lambda text: not text.strip()),
    "isEmpty": ((0,), lambda text: not text),
    "lastIndexOf": ((1,), _last_index_of),
    "length": ((0,), len),
    "matches": ((1,), lambda text, pattern: regular.fits(text_of(pattern), text)),
    "repeat": ((1,), _repeat),
    "replace": ((2,), _replace),
    "replaceAll": ((2,), lambda text, old, new: regular.replaced(text_of(old), text_of(new), text)),
    "replaceFirst": ((2,), lambda text, old, new: regular.replaced(text_of(old), text_of(new), text, count=1)),
    "size": ((0,), len),
    "split": ((1, 2), _split),
    "startsWith": ((1, 2), _starts),
    "strip": ((0,), str.strip),
    "substring": ((1, 2), _substring),
    "toLowerCase": ((0,), str.lower),
    "toString": ((0,), lambda text: text),
    "toUpperCase": ((0,), str.upper),
    "trim": ((0,), lambda text: text.strip("".join(map(chr, range(33))))),
}
LISTS: Table = {
    "contains": ((1,), _contains),
    "get": ((1,), _item),
    "indexOf": ((1,), _index_in),
    "isEmpty": ((0,), lambda values: not values),
    "length": ((0,), len),
    "size": ((0,), len),
    "toString": ((0,), text_of),
}
MAPS: Table = {
    "containsKey": ((1,), lambda values, key: text_of(key) in values),
    "get": ((1,), _default),
    "getOrDefault": ((2,), _default),
    "isEmpty": ((0,), lambda values: not values),
    "keySet": ((0,), list),
    "size": ((0,), len),
    "toString": ((0,), text_of),
    "values": ((0,), lambda values: list(values.values())),
}
