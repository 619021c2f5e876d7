"""Checks pipelines as far as that is possible without running them: what `validate` tells."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from common.diagnostics import Diagnostic, Invalid, in_order, listed, suggestion
from common.document import Node, reader
from common.errors import BadInput, shown
from common.secret import Secret
from runner.execution import preflight, workflows
from runner.execution.given import pipeline_file
from runner.execution.preflight import faults_before
from runner.execution.run import failed
from runner.language import facts as told
from runner.language.inputs import Values
from runner.language.pipeline import Pipeline
from runner.language.resolve import LATER
from runner.language.scope import Scope
from runner.language.validate import Checked, texts
from runner.language.validate.examine import document
from runner.language.workflow.load import is_workflow
from runner.language.workflow.load import load as load_workflow
from runner.platform import connectors, execution, sandboxed
from runner.platform.connectors import Services
from runner.platform.execution import Execution

STDIN = "-"
UNDESCRIBED = "Connectors and secrets are not checked: no connectors.yaml or secrets.yaml beside it describes them."


@dataclass(frozen=True)
class Result:
    """What was found in one file: what is wrong, what will be null, and what else is to be known."""

    file: str
    faults: Sequence[Diagnostic]
    warnings: Sequence[Diagnostic] = ()
    notes: Sequence[str] = ()


def of_file(  # noqa: PLR0913 - what the command line says
    path: Path,
    facts: Sequence[str],
    connectors_file: Path | None,
    secrets_file: Path | None,
    environ: Mapping[str, str],
    *,
    strict: bool,
) -> Result:
    """Check one file."""
    name = "standard input" if str(path) == STDIN else str(path)
    try:
        file = path if str(path) == STDIN else pipeline_file(path)
        name = "standard input" if str(path) == STDIN else str(file)
        root = reader.single(sys.stdin.read(), name) if str(path) == STDIN else reader.read(file)
        if root is None:
            return Result(name, [Diagnostic("There is nothing on standard input.")])
        if is_workflow(root):
            return _of_workflow(root, name)
        known = told.gather(facts, file)
        services = None
        if connectors_file or secrets_file or (str(path) != STDIN and described(file)):
            services = connectors.described(connectors_file, secrets_file, file, environ)
        checked, faults = check(root, name, known, services)
    except Invalid as error:
        return Result(name, error.diagnostics)
    except BadInput as error:
        return Result(name, [Diagnostic(str(error))])
    warnings = checked.warnings
    if strict:
        faults, warnings = in_order([*faults, *warnings]), ()
    return Result(name, faults, warnings, () if faults else _notes(name, checked, described=services is not None))


def _of_workflow(root: Node, name: str) -> Result:
    """Check a workflow, and that the pipeline that it starts is there and takes what it gives."""
    workflow, faults = load_workflow(root, name)
    if not faults and name != "standard input":
        path = workflows.pipeline_of(workflow)
        checked, more = document(reader.read(path), str(path), facts_of({}))
        faults += more
        for variable, node in workflow.trigger.inputs.items():
            if variable not in checked.places and not more:
                near = suggestion(variable, checked.places)
                faults.append(Diagnostic(f"The pipeline has no variable {shown(variable)}.{near}", node.location))
    return Result(name, faults, (), () if faults else [f"{name} is a valid workflow."])


def _notes(name: str, checked: Checked, *, described: bool) -> list[str]:
    steps = sum(1 for _ in checked.pipeline.steps())
    notes = [f"{name} is a valid pipeline of {steps} step{'' if steps == 1 else 's'}."]
    notes += [f"Skipped: {reason}" for reason in texts.skipped(checked.pipeline).values()]
    if checked.ignored:
        notes.append(f"Without effect here: {listed(checked.ignored)}.")
    return notes if described else [*notes, UNDESCRIBED]


def as_json(results: Sequence[Result]) -> str:
    """Give the results for a program."""
    return json.dumps(
        [
            {
                "file": result.file,
                "valid": not result.faults,
                "faults": [_as_json(fault) for fault in result.faults],
                "warnings": [_as_json(warning) for warning in result.warnings],
                "notes": list(result.notes),
            }
            for result in results
        ],
        indent=2,
        ensure_ascii=False,
    )


def _as_json(found: Diagnostic) -> dict[str, object]:
    where = found.location
    place = {"line": where.line, "column": where.column} if where else {}
    return {"text": found.text, **({"file": where.file} if where and where.file else {}), **place}


def facts_of(facts: Mapping[str, str]) -> dict[str, str]:
    """Give what every run knows of itself, with any value, and what the user says."""
    anything = Pipeline("", "identifier", "name", "", "", (), ())
    known = execution.facts(Execution("later", anything, account="later"))
    return {**known, **facts}


def unknown_stages(chosen: Sequence[str], names: Sequence[str]) -> list[Diagnostic]:
    """Complain of stages that --stage names and the pipeline has not."""
    return [
        Diagnostic(f"There is no stage {shown(name)}; the stages are {listed(names)}.{suggestion(name, names)}")
        for name in chosen
        if name not in names
    ]


def check(
    root: Node, name: str, facts: Mapping[str, str], services: Services | None
) -> tuple[Checked, list[Diagnostic]]:
    """Check a document. Without services, nothing that they would tell is checked."""
    known = facts_of(facts)
    checked, faults = document(root, name, known)
    if not faults:  # what is wrong with its form would only be told again, in other words
        open_places = {place: None if slot.rule is not None else slot.fixed for place, slot in checked.places.items()}
        scope = Scope(
            checked.pipeline,
            Values(open_places, checked.places),
            dict.fromkeys(sandboxed.FACTS, LATER) | known,  # a run on the platform knows them; a warning names each
            lambda _: "",
            lambda *_: None,
            failed,
            skipped=texts.skipped(checked.pipeline),
        )
        begun = Execution("later", checked.pipeline, account="later")
        faults = faults_before(scope, services or _anything(), begun, run_here=True, contained=True)
    return checked, in_order(faults)


def _anything() -> Services:
    """Give services that have everything, for a check without any."""
    return Services(lambda _: preflight.UNKNOWN, lambda *_: Secret(LATER), lambda: preflight.ACCOUNT)


def described(file: Path) -> bool:
    """Tell whether a file beside the pipeline says where connectors or secrets are."""
    return any((file.parent / name).is_file() for name in ("connectors.yaml", "secrets.yaml"))
