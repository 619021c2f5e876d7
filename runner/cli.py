"""`idp-steps run`, `validate`, `sandbox`: reads the command line, turns failures into sentences and exit codes."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import click

from common.contract import values as texts
from common.contract.process import NOT_WRITABLE
from common.contract.signals import signals
from common.diagnostics import Diagnostic, Invalid, suggestion
from common.document import reader
from common.errors import BadInput, Interrupted, StepError
from runner.execution import run as runs
from runner.execution.report import Report, complain, to
from runner.execution.step import Settings
from runner.language import inputs as variables
from runner.language.inputs import Given, Values
from runner.language.pipeline import Pipeline
from runner.language.validate import examined, validated
from runner.platform import connectors, containers, sandboxed

PIPELINE_NAMES = ("pipeline.yaml", "pipeline.yml")
BUG = 70
LOOPBACK = "127.0.0.1"
OURS = ("common", "runner", "sandbox", "steps")
WAITING = "Another run still uses this sandbox; waiting for its end. Ctrl-C stops the sandbox at once."

_FILE = click.Path(path_type=Path)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
def idp_steps() -> None:
    """Run the pipelines of an internal developer portal on this machine."""


@idp_steps.command()
@click.argument("pipeline", type=_FILE, metavar="FILE|DIR")
@click.option("--sandbox", is_flag=True, help="Run against local stand-ins for the git host, the portal and Slack.")
@click.option("--host", default="", metavar="TYPE", help="With --sandbox: rehearse on this type of connector instead.")
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="Give a variable its value.")
@click.option("--inputs", type=_FILE, help="YAML file with values by name; else inputs.yaml next to the pipeline.")
@click.option(
    "--connectors",
    "connectors_file",
    type=_FILE,
    help="YAML file that describes git connectors and the Harness account; else connectors.yaml next to the pipeline.",
)
@click.option(
    "--secrets",
    "secrets_file",
    type=_FILE,
    help="YAML file that says where the values of secrets are; else secrets.yaml next to the pipeline.",
)
@click.option("--workspace", type=_FILE, help="Folder that the steps work in, used as it is; else a fresh one.")
@click.option("--state", type=_FILE, default=sandboxed.DEFAULT_STATE, show_default=True, help="State of the sandbox.")
@click.option("--dry-run", is_flag=True, help="Check everything, write nothing outside of the run's own workspace.")
@click.option("--verbose", is_flag=True, help="Have the steps log more, and the detail of errors.")
def run(  # noqa: PLR0913 - one parameter per option
    pipeline: Path,
    *,
    sandbox: bool,
    host: str,
    settings: Sequence[str],
    inputs: Path | None,
    connectors_file: Path | None,
    secrets_file: Path | None,
    workspace: Path | None,
    state: Path,
    dry_run: bool,
    verbose: bool,
) -> int:
    """Run a pipeline on this machine.

    Each step is a process of its own, with the environment that the platform would give it. RETRY_BUDGET,
    STEP_TIMEOUT, HOOK_TIMEOUT and STRICT_VARIABLES are handed on to every step, and DRY_RUN=true is --dry-run.
    """
    report = to(sys.stdout, os.environ)
    file = pipeline_file(pipeline)
    checked = validated(file)
    environ = {**os.environ, **({"VERBOSE": "true"} if verbose else {})}
    where = Settings(Path.cwd(), workspace, environ, dry_run or _asked_for("DRY_RUN", os.environ))
    given = gather(settings, inputs, file, report)
    with ExitStack() as stack:
        if not sandbox and host:
            raise BadInput("--host says which git host of the sandbox to rehearse on, so it needs --sandbox.")
        if not sandbox:
            values = choose(checked.pipeline, given, None)
            services = connectors.described(connectors_file, secrets_file, file, os.environ)
            return runs.run(checked, values, services, where, report)
        if connectors_file or secrets_file:
            raise BadInput("--connectors and --secrets have no meaning with --sandbox, which brings its own.")
        choose(checked.pipeline, given, sandboxed.URL)  # complains before anything starts
        seed_file = file.parent / "sandbox.yaml"
        seeds, faults = _prepared(seed_file)
        server = stack.enter_context(sandboxed.running(state, waiting=lambda: report.line(WAITING)))
        sandboxed.plant(state, seeds, faults)
        report.line(f"The sandbox runs at {server.url}; its state is kept in {state}.")
        values = choose(checked.pipeline, given, server.url)
        code = runs.run(checked, values, sandboxed.services(server, host), where, report)
        command = open_command(state)
        how = f"{command}, then open {server.url}/" if server.owned else f"open {server.url}/ (or first: {command})"
        report.line()
        report.line(f"To look at what is in the sandbox now: {how} in a browser.")
    return code


@idp_steps.command()
@click.argument("pipeline", type=_FILE, metavar="FILE|DIR")
def validate(pipeline: Path) -> int:
    """Tell everything that is wrong with a pipeline."""
    file = pipeline_file(pipeline)
    checked, faults = examined(file)
    for warning in checked.warnings:
        complain([f"warning: {warning}"])
    if faults:
        raise Invalid(faults)
    steps = sum(1 for _ in checked.pipeline.steps())
    count = f"{steps} step{'s' if steps > 1 else ''}"
    to(sys.stdout, os.environ).line(f"{file} is a valid pipeline of {count}.")
    return 0


@idp_steps.command()
@click.argument("pipeline", type=_FILE, metavar="[FILE|DIR]", required=False)
@click.option(
    "--state", type=_FILE, default=sandboxed.DEFAULT_STATE, show_default=True, help="Where its state is kept."
)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="Port on this machine; else the one it had last time."
)
@click.option(
    "--host",
    "address",
    default=LOOPBACK,
    show_default=True,
    metavar="ADDRESS",
    help="IPv4 address to serve it on too, for containers: that of Docker's bridge, or 0.0.0.0 for every one.",
)
def sandbox(*, pipeline: Path | None, state: Path, port: int, address: str) -> int:
    """Serve the local git host, portal and Slack until stopped.

    With a pipeline, the repositories of the sandbox.yaml next to it are made first.
    """
    report = to(sys.stdout, os.environ)
    seed_file = pipeline_file(pipeline).parent / "sandbox.yaml" if pipeline else None
    seeds, faults = _prepared(seed_file)
    try:
        with sandboxed.running(state, port, address=address) as server:
            sandboxed.plant(state, seeds, faults)
            if not server.owned:
                report.line(f"The sandbox with the state in {state} is already running at {server.url}/.")
                if address != LOOPBACK:
                    report.line(f"To have it on {address} too, stop it there and start it again.")
                return 0
            file = containers.write(server)
            report.line(f"The sandbox runs at {server.url}/; its state is kept in {state}. Stop it with Ctrl-C.")
            if address != LOOPBACK:
                report.line(containers.opened(address))
                report.line(f"A container is pointed at it by {containers.RUN} {shown(file)}, which says:")
                click.echo(file.read_text(encoding="utf-8"))  # not masked: it is there to be copied
            while True:
                signal.pause()
    except Interrupted:  # the way to stop it
        report.line("The sandbox has stopped; its state is kept.")
        return 0


def _asked_for(name: str, environ: Mapping[str, str]) -> bool:
    try:
        return bool(texts.parse(bool, environ.get(name) or "false", multiline=False))
    except ValueError as error:
        raise BadInput(f"The variable {name} {error}.") from error


def pipeline_file(path: Path) -> Path:
    """Give the pipeline file that an argument names: itself, or the one in a folder."""
    if path.is_dir():
        found = [path / name for name in PIPELINE_NAMES if (path / name).is_file()]
        if not found:
            raise BadInput(f"The folder {path} holds no {PIPELINE_NAMES[0]}.", next_step="Name the file itself.")
        return found[0]
    if not path.exists():
        near = suggestion(path.name, [entry.name for entry in path.parent.glob("*")])
        raise BadInput(
            f"There is no file {path}.{near}", next_step="" if near else "Name a pipeline file or its folder."
        )
    return path


def gather(settings: Sequence[str], inputs: Path | None, pipeline: Path, report: Report) -> dict[str, Given]:
    """Collect values from an inputs file and from --set, which goes before it."""
    file = inputs or pipeline.parent / "inputs.yaml"
    given: dict[str, Given] = {}
    faults: list[Diagnostic] = []
    if inputs or file.is_file():
        given, faults = variables.parse_inputs(reader.read(file))
        if not inputs:
            report.line(f"Values come from {file}, the file next to the pipeline.")
    from_command_line, more = variables.parse_settings(settings)
    if faults or more:
        raise Invalid([*faults, *more])
    return {**given, **from_command_line}


def _prepared(file: Path | None) -> tuple[list[sandboxed.Seed], list[sandboxed.Fault] | None]:
    """Read what a sandbox.yaml asks for, if there is one."""
    if file is None or not file.is_file():
        return [], None
    return sandboxed.seeds(file), sandboxed.spoiled(file)


def choose(pipeline: Pipeline, given: Mapping[str, Given], sandbox_url: str | None) -> Values:
    """Settle every value. Raises Invalid."""
    places, faults = variables.slots(pipeline)
    replaced: dict[str, Given] = {}
    for name, value in given.items():
        if sandboxed.URL in value.text and sandbox_url is None:
            text = f"The value of {name!r} names the sandbox; run with --sandbox, or replace it with --set {name}=..."
            faults.append(Diagnostic(text, value.location))
        replaced[name] = Given(value.text.replace(sandboxed.URL, sandbox_url or sandboxed.URL), value.location)
    values, more = variables.settle(places, replaced)
    if faults or more:
        raise Invalid([*faults, *more])
    return values


def shown(file: Path) -> Path:
    """Give the path as it can be typed here."""
    return file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file


def open_command(state: Path) -> str:
    """Give the command that opens the sandbox again, as it can be typed here."""
    import shlex
    import shutil

    started = Path(sys.argv[0])
    elsewhere = started.name == "idp-steps" and shutil.which("idp-steps") is None
    command = os.path.relpath(started) if elsewhere else "idp-steps"
    return shlex.join([command, "sandbox", *(["--state", str(state)] if state != sandboxed.DEFAULT_STATE else [])])


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
