"""The command line of a step: flags for its inputs, --help for people and --describe for programs.

A runner gives variables alone, and then nothing of this is loaded.
"""

from __future__ import annotations

import json
import sys
import typing
from collections.abc import Mapping, Sequence
from dataclasses import MISSING
from pathlib import Path
from typing import Any

import click

from common.contract.describe import TYPES, Declaration, contract
from common.contract.inputs import Option
from common.errors import EXIT_CODES, BadInput


def parse(step: Declaration, argv: Sequence[str]) -> Mapping[str, str] | None:
    """Read the command line: the given flags by input, or None when it only asked for --help or --describe."""
    asked: dict[str, Any] = {}
    command = click.Command(
        step.name,
        params=[
            *(_flag(declared) for declared in step.options),
            click.Option(["--describe"], is_flag=True, help="Print inputs, outputs and exit codes as JSON, and exit."),
        ],
        help=step.text,
        epilog=_epilog(step),
        callback=asked.update,
        context_settings={"max_content_width": 110},
        add_help_option=True,
    )
    try:
        command.main(list(argv), prog_name=_command(step), standalone_mode=False)
    except click.ClickException as error:
        raise BadInput(error.format_message(), next_step="--help lists every input.") from error
    if not asked:
        return None
    if asked.pop("describe"):
        click.echo(json.dumps(contract(step), indent=2, ensure_ascii=False))
        return None
    given = {declared.field: asked[_parameter(declared)] for declared in step.options}
    return {field: text for field, text in given.items() if text is not None}


def _command(step: Declaration) -> str:
    """Give what the step was called as: the command of its image, or the module."""
    if step.command:
        return step.command
    called = Path(sys.argv[0])
    if called.is_absolute():  # an image's entrypoint, which is a link to its command
        called = called.resolve()
    return step.image if called.name == step.image else f"python -m steps.{step.name}"


def _flag(declared: Option) -> click.Option:
    truth = {"is_flag": False, "flag_value": "true"} if declared.kind is bool else {}
    return click.Option(
        [declared.flag, _parameter(declared)],
        type=str,
        metavar="PATH" if declared.secret else TYPES[typing.get_origin(declared.kind) or declared.kind].upper(),
        help=f"{declared.help}{_names(declared)}",
        **truth,  # type: ignore[arg-type]  # click takes both, mypy sees one dict of mixed values
    )


def _parameter(declared: Option) -> str:
    return "input_" + declared.flag.removeprefix("--").replace("-", "_")


def _names(declared: Option) -> str:
    notes = []
    if declared.choices:
        notes.append("one of " + ", ".join(declared.choices))
    if names := [*declared.env, *([f"{declared.prefix}<name>"] if declared.prefix else [])]:
        notes.append("env " + ", ".join(names))
    if declared.default is MISSING:
        notes.append("required")
    elif declared.default not in ("", None, [], {}):
        notes.append(f"default {json.dumps(declared.default)}")
    return f"  [{'; '.join(notes)}]" if notes else ""


def _epilog(step: Declaration) -> str:
    more = {"<name>": step.open_outputs} if step.open_outputs else {}
    outputs = "\n".join(f"  {name}: {text}" for name, text in {**step.outputs, **more}.items())
    codes = ", ".join(f"{code} {meaning}" for code, meaning in EXIT_CODES.items())
    told = f"\b\nOutputs:\n{outputs}\n\n" if outputs else ""
    return (
        f"{told}"
        "Each input is also read from PLUGIN_, INPUT_ or PARAM_ and its name, and from NAME_FILE, a path to the value."
        f"\n\nExit codes: {codes}."
    )
