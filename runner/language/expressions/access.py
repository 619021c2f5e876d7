"""Goes from a value, or a group of names, to what it is asked for: `.name`, `[key]` and `.method(…)`.

Only what stands in a table or in the value's own data can be reached, whatever the name.
"""

from __future__ import annotations

from common.diagnostics import suggestion
from common.errors import shown
from runner.language.expressions import methods, operators
from runner.language.expressions.values import (
    LATER,
    Absent,
    Failed,
    Found,
    Functions,
    Group,
    Json,
    Later,
    SecretReference,
    Thing,
    text_of,
)

SECRET = "a secret cannot be worked on; it can be the whole value, or stand in a text."  # noqa: S105 - a sentence


def checked(found: Thing, name: str) -> Later:
    """Check a call whose arguments are only known later. Raises Failed."""
    if isinstance(found, Functions) and name not in found.table:
        raise Failed(f"{found.path} has no {shown(name)}.{suggestion(name, found.table)}")
    if isinstance(found, SecretReference):
        raise Failed(SECRET)
    return LATER


def call(found: Thing, name: str, arguments: list[Json]) -> Thing:
    """Call a function, or a method of a value. Raises Failed."""
    match found:
        case Functions() | SecretReference():
            checked(found, name)
            return _function(found, name, arguments) if isinstance(found, Functions) else LATER
        case Group() if name == "get" and len(arguments) == 1:
            return found.member(text_of(arguments[0]))
        case Group():
            raise Failed(f"{found.path} has no method {shown(name)}.{suggestion(name, ['get'])}")
        case Later() | Absent():  # the platform takes what is asked of null as null
            return found
    return methods.call(found, name, arguments)


def _function(functions: Functions, name: str, arguments: list[Json]) -> Found:
    try:
        return functions.table[name](*arguments)
    except TypeError as error:
        raise Failed(f"{functions.path}.{name}() does not take {len(arguments)} arguments.") from error


def member(found: Thing, key: Json) -> Thing:
    """Give what stands under a name or at a position; null with a reason when nothing does."""
    match found:
        case Group():
            return found.member(text_of(key))
        case Functions():
            raise Failed(f"{found.path}.{text_of(key)} is a function; write {found.path}.{text_of(key)}(…).")
        case Later() | Absent():
            return found
        case list():
            return _item(found, key)
        case dict():
            name = text_of(key)
            return found[name] if name in found else Absent(f"the map has no {shown(name)}.{suggestion(name, found)}")
        case str() if isinstance(key, int | float) and not isinstance(key, bool):
            return methods.call(found, "charAt", [key])
    return Absent(f"it has nothing called {shown(text_of(key))}.")


def _item(values: list[Json], key: Json) -> Found:
    index = operators.number(key)
    if index == int(index) and 0 <= index < len(values):
        return values[int(index)]
    return Absent(f"a list of {len(values)} has nothing at {text_of(key)}.")
