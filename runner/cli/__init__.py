"""`idp-steps` and its commands: reads the command line, turns failures into sentences and exit codes."""

from __future__ import annotations

import importlib
import sys
import traceback
from collections.abc import Sequence

import click

from common.contract.process import NOT_WRITABLE
from common.contract.signals import signals
from common.errors import BadInput, Interrupted, StepError
from runner.execution.report import complain

BUG = 70
OURS = ("common", "runner", "sandbox", "steps")


COMMANDS = {  # name -> its module here, and the function there
    "catalog": ("catalog", "catalog"),
    "convert": ("convert", "convert"),
    "inputs": ("validate", "inputs_of"),
    "run": ("run", "run"),
    "sandbox": ("sandbox", "sandbox"),
    "validate": ("validate", "validate"),
}


class Commands(click.Group):
    """Loads the one command that is called, for all of them take half as long again; --help loads them all."""

    def list_commands(self, _: click.Context) -> list[str]:
        return [*COMMANDS]

    def get_command(self, _: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module, function = COMMANDS[name]
        command: click.Command = getattr(importlib.import_module(f"{__name__}.{module}"), function)
        return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
def idp_steps() -> None:
    """Run the pipelines of an internal developer portal on this machine."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and give its exit code: 2 bad input, 70 our bug, 130/143 interrupted, else that of the step."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal that is not UTF-8 shows ? for ✓
    try:
        arguments = None if argv is None else list(argv)
        with signals():
            code = idp_steps.main(args=arguments, prog_name="idp-steps", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return 2
    except StepError as error:
        complain([*str(error).splitlines()])
        return error.exit_code
    except Interrupted as interrupt:
        complain(["Stopped; running the same command again is safe."])
        return interrupt.exit_code
    except Exception as error:  # noqa: BLE001 - the last line of defence: a bug gets its own code, and no secret leaks
        return _unforeseen(error)
    return code if isinstance(code, int) else 0


def _unforeseen(error: Exception) -> int:
    if isinstance(error, OSError) and error.errno in NOT_WRITABLE:
        complain([f"{error.filename or 'A file'} cannot be written: {error.strerror}. Make room, or permit it."])
        return BadInput.exit_code
    if isinstance(error, ModuleNotFoundError) and error.name and error.name.partition(".")[0] not in OURS:
        complain([f"The library {error.name} is not installed. Install it with: pip install 'idp-steps[runner]'"])
        return BadInput.exit_code
    complain(["This is a bug in idp-steps; please report it with these lines:", traceback.format_exc()])
    return BUG
