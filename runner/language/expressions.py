r"""Expressions of pipeline YAML: finds `<+...>` in a text, and tells what each one refers to.

Scanning: a nested `<+` opens one more, each `>` closes one, `\>` inside is a plain `>`, and the text around stays.
Operators and methods (JEXL) are not built yet; `parse` refuses them by raising NotBuilt. Values come from a Resolver
that the caller gives; this module knows no pipeline.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from common.diagnostics import suggestion
from common.errors import shown

OPEN, CLOSE, ESCAPED = "<+", ">", "\\>"
_SIGNS = re.compile("|".join(map(re.escape, (OPEN, ESCAPED, CLOSE))))
DEEPEST = 15
NULL = "null"  # what the platform writes into a text for an expression without a value
INPUT = "input"  # <+input> is a placeholder of the document, not a reference


@dataclass(frozen=True)
class Expression:
    """One `<+...>`: `raw` as written with its delimiters, `body` what is between them."""

    raw: str
    body: tuple[Part, ...]


Part: TypeAlias = str | Expression


@dataclass(frozen=True)
class Reference:
    """What an expression refers to. `kind` is one of the names in FORMS, or `fact` or `absent`."""

    kind: str
    path: str
    stage: str | None = None
    step: str | None = None
    name: str = ""


@dataclass(frozen=True)
class SecretReference:
    """The value of an expression that is a secret: its id, so that nothing reads it before it is needed."""

    id: str


Value: TypeAlias = str | SecretReference | None


class NotBuilt(Exception):
    """The platform knows this expression, this runner does not yet. The text is the reason, without a full stop."""


class Unknown(Exception):
    """Nobody knows this expression. The text is a sentence with a suggestion."""


_ID = r"[A-Za-z_][A-Za-z0-9_]*"
_NAME = r"[A-Za-z_][A-Za-z0-9_$]*"
_VARIABLE = rf"""variables\.(?:get\(\s*(?P<quote>["'])(?P<got>[^"']+)(?P=quote)\s*\)|(?P<name>{_NAME}(?:\.{_NAME})*))"""
_STEP = rf"(?:(?:(?:pipeline\.)?stages\.(?P<stage>{_ID})|stage)\.spec\.)?(?:execution\.)?steps\.(?P<step>{_ID})"

FORMS: dict[str, re.Pattern[str]] = {
    "pipeline variable": re.compile(rf"pipeline\.{_VARIABLE}"),
    "stage variable": re.compile(rf"(?:stage|(?:pipeline\.)?stages\.(?P<stage>{_ID}))\.{_VARIABLE}"),
    "output": re.compile(rf"{_STEP}\.output\.outputVariables\.(?P<name>{_NAME}(?:[.-]{_NAME})*)"),
    "secret": re.compile(r"""secrets\.getValue\(\s*(?P<quote>["'])(?P<got>[^"']+)(?P=quote)\s*\)"""),
}
_PATH = re.compile(rf"{_NAME}(?:\.(?:{_NAME}|[0-9]+))*")
_OF_STEP = re.compile(rf"{_STEP}(?:\..*)?")

_EXECUTION = "executionId sequenceId executionUrl startTs triggerType triggeredBy storeType repo branch selectedStages"
_ANYTHING = (
    "steps stages execution trigger eventPayload inputSet env service infra artifact variable serviceVariableOverrides "
    "approval exportedVariables executionInput stepGroup strategy matrix repeat regex json xml datetime shell"
)
# The roots of the platform's expressions, and what may follow where that is a short list.
ROOTS: dict[str, frozenset[str]] = {
    "pipeline": frozenset(
        f"name identifier orgIdentifier projectIdentifier tags {_EXECUTION} variables stages vars pipeline".split()
    ),
    "stage": frozenset(["name", "identifier", "description", "type", "tags", "executionUrl", "variables", "spec"]),
    "step": frozenset(["name", "identifier", "type", "executionUrl"]),
    "account": frozenset(["identifier", "name", "companyName"]),
    "org": frozenset(["identifier", "name", "description", "tags"]),
    "project": frozenset(["identifier", "name", "description", "tags", "color"]),
    "secrets": frozenset({"getValue"}),
    **dict.fromkeys(_ANYTHING.split(), frozenset()),
}
LOOPING = frozenset({"strategy", "matrix", "repeat", "stepGroup"})
LEFT_ALONE = "metadata"  # a property name of UpdateCatalogProperty that the pipeline engine does not resolve


def scan(text: str) -> tuple[Part, ...]:
    """Split a text into plain pieces and expressions. An expression that is never closed is plain text.

    Raises Unknown when expressions are nested deeper than the platform allows.
    """
    starts: list[int] = []  # of the expressions that are open
    levels: list[list[Part]] = [[]]  # the parts so far: of the text, and of each open expression
    position = 0
    for sign in _SIGNS.finditer(text):
        if sign.group() != OPEN and (not starts or sign.group() == ESCAPED):
            continue
        plain = text[position : sign.start()]
        if plain:
            levels[-1].append(plain.replace(ESCAPED, CLOSE) if starts else plain)
        if sign.group() == OPEN:
            starts.append(sign.start())
            levels.append([])
        else:
            body = tuple(levels.pop())
            levels[-1].append(Expression(text[starts.pop() : sign.end()], body))
        if len(starts) > DEEPEST:
            raise Unknown(f"expressions are nested deeper than {DEEPEST}.")
        position = sign.end()
    *parts, last = levels[0] or [""]
    rest = text[starts[0] if starts else position :]
    parts += [last + rest] if isinstance(last, str) else [last, rest]
    return tuple(part for part in parts if part)


def is_input(expression: Expression) -> bool:
    """Tell whether this is the `<+input>` placeholder."""
    return expression.body == (INPUT,)


def expressions(parts: tuple[Part, ...]) -> list[Expression]:
    """Give every expression, inner ones before the one they stand in."""
    found: list[Expression] = []
    for part in parts:
        if isinstance(part, Expression):
            found += [*expressions(part.body), part]
    return found


def parse(path: str) -> Reference:
    """Tell what the text between the delimiters refers to. Raises NotBuilt or Unknown."""
    path = path.strip()
    for kind, form in FORMS.items():
        if match := form.fullmatch(path):
            found = match.groupdict()
            name = found.get("got") or found.get("name") or ""
            return Reference(kind, path, found.get("stage"), found.get("step"), name)
    if not _PATH.fullmatch(path):
        raise NotBuilt("uses an operator, a method or a literal, which are not evaluated here yet")
    return _fact(path)


def _fact(path: str) -> Reference:
    root, _, rest = path.partition(".")
    if root not in ROOTS:
        raise Unknown(f"nothing is called {shown(root)}.{suggestion(root, ROOTS)}")
    if root in LOOPING:
        raise NotBuilt("belongs to step groups or looping, which are not run here yet")
    if _OF_STEP.fullmatch(path):
        raise NotBuilt("reads something else of a step than its outputs, which is not known here yet")
    known = ROOTS[root]
    following = rest.split(".")[0]
    if known and following not in known:
        names = ", ".join(sorted(known))
        raise Unknown(f"{root!r} has no {shown(following)}; it has {names}.{suggestion(following, known)}")
    if root in ("stages", "steps", "execution") or path.startswith(("pipeline.stages.", "stage.spec.")):
        raise NotBuilt("reads something else of a stage than its variables and its steps' outputs")
    return Reference("fact", path)


@dataclass(frozen=True)
class Resolver:
    """Where values come from: of references, of secrets, and who is told of an expression without one."""

    look_up: Callable[[Reference], Value]
    reveal: Callable[[str], str]
    unresolved: Callable[[Expression], None]


def resolve(text: str, resolver: Resolver) -> Value:
    """Put values in the place of expressions. A text that is one expression keeps the kind of its value.

    An expression without a value is None when it is the whole text, and `null` inside a longer one.
    """
    parts = scan(text)
    if len(parts) == 1 and isinstance(parts[0], Expression):
        return _evaluate(parts[0], resolver)
    return _joined(parts, resolver)


def _joined(parts: tuple[Part, ...], resolver: Resolver) -> str:
    return "".join(part if isinstance(part, str) else _written(_evaluate(part, resolver), resolver) for part in parts)


def _evaluate(expression: Expression, resolver: Resolver) -> Value:
    path = _joined(expression.body, resolver)
    if is_left_alone(path):
        return f"{OPEN}{path}{CLOSE}"
    try:
        value = resolver.look_up(parse(path))
    except Unknown:
        value = None
    if value is None:
        resolver.unresolved(expression)
    return value


def is_left_alone(path: str) -> bool:
    """Tell whether the pipeline engine leaves this expression as it stands."""
    return path.partition(".")[0].strip() == LEFT_ALONE


def _written(value: Value, resolver: Resolver) -> str:
    if isinstance(value, SecretReference):
        return resolver.reveal(value.id)
    return NULL if value is None else value
