"""The floors of docs/architecture.md: a module imports only downwards, and no two import each other on any way."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
FLOORS = (  # from the top; packages on one floor do not use each other
    ("runner.__main__",),
    ("runner.cli",),
    ("runner.execution",),
    ("runner.platform",),
    ("runner.language",),
    ("sandbox", "steps"),
    ("common.catalogs",),
    ("common.git_hosts",),
    ("common.harness",),
    ("common.template",),
    ("common.git", "common.opentofu", "common.slack"),
    ("common.contract",),
    ("common.network",),
    ("common.document",),
    ("common",),
)


def modules() -> dict[str, Path]:
    """Give every module by its dotted name."""
    found = {}
    for top in ("common", "runner", "sandbox", "steps"):
        for path in (ROOT / top).rglob("*.py"):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(path: Path, known: dict[str, Path]) -> set[str]:
    """Give the modules of this project that a module imports, wherever in it and for whatever reason."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module in known:
            within = {f"{node.module}.{name.name}" for name in node.names}
            found |= (within & known.keys()) | ({node.module} if within - known.keys() else set())
        elif isinstance(node, ast.Import):
            found |= {name.name for name in node.names} & known.keys()
    return found


def graph() -> dict[str, set[str]]:
    known = modules()
    return {name: imports(path, known) - {name} for name, path in known.items()}


def floor(module: str) -> tuple[int, str]:
    """Give the number of a module's floor, from the top, and its package there."""
    for number, packages in enumerate(FLOORS):
        for package in packages:
            if module == package or module.startswith(f"{package}."):
                return number, package
    raise AssertionError(f"{module} is on no floor")


def test_no_module_imports_upwards_or_from_next_door() -> None:
    wrong = []
    for module, used in graph().items():
        if module == "runner":
            continue
        (here, own) = floor(module)
        for other in used:
            there, package = floor(other)
            if there < here or (there == here and package != own):
                wrong.append(f"{module} imports {other}")
    assert wrong == []


def test_no_modules_import_each_other_on_any_way() -> None:
    edges = graph()
    state: dict[str, str] = {}
    circles: list[str] = []

    def visit(module: str, path: tuple[str, ...]) -> None:
        if state.get(module) == "open":
            circles.append(" -> ".join((*path[path.index(module) :], module)))
        if module in state:
            return
        state[module] = "open"
        for other in sorted(edges[module]):
            visit(other, (*path, module))
        state[module] = "closed"

    for module in sorted(edges):
        visit(module, ())
    assert circles == []


def test_steps_and_what_they_share_know_neither_the_runner_nor_the_sandbox() -> None:
    outside = [
        f"{module} imports {other}"
        for module, used in graph().items()
        if module.startswith(("steps", "common"))
        for other in used
        if other.startswith(("runner", "sandbox"))
    ]
    assert outside == []
