"""Reads OpenTofu's language, and refuses the few texts that our parser and OpenTofu would read differently.

What a definition may hold is decided on what the parser sees. So a text in which a block could hide from it is refused:
the two agree on everything but the ends of here-documents and of a few strings. How OpenTofu finds these is in its
lexer (github.com/opentofu/hcl, hclsyntax/scan_tokens.rl).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from common.diagnostics import Diagnostic, Invalid, Location
from common.errors import shown

if TYPE_CHECKING:
    from lark import Token, Tree

    Element = Tree[Token] | Token

HEREDOCS = ("HEREDOC_TEMPLATE", "HEREDOC_TEMPLATE_TRIM")
LARGEST = 1_000_000  # characters
DEEPEST = 20  # strings in expressions in strings
_CONTROL = re.compile(r"[^\t\n\r -\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_BLANKS = re.compile(r"(?:[ \t\r]*\n){200,}")  # the parser's time for a here-document grows with their square
_LONE_RETURN = re.compile(r"\r(?!\n)")
_IN_CODE = re.compile(r'"|\{|\}|\n|#|//|/\*|<<')
_IN_STRING = re.compile(r'\\.|"|\$\$\{|%%\{|\$\{|%\{|\n')
_IN_HEREDOC = re.compile(r"\$\$\{|%%\{|\$\{|%\{")


def read(text: str) -> Tree[Token]:
    """Parse a definition. Raises Invalid, with places that count in the text."""
    if len(text) > LARGEST:
        raise Invalid([Diagnostic(f"It has {len(text)} characters, and can have {LARGEST}.")])
    for pattern, told in (
        (_CONTROL, "A control character stands here; remove it."),
        (_LONE_RETURN, "A carriage return stands here without a line feed; end lines as Unix or Windows does."),
        (_BLANKS, "Too many empty lines follow here; remove them."),
    ):
        if found := pattern.search(text):
            raise Invalid([Diagnostic(told, _place(text, found.start()))])
    tree = _parsed(text)
    if faults := [fault for token in tokens(tree) for fault in _ambiguous(token)]:
        raise Invalid(faults)
    return tree


def _parsed(text: str) -> Tree[Token]:
    from hcl2.api import parses_to_tree
    from lark.exceptions import UnexpectedInput

    try:
        return parses_to_tree(text)
    except UnexpectedInput as error:
        lines = text.splitlines()
        if not 1 <= error.line <= len(lines):  # the parser has come to its end
            unclosed = "This cannot be read as OpenTofu: something that begins before the end is not closed."
            raise Invalid([Diagnostic(unclosed, Location("", max(len(lines), 1), 1))]) from None
        rest = lines[error.line - 1][max(error.column, 1) - 1 :].strip()
        what = f"unexpected {shown(rest)}" if rest else "the line is not complete"
        place = Location("", error.line, max(error.column, 1))
        raise Invalid([Diagnostic(f"This cannot be read as OpenTofu: {what}.", place)]) from None


def elements(tree: Tree[Token]) -> Iterator[Element]:
    """Give all subtrees and tokens in the order of the text. Not by recursion: a text may be nested deeply."""
    from lark import Tree as AnyTree

    waiting: list[Element] = [tree]
    while waiting:
        element = waiting.pop()
        yield element
        if isinstance(element, AnyTree):
            waiting += reversed(element.children)


def tokens(tree: Tree[Token]) -> Iterator[Token]:
    """Give all tokens in the order of the text."""
    from lark import Token as AnyToken

    return (element for element in elements(tree) if isinstance(element, AnyToken))


def location(element: Element) -> Location:
    """Give the place of a part of the text."""
    found = getattr(element, "meta", element)
    return Location("", int(getattr(found, "line", None) or 1), int(getattr(found, "column", None) or 1))


def expressions_in(heredoc: Token) -> Iterator[tuple[int, Tree[Token]]]:
    """Give what a here-document holds of expressions, each parsed as in a string, with its line in the text."""
    body = str(heredoc)
    for start, end in _sequences(body):
        yield (heredoc.line or 1) + body.count("\n", 0, start), _parsed(f'x = "{body[start:end]}"')


def _ambiguous(token: Token) -> Iterator[Diagnostic]:
    if token.type in HEREDOCS:
        first, *body, end, _ = str(token).split("\n")
        marker = first.lstrip("<").lstrip("-").strip()
        for number, line in enumerate(body, (token.line or 1) + 1):
            if line.strip() == marker:
                yield Diagnostic(
                    f"The line {shown(marker)} ends this text for OpenTofu, in spite of blanks; choose another word.",
                    Location("", number, 1),
                )
        if not re.fullmatch(rf"[ \t]*{re.escape(marker)}\r?", end):
            yield Diagnostic(f"The end of this text, {shown(marker)}, has to stand alone in its line.", location(token))
        try:
            list(_sequences(str(token)))
        except ValueError as error:
            yield Diagnostic(f"An expression in this text {error}.", location(token))
    elif token.type == "STRING_CHARS" and "\n" in token:
        yield Diagnostic(
            "This string goes over several lines; write \\n, or a text from <<EOT to EOT.", location(token)
        )
    elif token.type in ("ESCAPED_INTERPOLATION", "ESCAPED_DIRECTIVE") and re.search(r'["\n\\]', token):
        yield Diagnostic(f"{shown(token[:3])} has to end by }} before the string does.", location(token))
    elif token.type == "TEMPLATE_STRING":
        yield Diagnostic("A string cannot begin by a backslash.", location(token))


def _sequences(text: str) -> Iterator[tuple[int, int]]:
    """Give where `${…}` and `%{…}` begin and end in a here-document. Raises ValueError for one that goes over lines."""
    at = 0
    while found := _IN_HEREDOC.search(text, at):
        at = found.end()
        if len(found[0]) == len("${"):
            at = _end_of_code(text, at, 0)
            yield found.start(), at


def _end_of_code(text: str, at: int, depth: int) -> int:
    if depth > DEEPEST:
        raise ValueError("is nested too deeply")
    open_braces = 1
    while found := _IN_CODE.search(text, at):
        at = found.end()
        match found[0]:
            case "{":
                open_braces += 1
            case "}":
                open_braces -= 1
                if not open_braces:
                    return at
            case '"':
                at = _end_of_string(text, at, depth)
            case "\n":
                raise ValueError("has to end in the line in which it begins")
            case sign:
                raise ValueError(f"may not hold {sign!r}")
    raise ValueError("does not end")


def _end_of_string(text: str, at: int, depth: int) -> int:
    while found := _IN_STRING.search(text, at):
        at = found.end()
        match found[0]:
            case '"':
                return at
            case "${" | "%{":
                at = _end_of_code(text, at, depth + 1)
            case "\n":
                break
            case _:
                pass
    raise ValueError("holds a string that does not end in its line")


def _place(text: str, at: int) -> Location:
    before = text[:at]
    return Location("", before.count("\n") + 1, at - (before.rfind("\n") + 1) + 1)
