"""The pipeline as the runner sees it, and how it is read from the platform's YAML. Refuses what is not run here yet.

Reads the shape only; what a step's spec may hold and where expressions point to is checked in validate.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from common.diagnostics import Diagnostic, Location, choice, suggestion
from common.document import Mapping, Node, Scalar, Sequence, is_nothing
from common.errors import shown
from runner.language import schema

IDENTIFIER = re.compile(r"[a-zA-Z_][0-9a-zA-Z_]{0,127}")
NAME = re.compile(r"[a-zA-Z_0-9.-][-0-9a-zA-Z_\s.]{0,127}")
VARIABLE_NAME = re.compile(r"[a-zA-Z_][0-9a-zA-Z_.$-]{0,127}")
DURATION = re.compile(r"\s*(\d{1,12}\s*(?:w|d|h|m|s|ms)\s*)+", re.ASCII)
SECONDS = {"w": 604800.0, "d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
DEFAULT_TIMEOUT = 2 * 3600.0  # seconds; what the platform sends for these steps
LONGEST_TIMEOUT = 366 * 86400.0  # a clock's functions end somewhere, and no run takes a year
VARIABLE_TYPES = ("String", "Number", "Secret")


@dataclass(frozen=True)
class Variable:
    """A variable of the pipeline or of a stage. `value` and `default` are as written, expressions included."""

    name: str
    type: str
    value: Scalar
    default: Scalar | None
    required: bool
    location: Location


@dataclass(frozen=True)
class Step:
    """A step of a stage. `timeout` is in seconds."""

    identifier: str
    name: str
    type: str
    spec: Mapping
    timeout: float
    location: Location


@dataclass(frozen=True)
class Stage:
    """A stage of type IDP: its steps run one after the other."""

    identifier: str
    name: str
    variables: tuple[Variable, ...]
    steps: tuple[Step, ...]
    location: Location


@dataclass(frozen=True)
class Pipeline:
    """What one file describes."""

    file: str
    identifier: str
    name: str
    organization: str
    project: str
    variables: tuple[Variable, ...]
    stages: tuple[Stage, ...]

    def steps(self) -> Iterator[tuple[Stage, Step]]:
        """Give every step with its stage, in the order in which they run."""
        for stage in self.stages:
            for step in stage.steps:
                yield stage, step


@dataclass
class _Reader:
    """Collects complaints while the document is read."""

    diagnostics: list[Diagnostic] = field(default_factory=list)

    def complain(self, text: str, location: Location) -> None:
        self.diagnostics.append(Diagnostic(text, location))

    def mapping(self, node: Node | None, what: str, location: Location) -> Mapping:
        if isinstance(node, Mapping):
            return node
        problem = "is missing" if node is None else "has to be a map"
        self.complain(f"{what} {problem}.", node.location if node else location)
        return Mapping(location)

    def entries(self, owner: Mapping, name: str, of: str, *, required: bool) -> tuple[Node, ...]:
        node = owner.fields.get(name)
        if isinstance(node, Sequence) and (node.items or not required):
            return node.items
        if required:
            self.complain(
                f"The field {name!r} of {of} has to be a list with at least one entry.", owner.location_of(name)
            )
        elif node is not None and not is_nothing(node):
            self.complain(f"The field {name!r} of {of} has to be a list.", owner.location_of(name))
        return ()

    def text(self, owner: Mapping, name: str, of: str, form: re.Pattern[str] | None = None) -> str:
        node = owner.fields.get(name)
        if not isinstance(node, Scalar) or not node.text:
            self.complain(f"The field {name!r} of {of} is required and has to be a text.", owner.location_of(name))
            return ""
        if form is not None and not form.fullmatch(node.text):
            rule = f"it has to match {form.pattern}"
            self.complain(f"The {name} {shown(node.text)} of {of} is not allowed; {rule}.", node.location)
        return node.text

    def unique(self, names: list[tuple[str, Location]], what: str) -> None:
        first: dict[str, Location] = {}
        for name, location in names:
            if name and name in first:
                told = f"The {what} {shown(name)} is used twice; the first is in line {first[name].line}."
                self.complain(told, location)
            first.setdefault(name, location)

    def wrapped(self, node: Node, level: schema.Level, what: str) -> Mapping | None:
        """Take a step or stage out of the one-entry map that says what it is."""
        wrapper = self.mapping(node, f"An entry of {what}s", node.location)
        found = schema.check(wrapper, level, f"an entry of {what}s")
        self.diagnostics += found
        if what in wrapper.fields:
            return self.mapping(wrapper.fields[what], f"The {what}", wrapper.location)
        if not found and isinstance(node, Mapping):
            self.complain(f"An entry of {what}s has to hold a {what}.", node.location)
        return None


def load(root: Node, file: str) -> tuple[Pipeline, list[Diagnostic]]:
    """Make a pipeline of a document, as far as that is possible, and tell everything that is wrong with its shape."""
    reader = _Reader()
    outer = reader.mapping(root, "The document", root.location)
    reader.diagnostics += schema.check(outer, {"pipeline": schema.RUN}, "the document")
    if "pipeline" not in outer.fields and reader.diagnostics:
        return Pipeline(file, "", "", "", "", (), ()), reader.diagnostics
    node = reader.mapping(outer.fields.get("pipeline"), "The field 'pipeline'", outer.location)
    reader.diagnostics += schema.check(node, schema.PIPELINE, "the pipeline")
    wrappers = reader.entries(node, "stages", "the pipeline", required=True)
    stages = [
        _stage(reader, inner)
        for wrapper in wrappers
        if (inner := reader.wrapped(wrapper, schema.STAGE_WRAPPER, "stage")) is not None
    ]
    reader.unique([(stage.identifier, stage.location) for stage in stages], "stage identifier")
    pipeline = Pipeline(
        file,
        reader.text(node, "identifier", "the pipeline", IDENTIFIER),
        reader.text(node, "name", "the pipeline", NAME),
        node.text("orgIdentifier"),
        node.text("projectIdentifier"),
        _variables(reader, node, "the pipeline"),
        tuple(stages),
    )
    return pipeline, reader.diagnostics


def _stage(reader: _Reader, node: Mapping) -> Stage:
    of = _called("stage", node.text("identifier"))
    reader.diagnostics += schema.check(node, schema.STAGE, of)
    kind = node.text("type")
    if kind and kind != "IDP":
        text = f"{of[0].upper()}{of[1:]} is of the type {shown(kind)}; only stages of the type 'IDP' are run here."
        reader.complain(text, node.location_of("type"))
    else:
        reader.text(node, "type", of)
    spec = reader.mapping(node.fields.get("spec"), f"The field 'spec' of {of}", node.location_of("spec"))
    steps: list[Step] = []
    if kind in ("", "IDP") and "spec" in node.fields:
        reader.diagnostics += schema.check(spec, schema.STAGE_SPEC, f"the spec of {of}") + schema.check_surroundings(
            spec
        )
        if spec.text("cloneCodebase").lower() not in ("", "false"):
            reader.complain(
                schema.not_built("cloneCodebase: true", f"the spec of {of}"), spec.location_of("cloneCodebase")
            )
        steps = _steps(reader, spec, of)
    return Stage(
        reader.text(node, "identifier", of, IDENTIFIER),
        reader.text(node, "name", of, NAME),
        _variables(reader, node, of),
        tuple(steps),
        node.location_of("identifier"),
    )


def _called(what: str, name: str, otherwise: str = "") -> str:
    return f"the {what} {shown(name)}" if name else f"a {what}{otherwise}"


def _steps(reader: _Reader, spec: Mapping, of: str) -> list[Step]:
    execution = reader.mapping(
        spec.fields.get("execution"), f"The field 'execution' of {of}", spec.location_of("execution")
    )
    if "execution" not in spec.fields:
        return []
    reader.diagnostics += schema.check(execution, schema.EXECUTION, f"the execution of {of}")
    steps = [
        _step(reader, inner)
        for wrapper in reader.entries(execution, "steps", f"the execution of {of}", required=True)
        if (inner := reader.wrapped(wrapper, schema.STEP_WRAPPER, "step")) is not None
    ]
    reader.unique([(step.identifier, step.location) for step in steps], "step identifier")
    return steps


def _step(reader: _Reader, node: Mapping) -> Step:
    of = _called("step", node.text("identifier"))
    reader.diagnostics += schema.check(node, schema.STEP, of)
    identifier = reader.text(node, "identifier", of, IDENTIFIER)
    return Step(
        identifier,
        reader.text(node, "name", of, NAME),
        reader.text(node, "type", of),
        reader.mapping(node.fields.get("spec"), f"The field 'spec' of {of}", node.location_of("spec")),
        _timeout(reader, node, of),
        node.location_of("identifier"),
    )


def _timeout(reader: _Reader, node: Mapping, of: str) -> float:
    text = node.text("timeout")
    if not text:
        return DEFAULT_TIMEOUT
    seconds = duration(text)
    if seconds is None:
        advice = "write for example '10m' or '1h 30m'"
        reader.complain(f"The timeout {shown(text)} of {of} is no duration; {advice}.", node.location_of("timeout"))
    return seconds or DEFAULT_TIMEOUT


def duration(text: str) -> float | None:
    """Give the seconds of a text such as '1h 30m', or None."""
    if not DURATION.fullmatch(text):
        return None
    seconds = sum(int(count) * SECONDS[unit] for count, unit in re.findall(r"(\d+)\s*(ms|[wdhms])", text))
    return min(seconds, LONGEST_TIMEOUT)


def _variables(reader: _Reader, owner: Mapping, of: str) -> tuple[Variable, ...]:
    variables = [_variable(reader, node, of) for node in reader.entries(owner, "variables", of, required=False)]
    reader.unique([(variable.name, variable.location) for variable in variables], "variable name")
    return tuple(variables)


def _variable(reader: _Reader, node: Node, owner: str) -> Variable:
    inner = reader.mapping(node, f"A variable of {owner}", node.location)
    of = _called("variable", inner.text("name"), f" of {owner}")
    if isinstance(node, Mapping):
        reader.diagnostics += schema.check(inner, schema.VARIABLE, of)
    name = reader.text(inner, "name", of, VARIABLE_NAME) if isinstance(node, Mapping) else ""
    kind = inner.text("type") or "String"
    if kind not in VARIABLE_TYPES:
        known = f"it can be {choice(VARIABLE_TYPES)}.{suggestion(kind, VARIABLE_TYPES)}"
        reader.complain(f"The type {shown(kind)} of {of} is not known; {known}", inner.location_of("type"))
    scalars: dict[str, Scalar] = {}
    for part in ("value", "default"):
        value = inner.fields.get(part)
        if isinstance(value, Scalar):
            scalars[part] = value
        elif value is not None:
            reader.complain(f"The {part} of {of} has to be a text or a number.", value.location)
    nothing = Scalar(inner.location_of("value"))
    required = inner.text("required").lower() == "true"
    return Variable(
        name, kind, scalars.get("value", nothing), scalars.get("default"), required, inner.location_of("name")
    )
