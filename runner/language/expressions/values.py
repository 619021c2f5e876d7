"""What an expression can be: JSON's values, a secret, a group of names, and nothing. No object of Python is one."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from common.errors import shown

LONGEST = 1024 * 1024  # characters of a text, and of what a list or map is as one
NULL = "null"  # what the platform writes into a text for an expression without a value


class Failed(ValueError):
    """An expression that has no value because what it does is not possible. The text is a sentence in lower case."""


@dataclass(frozen=True)
class SecretReference:
    """The value of an expression that is a secret: its id, so that nothing reads it before it is needed."""

    id: str


@dataclass(frozen=True)
class Absent:
    """Null, and why: a sentence that follows a colon."""

    reason: str


@dataclass(frozen=True)
class Later:
    """What is only known when the pipeline runs."""


LATER: Final = Later()

Json: TypeAlias = str | int | float | bool | list["Json"] | dict[str, "Json"] | None
Value: TypeAlias = Json | SecretReference
Found: TypeAlias = "Value | Absent | Later"


@dataclass(frozen=True)
class Group:
    """A name that only leads to others. `entries`: what it is as a map, for those that are one."""

    path: str
    member: Callable[[str], Found | Group | Functions]
    entries: Callable[[], Mapping[str, Found]] | None = None


@dataclass(frozen=True)
class Functions:
    """A name whose members are functions, such as json."""

    path: str
    table: Mapping[str, Callable[..., Found]]


Thing: TypeAlias = "Found | Group | Functions"


def bounded(text: str) -> str:
    """Give the text back. Raises Failed for one that is too long."""
    if len(text) > LONGEST:
        raise Failed(f"the text would have more than {LONGEST} characters.")
    return text


def text_of(value: Json) -> str:
    """Give a value as the platform writes it into a text."""
    if isinstance(value, str):
        return value
    if value is None:
        return NULL
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    return bounded(json.dumps(value, ensure_ascii=False))


def truth(value: Json) -> bool:
    """Tell what counts as true (JexlArithmetic.toBoolean): any text but '' and 'false', any number but 0."""
    if isinstance(value, str):
        return value not in ("", "false")
    return bool(value)


def kind(value: Json) -> str:
    """Say what sort of value this is, for a message."""
    for types, name in ((bool, "a boolean"), (int | float, "a number"), (str, "a text"), (list, "a list")):
        if isinstance(value, types):
            return name
    return "null" if value is None else "a map"


def quoted(value: Json) -> str:
    """Give a value as a message may repeat it."""
    return shown(value) if isinstance(value, str) else shown(text_of(value), quotes=False)
