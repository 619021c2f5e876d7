"""YAML as it was written: the nodes of a text with their lines, so that a fault can be shown where it stands.

Builds no values: no tag is constructed, no alias copied, so a hostile text costs no more than its length.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import yaml

STRING = "tag:yaml.org,2002:str"
NULL = "tag:yaml.org,2002:null"
MERGE = "tag:yaml.org,2002:merge"


@dataclass(frozen=True, order=True)
class Fault:
    """What is wrong on a line (counted from 1), and what to write instead."""

    line: int
    text: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.text}"


class Unreadable(Exception):
    """The text is no YAML; `fault` says where and why."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(str(fault))
        self.fault = fault


def documents(text: str) -> list[yaml.Node]:
    """Give the root node of each document that is not empty. Raises Unreadable at the first error of syntax."""
    try:
        roots = list(yaml.compose_all(text, Loader=yaml.SafeLoader))
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise Unreadable(
            Fault(line, f"the character {error.character:#04x} is not allowed in YAML; remove it")
        ) from error
    except yaml.MarkedYAMLError as error:
        raise Unreadable(_syntax_fault(error)) from error
    except RecursionError as error:
        raise Unreadable(Fault(1, "the YAML is nested too deeply to be read; flatten it")) from error
    except (
        ValueError,
        OverflowError,
    ) as error:  # PyYAML lets them through for "\UFFFFFFFF" and for %YAML 1.<5000 digits>
        raise Unreadable(
            Fault(1, f"the YAML cannot be read ({error}); check its escapes and its directives")
        ) from error
    return [root for root in roots if root.tag != NULL]


def _syntax_fault(error: yaml.MarkedYAMLError) -> Fault:
    mark = error.problem_mark or error.context_mark
    reason = " ".join(part for part in (error.problem, error.context) if part)
    if mark is None:
        return Fault(1, f"no YAML ({reason}); check the indentation and the quotes")
    hint = "indent with blanks" if "'\\t'" in reason else "check the indentation, the quotes and the colons here"
    return Fault(mark.line + 1, f"column {mark.column + 1}: no YAML ({reason}); {hint}")


def line_of(node: yaml.Node) -> int:
    """Give the line a node begins on, counted from 1."""
    return int(node.start_mark.line) + 1


def entries(node: yaml.Node | None) -> dict[str, tuple[yaml.Node, yaml.Node]]:
    """Give a mapping's key and value nodes by the key's text, the first of equal keys; nothing for another node."""
    found: dict[str, tuple[yaml.Node, yaml.Node]] = {}
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):
                found.setdefault(key.value, (key, value))
    return found


def duplicate_keys(root: yaml.Node) -> Iterator[Fault]:
    """Find keys that a mapping gives twice; readers of YAML disagree on which of them counts."""
    waiting, seen = [root], set[int]()
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            waiting.extend(node.value)
        elif isinstance(node, yaml.MappingNode):
            first: dict[tuple[str, str], int] = {}
            for key, value in node.value:
                waiting.extend((key, value))
                if not isinstance(key, yaml.ScalarNode) or key.tag == MERGE:
                    continue
                name = (key.tag, key.value)
                if name in first:
                    before = first[name]
                    yield Fault(line_of(key), f"the key {key.value!r} was given on line {before} already; keep one")
                first.setdefault(name, line_of(key))
