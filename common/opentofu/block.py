"""The parts of a definition's tree: blocks with their labels and attributes, and the text of any part."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeGuard

from common.opentofu import reading

if TYPE_CHECKING:
    from lark import Token, Tree


@dataclass(frozen=True)
class Block:
    type: str
    labels: tuple[str, ...]
    body: Tree[Token]
    node: Tree[Token]

    @property
    def label(self) -> str:
        return self.labels[0] if self.labels else ""

    def blocks(self) -> list[Block]:
        return [block_of(child) for child in children(self.body, "block")]

    def attributes(self) -> dict[str, Tree[Token]]:
        return {source_of(child.children[0]): child for child in children(self.body, "attribute")}


def block_of(node: Tree[Token]) -> Block:
    from lark import Tree as AnyTree

    head: list[str] = []
    for child in node.children:
        if isinstance(child, AnyTree) and child.data in ("identifier", "keyword", "literal_value"):
            head.append(source_of(child))
        elif isinstance(child, AnyTree) and child.data == "string":
            head.append(source_of(child)[1:-1])
    (body,) = children(node, "body")
    return Block(head[0], tuple(head[1:]), body, node)


def children(node: Tree[Token], kind: str) -> list[Tree[Token]]:
    return [child for child in node.children if is_a(child, kind)]


def is_a(element: object, kind: str) -> TypeGuard[Tree[Token]]:
    return getattr(element, "data", None) == kind


def source_of(node: Tree[Token] | Token) -> str:
    """Give the text of a part, without comments and the ends of lines."""
    from lark import Token as AnyToken

    if isinstance(node, AnyToken):
        return str(node)
    return "".join(token for token in reading.tokens(node) if token.type != "NL_OR_COMMENT")


def value_of(attribute: Tree[Token]) -> str:
    return source_of(attribute).partition("=")[2].strip()


def literal(argument: Tree[Token]) -> str | None:
    """Give the one string that an argument is; None when it is anything else."""
    text = source_of(argument).strip()
    found = re.fullmatch(r'"((?:\$\{path\.cwd\})?(?:[^"\\$%]|\$(?!\{)|%(?!\{))*)"', text)
    return found[1] if found else None
