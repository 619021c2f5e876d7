"""The frame around every step: parse, run, write outputs, exit code. What a step is to the outside is decided here.

A step itself is one function from typed inputs to a dict of outputs. It never reads the environment, never formats an
output line, never catches an exception to print it, and never knows which runner it is under.
"""

from __future__ import annotations

import gc
import os
import sys
import typing
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, make_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, NoReturn, TypeVar

from common import log, secret
from common.contract import describe, process
from common.contract.describe import Declaration
from common.contract.inputs import Lacks, Option, nothing_more, option, options_of
from common.contract.network_inputs import NetworkInputs
from common.contract.signals import signals
from common.errors import EXIT_CODES, BadInput, Interrupted, StepError
from common.secret import Secret

if TYPE_CHECKING:
    from common.contract.resolve import Resolved
    from common.contract.workspace import Workspace
    from common.network.deadline import Deadline
    from common.network.settings import Network

BUG = 70
OURS = ("", "common", "steps")

InputsT = TypeVar("InputsT")
Outputs = Mapping[str, str | int | bool | Secret]
"""A secret is handed on only to a runner that has a place for secrets."""


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
        help="Seconds that the whole step may spend on what fails and may pass by itself; 0 for one try each.",
    )
    step_timeout: int = option(
        "stepTimeout",
        env=["STEP_TIMEOUT"],
        default=3600,
        at_least=1,
        spec=False,
        help="Seconds after which the step ends, whatever it is doing.",
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
    network: NetworkInputs


class Context(NamedTuple):
    """What a step may use besides its inputs.

    sources: the flag or variable that a given input came from. others: values of variables that are no input of the
    step; those of the pipeline are among them.
    """

    dry_run: bool
    workspace: Workspace
    deadline: Deadline
    network: Network
    sources: Mapping[str, str]
    others: Collection[str] = ()


class Step(NamedTuple, Generic[InputsT]):
    """A step as its runner sees it: a name, inputs, outputs, and `main`."""

    step_type: str
    image: str
    inputs: type[InputsT]
    outputs: Mapping[str, str]
    function: Callable[[InputsT, Context], Outputs]
    config_field: str = ""  # of the execution-config API, where it is not the type in camelCase
    informs: Collection[str] = ()  # outputs that no later step needs: one that the runner cannot carry is left out
    lacks: Lacks = nothing_more
    open_outputs: str = ""  # what else is put out, whose names the inputs decide
    opened_by: str = ""  # the input that decides them; '' when they are always there
    not_in_spec: Collection[str] = ()  # fields of shared groups that this step's spec has not

    @property
    def name(self) -> str:
        return self.function.__name__

    def describe(self) -> dict[str, Any]:
        """Give the step's contract as JSON-ready data; every table in the docs and the runner is made from it."""
        return describe.contract(self.declaration())

    def declaration(self) -> Declaration:
        """Give what the step declares; its options are its own, then those of all steps that it has not itself."""
        told = options_of(self.inputs)
        own = [one._replace(spec=False) if one.field in self.not_in_spec else one for one in told]
        fields = {declared.field for declared in own}
        options = own + [declared for declared in options_of(RunOptions) if declared.field not in fields]
        text = (self.function.__doc__ or "").strip()
        config_field = self.config_field or self.step_type[0].lower() + self.step_type[1:]
        return Declaration(
            self.name,
            self.step_type,
            self.image,
            text,
            self.outputs,
            options,
            config_field,
            open_outputs=self.open_outputs,
            opened_by=self.opened_by,
        )

    def run(self) -> NoReturn:
        """Be the program that this process was started for: run the step, and end the process with its exit code."""
        process.end(self.main())

    def main(self, argv: Sequence[str] | None = None, environ: Mapping[str, str] | None = None) -> int:
        """Run the step and give its exit code. Nothing else of the program reads the environment."""
        process.open_standard_streams()
        own = environ is None
        if own:
            gc.freeze()  # what is loaded stays to the end, and need not be gone through then either
            gc.enable()
        environ = dict(os.environ if environ is None else environ)
        log.configure(environ, verbose=False)
        try:
            with signals():
                flags = self._flags(sys.argv[1:] if argv is None else argv)
                if flags is None:
                    return 0
                if own:
                    process.follow_parent(environ)
                    process.close_to_others()
                from common.contract.workspace import handed_over

                with handed_over():
                    return self._run(flags, environ)
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
        except Exception as error:  # noqa: BLE001 - the last line of defence: a bug gets its own code, and no secret leaks
            return _not_installed(self, error) or _bug(self)

    def _flags(self, argv: Sequence[str]) -> Mapping[str, str] | None:
        if not argv:  # as runners start it
            return {}
        from common.contract import flags  # here: it takes a tenth of the time of a short step

        return flags.parse(self.declaration(), argv)

    def _run(self, flags: Mapping[str, str], environ: Mapping[str, str]) -> int:
        from common.contract import outputs  # here and above: --help need not wait for what works
        from common.contract.resolve import resolve
        from common.contract.workspace import Workspace
        from common.network.deadline import Deadline

        groups: Any = make_dataclass("Groups", [("own", self.inputs), ("common", RunOptions)], frozen=True)
        # In one round, so that everything that is wrong is told at once.
        resolved: Resolved[Any] = resolve(groups, flags, environ, lacks=self.lacks)
        own, common = resolved.inputs.own, resolved.inputs.common
        log.configure(environ, verbose=common.verbose)
        log.announce_secrets(secret.revealed())
        target = outputs.open_target(
            environ,
            stdout=sys.stdout,
            format=common.output_format or None,
            file=common.output_file or None,
        )
        deadline = Deadline(common.retry_budget, common.step_timeout)
        with deadline.whole_step(), process.prepared(common.network, environ) as network:
            workspace = Workspace(_working_directory())
            others = _others(self.declaration().options, environ)
            context = Context(common.dry_run, workspace, deadline, network, resolved.sources, others)
            written = self.function(own, context)
        unknown = written.keys() - self.outputs.keys()
        if unknown and not self.open_outputs:
            raise AssertionError(f"{self.step_type} gave outputs that it does not declare: {sorted(unknown)}")
        target.write(written, informs=self.informs)
        return 0


def _others(options: Sequence[Option], environ: Mapping[str, str]) -> list[str]:
    """Give the values of the variables that no option is called by."""
    own = {name for declared in options for name in (*declared.env, *declared.addressed())}
    return [value for name, value in environ.items() if name not in own]


def _working_directory() -> Path:
    try:
        return Path.cwd()
    except OSError as error:
        raise BadInput(
            f"The working directory cannot be used: {error.strerror}.",
            next_step="Start the step in the folder of the workspace.",
        ) from error


def _not_installed(step: Step[Any], error: Exception) -> int:
    """Tell of a library that is missing, and give the exit code for that; 0 when it is something else."""
    library = ((isinstance(error, ModuleNotFoundError) and error.name) or "").partition(".")[0]
    if library in OURS:
        return 0
    log.error(f"The library {library} is not installed. Install it with: pip install 'idp-steps[{step.image}]'")
    return BadInput.exit_code


def _not_written(step: Step[Any], error: OSError) -> int:
    if isinstance(error, BrokenPipeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # Python writes at its end what is left, and there is no reader
        log.error("Standard output was closed before everything was written to it.")
    elif error.errno in process.NOT_WRITABLE:
        log.error(
            f"{error.filename or 'A file'} cannot be written by uid {os.getuid()}: {error.strerror}."
            f" {'Give the container the capability DAC_OVERRIDE' if os.getuid() == 0 else 'Use the image tag -root'},"
            " or give the workspace to that uid or its group."
        )
    else:
        return _bug(step)
    return BadInput.exit_code


def _bug(step: Step[Any]) -> int:
    import traceback

    log.error(f"This is a bug in the step {step.step_type}; please report it with these lines:")
    log.info(traceback.format_exc())
    return BUG


def step(  # noqa: PLR0913 - what a step declares
    *,
    type: str,
    image: str,
    outputs: Mapping[str, str],
    informs: Collection[str] = (),
    config_field: str = "",
    lacks: Lacks = nothing_more,
    open_outputs: str = "",
    opened_by: str = "",
    not_in_spec: Collection[str] = (),
) -> Callable[[Callable[[InputsT, Context], Outputs]], Step[InputsT]]:
    """Make a step of a function. Its inputs are the dataclass that its first parameter is annotated with.

    lacks: names what is missing besides the required inputs, as `resolve` takes it.
    open_outputs: says which outputs there are besides, for a step whose inputs decide their names.
    opened_by: names that input, when there are none without it.
    not_in_spec: names the fields of shared groups that this step has no place for in the pipeline's YAML.
    """

    def decorate(function: Callable[[InputsT, Context], Outputs]) -> Step[InputsT]:
        hints = typing.get_type_hints(function)
        return Step(
            type,
            image,
            hints["inputs"],
            outputs,
            function,
            config_field,
            informs,
            lacks,
            open_outputs,
            opened_by,
            not_in_spec,
        )

    return decorate
