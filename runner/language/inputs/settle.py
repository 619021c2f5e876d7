"""Chooses every value, and tells all that is missing, not allowed or meant for nobody.

A value that belongs to a variable of type Secret is the id of a secret; it is never repeated in a message.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from common.diagnostics import Diagnostic, choice, listed, suggestion
from common.errors import shown
from runner.language.expressions import regular
from runner.language.expressions.scanner import Expression, Malformed, scan
from runner.language.expressions.values import Failed
from runner.language.inputs import Given, Rule, Slot, Values

NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?")


def settle(places: Mapping[str, Slot], given: Mapping[str, Given]) -> tuple[Values, list[Diagnostic]]:
    """Choose every value, and tell what is missing, not allowed or meant for nobody."""
    diagnostics: list[Diagnostic] = []
    texts: dict[str, str | None] = {}
    for name, slot in places.items():
        texts[name] = given[name].text if name in given else slot.fixed
        complaint = complaint_of(slot, texts[name])
        if complaint:
            diagnostics.append(Diagnostic(complaint, given[name].location if name in given else slot.location))
    for name, value in given.items():
        if name and name not in places:
            text = f"The pipeline has no variable or input {shown(name)}.{suggestion(name, places) or _names(places)}"
            diagnostics.append(Diagnostic(text, value.location))
    return Values(texts, places), diagnostics


def missing(places: Mapping[str, Slot], given: Mapping[str, Given]) -> list[Slot]:
    """Give the places that need a value and have none."""
    return [slot for name, slot in places.items() if name not in given and _is_missing(slot, slot.fixed)]


def _is_missing(slot: Slot, text: str | None) -> bool:
    return (text is None and slot.rule is not None) or (not text and slot.required)


def _names(places: Mapping[str, Slot]) -> str:
    return f" It has {listed(list(places))}." if places else " It has none."


def complaint_of(slot: Slot, text: str | None) -> str:
    """Say what is wrong with a value, '' for nothing."""
    if _is_missing(slot, text):
        return f"{_sentence(slot.what)} has no value; give it with --set {slot.name}=... or in an inputs file."
    try:
        return unfit(slot, text)
    except Malformed as reason:
        return f"In {slot.what}, {reason}"


def unfit(slot: Slot, text: str | None) -> str:
    """Say what the rules of a place have against a value, '' for nothing. Raises Malformed."""
    if not text or any(isinstance(part, Expression) for part in scan(text)):  # gets its value later
        return ""
    broken = _broken_rule(slot, text)
    # A value of type Secret is the id of a secret, but a user may well have given the secret itself.
    value = "" if slot.type == "Secret" else f"{shown(text)} "
    return f"The value {value}of {slot.what} {broken}." if broken else ""


def _broken_rule(slot: Slot, text: str) -> str:
    rule = slot.rule or Rule()
    if slot.type == "Number" and not NUMBER.fullmatch(text):
        return "is no number"
    parts = [part.strip() for part in text.split(",")] if rule.many else [text]
    if rule.allowed and not set(parts) <= set(rule.allowed):
        several = "it can be one or more, with commas, of " if rule.many else "it can be "
        return f"is not allowed; {several}{choice(rule.allowed)}"
    try:
        if rule.pattern and not regular.fits(rule.pattern, text):
            return f"is not allowed; it has to match {rule.pattern}"
    except Failed as reason:
        return f"cannot be checked: {str(reason).removesuffix('.')}"
    return ""


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]
