"""Makes a tree of what stands between `<+` and `>`.

A nested expression becomes a mark in the text that is parsed, so that its value is a value wherever it ends up, and
never a part of the language. Most expressions are nothing but a path; those do not load the grammar and its library.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

from runner.language.expressions.scanner import Expression, Malformed, Part
from runner.language.expressions.syntax import FIRST, LAST, Chain, Member, Name, Tree

LONGEST = 10_000  # characters
WORDS = frozenset(
    ["true", "false", "null", "and", "or", "not", "eq", "ne", "lt", "gt", "le", "ge", "div", "mod", "empty", "size"]
)
_PATH = re.compile(r"\s*[A-Za-z_$][A-Za-z0-9_$]*(?:\.[A-Za-z_$][A-Za-z0-9_$]*)*\s*")


@dataclass(frozen=True)
class Parsed:
    """The tree of an expression, and the expressions nested in it."""

    tree: Tree
    nested: tuple[Expression, ...]


@functools.lru_cache(maxsize=4_096)
def parse(body: tuple[Part, ...]) -> Parsed:
    """Parse the body of an expression. Raises Malformed."""
    nested = tuple(part for part in body if isinstance(part, Expression))
    if any(mark in part for part in body if isinstance(part, str) for mark in (FIRST, LAST)):
        raise Malformed("a character stands in it that no expression has.")
    numbers = iter(range(len(nested)))
    text = "".join(part if isinstance(part, str) else f"{FIRST}{next(numbers)}{LAST}" for part in body)
    if len(text) > LONGEST:
        raise Malformed(f"it is longer than {LONGEST} characters.")
    if not text.strip():
        raise Malformed("nothing stands in it.")
    if _PATH.fullmatch(text):
        first, *rest = text.strip().split(".")
        if first not in WORDS:
            return Parsed(Chain(Name(first), tuple(Member((name,)) for name in rest)), nested)

    from runner.language.expressions import grammar

    return Parsed(grammar.parsed(text, tuple(expression.raw for expression in nested)), nested)
