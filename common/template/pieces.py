"""Texts of a template, rendered piece by piece: split by Jinja's own lexer, each distinct expression compiled once.

Compiling takes Jinja most of the time that a template costs, and few texts need it as a whole. Here are rendered those of
text, comments, raw blocks, expressions and conditions; `pieces` gives None for every other one. Expressions are evaluated
where they stand, each time anew and in order, so that random values differ and changes of a variable count.
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
        """Give texts, expressions and conditions in their order."""
        found: list[Any] = []
        levels: list[tuple[list[Any], _Condition]] = []
        inner: list[tuple[str, str]] = []
        new = 0
        into = found
        short, left_out = _shortened(text) if self.starts == STARTS else (text, [])
        for _, kind, value in self.environment.lexer.tokeniter(short, None):
            if kind == "data":
                value = _restored(value, left_out) if left_out else value
                into.append(value.replace("\n", self.environment.newline_sequence))
            elif kind in ("variable_begin", "block_begin"):
                inner = []
            elif kind == "variable_end":
                run, made = self._code("variable", inner)
                into.append(run)
                new += made
            elif kind == "block_end":
                while inner and inner[0][0] == "whitespace":
                    inner.pop(0)
                word = inner.pop(0)[1] if inner else ""
                if word in ("if", "elif"):
                    run, made = self._code("block", inner)
                    new += made
                    into = _opened(word, run, into, levels)
                elif word in ("else", "endif") and not "".join(part for _, part in inner).strip():
                    into = _closed(word, levels)
                else:
                    raise _Whole
            elif kind.startswith(("comment", "raw_")):
                pass
            elif kind.startswith("line"):
                raise _Whole
            else:
                inner.append((kind, value))
            if new > MOST_NEW:
                raise _Whole
        if levels:
            raise _Whole
        return found

    def _code(self, state: str, tokens: list[tuple[str, str]]) -> tuple[Run, int]:
        """Give the compiled expression, and how many had to be compiled for it: 0 or 1."""
        key = (state, "".join(value for _, value in tokens))
        if key in self._codes:
            return self._codes[key], 0
        if len(self._codes) >= MOST_CODES:
            self._codes.pop(next(iter(self._codes)))
        self._codes[key] = run = _compiled(self.environment, *key)
        return run, 1


def _shortened(text: str) -> tuple[str, list[str]]:
    """Leave out the middle of what stands between two signs of Jinja, which its lexer reads slowly; give that, too.

    Marks stand for it, within text that is not blank: so blanks at its ends, and signs that only one character parts from
    it, are what they were.
    """
    if MARK in text or len(text) < LONG:
        return text, []
    parts = SIGNS.split(text)
    left_out = []
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


def _opened(word: str, run: Run, into: list[Any], levels: list[tuple[list[Any], _Condition]]) -> list[Any]:
    branch: list[Any] = []
    if word == "if":
        condition = _Condition([(run, branch)])
        into.append(condition)
        levels.append((into, condition))
    elif levels and levels[-1][1].branches[-1][0] is not None:
        levels[-1][1].branches.append((run, branch))
    else:
        raise _Whole
    return branch


def _closed(word: str, levels: list[tuple[list[Any], _Condition]]) -> list[Any]:
    if not levels:
        raise _Whole
    if word == "endif":
        return levels.pop()[0]
    if levels[-1][1].branches[-1][0] is None:
        raise _Whole
    branch: list[Any] = []
    levels[-1][1].branches.append((None, branch))
    return branch


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
    if not parser.stream.eos or not _is_ordinary(environment, expression):
        raise _Whole
    body: nodes.Node = nodes.Output([expression], lineno=1)
    if state == "block":
        body = nodes.If(expression, [nodes.Output([nodes.TemplateData("x")], lineno=1)], [], [], lineno=1)
    template = environment.from_string(nodes.Template([body], lineno=1).set_environment(environment))
    return template.root_render_func


def _is_ordinary(environment: Environment, expression: nodes.Node) -> bool:
    """Tell whether an expression means the same in every text, and its filters can be taken for what they are.

    Jinja evaluates a filter of constants while it compiles: for every text anew, which counts for a filter that gives
    another value each time.
    """
    from jinja2 import nodes
    from jinja2.defaults import DEFAULT_FILTERS, DEFAULT_TESTS

    if any(name.name in OF_TEMPLATES for name in expression.find_all(nodes.Name)):
        return False
    filters = (environment.filters.get(node.name) for node in expression.find_all(nodes.Filter))
    tests = (environment.tests.get(node.name) for node in expression.find_all(nodes.Test))
    return all(
        known in DEFAULT_FILTERS.values() or getattr(known, "__module__", "") == "cookiecutter.extensions"
        for known in filters
    ) and all(known in DEFAULT_TESTS.values() for known in tests)


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
