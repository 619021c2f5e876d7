"""One YAML document under check: gives the texts at dotted paths and collects what is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping

import yaml

from common.catalogs.rules import ANY_TEXT, TEXT, UNRESOLVED_NULL, Rule
from common.catalogs.yaml_text import NULL, STRING, Fault, entries, line_of
from common.errors import shown


class Document:
    """A document and the faults found in it so far. `advice` says per path what to write when it is missing."""

    def __init__(self, root: yaml.Node, advice: Mapping[str, str]) -> None:
        self.root = root
        self.faults: list[Fault] = []
        self._advice = advice
        if not isinstance(root, yaml.MappingNode):
            self.fault("", "this is no entity; write keys with values, beginning with apiVersion and kind")

    def node(self, path: str) -> yaml.Node | None:
        """Give the value at a dotted path."""
        current: yaml.Node | None = self.root
        for key in path.split("."):
            current = entries(current).get(key, (None, None))[1]
        return current

    def line(self, path: str = "") -> int:
        """Give the line where the path is written, or would be: that of its nearest parent."""
        current, line = self.root, line_of(self.root)
        for key in path.split("."):
            if (found := entries(current).get(key)) is None:
                break
            line, current = line_of(found[0]), found[1]
        return line

    def fault(self, path: str, text: str) -> None:
        """Note that something is wrong at the path; in what is no map, nothing but that is."""
        if path and not isinstance(self.root, yaml.MappingNode):
            return
        self.faults.append(Fault(self.line(path), text))

    def text(self, path: str, rule: Rule = TEXT, *, required: bool = True) -> str:
        """Give the text at the path; when it has not the form, or is missing though required, note that and give ''."""
        node = self.node(path)
        if node is None or (not required and (is_blank(node) or node.tag == NULL)):
            if required:
                self.fault(path, f"{path} is missing; {self._advice[path]}")
            return ""
        return self._checked(path, node, rule, self._advice.get(path) or rule.advice or "write a text")

    def expect_value(self, path: str) -> None:
        """Note a path that has no value of any sort."""
        node = self.node(path)
        if node is None or node.tag == NULL:
            self.fault(path, f"{path} is {'missing' if node is None else _no_value(node)}; {self._advice[path]}")

    def expect_map(self, path: str) -> None:
        """Note a map that is none, or is empty because what belongs to it is not indented below it."""
        node = self.node(path)
        if node is not None and node.tag == NULL:
            self.fault(path, f"{path} has nothing below it; indent what belongs to it by two blanks")
        elif node is not None and not isinstance(node, yaml.MappingNode):
            self.fault(path, f"{path} is no map; write its fields below it, each as name: value")

    def expect_texts(self, path: str) -> None:
        """Note what is no map, and each value that is no text: catalogs refuse numbers in labels and annotations."""
        node = self.node(path)
        if node is not None and node.tag != NULL:
            self.expect_map(path)
        for key, (_, value) in entries(node).items():
            self._checked(f"{path} {key}", value, ANY_TEXT, "write a text")

    def expect_list(self, path: str, rule: Rule) -> None:
        """Note a value that is no list, and each item that has not the form."""
        node = self.node(path)
        if isinstance(node, yaml.SequenceNode):
            for number, item in enumerate(node.value, 1):
                self._checked(f"{path} item {number}", item, rule, rule.advice)
        elif node is not None and node.tag != NULL:
            self.fault(path, f"{path} is no list; write each item on a line that begins with '- '")

    def _checked(self, label: str, node: yaml.Node, rule: Rule, advice: str) -> str:
        problem = _problem(node, rule, advice)
        if not problem:
            return str(node.value)
        self.faults.append(Fault(line_of(node), f"{label} {problem}"))
        return ""


def is_blank(node: yaml.Node) -> bool:
    """Tell whether nothing was written as the value."""
    return isinstance(node, yaml.ScalarNode) and not node.value.strip()


def _problem(node: yaml.Node, rule: Rule, advice: str) -> str:
    if not isinstance(node, yaml.ScalarNode):
        return f"is no text; {advice}"
    if node.tag == NULL:
        return f"is {_no_value(node)}; {advice}"
    if node.tag != STRING:
        return f"is {shown(node.value)}, which YAML reads as {node.tag.rpartition(':')[2]}; write it in quotes"
    return rule.problem(node.value, advice)


def _no_value(node: yaml.Node) -> str:
    return "empty" if is_blank(node) else UNRESOLVED_NULL
