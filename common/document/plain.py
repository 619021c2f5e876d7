"""Makes Python's own values of a JSON or YAML text, such as json.loads gives. What JSON has no form for is refused."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from common.document import Mapping, Node, Scalar, Sequence, Unreadable, reader
from common.errors import shown

MERGE = "<<"  # YAML 1.1: the fields of these maps too (https://yaml.org/type/merge.html)
NO_JSON = "nothing that JSON has a form for"
_TEXTS = frozenset({"str", "timestamp", "merge", "value"})  # JSON has no dates, and the last two are texts elsewhere
_NESTING = re.compile(r'"(?:[^"\\]++|\\.)*+"?|([\[{])|([\]}])', re.DOTALL)


def of_text(text: str, *, as_written: bool = False) -> Any:
    """Read JSON or YAML; JSON first, for it is the exact one of the two. Raises Unreadable.

    as_written: a number or boolean that would come out of JSON in another form is the text that it was written with,
    as are 3.10, 010 and yes.
    """
    try:
        return of_json(text, as_written=as_written)
    except (ValueError, RecursionError):
        root = reader.single(text)
    return None if root is None else of_node(root, as_written=as_written)


def of_json(text: str, *, as_written: bool = False) -> Any:
    """Read JSON. Raises ValueError, and RecursionError for what is nested deeply.

    Python's own reader raises that at a depth which its version decides, and what it lets through may end others.
    """
    level = 0
    if text.count("[") + text.count("{") > reader.DEEPEST:
        for bracket in _NESTING.finditer(text):
            level += bool(bracket.group(1)) - bool(bracket.group(2))
            if level > reader.DEEPEST:
                raise RecursionError(f"more than {reader.DEEPEST} levels")
    return json.loads(text, parse_float=_exact) if as_written else json.loads(text)


def _exact(written: str) -> float | str:
    """Give a number, or the text of one that has more digits, or others, than Python writes it with."""
    number = float(written)
    return number if repr(number) == written or math.isinf(number) else written


def of_node(node: Node, *, as_written: bool = False) -> Any:
    """Give the value of a node by the rules of YAML 1.1, but a date as its text. Raises Unreadable."""
    match node:
        case Scalar():
            found = _of_scalar(node)
            return node.written if as_written and _has_another_form(found, node.written) else found
        case Sequence(tag="seq" | "!"):
            return [of_node(item, as_written=as_written) for item in node.items]
        case Mapping(tag="map" | "!"):
            merged = _merged(node.fields.get(MERGE))
            value: dict[str, Any] = {}
            for mapping in reversed(merged):  # the first of them goes before the others, the map's own before all
                value |= of_node(mapping, as_written=as_written)
            own = {
                name: of_node(field, as_written=as_written)
                for name, field in node.fields.items()
                if not (merged and name == MERGE)
            }
            return value | own
    raise _no_form(node)


def _has_another_form(value: Any, written: str) -> bool:
    """Tell whether a number or boolean is written in another way than JSON, and Python for both, would write it."""
    if isinstance(value, float) and not math.isfinite(value):
        return False  # JSON has no form for it, which is told
    return isinstance(value, int | float) and str(value) != written and str(value).lower() != written.lower()


def _merged(node: Node | None) -> list[Mapping]:
    nodes = node.items if isinstance(node, Sequence) else (node,)
    maps = [inner for inner in nodes if isinstance(inner, Mapping)]
    return maps if len(maps) == len(nodes) else []


def _of_scalar(node: Scalar) -> Any:
    import yaml
    from yaml.constructor import SafeConstructor

    if node.tag in _TEXTS:
        return node.written
    if node.tag not in ("null", "bool", "int", "float"):
        raise _no_form(node)
    try:
        return SafeConstructor().construct_object(yaml.ScalarNode(reader.TAG + node.tag, node.written))
    except (ValueError, LookupError) as error:  # 0x_, and what only its tag calls a number
        raise Unreadable(
            reader.NO_YAML,
            f"{shown(node.written)} is no {node.tag}",
            "write it in quotes if it is a text",
            node.location,
        ) from error


def _no_form(node: Node) -> Unreadable:
    return Unreadable(NO_JSON, f"it has the tag {shown(node.tag)}", "remove the tag", node.location)
