"""Texts of a template, rendered piece by piece: split by Jinja's own lexer, each distinct expression compiled once.

Compiling takes Jinja most of the time that a template costs, and few texts need it as a whole. Here are rendered those
of text, comments, raw blocks, expressions and conditions; `of` gives None for every other one. An expression is
evaluated where it stands, each time anew and in order, so that random values differ and changes of a variable count.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Environment, Template, nodes
    from jinja2.runtime import Context

    Run = Callable[[Context], Iterator[str]]

STARTS = ("{{", "{%", "{#")  # of Jinja, unless the template has its own
SIGNS = re.compile(r"(\{[{%#]|[}%#]\})")
STATEMENT = re.compile(r"\s*(\w+)(.*)", re.DOTALL)
OUTSIDE = ("comment", "raw_")  # tokens that are no part of an expression
MARK = "\0"
EDGE = 2  # characters of a text that stay next to a sign
LONG = 60
MOST_CODES = 2_000  # that are kept; each takes some kilobytes
MOST_NEW = 30  # in one text: more are compiled faster together, by Jinja
OF_TEMPLATES = frozenset({"self", "super", "loop", "caller", "varargs", "kwargs"})  # names that mean the text around


class _Whole(Exception):
    """The text has to be compiled as a whole."""


@dataclass(frozen=True)
class _Condition:
    """The branches of an {% if %}, each with its test; an {% else %} has none."""

    branches: list[tuple[Run | None, list[Any]]]


@dataclass
class _Tree:
    """What a text is made of, so far. into: where the next piece belongs; levels: the conditions around that."""

    found: list[Any] = field(default_factory=list)
    levels: list[tuple[list[Any], _Condition]] = field(default_factory=list)
    new: int = 0
    into: list[Any] = field(init=False)

    def __post_init__(self) -> None:
        self.into = self.found

    def branch(self, word: str, test: Run | None) -> None:
        """Begin a branch of a condition, or end the condition."""
        if word == "if":
            condition = _Condition([])
            self.into.append(condition)
            self.levels.append((self.into, condition))
        elif not self.levels:
            raise _Whole
        around, condition = self.levels[-1]
        if word == "endif":
            self.levels.pop()
            self.into = around
            return
        if condition.branches and condition.branches[-1][0] is None:
            raise _Whole  # there is nothing behind an {% else %}
        self.into = []
        condition.branches.append((test, self.into))


@dataclass
class Pieces:
    """What renders the texts of one environment."""

    environment: Environment
    starts: tuple[str, ...] = ()
    usual: bool = False
    _codes: dict[tuple[str, str], Run] = field(default_factory=dict)

    def __post_init__(self) -> None:
        env = self.environment
        lines = (env.line_statement_prefix, env.line_comment_prefix)
        self.starts = (
            env.variable_start_string,
            env.block_start_string,
            env.comment_start_string,
            *filter(None, lines),
        )
        self.usual = _is_usual(env)

    @cached_property
    def _empty(self) -> Template:
        return self.environment.from_string("")

    def holds_nothing(self, text: str) -> bool:
        """Tell whether there is nothing in it that Jinja would render."""
        return self.usual and not any(start in text for start in self.starts)

    def of(self, text: str, context: Mapping[str, Any]) -> Iterator[str] | None:
        """Give the rendered pieces; None when Jinja has to render the text as a whole.

        The iterator may raise whatever an expression raises; Jinja then tells it with the right line.
        """
        if self.holds_nothing(text):
            return iter((text.replace("\n", self.environment.newline_sequence),))
        if not self.usual or len(self.starts) > 3:  # noqa: PLR2004 - line statements have a grammar of their own
            return None
        try:
            found = self._split(text)
        except _Whole:
            return None
        except Exception:  # noqa: BLE001 - whatever is wrong with the text, Jinja tells it
            return None
        return _evaluated(found, self._empty.new_context({**self.environment.globals, **context}, shared=True))

    def _split(self, text: str) -> list[Any]:
        """Give texts, expressions and conditions in their order. Raises _Whole."""
        tree = _Tree()
        inner: list[str] = []
        opened = False
        short, left_out = _shortened(text) if self.starts == STARTS else (text, [])
        for _, kind, value in self.environment.lexer.tokeniter(short, None):
            whole = _restored(value, left_out) if MARK in value and left_out else value
            if kind == "data":
                tree.into.append(whole.replace("\n", self.environment.newline_sequence))
            elif kind in ("variable_begin", "block_begin"):
                opened, inner = True, []
            elif kind == "variable_end":
                tree.into.append(self._code("variable", "".join(inner), tree))
                opened = False
            elif kind == "block_end":
                self._statement("".join(inner), tree)
                opened = False
            elif kind.startswith("line"):
                raise _Whole
            elif not kind.startswith(OUTSIDE):
                inner.append(whole)
        if tree.levels or opened:
            raise _Whole
        return tree.found

    def _statement(self, text: str, tree: _Tree) -> None:
        found = STATEMENT.fullmatch(text)
        word, rest = (found[1], found[2]) if found else ("", "")
        if word in ("if", "elif"):
            tree.branch(word, self._code("block", rest, tree))
        elif word in ("else", "endif") and not rest.strip():
            tree.branch(word, None)
        else:
            raise _Whole

    def _code(self, state: str, text: str, tree: _Tree) -> Run:
        """Give an expression compiled."""
        key = (state, text)
        if key not in self._codes:
            tree.new += 1
            if tree.new > MOST_NEW:
                raise _Whole
            if len(self._codes) >= MOST_CODES:
                self._codes.pop(next(iter(self._codes)))
            self._codes[key] = _compiled(self.environment, state, text)
        return self._codes[key]


def _shortened(text: str) -> tuple[str, list[str]]:
    """Leave out the middle of what stands between two signs of Jinja, which its lexer reads slowly; give that, too.

    Marks stand for it, within text that is not blank: so blanks at its ends, and characters next to a sign, are what
    they were.
    """
    if MARK in text or len(text) < LONG:
        return text, []
    parts = SIGNS.split(text)
    left_out: list[str] = []
    for number in range(0, len(parts), 2):  # the odd ones are the signs
        inner = parts[number].strip()
        if len(inner) > LONG:
            middle = inner[EDGE:-EDGE]
            parts[number] = parts[number].replace(middle, f"{MARK}{len(left_out)}{MARK}", 1)
            left_out.append(middle)
    return "".join(parts), left_out


def _restored(text: str, left_out: list[str]) -> str:
    parts = text.split(MARK)
    parts[1::2] = [left_out[int(number)] for number in parts[1::2]]
    return "".join(parts)


def _evaluated(found: list[Any], context: Context) -> Iterator[str]:
    for item in found:
        if isinstance(item, str):
            yield item
        elif isinstance(item, _Condition):
            for test, branch in item.branches:
                if test is None or any(test(context)):
                    yield from _evaluated(branch, context)
                    break
        else:
            yield from item(context)


def _compiled(environment: Environment, state: str, text: str) -> Run:
    """Compile an expression as Jinja's parser takes it in {{ }}, or in {% if %} when the state is that of a block."""
    from jinja2 import nodes
    from jinja2.parser import Parser

    parser = Parser(environment, text, state=state)
    expression = parser.parse_tuple(with_condexpr=state == "variable")
    body: nodes.Node = nodes.Output([expression], lineno=1)
    if not parser.stream.eos or not _is_ordinary(environment, body):
        raise _Whole
    if state == "block":
        body = nodes.If(expression, [nodes.Output([nodes.TemplateData("x")], lineno=1)], [], [], lineno=1)
    tree = nodes.Template([body], lineno=1)
    tree.set_environment(environment)
    return environment.from_string(tree).root_render_func


def _is_ordinary(environment: Environment, output: nodes.Node) -> bool:
    """Tell whether what is put out means the same in every text, and its filters can be taken for what they are.

    Jinja evaluates a filter of constants while it compiles: for every text anew, which counts for a filter that gives
    another value each time.
    """
    from jinja2 import nodes
    from jinja2.filters import FILTERS
    from jinja2.tests import TESTS

    if any(name.name in OF_TEMPLATES for name in output.find_all(nodes.Name)):
        return False
    filters = (environment.filters.get(node.name) for node in output.find_all(nodes.Filter))
    tests = (environment.tests.get(node.name) for node in output.find_all(nodes.Test))
    return all(
        known in FILTERS.values() or getattr(known, "__module__", "") == "cookiecutter.extensions" for known in filters
    ) and all(known in TESTS.values() for known in tests)


def _is_usual(environment: Environment) -> bool:
    """Tell whether no extension has a hand in reading texts, or has replaced a part of Jinja."""
    from jinja2 import Environment
    from jinja2.ext import Extension
    from jinja2.lexer import Lexer

    parts = ("code_generator_class", "context_class", "template_class", "concat")
    hooks = ("preprocess", "filter_stream")
    return (
        type(environment).__module__ == "cookiecutter.environment"
        and all(getattr(environment, part) is getattr(Environment, part) for part in parts)
        and type(environment.lexer) is Lexer
        and not (environment.is_async or callable(environment.autoescape))
        and not vars(Environment).keys() & (vars(environment).keys() - {"overlayed", "linked_to"})
        and all(
            getattr(type(extension), hook) is getattr(Extension, hook)
            for extension in environment.extensions.values()
            for hook in hooks
        )
    )
