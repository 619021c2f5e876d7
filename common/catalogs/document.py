"""A catalog's YAML document under check: gives the texts at dotted paths and collects what is wrong with them."""

from __future__ import annotations

from collections import abc

from common.catalogs.rules import ANY_TEXT, TEXT, UNRESOLVED_NULL, URL, Rule
from common.diagnostics import Diagnostic, Location, listed
from common.document import NULL, STRING, Mapping, Node, Scalar, Sequence
from common.errors import shown


class Document:
    """A document and what is wrong with it so far. `advice` says per path what to write when it is missing."""

    def __init__(self, root: Node, advice: abc.Mapping[str, str]) -> None:
        self.root = root
        self.diagnostics: list[Diagnostic] = []
        self.warnings: list[Diagnostic] = []
        self._advice = advice
        if not isinstance(root, Mapping):
            self.complain("", "this is no entity; write keys with values, beginning with apiVersion and kind")

    def node(self, path: str) -> Node | None:
        """Give the value at a dotted path."""
        current: Node | None = self.root
        for key in path.split("."):
            current = current.fields.get(key) if isinstance(current, Mapping) else None
        return current

    def location(self, path: str = "") -> Location:
        """Give the location where the path is written, or would be: that of its nearest parent."""
        current, location = self.root, self.root.location
        for key in path.split("."):
            if not isinstance(current, Mapping) or key not in current.fields:
                break
            location, current = current.keys[key], current.fields[key]
        return location

    def complain(self, path: str, text: str) -> None:
        """Note that something is wrong at the path; in what is no map, nothing but that is."""
        if path and not isinstance(self.root, Mapping):
            return
        self.diagnostics.append(Diagnostic(text, self.location(path)))

    def text(self, path: str, rule: Rule = TEXT, *, required: bool = True) -> str:
        """Give the text at the path; when it has not the form, or is missing though required, note that and give ''."""
        node = self.node(path)
        if node is None or (not required and (is_blank(node) or node.tag == NULL)):
            if required:
                self.complain(path, f"{path} is missing; {self._advice[path]}")
            return ""
        return self._checked(path, node, rule, self._advice.get(path) or rule.advice or "write a text")

    def expect_value(self, path: str) -> None:
        """Note a path that has no value of any sort."""
        node = self.node(path)
        if node is None or node.tag == NULL:
            missing = "missing" if node is None else _no_value(node)
            self.complain(path, f"{path} is {missing}; {self._advice[path]}")

    def expect_map(self, path: str) -> None:
        """Note a map that is none, or is empty because what belongs to it is not indented below it."""
        node = self.node(path)
        if node is not None and node.tag == NULL:
            self.complain(path, f"{path} has nothing below it; indent what belongs to it by two blanks")
        elif node is not None and not isinstance(node, Mapping):
            self.complain(path, f"{path} is no map; write its fields below it, each as name: value")

    def expect_texts(self, path: str, rule: Rule = ANY_TEXT, keys: Rule | None = None) -> None:
        """Note what is no map, and each key and value that has not the form: catalogs refuse numbers as values."""
        node = self.node(path)
        if node is not None and node.tag != NULL:
            self.expect_map(path)
        if isinstance(node, Mapping):
            for key, value in node.fields.items():
                label = f"{path} {shown(key, quotes=False)}"
                if keys is not None and (problem := keys.problem(key, keys.advice)):
                    self.diagnostics.append(Diagnostic(f"{label}: the key {problem}", node.keys[key]))
                self._checked(label, value, rule, rule.advice or "write a text")

    def expect_content(self, path: str) -> None:
        """Note what is neither a text nor a map of one key that stands for one, as $text."""
        node = self.node(path)
        if isinstance(node, Mapping) and len(node.fields) == 1 and next(iter(node.fields)).startswith("$"):
            return
        if isinstance(node, Scalar):
            self._checked(path, node, TEXT, self._advice[path])
        elif node is not None:
            self.complain(path, f"{path} is no text; {self._advice[path]}")

    def expect_links(self, path: str) -> None:
        """Note a value that is no list, and each link without an address."""
        node = self.node(path)
        if isinstance(node, Sequence):
            for number, item in enumerate(node.items, 1):
                self._link(f"{path} item {number}", item)
        elif node is not None and node.tag != NULL:
            self.complain(path, f"{path} is no list; write each link on lines that begin with '- url:'")

    def _link(self, label: str, item: Node) -> None:
        if not isinstance(item, Mapping):
            self.diagnostics.append(Diagnostic(f"{label} is no map; write its url and title", item.location))
            return
        for name, rule in {"url": URL, "title": TEXT, "icon": TEXT}.items():
            if name in item.fields:
                self._checked(
                    f"{label} {name}", item.fields[name], rule, rule.advice or "write a text, or leave it out"
                )
            elif name == "url":
                self.diagnostics.append(Diagnostic(f"{label} has no url; {URL.advice}", item.location))

    def doubt(self, path: str, text: str) -> None:
        """Note what the catalog may take, and what is probably not meant."""
        self.warnings.append(Diagnostic(text, self.location(path)))

    def doubt_texts(self, path: str, rules: abc.Mapping[str, Rule]) -> None:
        """Doubt the values of a map that have not the form their keys ask for."""
        node = self.node(path)
        for key, value in node.fields.items() if isinstance(node, Mapping) else ():
            if (
                key in rules
                and isinstance(value, Scalar)
                and (problem := _problem(value, rules[key], rules[key].advice))
            ):
                self.warnings.append(Diagnostic(f"{path} {key} {problem}", value.location))

    def expect_roots(self, allowed: abc.Collection[str]) -> None:
        """Note each key at the root that does not belong there."""
        if isinstance(self.root, Mapping):
            for key in self.root.fields.keys() - set(allowed):
                told = f"{shown(key)} may not stand at the root, where only {listed(list(allowed))} belong"
                self.diagnostics.append(Diagnostic(told, self.root.keys[key]))

    def expect_list(self, path: str, rule: Rule) -> None:
        """Note a value that is no list, and each item that has not the form."""
        node = self.node(path)
        if isinstance(node, Sequence):
            for number, item in enumerate(node.items, 1):
                self._checked(f"{path} item {number}", item, rule, rule.advice)
        elif node is not None and node.tag != NULL:
            self.complain(path, f"{path} is no list; write each item on a line that begins with '- '")

    def _checked(self, label: str, node: Node, rule: Rule, advice: str) -> str:
        problem = _problem(node, rule, advice)
        if isinstance(node, Scalar) and not problem:
            return node.written
        self.diagnostics.append(Diagnostic(f"{label} {problem}", node.location))
        return ""


def is_blank(node: Node) -> bool:
    """Tell whether nothing was written as the value."""
    return isinstance(node, Scalar) and not node.written.strip()


def _problem(node: Node, rule: Rule, advice: str) -> str:
    if not isinstance(node, Scalar):
        return f"is no text; {advice}"
    if node.tag == NULL:
        return f"is {_no_value(node)}; {advice}"
    if node.tag != STRING:
        return f"is {shown(node.written)}, which YAML reads as {shown(node.tag, quotes=False)}; write it in quotes"
    return rule.problem(node.written, advice)


def _no_value(node: Node) -> str:
    return "empty" if is_blank(node) else UNRESOLVED_NULL
