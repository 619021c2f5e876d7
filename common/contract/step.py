"""The frame around every step: parse, run, write outputs, exit code. What a step is to the outside is decided here.

A step itself is one function from typed inputs to a dict of outputs. It never reads the environment, never formats an
output line, never catches an exception to print it, and never knows which runner it is under.
"""

from __future__ import annotations

import os
import sys
import traceback
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from common import log, secret
from common.contract import describe, outputs, process
from common.contract.inputs import Option, option, options_of, resolve
from common.contract.workspace import Workspace, handed_over
from common.errors import EXIT_CODES, BadInput, Interrupted, StepError
from common.network.deadline import Budget
from common.network.settings import Network, NetworkOptions

BUG = 70

InputsT = TypeVar("InputsT")
Outputs = Mapping[str, str | int | bool]


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """Inputs that every step has."""

    dry_run: bool = option(
        "dryRun",
        env=["DRY_RUN"],
        default=False,
        spec=False,
        help="Check everything against the other side, write nothing, and print the plan.",
    )
    verbose: bool = option(
        "verbose", env=["VERBOSE"], default=False, spec=False, help="Log more, and the detail of errors."
    )
    retry_budget: int = option(
        "retryBudget",
        env=["RETRY_BUDGET"],
        default=60,
        at_least=0,
        spec=False,
        help="Seconds within which what may pass by itself is tried again.",
    )
    output_file: str = option(
        "outputFile",
        env=["OUTPUT_FILE"],
        default="",
        spec=False,
        help="Where the outputs go; overrides what the runner provides.",
    )
    output_format: str = option(
        "outputFormat",
        env=["OUTPUT_FORMAT"],
        default="",
        spec=False,
        help="How the outputs are written; overrides the detection of the runner.",
    )
    network: NetworkOptions


@dataclass(frozen=True)
class Context:
    """What a step may use besides its inputs. `sources` tells the flag or variable a given input came from."""

    dry_run: bool
    workspace: Workspace
    budget: Budget
    network: Network
    sources: Mapping[str, str]


@dataclass(frozen=True)
class Step(Generic[InputsT]):
    """A step as its runner sees it: a name, inputs, outputs, and `main`."""

    step_type: str
    image: str
    inputs: type[InputsT]
    outputs: Mapping[str, str]
    function: Callable[[InputsT, Context], Outputs]

    @property
    def name(self) -> str:
        return self.function.__name__

    @property
    def summary(self) -> str:
        return (self.function.__doc__ or "").strip().splitlines()[0]

    def describe(self) -> dict[str, Any]:
        """Give the step's contract as JSON-ready data; every table in the docs and the runner is made from it."""
        return describe.contract(self, self.options())

    def options(self) -> list[Option]:
        """Give every option: the step's own, then those of all steps that it does not declare itself."""
        own = options_of(self.inputs)
        fields = {one.field for one in own}
        return own + [one for one in options_of(RunOptions) if one.field not in fields]

    def main(self, argv: Sequence[str] | None = None, environ: Mapping[str, str] | None = None) -> int:
        """Run the step and give its exit code. Nothing else of the program reads the environment."""
        process.open_standard_streams()
        environ = dict(os.environ if environ is None else environ)
        log.configure(environ, verbose=False)
        try:
            with process.signals(), handed_over():
                flags = describe.parse_flags(self, self.options(), argv)
                return self._run(flags, environ) if flags is not None else 0
        except StepError as error:
            log.error(str(error))
            if error.detail:
                log.detail(error.detail)
            return error.exit_code
        except Interrupted as interrupt:
            log.error(f"The step was {EXIT_CODES[interrupt.exit_code]}; running it again is safe.")
            return interrupt.exit_code
        except OSError as error:
            return _not_written(self, error)
        except Exception:  # noqa: BLE001 - the last line of defence: a bug gets its own exit code, and no secret leaks
            return _bug(self)

    def _run(self, flags: Mapping[str, str], environ: Mapping[str, str]) -> int:
        common = resolve(RunOptions, flags, environ).inputs
        log.configure(environ, verbose=common.verbose)
        resolved = resolve(self.inputs, flags, environ)
        log.announce_secrets(secret.revealed())
        target = outputs.open_target(
            environ,
            stdout=sys.stdout,
            format=common.output_format or None,
            file=common.output_file or None,
        )
        with process.prepared(common.network, environ) as network:
            run = Context(
                common.dry_run,
                Workspace(_working_directory()),
                Budget(common.retry_budget),
                network,
                resolved.sources,
            )
            written = self.function(resolved.inputs, run)
        unknown = written.keys() - self.outputs.keys()
        if unknown:
            raise AssertionError(f"{self.step_type} gave outputs that it does not declare: {sorted(unknown)}")
        target.write(written)
        return 0


def _working_directory() -> Path:
    try:
        return Path.cwd()
    except OSError as error:
        raise BadInput(
            f"The working directory cannot be used: {error.strerror}.",
            next_step="Start the step in the folder of the workspace.",
        ) from error


def _not_written(step: Step[Any], error: OSError) -> int:
    if isinstance(error, BrokenPipeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # Python writes at its end what is left, and there is no reader
        log.error("Standard output was closed before everything was written to it.")
    elif error.errno in process.NOT_WRITABLE:
        log.error(
            f"{error.filename or 'A file'} cannot be written by uid {os.getuid()}: {error.strerror}."
            " Give the workspace to that uid or its group, or use the image's -root tag."
        )
    else:
        return _bug(step)
    return BadInput.exit_code


def _bug(step: Step[Any]) -> int:
    log.error(f"This is a bug in the step {step.step_type}; please report it with these lines:")
    log.info(traceback.format_exc())
    return BUG


def step(
    *,
    type: str,
    image: str,
    outputs: Mapping[str, str],
) -> Callable[[Callable[[InputsT, Context], Outputs]], Step[InputsT]]:
    """Make a step of a function. Its inputs are the dataclass that its first parameter is annotated with."""

    def decorate(function: Callable[[InputsT, Context], Outputs]) -> Step[InputsT]:
        hints = typing.get_type_hints(function)
        return Step(type, image, hints["inputs"], outputs, function)

    return decorate
