"""Forms of a value in an environment: what counts as given, and how text becomes a type.

Every function raises ValueError with the rest of a sentence that begins with the name of the variable.
"""

from __future__ import annotations

import re
import typing
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from common.errors import shown
from common.secret import Secret

TRUE = frozenset({"true", "1", "yes", "on"})
FALSE = frozenset({"false", "0", "no", "off"})
LARGEST_COUNT = 10_000


def given(text: str | None) -> str | None:
    """Give the text, or None when it counts as not given: unset, empty, or the four letters null (contract, A.0)."""
    return None if text is None or text.strip() in ("", "null") else text


def read_file(name: str, path: str) -> str:
    """Read the value that a NAME_FILE variable points at."""
    try:
        return Path(path).read_bytes().decode("utf-8-sig")  # line ends are kept; editors on Windows write a mark first
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ValueError(f"{name} names the file {shown(path)}, which cannot be read: {reason}.") from error


def entries(prefix: str, environ: Mapping[str, str]) -> dict[str, Any]:
    """Give a map whose entries are variables of their own, the case of their names kept."""
    return {
        name.removeprefix(prefix): text
        for name, text in environ.items()
        if name.startswith(prefix) and len(name) > len(prefix) and given(text) is not None
    }


def counted(name: str, count: str, environ: Mapping[str, str]) -> list[Any]:
    """Give a list that comes as NAME_COUNT, NAME_0, NAME_1 and so on (Bitbucket Pipes)."""
    if not re.fullmatch(r"\s*[0-9]{1,9}\s*", count) or int(count) > LARGEST_COUNT:
        raise ValueError(f"{name}_COUNT is {shown(count)}, which is no count of values.")
    missing = [f"{name}_{index}" for index in range(int(count)) if f"{name}_{index}" not in environ]
    if missing:
        raise ValueError(f"{name}_COUNT is {count}, but {missing[0]} is not set.")
    return [environ[f"{name}_{index}"] for index in range(int(count))]


def parse(kind: Any, text: str, *, multiline: bool, as_written: bool = False) -> Any:
    """Turn the text into the declared type. as_written: see common.document.plain.of_text."""
    if "\0" in text:
        raise ValueError("holds a NUL character")
    if any("\ud800" <= character <= "\udfff" for character in text):  # how Python shows bytes that it cannot decode
        raise ValueError("holds bytes that are no UTF-8 text")
    if kind is Secret:
        return _secret(text.strip(), multiline=multiline)
    if kind is str:
        return text if multiline else text.strip()
    if as_written:
        return _map(text, kind, as_written=True)
    return _PARSERS[typing.get_origin(kind) or kind](text, kind)


def _secret(text: str, *, multiline: bool) -> Secret:
    secret = Secret(text)
    if not multiline and not (text.isascii() and text.isprintable()):
        raise ValueError("holds a line break or another character that no token has; give the token alone")
    return secret


def _boolean(text: str, _: Any) -> bool:
    word = text.strip().lower()
    if word not in TRUE | FALSE:
        raise ValueError(f"is {shown(text.strip())}, which is no boolean; write true or false")
    return word in TRUE


def _integer(text: str, _: Any) -> int:
    try:
        return int(text.strip())
    except ValueError:
        raise ValueError(f"is {shown(text.strip())}, which is no whole number") from None


def _list(text: str, kind: Any) -> list[Any]:
    (item,) = typing.get_args(kind)
    if text.lstrip().startswith("[") or item is not str:
        value = structured(text)
        if not isinstance(value, list):
            raise ValueError("is no list; write a JSON or YAML list")
        return [_text_of(inner) for inner in value] if item is str else value
    return [part.strip() for part in re.split(r"[,\n]", text) if part.strip()]


def _map(text: str, _: Any, *, as_written: bool = False) -> dict[str, Any]:
    value = structured(text, as_written=as_written)
    if not isinstance(value, dict):
        raise ValueError("is no map; write a JSON or YAML map of names to values")
    return value


def structured(text: str, *, as_written: bool = False) -> Any:
    """Read JSON or YAML (JSON first: it is the exact one of the two). What is no JSON value is refused, as NaN is.

    as_written: see common.document.plain.of_text.
    """
    import json

    from common.document import Unreadable, plain, reader

    try:
        value = plain.of_text(text, as_written=as_written)
    except Unreadable as error:
        verdict = "neither JSON nor YAML" if error.verdict == reader.NO_YAML else error.verdict
        place = f"line {error.location.line}, column {error.location.column}"
        raise ValueError(f"is {verdict} at {place}: {error.problem}; {error.advice}") from None
    try:
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except ValueError as error:
        raise ValueError(f"holds what JSON has no form for ({shown(str(error), quotes=False)})") from None
    return value


def _text_of(value: Any) -> str:
    import json

    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


_PARSERS: dict[Any, Callable[[str, Any], Any]] = {
    bool: _boolean,
    int: _integer,
    list: _list,
    dict: _map,
    Any: lambda text, _: structured(text),
}
