"""Reads what a stage runs: steps, step groups, parallel parts and inserted ones."""

from __future__ import annotations

from common.diagnostics import Location
from common.document import Mapping, Sequence
from common.document import Node as Yaml
from runner.language import schema
from runner.language.pipeline import Group, Node, Parallel, Path, Step, clauses, named, variables
from runner.language.pipeline.reading import IDENTIFIER, NAME, Reader, called

DEEPEST = 20  # groups and parallel parts in each other


def read(reader: Reader, owner: Mapping, of: str, path: Path, depth: int = 0) -> tuple[Node, ...]:
    """Read the steps of a stage or group, whose path this is."""
    nodes: list[Node] = []
    for wrapper in reader.entries(owner, "steps", of, required=True):
        nodes += _entry(reader, wrapper, of, path, depth)
    if not depth or isinstance(owner, Mapping):
        _unique(reader, nodes)
    return tuple(nodes)


def _unique(reader: Reader, nodes: list[Node]) -> None:
    level = [(node.identifier, node.location) for node in named(nodes)]
    reader.unique(level, "step identifier")


def _entry(reader: Reader, wrapper: Yaml, of: str, path: Path, depth: int) -> list[Node]:
    found = reader.wrapped(wrapper, schema.STEP_WRAPPER, "step")
    if found is None:
        return []
    if depth > DEEPEST:
        reader.complain(f"Groups and parallel steps are nested deeper than {DEEPEST}.", wrapper.location)
        return []
    name, node = found
    if name == "parallel":
        return [_parallel(reader, node, of, path, depth + 1)]
    inner = reader.mapping(node, f"The {name}", wrapper.location)
    if not isinstance(node, Mapping):
        return []
    if name == "insert":  # where a template lets steps be put in; they run in the row that it stands in
        what = called("insert", inner.text("identifier"))
        reader.check(inner, schema.INSERT, what)
        return list(read(reader, inner, what, path, depth + 1))
    return [_step(reader, inner, path) if name == "step" else _group(reader, inner, path, depth + 1)]


def _parallel(reader: Reader, node: Yaml, of: str, path: Path, depth: int) -> Parallel:
    if not isinstance(node, Sequence) or not node.items:
        reader.complain(f"'parallel' in {of} has to be a list with at least one entry.", node.location)
        return Parallel((), node.location)
    nodes = [inner for item in node.items for inner in _entry(reader, item, of, path, depth)]
    return Parallel(tuple(nodes), node.location)


def _group(reader: Reader, node: Mapping, path: Path, depth: int) -> Group:
    of = called("step group", node.text("identifier"))
    reader.check(node, schema.GROUP, of)
    identifier = reader.text(node, "identifier", of, IDENTIFIER)
    inner = (*path, identifier)
    return Group(
        identifier,
        reader.text(node, "name", of, NAME) if "name" in node.fields else identifier,
        variables.read(reader, node, of),
        read(reader, node, of, inner, depth),
        node.location_of("identifier"),
        inner,
        reader.timeout(node, of),
        clauses.when(reader, node, of, "stageStatus"),
        clauses.strategies(reader, node, of, is_group=True),
    )


def _step(reader: Reader, node: Mapping, path: Path) -> Step:
    of = called("step", node.text("identifier"))
    reader.check(node, schema.STEP, of)
    identifier = reader.text(node, "identifier", of, IDENTIFIER)
    whole = "template" not in node.fields  # which is told, and has what is missing here
    return Step(
        identifier,
        reader.text(node, "name", of, NAME),
        reader.text(node, "type", of) if whole else "",
        _spec(reader, node, of) if whole else Mapping(node.location),
        node.location_of("identifier"),
        (*path, identifier),
        reader.timeout(node, of),
        clauses.when(reader, node, of, "stageStatus"),
        clauses.strategies(reader, node, of),
    )


def _spec(reader: Reader, node: Mapping, of: str) -> Mapping:
    """Give the spec. Written beside its fields instead of around them, it is empty, and they are in the step."""
    spec = node.fields.get("spec")
    where: Location = node.location_of("spec")
    strangers = [name for name in node.fields if name not in schema.STEP]
    if isinstance(spec, Mapping) and (spec.fields or not strangers):
        return spec
    if spec is not None and strangers:
        reader.complain(
            f"The field 'spec' of {of} is empty, and {strangers[0]!r} stands beside it; indent it below spec.", where
        )
        return Mapping(where)
    return reader.mapping(spec, f"The field 'spec' of {of}", where)
