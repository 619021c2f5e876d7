"""Reads a workflow, and tells what is wrong with it or cannot be done here."""

from __future__ import annotations

import re
from typing import Any

from common.diagnostics import Diagnostic
from common.document import Mapping, Node, Scalar, Sequence, is_nothing, plain
from common.errors import shown
from runner.language import schema
from runner.language.workflow import TRIGGER, Shown, Trigger, Workflow
from runner.language.workflow.template import names_in

KINDS = ("Template", "Workflow")
ROOT = dict.fromkeys(
    ["apiVersion", "kind", "name", "identifier", "type", "owner", "metadata", "spec"], schema.ACCEPTED
) | dict.fromkeys(["orgIdentifier", "projectIdentifier"], schema.ACCEPTED)
SPEC = dict.fromkeys(["parameters", "steps", "output"], schema.RUN) | dict.fromkeys(
    ["owner", "type", "lifecycle"], schema.ACCEPTED
)
STEP = dict.fromkeys(["id", "action", "input"], schema.RUN) | {
    "name": schema.ACCEPTED,
    "if": "conditions of a workflow's steps are not evaluated here.",
    "each": "there is no loop over a workflow's steps here.",
}
INPUT = dict.fromkeys(["url", "inputset", "showOutputVariables"], schema.RUN) | dict.fromkeys(
    ("apikey", "apiKeySecret"),
    schema.ACCEPTED,  # the token of who fills the form in
)
OUTPUT = dict.fromkeys(("text", "links"), schema.RUN)
_PIPELINE = re.compile(r"/pipelines/([A-Za-z_][A-Za-z0-9_]*)(?:[/?#]|$)")


def is_workflow(root: Node) -> bool:
    """Tell whether a document is a workflow rather than a pipeline."""
    return isinstance(root, Mapping) and root.text("kind") in KINDS


def load(root: Node, file: str) -> tuple[Workflow, list[Diagnostic]]:
    """Make a workflow of a document, and tell everything that is wrong with it."""
    outer = _map(root, root)
    faults = schema.check(outer, ROOT, "the workflow")
    spec = _map(outer.fields.get("spec"), root)
    if not spec.fields:
        faults.append(Diagnostic("The field 'spec' of the workflow has to be a map.", outer.location_of("spec")))
    faults += schema.check(spec, SPEC, "the spec of the workflow")
    pages = _pages(spec, faults)
    trigger = _trigger(spec, faults)
    output = _map(spec.fields.get("output"), root)
    faults += schema.check(output, OUTPUT, "the output of the workflow")
    texts, links = _shown(output, "text", "content"), _shown(output, "links", "url")
    name = outer.text("name") or _map(outer.fields.get("metadata"), root).text("name") or file
    workflow = Workflow(file, name, pages, trigger, texts, links)
    known = _every_property(pages)
    for text in [*_scalars(trigger.inputs), *(entry.content for entry in (*texts, *links))]:
        faults += names_in(text, known, trigger)
    return workflow, faults


def _map(node: Node | None, otherwise: Node) -> Mapping:
    return node if isinstance(node, Mapping) else Mapping(otherwise.location)


def _pages(spec: Mapping, faults: list[Diagnostic]) -> tuple[dict[str, Any], ...]:
    node = spec.fields.get("parameters")
    found = node.items if isinstance(node, Sequence) else (node,) if isinstance(node, Mapping) else ()
    if node is not None and not found and not is_nothing(node):
        faults.append(Diagnostic("The parameters of the workflow have to be a map or a list.", node.location))
    pages = []
    for page in found:
        if isinstance(page, Mapping):
            pages.append(plain.of_node(page))
        else:
            faults.append(Diagnostic("A page of parameters has to be a map.", page.location))
    return tuple(pages)


def _every_property(pages: tuple[dict[str, Any], ...]) -> set[str]:
    """Give the names of all parameters, also of those that depend on others."""
    found: set[str] = set()
    waiting: list[Any] = list(pages)
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            properties = node.get("properties")
            found |= set(properties) if isinstance(properties, dict) else set()
            waiting += node.values()
        elif isinstance(node, list):
            waiting += node
    return found


def _trigger(spec: Mapping, faults: list[Diagnostic]) -> Trigger:
    node = spec.fields.get("steps")
    steps = [item for item in node.items if isinstance(item, Mapping)] if isinstance(node, Sequence) else []
    triggers = [step for step in steps if step.text("action") == TRIGGER]
    for step in steps:
        if step not in triggers:
            told = f"The action {shown(step.text('action'))} is not run here; only {TRIGGER} is."
            faults.append(Diagnostic(told, step.location_of("action")))
    if len(triggers) != 1:
        told = f"The workflow has to have one step with the action {TRIGGER}, not {len(triggers)}."
        faults.append(Diagnostic(told, spec.location_of("steps")))
        return Trigger("", "", {}, shows_outputs=False)
    (step,) = triggers
    faults += schema.check(step, STEP, "the step of the workflow")
    given = _map(step.fields.get("input"), step)
    faults += schema.check(given, INPUT, "the input of the step")
    match = _PIPELINE.search(given.text("url"))
    if match is None:
        told = "The url of the step has to name a pipeline, as in .../pipelines/my_pipeline/pipeline-studio."
        faults.append(Diagnostic(told, given.location_of("url")))
    inputs = _map(given.fields.get("inputset"), given)
    shows = given.text("showOutputVariables").lower() == "true"
    return Trigger(step.text("id"), match[1] if match else "", inputs.fields, shows)


def _shown(output: Mapping, field: str, content: str) -> tuple[Shown, ...]:
    node = output.fields.get(field)
    entries = [item for item in node.items if isinstance(item, Mapping)] if isinstance(node, Sequence) else []
    return tuple(
        Shown(entry.text("title"), text) for entry in entries if isinstance(text := entry.fields.get(content), Scalar)
    )


def _scalars(inputs: Any) -> list[Scalar]:
    return [node for node in inputs.values() if isinstance(node, Scalar)]
