"""Runs a workflow: fills its form, finds the pipeline that it starts, and shows its output at the end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common.diagnostics import Invalid, listed, suggestion
from common.document import Mapping as Map
from common.document import Node, Scalar, plain, reader
from common.errors import BadInput, shown
from runner.execution.report import Report
from runner.execution.step import shown as outputs_shown
from runner.execution.tree import Tree
from runner.language.inputs import Given
from runner.language.workflow import Workflow, template
from runner.language.workflow.form import fill
from runner.language.workflow.load import load

MAPPING = "pipelines.yaml"  # identifier of a pipeline -> its file, for those that are not beside the workflow


@dataclass(frozen=True)
class Filled:
    """A workflow whose form is filled: the file of its pipeline, and the values that this gets."""

    workflow: Workflow
    values: Mapping[str, Any]
    pipeline: Path
    given: dict[str, Given]


def filled(root: Node, file: Path, given: Mapping[str, Given]) -> Filled:
    """Fill the form of a workflow that was read. Raises Invalid with all that is wrong with it or with the values."""
    workflow, faults = load(root, str(file))
    values, more = fill(workflow, given)
    if faults or more:
        raise Invalid([*faults, *more])
    pipeline = pipeline_of(workflow)

    def look_up(whose: str, name: str) -> Any:
        return values.get(name) if whose == "parameters" else None

    inputs = {}
    for name, node in workflow.trigger.inputs.items():
        value = template.resolve(node.text, look_up) if isinstance(node, Scalar) else plain.of_node(node)
        if value is not None:  # a parameter that was left empty leaves the pipeline its default
            inputs[name] = Given(template.text_of(value), node.location)
    return Filled(workflow, values, pipeline, inputs)


def pipeline_of(workflow: Workflow) -> Path:
    """Find the file of the pipeline that a workflow starts. Raises BadInput."""
    folder, wanted = Path(workflow.file).parent, workflow.trigger.pipeline
    mapping = folder / MAPPING
    if mapping.is_file():
        root = reader.read(mapping)
        if isinstance(root, Map) and root.text(wanted):
            return folder / root.text(wanted)
    found: dict[str, Path] = {}
    for path in sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")]):
        try:
            root = reader.read(path)
        except BadInput:  # other files are no concern of this one
            continue
        pipeline = root.fields.get("pipeline") if isinstance(root, Map) else None
        if isinstance(pipeline, Map):
            found[pipeline.text("identifier")] = path
    if wanted not in found:
        there = f"; those beside it are {listed(list(found))}.{suggestion(wanted, found)}" if found else "."
        raise BadInput(
            f"The workflow starts the pipeline {shown(wanted)}, which is not beside it{there}",
            next_step=f"Put its file there, or write '{wanted}: path/to/it.yaml' into {mapping}.",
        )
    return found[wanted]


def show(form: Filled, tree: Tree, report: Report) -> None:
    """Show the output of a workflow whose pipeline has run."""
    by_name: dict[str, str] = {}
    for node in tree.root.steps():
        stage, *rest = node.path
        for name, value in outputs_shown(node.outputs).items():
            inner = ".steps.".join(rest)
            by_name[f"pipeline.stages.{stage}.spec.execution.steps.{inner}.output.outputVariables.{name}"] = value
            by_name.setdefault(name, value)

    def look_up(whose: str, name: str) -> Any:
        return form.values.get(name) if whose == "parameters" else by_name.get(name)

    for heading, entries in (("", form.workflow.texts), ("Links", form.workflow.links)):
        if entries:
            report.line()
        if heading and entries:
            report.line(heading, style="bold")
        for entry in entries:
            content = template.text_of(template.resolve(entry.content.text, look_up)).rstrip()
            report.line(entry.title, style="bold", indent=2 if heading else 0)
            for line in content.splitlines():
                report.line(line, indent=4 if heading else 2)
