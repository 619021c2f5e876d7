"""Reads YAML that somebody sent or pushed, at a cost that its length bounds: aliases are counted where they stand."""

from __future__ import annotations

from typing import Any

import yaml

_MOST_VALUES = 100_000
_DEEPEST = 100
_TOO_MUCH = f"it describes more than {_MOST_VALUES} values, or is nested deeper than {_DEEPEST}"


class UnreadableYaml(ValueError):
    """The text is no YAML, or describes more than its length."""


class _Loader(yaml.SafeLoader):
    """Stops as soon as the text is nested too deeply; PyYAML takes ever longer per character of such a text."""

    depth = 0

    def fetch_flow_collection_start(self, TokenClass: Any) -> None:  # noqa: N803 - PyYAML's name
        super().fetch_flow_collection_start(TokenClass)
        if self.flow_level > _DEEPEST:
            raise UnreadableYaml(_TOO_MUCH)

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise UnreadableYaml(_TOO_MUCH)
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


def load_all(text: str) -> list[Any]:
    """Return the value of each document of a text. Raises UnreadableYaml."""
    try:
        loader = _Loader(text)
        values = []
        while loader.check_node():
            node = loader.get_node()
            if node is not None:
                _count(node, 0, 0)
                values.append(loader.construct_document(node))
    except (yaml.YAMLError, ValueError, OverflowError) as error:  # ValueError: a date such as 2025-02-30
        raise UnreadableYaml(str(error)) from error
    return values


def load(text: str) -> Any:
    """Return the value of a text of one document, None of an empty one. Raises UnreadableYaml."""
    values = load_all(text)
    if len(values) > 1:
        raise UnreadableYaml(f"it must hold one document, it holds {len(values)}")
    return values[0] if values else None


def _count(node: yaml.Node, before: int, depth: int) -> int:
    """Count the values of a node, those of an alias at each place where it stands."""
    if before >= _MOST_VALUES or depth > _DEEPEST:
        raise UnreadableYaml(_TOO_MUCH)
    count = before + 1
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            count = _count(item, count, depth + 1)
    elif isinstance(node, yaml.MappingNode):
        for pair in node.value:
            for part in pair:
                count = _count(part, count, depth + 1)
    return count
