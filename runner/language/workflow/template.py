"""Puts values in the place of `${{ … }}`: parameters, and what the pipeline has put out, in both documented ways."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection
from typing import Any

from common.diagnostics import Diagnostic, suggestion
from common.document import Scalar, location_within
from common.errors import shown
from runner.language.workflow import Trigger

_EXPRESSION = re.compile(r"\$\{\{((?:(?!\}\}).){0,2000})\}\}", re.DOTALL)
_NAME = r"[A-Za-z_][\w-]*"
_PARAMETER = re.compile(rf"""parameters(?:\.({_NAME})|\[\s*(?:'([^']+)'|"([^"]+)")\s*\])""")
_OUTPUT = re.compile(
    rf"""steps(?:\.({_NAME})|\['({_NAME})'\])\.output(?:\.({_NAME})|\[\s*(?:'([^']+)'|"([^"]+)")\s*\])"""
)

LookUp = Callable[[str, str], Any]
"""From `parameters` or the id of a step, and a name, to the value; None when there is none."""


def resolve(text: str, look_up: LookUp) -> Any:
    """Give a text with its values. A text that is one expression keeps the kind of its value."""
    whole = _EXPRESSION.fullmatch(text.strip())
    if whole is not None:
        return _value(whole[1], look_up)
    return _EXPRESSION.sub(lambda match: text_of(_value(match[1], look_up)), text)


def text_of(value: Any) -> str:
    """Give a value as the pipeline gets it."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _value(expression: str, look_up: LookUp) -> Any:
    found = _parsed(expression)
    return None if found is None else look_up(*found)


def _parsed(expression: str) -> tuple[str, str] | None:
    """Give what an expression asks of whom; None for one that is not evaluated here."""
    text = expression.strip()
    if match := _PARAMETER.fullmatch(text):
        return "parameters", next(name for name in match.groups() if name)
    if match := _OUTPUT.fullmatch(text):
        step, name = (next(name for name in part if name) for part in (match.groups()[:2], match.groups()[2:]))
        return step, name
    return None


def names_in(node: Scalar, parameters: Collection[str], trigger: Trigger) -> list[Diagnostic]:
    """Tell which expressions of a text lead nowhere."""
    faults = []
    for match in _EXPRESSION.finditer(node.text):
        raw, found = match[0], _parsed(match[1])
        told = ""
        if found is None:
            told = "is not evaluated here; it can be parameters.NAME or steps.ID.output.NAME, also with ['…']."
        elif found[0] == "parameters" and found[1] not in parameters:
            told = f"asks for a parameter that the workflow does not have.{suggestion(found[1], parameters)}"
        elif found[0] not in ("parameters", trigger.id):
            told = f"asks for the step {shown(found[0])}, which the workflow does not have."
        elif found[0] == trigger.id and not trigger.shows_outputs:
            told = "has no value without 'showOutputVariables: true' in the input of that step."
        if told:
            where = location_within(node, raw)
            faults.append(Diagnostic(f"The expression {shown(raw, quotes=False)} {told}", where))
    return faults
