"""Tells what values a pipeline takes, as a JSON schema."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from runner.language.inputs import Slot
from runner.language.inputs.settle import missing
from runner.language.pipeline import Pipeline

DRAFT = "https://json-schema.org/draft/2020-12/schema"


def schema(pipeline: Pipeline, places: Mapping[str, Slot]) -> str:
    """Give the schema of a map as --inputs takes it; what the document fixes is in it too, as a default."""
    return json.dumps(
        {
            "$schema": DRAFT,
            "title": pipeline.name,
            "type": "object",
            "properties": {name: _property(slot) for name, slot in places.items()},
            "required": [slot.name for slot in missing(places, {})],
            "additionalProperties": False,
        },
        indent=2,
        ensure_ascii=False,
    )


def _property(slot: Slot) -> dict[str, Any]:
    found: dict[str, Any] = {"type": ["string", "number", "boolean"] if slot.type != "Number" else ["number", "string"]}
    if slot.type == "Secret":
        found["description"] = "The id of a secret, not the secret itself."
    if slot.fixed is not None:
        found["default"] = slot.fixed
    rule = slot.rule
    if rule is not None and rule.allowed and rule.many:
        found["x-one-or-more-of"] = list(rule.allowed)  # with commas between them
    elif rule is not None and rule.allowed:
        found["enum"] = list(rule.allowed)
    if rule is not None and rule.pattern:
        found["pattern"] = f"^(?:{rule.pattern})$"
    return found
