"""Reads a pipeline from the platform's YAML, and tells everything that is wrong with its shape.

What a step's spec may hold and where expressions point to is checked in validate.
"""

from __future__ import annotations

from dataclasses import dataclass

from common.diagnostics import Diagnostic, choice, suggestion
from common.document import Mapping, Node, Scalar, Sequence
from common.errors import shown
from runner.language import schema
from runner.language.pipeline import APPROVAL, IDP, Pipeline, Stage, clauses, nodes, variables
from runner.language.pipeline import Node as Part
from runner.language.pipeline.reading import IDENTIFIER, NAME, Reader, called, tags


@dataclass(frozen=True)
class Loaded:
    """A pipeline as far as one could be made of the document; `ignored` names what has no effect here."""

    pipeline: Pipeline
    faults: list[Diagnostic]
    ignored: tuple[str, ...]


def load(root: Node, file: str) -> Loaded:
    """Make a pipeline of a document, as far as that is possible, and tell everything that is wrong with its shape."""
    reader = Reader()
    outer = reader.mapping(root, "The document", root.location)
    reader.check(outer, {"pipeline": schema.RUN}, "the document")
    if "pipeline" not in outer.fields and reader.diagnostics:
        return Loaded(Pipeline(file, "", "", "", "", (), ()), reader.diagnostics, ())
    node = reader.mapping(outer.fields.get("pipeline"), "The field 'pipeline'", outer.location)
    reader.check(node, schema.PIPELINE, "the pipeline")
    rows = [
        row
        for wrapper in reader.entries(node, "stages", "the pipeline", required="template" not in node.fields)
        if (row := _row(reader, wrapper))
    ]
    stages = [stage for row in rows for stage in row]
    reader.unique([(stage.identifier, stage.location) for stage in stages], "stage identifier")
    pipeline = Pipeline(
        file,
        reader.text(node, "identifier", "the pipeline", IDENTIFIER),
        reader.text(node, "name", "the pipeline", NAME),
        node.text("orgIdentifier"),
        node.text("projectIdentifier"),
        variables.read(reader, node, "the pipeline"),
        tuple(rows),
        tags(node),
        reader.timeout(node, "the pipeline"),
    )
    return Loaded(pipeline, reader.diagnostics, tuple(dict.fromkeys(reader.ignored)))


def _row(reader: Reader, wrapper: Node) -> tuple[Stage, ...]:
    found = reader.wrapped(wrapper, schema.STAGE_WRAPPER, "stage")
    if found is None:
        return ()
    name, node = found
    if name == "stage":
        inner = reader.mapping(node, "The stage", wrapper.location)
        return (_stage(reader, inner),) if isinstance(node, Mapping) else ()
    if not isinstance(node, Sequence) or not node.items:
        reader.complain("'parallel' in an entry of stages has to be a list with at least one entry.", node.location)
        return ()
    stages = []
    for item in node.items:
        inside = reader.wrapped(item, schema.PARALLEL_STAGE, "stage")
        if inside is not None and isinstance(inside[1], Mapping):
            stages.append(_stage(reader, inside[1]))
    return tuple(stages)


def _stage(reader: Reader, node: Mapping) -> Stage:
    of = called("stage", node.text("identifier"))
    kind = node.text("type")
    identifier = reader.text(node, "identifier", of, IDENTIFIER)
    if kind in ("", IDP):
        reader.check(node, schema.STAGE, of)
    if not kind and "template" not in node.fields:
        reader.text(node, "type", of)
    elif kind and kind not in schema.STAGE_TYPES:
        near = suggestion(kind, schema.STAGE_TYPES)
        known = f"the platform has {choice(schema.STAGE_TYPES)}.{near}"
        reader.complain(f"The type {shown(kind)} of {of} is not known; {known}", node.location_of("type"))
    inside: tuple[Part, ...] = ()
    if kind in ("", IDP) and "template" not in node.fields:
        spec = reader.mapping(node.fields.get("spec"), f"The field 'spec' of {of}", node.location_of("spec"))
        inside = _nodes(reader, spec, of, identifier) if "spec" in node.fields else ()
    return Stage(
        identifier,
        reader.text(node, "name", of, NAME),
        kind or IDP,
        variables.read(reader, node, of),
        inside,
        node.location_of("identifier"),
        node.text("description"),
        tags(node),
        reader.timeout(node, of) if kind in ("", IDP) else None,
        clauses.when(reader, node, of, "pipelineStatus"),
        clauses.strategies(reader, node, of) if kind in ("", IDP) else (),
        _asks(node) if kind == APPROVAL else "",
    )


def _nodes(reader: Reader, spec: Mapping, of: str, identifier: str) -> tuple[Part, ...]:
    reader.check(spec, schema.STAGE_SPEC, f"the spec of {of}")
    reader.diagnostics += schema.check_surroundings(spec)
    if spec.text("cloneCodebase").lower() not in ("", "false"):
        reader.complain(
            f"'cloneCodebase: true' in the spec of {of} is not supported in a stage of the type IDP, as on the "
            "platform; use a GitClone step.",
            spec.location_of("cloneCodebase"),
        )
    where = spec.location_of("execution")
    execution = reader.mapping(spec.fields.get("execution"), f"The field 'execution' of {of}", where)
    if "execution" not in spec.fields:
        return ()
    reader.check(execution, schema.EXECUTION, f"the execution of {of}")
    return nodes.read(reader, execution, f"the execution of {of}", (identifier,))


def _asks(node: Node) -> str:
    """Give the first message that an Approval stage shows to those who approve."""
    if isinstance(node, Mapping):
        message = node.fields.get("approvalMessage")
        if isinstance(message, Scalar) and message.text:
            return message.text
        return next((found for inner in node.fields.values() if (found := _asks(inner))), "")
    return next((found for inner in node.items if (found := _asks(inner))), "") if isinstance(node, Sequence) else ""
