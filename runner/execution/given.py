"""What the command line names: the pipeline's file, and the values of its variables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from common.diagnostics import Diagnostic, Invalid, suggestion
from common.errors import BadInput
from runner.execution.questions import Terminal
from runner.execution.report import Report
from runner.language.inputs import Given, Slot, Values, files
from runner.language.inputs.settle import complaint_of, missing, settle
from runner.platform import sandboxed

NAMES = ("pipeline.yaml", "pipeline.yml")


def pipeline_file(path: Path) -> Path:
    """Give the pipeline file that an argument names: itself, or the one in a folder."""
    if path.is_dir():
        found = [path / name for name in NAMES if (path / name).is_file()]
        if not found:
            raise BadInput(f"The folder {path} holds no {NAMES[0]}.", next_step="Name the file itself.")
        return found[0]
    if not path.exists():
        near = suggestion(path.name, [entry.name for entry in path.parent.glob("*")])
        raise BadInput(
            f"There is no file {path}.{near}", next_step="" if near else "Name a pipeline file or its folder."
        )
    return path


def gather(settings: Sequence[str], given_files: Sequence[Path], pipeline: Path, report: Report) -> dict[str, Given]:
    """Collect values from files, of which a later goes before an earlier, and from --set, which goes before all."""
    beside = pipeline.parent / "inputs.yaml"
    found: dict[str, Given] = {}
    faults: list[Diagnostic] = []
    for file in given_files or ([beside] if beside.is_file() else []):
        values, more = files.read(file)
        found |= values
        faults += more
    if not given_files and beside.is_file():
        report.line(f"Values come from {beside}, the file next to the pipeline.")
    from_command_line, more = files.parse_settings(settings)
    if faults or more:
        raise Invalid([*faults, *more])
    return {**found, **from_command_line}


def choose(
    places: Mapping[str, Slot], given: Mapping[str, Given], sandbox_url: str | None, terminal: Terminal | None = None
) -> Values:
    """Settle every value; ask for those that are missing, if somebody can be asked. Raises Invalid."""
    faults: list[Diagnostic] = []
    replaced: dict[str, Given] = {}
    for name, value in given.items():
        if sandboxed.URL in value.text and sandbox_url is None:
            text = f"The value of {name!r} names the sandbox; run with --sandbox, or replace it with --set {name}=..."
            faults.append(Diagnostic(text, value.location))
        replaced[name] = Given(value.text.replace(sandboxed.URL, sandbox_url or sandboxed.URL), value.location)
    if terminal is not None and terminal.is_there and not faults:
        for slot in missing(places, replaced):
            replaced[slot.name] = Given(_asked(slot, terminal))
    values, more = settle(places, replaced)
    if faults or more:
        raise Invalid([*faults, *more])
    return values


def _asked(slot: Slot, terminal: Terminal) -> str:
    """Ask for a value until it is one that the place takes."""
    rule = slot.rule
    secret = " (the id of a secret, not the secret itself)" if slot.type == "Secret" else ""
    while True:
        answer = terminal.ask(
            f"What is the value of {slot.what}{secret}?",
            rule.allowed if rule else (),
            many=rule.many if rule else False,
        )
        if answer is None:
            return ""
        complaint = complaint_of(slot, answer)
        if not complaint:
            return answer
        terminal.report.line(complaint)
