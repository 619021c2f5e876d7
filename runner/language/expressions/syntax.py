"""The tree of an expression. What stands in a row (`a + b - c`, `a.b.c`) is one flat node.

A nested expression is its number among those of the expression around it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

FIRST, LAST = "\ue000", "\ue001"  # around such a number in the text that is parsed; no text of a user may hold them
Text: TypeAlias = tuple[str | int, ...]  # with the texts of nested expressions in it


@dataclass(frozen=True)
class Constant:
    """true, false, null or a number."""

    value: int | float | bool | None


@dataclass(frozen=True)
class String:
    """A text in quotes."""

    text: Text


@dataclass(frozen=True)
class Nested:
    """Nested expressions, one after the other without a sign between them."""

    numbers: tuple[int, ...]


@dataclass(frozen=True)
class Name:
    """The first name of a path."""

    name: str


@dataclass(frozen=True)
class Items:
    """A list."""

    items: tuple[Tree, ...]


@dataclass(frozen=True)
class Entries:
    """A map."""

    entries: tuple[tuple[Tree, Tree], ...]


@dataclass(frozen=True)
class Member:
    """`.name`, which a nested expression may be a part of."""

    name: Text


@dataclass(frozen=True)
class Index:
    """`[key]`."""

    key: Tree


@dataclass(frozen=True)
class Method:
    """`.name(arguments)`."""

    name: str
    arguments: tuple[Tree, ...]


@dataclass(frozen=True)
class Chain:
    """A value and what is asked of it, one after the other."""

    first: Tree
    links: tuple[Member | Index | Method, ...]


@dataclass(frozen=True)
class Operations:
    """Operators of one rank, from the left."""

    first: Tree
    rest: tuple[tuple[str, Tree], ...]


@dataclass(frozen=True)
class Unary:
    """`!`, `-`, `+`, `empty` or `size` before a value."""

    operator: str
    operand: Tree


@dataclass(frozen=True)
class AllOf:
    """`a && b`: evaluated until one is false."""

    parts: tuple[Tree, ...]


@dataclass(frozen=True)
class AnyOf:
    """`a || b`: evaluated until one is true."""

    parts: tuple[Tree, ...]


@dataclass(frozen=True)
class Conditional:
    """`condition ? then : otherwise`."""

    condition: Tree
    then: Tree
    otherwise: Tree


@dataclass(frozen=True)
class Fallback:
    """`first ?: second` (unless it is empty), `first ?? second` (unless it is null)."""

    operator: str
    first: Tree
    second: Tree


Tree: TypeAlias = (
    Constant
    | String
    | Nested
    | Name
    | Items
    | Entries
    | Chain
    | Operations
    | Unary
    | AllOf
    | AnyOf
    | Conditional
    | Fallback
)
