"""Which modules of ours a step can come to: an image holds those, and not what only other steps use."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path


def modules(root: Path, start: str, package: str) -> list[Path]:
    """Give the files of the package, relative to the root, that the module `start` imports, at once or later.

    A text that is a module's full name counts as an import: what is imported by its name stands in a table.
    """
    names = {_name(path.relative_to(root)): path.relative_to(root) for path in (root / package).rglob("*.py")}
    found: set[str] = set()
    own = Path(*start.split("."))
    waiting = [own.with_suffix(".py"), own.parent / "__init__.py"]
    while waiting:
        for name in _named(ast.parse((root / waiting.pop()).read_text(encoding="utf-8"))):
            parts = name.split(".")
            for length in range(1, len(parts) + 1):
                if (known := ".".join(parts[:length])) in names and known not in found:
                    found.add(known)
                    waiting.append(names[known])
    return sorted(names[name] for name in found)


def _name(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _named(tree: ast.AST) -> Iterator[str]:
    """Give each name that an import, or a text in its place, may stand for; not those that only types need."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            waiting += node.orelse
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        waiting += ast.iter_child_nodes(node)
