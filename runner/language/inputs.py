"""The values of a run: variables and `<+input>` placeholders, from --set, an inputs file, or the document's defaults.

Everything that is missing, not allowed or unknown is told at once. A value that belongs to a variable of type Secret is
the id of a secret; it is never repeated in a message.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from common import document
from common.diagnostics import Diagnostic, Location, choice, listed, suggestion
from common.document import Node, Scalar, is_nothing
from common.errors import shown
from runner.language.expressions import CLOSE, INPUT, OPEN, Expression, Unknown, scan
from runner.language.pipeline import Pipeline, Stage, Variable

PLACEHOLDER = f"{OPEN}{INPUT}{CLOSE}"
CLAUSES = ("default", "allowedValues", "selectOneFrom", "regex")
NOT_BUILT_CLAUSES = ("selectManyFrom", "executionInput")
_CLAUSE = re.compile(r"\.([A-Za-z]+)\(")
_CLAUSE_END = re.compile(r"\)(?=$|\.[A-Za-z]+\()")
NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?")


@dataclass(frozen=True)
class Rule:
    """What a placeholder says of the value that takes its place."""

    default: str | None = None
    allowed: tuple[str, ...] = ()
    pattern: re.Pattern[str] | None = None


@dataclass(frozen=True)
class Slot:
    """A place for a value. `rule` is None where the document has a fixed one; `fixed` is that one or the default."""

    name: str
    what: str
    type: str
    rule: Rule | None
    fixed: str | None
    required: bool
    location: Location
    node: Scalar
    stage: Stage | None = None
    """The stage that a variable belongs to: what it says of "stage" is meant of that one, whoever reads it."""


@dataclass(frozen=True)
class Given:
    """A value from outside; `place` is where it stands in an inputs file."""

    text: str
    location: Location | None = None


@dataclass(frozen=True)
class Values:
    """By the name of its slot, the text of every value; None is a value that the document leaves open."""

    texts: Mapping[str, str | None]
    slots: Mapping[str, Slot]


def parse_input(text: str) -> Rule | None:
    """Read `<+input>` with its clauses, or give None when the text is no placeholder. Raises ValueError."""
    text = text.strip()
    if not text.startswith(PLACEHOLDER):
        return None
    rest = text[len(PLACEHOLDER) :]
    clauses: dict[str, str] = {}
    while rest:
        start = _CLAUSE.match(rest)
        end = _CLAUSE_END.search(rest, start.end()) if start else None
        if start is None or end is None:
            raise ValueError(f"{shown(rest)} after {PLACEHOLDER} is not understood; it can be followed by {_clauses()}")
        name = start.group(1)
        if name in NOT_BUILT_CLAUSES:
            raise ValueError(f"{name!r} of {PLACEHOLDER} works on the platform but is not run here yet")
        if name not in CLAUSES:
            raise ValueError(f"{PLACEHOLDER} has no {shown(name)}; it can be followed by {_clauses()}")
        clauses[name] = rest[start.end() : end.start()]
        rest = rest[end.end() :]
    pattern = None
    if "regex" in clauses:
        try:
            pattern = re.compile(clauses["regex"])
        except (re.error, OverflowError, RecursionError) as error:
            raise ValueError(f"the regular expression {shown(clauses['regex'])} is not valid: {error}") from error
    allowed = clauses.get("allowedValues", clauses.get("selectOneFrom"))
    default = _unquoted(clauses["default"]) if "default" in clauses else None
    return Rule(default, () if allowed is None else tuple(_split(allowed)), pattern)


def _clauses() -> str:
    return ", ".join(f".{name}(..)" for name in CLAUSES)


def _split(text: str) -> Iterator[str]:
    for part in re.findall(r"""\s*("[^"]*"|'[^']*'|[^,]*)\s*(?:,|$)""", text):
        if part.strip():
            yield _unquoted(part)


def _unquoted(text: str) -> str:
    text = text.strip()
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text


def slots(pipeline: Pipeline) -> tuple[dict[str, Slot], list[Diagnostic]]:
    """Give every place for a value by the name that --set and an inputs file use, and what is wrong with the rules."""
    diagnostics: list[Diagnostic] = []
    found = [_of_variable(None, variable, diagnostics) for variable in pipeline.variables]
    for stage in pipeline.stages:
        found += [_of_variable(stage, variable, diagnostics) for variable in stage.variables]
    for stage, step in pipeline.steps():
        for field, node in step.spec.fields.items():
            if isinstance(node, Scalar) and node.text.strip().startswith(PLACEHOLDER):
                name = f"{stage.identifier}.{step.identifier}.{field}"
                what = f"the field {shown(name)}"
                rule = _rule(what, node, diagnostics)
                default = rule.default if rule else None
                found.append(Slot(name, what, "String", rule, default, False, node.location, node))
    return {slot.name: slot for slot in found}, diagnostics


def _of_variable(stage: Stage | None, variable: Variable, diagnostics: list[Diagnostic]) -> Slot:
    name = f"{stage.identifier}.{variable.name}" if stage else variable.name
    what = f"the variable {shown(name)}"
    rule = _rule(what, variable.value, diagnostics)
    fixed = None if variable.value.value is None else variable.value.text
    if rule is not None:
        otherwise = variable.default.text if variable.default else None
        fixed = otherwise if rule.default is None else rule.default
    return Slot(name, what, variable.type, rule, fixed, variable.required, variable.location, variable.value, stage)


def _rule(what: str, node: Scalar, diagnostics: list[Diagnostic]) -> Rule | None:
    try:
        return parse_input(node.text)
    except ValueError as error:
        diagnostics.append(Diagnostic(f"In {what}, {error}.", node.location))
        return Rule()


def parse_settings(settings: Sequence[str]) -> tuple[dict[str, Given], list[Diagnostic]]:
    """Read the arguments of --set."""
    given: dict[str, Given] = {}
    diagnostics: list[Diagnostic] = []
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals or not name.strip():
            wrong = f"not {shown(name)}" if name.strip() else "and the name is missing"
            diagnostics.append(Diagnostic(f"--set needs name=value, {wrong}."))
        given[name.strip()] = Given(text)
    return given, diagnostics


def parse_inputs(root: Node) -> tuple[dict[str, Given], list[Diagnostic]]:
    """Read an inputs file: a map from names to texts, numbers or booleans."""
    if is_nothing(root):
        return {}, []
    if not isinstance(root, document.Mapping):
        return {}, [Diagnostic("An inputs file has to be a map of names to values.", root.location)]
    diagnostics = [
        Diagnostic(f"The value of {shown(name)} has to be a text, a number or a boolean.", node.location)
        for name, node in root.fields.items()
        if not isinstance(node, Scalar)
    ]
    scalars = {name: node for name, node in root.fields.items() if isinstance(node, Scalar)}
    return {name: Given(node.text, node.location) for name, node in scalars.items()}, diagnostics


def settle(places: Mapping[str, Slot], given: Mapping[str, Given]) -> tuple[Values, list[Diagnostic]]:
    """Choose every value, and tell what is missing, not allowed or meant for nobody."""
    diagnostics: list[Diagnostic] = []
    texts: dict[str, str | None] = {}
    for name, slot in places.items():
        texts[name] = given[name].text if name in given else slot.fixed
        complaint = _complaint(slot, texts[name])
        if complaint:
            diagnostics.append(Diagnostic(complaint, given[name].location if name in given else slot.location))
    for name, value in given.items():
        if name and name not in places:
            text = f"The pipeline has no variable or input {shown(name)}.{suggestion(name, places) or _names(places)}"
            diagnostics.append(Diagnostic(text, value.location))
    return Values(texts, places), diagnostics


def _names(places: Mapping[str, Slot]) -> str:
    return f" It has {listed(list(places))}." if places else " It has none."


def _complaint(slot: Slot, text: str | None) -> str:
    if (text is None and slot.rule is not None) or (not text and slot.required):
        return f"{_sentence(slot.what)} has no value; give it with --set {slot.name}=... or in an inputs file."
    try:
        if not text or any(isinstance(part, Expression) for part in scan(text)):  # gets its value later
            return ""
    except Unknown as reason:
        return f"In {slot.what}, {reason}"
    broken = _broken_rule(slot, text)
    # A value of type Secret is the id of a secret, but a user may well have given the secret itself.
    value = "" if slot.type == "Secret" else f"{shown(text)} "
    return f"The value {value}of {slot.what} {broken}." if broken else ""


def _broken_rule(slot: Slot, text: str) -> str:
    rule = slot.rule or Rule()
    if slot.type == "Number" and not NUMBER.fullmatch(text):
        return "is no number"
    if rule.allowed and text not in rule.allowed:
        return f"is not allowed; it can be {choice(rule.allowed)}"
    if rule.pattern is not None and not rule.pattern.fullmatch(text):
        return f"is not allowed; it has to match {rule.pattern.pattern}"
    return ""


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]
