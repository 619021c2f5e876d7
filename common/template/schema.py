"""What a template can be told, for people in a sentence and for forms and editors as a JSON schema (2020-12).

Only cookiecutter.json is read. A default that is an expression is none in the schema: what a form sends back is taken
as text, and never rendered.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

DRAFT = "https://json-schema.org/draft/2020-12/schema"
PROMPTS = "__prompts__"
QUESTION = "__prompt__"  # of a choice, next to the labels of what can be chosen
STARTS = {"variable_start_string": "{{", "block_start_string": "{%"}  # of expressions, with Jinja's names for them
LONGEST = 60  # characters of a default in a sentence
MOST = 40  # variables in a sentence


def listed(declared: Mapping[str, Any]) -> str:
    """Give the variables with their defaults and choices, as the end of a sentence."""
    known = {name: default for name, default in declared.items() if not name.startswith("_")}
    shown = [f"{name} = {_values(default)}" for name, default in list(known.items())[:MOST]]
    more = f" and {len(known) - MOST} more" if len(known) > MOST else ""
    return ", ".join(shown) + more


def _values(default: Any) -> str:
    if isinstance(default, list):
        return " or ".join(_shown(choice) for choice in default) or "nothing, for its list of choices is empty"
    return _shown(default)


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def of_template(declared: Mapping[str, Any], *, title: str, description: str = "") -> dict[str, Any]:
    """Give the schema of the variables of a template. Private ones are left out, but allowed."""
    prompts = declared.get(PROMPTS)
    settings = declared.get("_jinja2_env_vars")
    settings = settings if isinstance(settings, dict) else {}
    starts = tuple(str(settings.get(name, start)) for name, start in STARTS.items())
    public = {name: default for name, default in declared.items() if not name.startswith("_")}
    return {
        "title": title,
        **({"description": description} if description else {}),
        "type": "object",
        "properties": {
            name: _titled(_property(default, starts), prompts.get(name) if isinstance(prompts, dict) else None)
            for name, default in public.items()
        },
        "patternProperties": {"^_": {}},
        "additionalProperties": False,
    }


def _property(default: Any, starts: tuple[str, ...]) -> dict[str, Any]:
    if isinstance(default, list):
        return {"enum": default, **_default(default[0], starts)} if default else {}
    if isinstance(default, dict):
        inner = {name: value for name, value in default.items() if not _is_expression(name, starts)}
        properties = {name: _inner(value, starts) for name, value in inner.items()}
        return {"type": "object", "properties": properties, **_default(default, starts)}
    types: dict[type, Any] = {bool: "boolean", int: "integer", float: "number", type(None): ["string", "null"]}
    return {"type": types.get(type(default), "string"), **_default(default, starts)}


def _inner(default: Any, starts: tuple[str, ...]) -> dict[str, Any]:
    """Give what is in a map, where a list is no choice but a value."""
    return {"type": "array", **_default(default, starts)} if isinstance(default, list) else _property(default, starts)


def _default(value: Any, starts: tuple[str, ...]) -> dict[str, Any]:
    if not _is_expression(value, starts):
        return {"default": value}
    return {"description": f"Made by the template when absent: {value}"} if isinstance(value, str) else {}


def _is_expression(value: Any, starts: tuple[str, ...]) -> bool:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return any(start in text for start in starts)


def _titled(schema: dict[str, Any], prompt: Any) -> dict[str, Any]:
    """Put the template's own question, and its labels of choices, to a property."""
    if isinstance(prompt, str) and prompt:
        return {"title": prompt, **schema}
    if not isinstance(prompt, dict):
        return schema
    labels = {name: str(label) for name, label in prompt.items() if name != QUESTION}
    if labels and "enum" in schema:
        choices = [{"const": choice, "title": labels.get(str(choice), str(choice))} for choice in schema["enum"]]
        schema = {"oneOf": choices, **{name: value for name, value in schema.items() if name != "enum"}}
    return {"title": str(prompt[QUESTION]), **schema} if prompt.get(QUESTION) else schema
