"""`idp-steps` and its commands: reads the command line, turns failures into sentences and exit codes."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import click

from common.contract import values as texts
from common.contract.process import NOT_WRITABLE
from common.contract.signals import signals
from common.diagnostics import Invalid
from common.document import Node, reader
from common.errors import BadInput, Interrupted, StepError
from runner.cli.catalog import catalog
from runner.cli.convert import convert
from runner.execution import checks, workflows
from runner.execution import run as runs
from runner.execution.engine import ENGINES, PULLS, Choice
from runner.execution.given import choose, gather, pipeline_file
from runner.execution.questions import Terminal
from runner.execution.report import complain, to
from runner.execution.step import Settings
from runner.language import facts as told
from runner.language.inputs import described
from runner.language.validate import Checked
from runner.language.validate.examine import document
from runner.language.workflow.load import is_workflow
from runner.platform import connectors, containers, images, sandboxed

BUG = 70
PROCESS = "process"
LOOPBACK = "127.0.0.1"
OURS = ("common", "runner", "sandbox", "steps")
WAITING = "Another run still uses this sandbox; waiting for its end. Ctrl-C stops the sandbox at once."

_FILE = click.Path(path_type=Path)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
def idp_steps() -> None:
    """Run the pipelines of an internal developer portal on this machine."""


idp_steps.add_command(convert)
idp_steps.add_command(catalog)

_FACT = click.option(
    "--fact",
    "facts",
    multiple=True,
    metavar="NAME=VALUE",
    help="Say what only the platform knows, as pipeline.triggeredBy.email; else execution.yaml next to the pipeline.",
)
_STAGE = click.option("--stage", "stages", multiple=True, metavar="ID", help="Run this stage, and no other.")
_STRICT = click.option("--strict", is_flag=True, help="An expression that would be null is an error, not a warning.")
_CONNECTORS = click.option(
    "--connectors",
    "connectors_file",
    type=_FILE,
    help="YAML file that describes git connectors and the Harness account; else connectors.yaml next to the pipeline.",
)
_SECRETS = click.option(
    "--secrets",
    "secrets_file",
    type=_FILE,
    help="YAML file that says where the values of secrets are; else secrets.yaml next to the pipeline.",
)


@idp_steps.command()
@click.argument("pipeline", type=_FILE, metavar="FILE|DIR")
@click.option("--sandbox", is_flag=True, help="Run against local stand-ins for the git host, the portal and Slack.")
@click.option("--host", default="", metavar="TYPE", help="With --sandbox: rehearse on this type of connector instead.")
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="Give a variable its value.")
@click.option(
    "--inputs",
    type=_FILE,
    multiple=True,
    help="YAML file with values by name, or an input set; else inputs.yaml next to the pipeline.",
)
@_CONNECTORS
@_SECRETS
@_FACT
@_STAGE
@_STRICT
@click.option(
    "--engine",
    type=click.Choice([PROCESS, *ENGINES]),
    default=PROCESS,
    show_default=True,
    help="What starts the steps: a process each on this machine, or a container each of its image.",
)
@click.option("--images", "images_file", type=_FILE, help="YAML file with images by the field of execution-config.")
@click.option("--pull", type=click.Choice(PULLS), default="missing", show_default=True, help="When to fetch images.")
@click.option("--run-here", is_flag=True, help="Run commands that name an image on this machine, not isolated.")
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
    inputs: Sequence[Path],
    connectors_file: Path | None,
    secrets_file: Path | None,
    facts: Sequence[str],
    stages: tuple[str, ...],
    strict: bool,
    engine: str,
    images_file: Path | None,
    pull: str,
    run_here: bool,
    workspace: Path | None,
    state: Path,
    dry_run: bool,
    verbose: bool,
) -> int:
    """Run a pipeline on this machine, or a workflow: --set gives its parameters.

    Each step is a process (or container) of its own, with the environment that the platform would give it.
    RETRY_BUDGET, STEP_TIMEOUT, HOOK_TIMEOUT and STRICT_VARIABLES are handed on to every step, and DRY_RUN=true is
    --dry-run.
    """
    report = to(sys.stdout, os.environ)
    file = pipeline_file(pipeline)
    given, root = gather(settings, inputs, file, report), reader.read(file)
    form = None
    if is_workflow(root):
        form = workflows.filled(root, file, given)
        file, given, root = form.pipeline, form.given, reader.read(form.pipeline)
        report.line(f"The workflow starts the pipeline in {file}.")
    known = {**(sandboxed.FACTS if sandbox else {}), **told.gather(facts, file)}
    checked = _checked(root, file, known, stages, strict=strict)
    environ = {**os.environ, **({"VERBOSE": "true"} if verbose else {})}
    dry = dry_run or _asked_for("DRY_RUN", os.environ)
    where = Settings(Path.cwd(), workspace, environ, dry, chosen=stages, run_here=run_here)
    terminal = Terminal(report)
    if engine == PROCESS and images_file:
        raise BadInput("--images has no meaning for processes.", next_step="Choose --engine docker or podman.")
    if engine != PROCESS:
        chosen = images.chosen(images_file) if images_file else {}
        where = replace(where, engine=Choice(engine, pull, lambda kind: images.of(kind, chosen)))
    with ExitStack() as stack:
        if not sandbox and host:
            raise BadInput("--host says which git host of the sandbox to rehearse on, so it needs --sandbox.")
        if not sandbox:
            values = choose(checked.places, given, None, terminal)
            services = connectors.described(connectors_file, secrets_file, file, os.environ)
            code, tree = runs.run(checked, values, known, services, where, report)
            if form and not code:
                workflows.show(form, tree, report)
            return code
        if connectors_file or secrets_file:
            raise BadInput("--connectors and --secrets have no meaning with --sandbox, which brings its own.")
        given = choose(checked.places, given, sandboxed.URL, terminal).given()  # complains before anything starts
        seed_file = file.parent / "sandbox.yaml"
        seeds, faults = _prepared(seed_file)
        server = stack.enter_context(sandboxed.running(state, waiting=lambda: report.line(WAITING)))
        sandboxed.plant(state, seeds, faults)
        report.line(f"The sandbox runs at {server.url}; its state is kept in {state}.")
        values = choose(checked.places, given, server.url)
        code, tree = runs.run(
            checked, values, known, sandboxed.services(server, host), replace(where, near=(server.url,)), report
        )
        if form and not code:
            workflows.show(form, tree, report)
        command = open_command(state)
        how = f"{command}, then open {server.url}/" if server.owned else f"open {server.url}/ (or first: {command})"
        report.line()
        report.line(f"To look at what is in the sandbox now: {how} in a browser.")
    return code


def _checked(root: Node, file: Path, known: Mapping[str, str], stages: tuple[str, ...], *, strict: bool) -> Checked:
    """Check what was read of a pipeline's file. Raises Invalid."""
    checked, faults = document(root, str(file), checks.facts_of(known), stages)
    names = [stage.identifier for stage in checked.pipeline.stages]
    faults += checks.unknown_stages(stages, names)
    if faults or (strict and checked.warnings):
        raise Invalid([*faults, *(checked.warnings if strict else ())])
    return checked


@idp_steps.command()
@click.argument("pipelines", type=_FILE, metavar="FILE|DIR|-", nargs=-1, required=True)
@_CONNECTORS
@_SECRETS
@_FACT
@_STRICT
@click.option("--json", "as_json", is_flag=True, help="Print what is wrong as JSON.")
def validate(  # noqa: PLR0913 - one parameter per option
    pipelines: Sequence[Path],
    *,
    connectors_file: Path | None,
    secrets_file: Path | None,
    facts: Sequence[str],
    strict: bool,
    as_json: bool,
) -> int:
    """Tell everything that is wrong with pipelines; - reads one from standard input."""
    report = to(sys.stdout, os.environ)
    results = [
        checks.of_file(path, facts, connectors_file, secrets_file, os.environ, strict=strict) for path in pipelines
    ]
    if as_json:
        click.echo(checks.as_json(results))
    for result in [] if as_json else results:
        complain([f"warning: {warning}" for warning in result.warnings])
        complain([str(fault) for fault in result.faults])
        for note in result.notes:
            report.line(note)
    return BadInput.exit_code if any(result.faults for result in results) else 0


@idp_steps.command("inputs")
@click.argument("pipeline", type=_FILE, metavar="FILE|DIR")
def inputs_of(pipeline: Path) -> int:
    """Print the values that a pipeline takes, as a JSON schema."""
    file = pipeline_file(pipeline)
    checked = _checked(reader.read(file), file, {}, (), strict=False)
    click.echo(described.schema(checked.pipeline, checked.places))
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


def _prepared(file: Path | None) -> tuple[list[sandboxed.Seed], list[sandboxed.Fault] | None]:
    """Read what a sandbox.yaml asks for, if there is one."""
    if file is None or not file.is_file():
        return [], None
    return sandboxed.seeds(file), sandboxed.spoiled(file)


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
