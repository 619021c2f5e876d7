"""A step's contract as programs are told it (--describe), from its declarations alone."""

from __future__ import annotations

import typing
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from common.contract.inputs import Option
from common.errors import EXIT_CODES
from common.secret import Secret

TYPES: dict[Any, str] = {
    str: "string",
    Secret: "string",
    int: "integer",
    bool: "boolean",
    list: "list",
    dict: "map",
    Any: "any",
}


class Declaration(NamedTuple):
    """What a step declares: its names, its own words, its outputs with what they mean, and all its options."""

    name: str
    type: str
    image: str
    text: str
    outputs: Mapping[str, str]
    options: Sequence[Option]
    config_field: str
    open_outputs: str = ""
    opened_by: str = ""
    command: str = ""
    """What it is called as, where that is no step's module."""


def contract(step: Declaration) -> dict[str, Any]:
    """Give the contract as JSON-ready data. No value of an input is in it."""
    return {
        "name": step.name,
        "type": step.type,
        "image": step.image,
        "executionConfigField": step.config_field,
        "summary": step.text.splitlines()[0],
        "inputs": [_input(declared) for declared in step.options],
        "outputs": [{"name": name, "help": text} for name, text in step.outputs.items()],
        "openOutputs": step.open_outputs or None,
        "openedBy": step.opened_by or None,
        "exitCodes": [{"code": code, "meaning": meaning} for code, meaning in EXIT_CODES.items()],
    }


def _input(declared: Option) -> dict[str, Any]:
    return {
        "field": declared.field,
        "aliases": list(declared.aliases),
        "spec": declared.spec,
        "flag": declared.flag,
        "env": list(declared.env),
        "prefix": declared.prefix,
        "type": TYPES[typing.get_origin(declared.kind) or declared.kind],
        "secret": declared.secret,
        "required": declared.required,
        "requiredInSpec": declared.required or declared.required_in_spec,
        "default": None if declared.required else declared.default,
        "choices": list(declared.choices),
        "help": declared.help,
    }
