"""The functions that expressions have: json, xml, regex, datetime and shell.

json and xml take the path in either place: the documents of the platform have both orders, select(path, text) first.
"""

from __future__ import annotations

import datetime as dt
import re
import shlex
from collections.abc import Callable, Mapping
from typing import Any

from common.document import plain
from common.errors import shown
from runner.language.expressions import operators, regular
from runner.language.expressions.values import Absent, Failed, Functions, Json, text_of

_STEP = re.compile(r"""\.?([A-Za-z_$][\w$-]*)|\[(\d+)\]|\[(?:'([^']*)'|"([^"]*)")\]""")
_XML_STEP = re.compile(r"/([A-Za-z_][\w.-]*)(?:\[(\d+)\])?|/(@[A-Za-z_][\w.-]*|text\(\))")
LARGEST_XML = 100_000  # characters
_DOUBLE = re.compile(r'(["$`\\])')
_PATTERN_PART = re.compile(r"'((?:[^']|'')*)'|([A-Za-z])\2*|([^A-Za-z'])")
_DATES: Mapping[str, str] = {
    "yyyy": "%Y", "yy": "%y", "MMMM": "%B", "MMM": "%b", "MM": "%m", "dd": "%d", "HH": "%H", "hh": "%I", "mm": "%M",
    "ss": "%S", "SSS": "%f", "a": "%p", "EEE": "%a", "EEEE": "%A", "Z": "%z", "XXX": "%z",
}  # fmt: skip


def _parsed(text: Json) -> Json:
    if isinstance(text, list | dict):
        return text
    try:
        value: Json = plain.of_json(text_of(text))
    except (ValueError, RecursionError):
        raise Failed(f"{shown(text_of(text))} is no JSON.") from None
    return value


def _select(path: Json, text: Json) -> Json | Absent:
    """Give what a path such as `a.b[0].c` or `$.a` leads to."""
    value, rest = _parsed(text), text_of(path).strip()
    rest = rest.removeprefix("$")
    while rest:
        step = _STEP.match(rest)
        if step is None:
            raise Failed(f"{shown(text_of(path))} is no path; write for example a.b[0].c.")
        name, index, *quoted = step.groups()
        key = name if name is not None else next((part for part in quoted if part is not None), None)
        if index is not None and isinstance(value, list) and int(index) < len(value):
            value = value[int(index)]
        elif key is not None and isinstance(value, dict) and key in value:
            value = value[key]
        else:
            return Absent(f"the JSON has nothing at {shown(text_of(path))}.")
        rest = rest[step.end() :]
    return value


def _listed(path: Json, text: Json) -> list[Json]:
    found = _select(path, text)
    if isinstance(found, list):
        return found
    return [] if isinstance(found, Absent) or found is None else [found]


def _format(value: Json) -> str:
    import json

    return json.dumps(_parsed(value) if isinstance(value, str) else value, ensure_ascii=False)


def _select_xml(path: Json, text: Json) -> str | Absent:
    """Give the text at a path such as /a/b[1]/@c. A document type, which can name files and grow, is refused."""
    from xml.etree import ElementTree as ET

    source = text_of(text)
    if len(source) > LARGEST_XML or "<!" in source.replace("<!--", ""):
        raise Failed("only XML without a document type and of at most 100,000 characters is read.")
    try:
        element = ET.fromstring(source)  # noqa: S314 - what makes it unsafe was refused above
    except (ET.ParseError, ValueError):
        raise Failed(f"{shown(source)} is no XML.") from None
    rest, current = text_of(path).strip(), [element]
    if not rest.startswith("/"):
        raise Failed(f"{shown(rest)} is no path; write for example /a/b[1].")
    first = True
    while rest:
        step = _XML_STEP.match(rest)
        if step is None:
            raise Failed(f"{shown(rest)} is not understood in a path; write for example /a/b[1]/@c.")
        name, index, end = step.groups()
        if end is not None and current:
            value = current[0].text if end == "text()" else current[0].get(end[1:])
            return Absent(f"the XML has nothing at {shown(text_of(path))}.") if value is None else value
        children = current if first else [child for parent in current for child in parent]
        current, first = [child for child in children if child.tag.rpartition("}")[2] == name], False
        current = current[int(index) - 1 : int(index)] if index else current
        rest = rest[step.end() :]
    return "".join(current[0].itertext()) if current else Absent(f"the XML has nothing at {shown(text_of(path))}.")


def _extract(pattern: Json, text: Json) -> str | Absent:
    found = regular.first(text_of(pattern), text_of(text))
    return Absent(f"nothing matches {shown(text_of(pattern))}.") if found is None else found


def _matched(pattern: Json, text: Json) -> bool:
    return regular.fits(text_of(pattern), text_of(text))


def _replaced(pattern: Json, replacement: Json, text: Json) -> str:
    return regular.replaced(text_of(pattern), text_of(replacement), text_of(text))


def _now() -> dt.datetime:
    return dt.datetime.now(tz=dt.UTC)


def _date() -> str:
    return _now().date().isoformat()


def _time() -> str:
    return _now().strftime("%Y-%m-%d %H:%M:%S")


def _formatted(pattern: Json) -> str:
    """Give the time by a pattern of java.time, such as yyyy-MM-dd."""
    now, parts = _now(), []
    for part in _PATTERN_PART.finditer(text_of(pattern)):
        if part[1] is not None:
            parts.append(part[1].replace("''", "'"))
        elif part[3] is not None:
            parts.append(part[3])
        elif part[0] in _DATES:
            written = now.strftime(_DATES[part[0]])
            parts.append(written[:3] if part[0] == "SSS" else written)
        else:
            raise Failed(f"{shown(part[0])} in a date's pattern is not evaluated here.")
    return "".join(parts)


def _moved(sign: int) -> Callable[[Json], str]:
    return lambda days: (_now().date() + dt.timedelta(days=sign * _days(days))).isoformat()


def _days(days: Json) -> int:
    count = operators.number(days)
    if abs(count) > 400_000:  # noqa: PLR2004 - a calendar ends in the year 9999
        raise Failed(f"{text_of(days)} days lead out of the calendar.")
    return int(count)


def _double_quoted(text: Json) -> str:
    return '"' + _DOUBLE.sub(r"\\\1", text_of(text)) + '"'


Counted = tuple[int, Callable[..., Any]]
TABLE: Mapping[str, Mapping[str, Counted]] = {
    "json": {"object": (1, _parsed), "select": (2, _select), "list": (2, _listed), "format": (1, _format)},
    "xml": {"select": (2, _select_xml)},
    "regex": {"extract": (2, _extract), "replace": (3, _replaced), "match": (2, _matched)},
    "datetime": {
        "currentDate": (0, _date),
        "currentTime": (0, _time),
        "format": (1, _formatted),
        "plusDays": (1, _moved(1)),
        "minusDays": (1, _moved(-1)),
    },
    "shell": {
        "escape": (1, lambda text: text_of(text).replace("'", "'\\''")),
        "quote": (1, lambda text: shlex.quote(text_of(text))),
        "doubleQuote": (1, _double_quoted),
    },
}


def _checked(path: str, count: int, function: Callable[..., Any]) -> Callable[..., Any]:
    def called(*arguments: Json) -> Any:
        if len(arguments) != count:
            raise Failed(f"{path}() takes {count} arguments, not {len(arguments)}.")
        return function(*arguments)

    return called


FUNCTORS: Mapping[str, Functions] = {
    name: Functions(name, {key: _checked(f"{name}.{key}", *counted) for key, counted in table.items()})
    for name, table in TABLE.items()
}
