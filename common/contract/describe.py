"""A step's contract told to people (--help) and to programs (--describe), both from its declarations alone."""

from __future__ import annotations

import json
import sys
import typing
from collections.abc import Mapping, Sequence
from dataclasses import MISSING
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from common.contract.inputs import Option
from common.errors import EXIT_CODES, BadInput
from common.secret import Secret

if TYPE_CHECKING:
    from common.contract.step import Step

TYPES: dict[Any, str] = {
    str: "string",
    Secret: "string",
    int: "integer",
    bool: "boolean",
    list: "list",
    dict: "map",
    Any: "any",
}


def contract(step: Step[Any], options: Sequence[Option]) -> dict[str, Any]:
    """Give the contract as JSON-ready data. No value of an input is in it."""
    return {
        "name": step.name,
        "type": step.step_type,
        "image": step.image,
        "executionConfigField": step.step_type[0].lower() + step.step_type[1:],
        "summary": step.summary,
        "inputs": [_input(one) for one in options],
        "outputs": [{"name": name, "help": text} for name, text in step.outputs.items()],
        "exitCodes": [{"code": code, "meaning": meaning} for code, meaning in EXIT_CODES.items()],
    }


def _input(one: Option) -> dict[str, Any]:
    return {
        "field": one.field,
        "aliases": list(one.aliases),
        "spec": one.spec,
        "flag": one.flag,
        "env": list(one.env),
        "prefix": one.prefix,
        "type": TYPES[typing.get_origin(one.kind) or one.kind],
        "secret": one.secret,
        "required": one.required,
        "default": None if one.required else one.default,
        "choices": list(one.choices),
        "help": one.help,
    }


def parse_flags(step: Step[Any], options: Sequence[Option], argv: Sequence[str] | None) -> Mapping[str, str] | None:
    """Read the command line: the given flags by input, or None when it only asked for --help or --describe."""
    asked: dict[str, Any] = {}
    command = click.Command(
        step.name,
        params=[
            *(_flag(one) for one in options),
            click.Option(["--describe"], is_flag=True, help="Print inputs, outputs and exit codes as JSON, and exit."),
        ],
        help=(step.function.__doc__ or "").strip(),
        epilog=_epilog(step),
        callback=asked.update,
        context_settings={"max_content_width": 110},
        add_help_option=True,
    )
    try:
        command.main(None if argv is None else list(argv), prog_name=_command(step), standalone_mode=False)
    except click.ClickException as error:
        raise BadInput(error.format_message(), next_step="--help lists every input.") from error
    if not asked:
        return None
    if asked.pop("describe"):
        click.echo(json.dumps(step.describe(), indent=2, ensure_ascii=False))
        return None
    return {one.field: asked[_parameter(one)] for one in options if asked[_parameter(one)] is not None}


def _command(step: Step[Any]) -> str:
    """Give what the step was called as: the command of its image, or the module."""
    called = Path(sys.argv[0]).resolve()  # an image's entrypoint is a link to its command
    return step.image if called.name == step.image else f"python -m steps.{step.name}"


def _flag(one: Option) -> click.Option:
    truth = {"is_flag": False, "flag_value": "true"} if one.kind is bool else {}
    return click.Option(
        [one.flag, _parameter(one)],
        type=str,
        metavar="PATH" if one.secret else TYPES[typing.get_origin(one.kind) or one.kind].upper(),
        help=f"{one.help}{_names(one)}",
        **truth,  # type: ignore[arg-type]  # click takes both, mypy sees one dict of mixed values
    )


def _parameter(one: Option) -> str:
    return "input_" + one.flag.removeprefix("--").replace("-", "_")


def _names(one: Option) -> str:
    notes = []
    if one.choices:
        notes.append("one of " + ", ".join(one.choices))
    if names := [*one.env, *([f"{one.prefix}<name>"] if one.prefix else [])]:
        notes.append("env " + ", ".join(names))
    if one.default is MISSING:
        notes.append("required")
    elif one.default not in ("", None, [], {}):
        notes.append(f"default {json.dumps(one.default)}")
    return f"  [{'; '.join(notes)}]" if notes else ""


def _epilog(step: Step[Any]) -> str:
    outputs = "\n".join(f"  {name}: {text}" for name, text in step.outputs.items())
    codes = ", ".join(f"{code} {meaning}" for code, meaning in EXIT_CODES.items())
    return (
        "\b\n"
        f"Outputs:\n{outputs}\n\n"
        "Each input is also read from PLUGIN_, INPUT_ or PARAM_ and its name, and from NAME_FILE, a path to the value."
        f"\n\nExit codes: {codes}."
    )
