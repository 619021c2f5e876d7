"""Parses by grammar.lark, with nested expressions as marks. The only module that knows lark."""

from __future__ import annotations

import functools
import re
from typing import Any

import lark

from common.errors import shown
from runner.language.expressions import syntax
from runner.language.expressions.scanner import Malformed
from runner.language.expressions.syntax import FIRST, LAST, Text, Tree

_MARK = re.compile(f"{FIRST}([0-9]+){LAST}")
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|[ntrbf\\\"'])")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "\\": "\\", '"': '"', "'": "'"}
LONGEST_NUMBER = 30  # digits; the platform's are of 64 bits
_CONSTANTS = {"true": True, "false": False, "null": None}
_WORDS = {"eq": "==", "ne": "!=", "lt": "<", "gt": ">", "le": "<=", "ge": ">=", "div": "/", "mod": "%", "not": "!"}


def parsed(text: str, nested: tuple[str, ...]) -> Tree:
    """Parse a text; `nested` is what each mark stands for, for complaints. Raises Malformed."""
    try:
        tree: Tree = _parser().parse(text)
    except lark.UnexpectedInput as error:
        position: Any = error.pos_in_stream  # None at the end of the text, whatever lark declares
        ended = isinstance(error, lark.UnexpectedToken) and error.token.type == "$END"
        if ended or position is None or not 0 <= position < len(text):
            raise Malformed("it ends too early.") from error
        rest = _MARK.sub(lambda mark: nested[int(mark[1])], text[position:])
        raise Malformed(f"{shown(rest)} is not expected there.") from error
    return tree


@functools.cache
def _parser() -> Any:
    """Give the parser, which builds our nodes as it goes, so that depth costs no recursion."""
    return lark.Lark.open(
        "grammar.lark", rel_to=__file__, parser="lalr", maybe_placeholders=False, transformer=_Builder()
    )


def _parts(text: str, *, escapes: bool = False) -> Text:
    """Split a text at its marks."""
    found: list[str | int] = []
    for position, part in enumerate(_MARK.split(text)):
        if position % 2:
            found.append(int(part))
        elif part:
            found.append(_ESCAPE.sub(_unescaped, part) if escapes else part)
    return tuple(found)


def _unescaped(escape: re.Match[str]) -> str:
    if escape[1].startswith("u"):
        sign = chr(int(escape[1][1:], 16))
        return "\N{REPLACEMENT CHARACTER}" if "\ud800" <= sign <= "\udfff" else sign
    return _ESCAPES[escape[1]]


def _rows(children: list[Any]) -> tuple[tuple[str, Tree], ...]:
    operators = [_WORDS.get(str(sign), str(sign)) for sign in children[1::2]]
    return tuple(zip(operators, children[2::2], strict=True))


class _Builder(lark.Transformer[Any, Any]):
    """Makes our nodes: one method for each alias of the grammar."""

    def string(self, children: list[str]) -> Tree:
        return syntax.String(_parts(children[0][1:-1], escapes=True))

    def number(self, children: list[str]) -> Tree:
        text = children[0].rstrip("lLfFdD")
        if len(text) > LONGEST_NUMBER:
            raise Malformed(f"a number in it has more than {LONGEST_NUMBER} digits.")
        whole = text.isdigit() and children[0][-1] not in "fFdD"
        return syntax.Constant(int(text) if whole else float(text))

    def constant(self, children: list[str]) -> Tree:
        return syntax.Constant(_CONSTANTS[children[0]])

    def adjacent(self, children: list[str]) -> Tree:
        return syntax.Nested(tuple(int(child[1:-1]) for child in children))

    def name(self, children: list[str]) -> Tree:
        if FIRST in children[0]:
            raise Malformed("a nested expression cannot be a part of its first name.")
        return syntax.Name(str(children[0]))

    def items(self, children: list[Tree]) -> Tree:
        return syntax.Items(tuple(children))

    def entries(self, children: list[tuple[Tree, Tree]]) -> Tree:
        return syntax.Entries(tuple(children))

    def entry(self, children: list[Tree]) -> tuple[Tree, Tree]:
        return children[0], children[1]

    def member(self, children: list[str]) -> syntax.Member:
        return syntax.Member(_parts(children[0]))

    def method(self, children: list[Any]) -> syntax.Method:
        if FIRST in children[0]:
            raise Malformed("a nested expression cannot be a part of a method's name.")
        return syntax.Method(str(children[0]), tuple(children[1]))

    def arguments(self, children: list[Tree]) -> list[Tree]:
        return children

    def index(self, children: list[Tree]) -> syntax.Index:
        return syntax.Index(children[0])

    def chain(self, children: list[Any]) -> Tree:
        first, *links = children
        return syntax.Chain(first, tuple(links)) if links or isinstance(first, syntax.Name) else first

    def operations(self, children: list[Any]) -> Tree:
        return children[0] if len(children) == 1 else syntax.Operations(children[0], _rows(children))

    def unary(self, children: list[Any]) -> Tree:
        return syntax.Unary(_WORDS.get(str(children[0]), str(children[0])), children[1])

    def all_of(self, children: list[Tree]) -> Tree:
        return children[0] if len(children) == 1 else syntax.AllOf(tuple(children))

    def any_of(self, children: list[Tree]) -> Tree:
        return children[0] if len(children) == 1 else syntax.AnyOf(tuple(children))

    def conditional(self, children: list[Tree]) -> Tree:
        return syntax.Conditional(children[0], children[1], children[2])

    def fallback(self, children: list[Any]) -> Tree:
        return syntax.Fallback(str(children[1]), children[0], children[2])
