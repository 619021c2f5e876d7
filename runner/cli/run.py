"""`idp-steps run`: a pipeline, or the one that a workflow starts."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import click

from common.contract import values as texts
from common.document import reader
from common.errors import BadInput
from runner.cli.checked import checked_pipeline
from runner.cli.options import CONNECTORS, FACT, FILE, SECRETS, STAGE, STRICT
from runner.cli.sandbox import open_command, prepared
from runner.execution import run as runs
from runner.execution import workflows
from runner.execution.engine import ENGINES, PULLS, Choice
from runner.execution.given import choose, gather, pipeline_file
from runner.execution.questions import Terminal
from runner.execution.report import to
from runner.execution.step import Settings
from runner.language import facts as told
from runner.language.workflow.load import is_workflow
from runner.platform import connectors, images, rehearsal, sandboxed

PROCESS = "process"
WAITING = "Another run still uses this sandbox; waiting for its end. Ctrl-C stops the sandbox at once."


@click.command()
@click.argument("pipeline", type=FILE, metavar="FILE|DIR")
@click.option("--sandbox", is_flag=True, help="Run against local stand-ins for the git host, the portal and Slack.")
@click.option("--host", default="", metavar="TYPE", help="With --sandbox: rehearse on this type of connector instead.")
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="Give a variable its value.")
@click.option(
    "--inputs",
    type=FILE,
    multiple=True,
    help="YAML file with values by name, or an input set; else inputs.yaml next to the pipeline.",
)
@CONNECTORS
@SECRETS
@FACT
@STAGE
@STRICT
@click.option(
    "--engine",
    type=click.Choice([PROCESS, *ENGINES]),
    default=PROCESS,
    show_default=True,
    help="What starts the steps: a process each on this machine, or a container each of its image.",
)
@click.option("--images", "images_file", type=FILE, help="YAML file with images by the field of execution-config.")
@click.option("--pull", type=click.Choice(PULLS), default="missing", show_default=True, help="When to fetch images.")
@click.option("--run-here", is_flag=True, help="Run commands that name an image on this machine, not isolated.")
@click.option("--workspace", type=FILE, help="Folder that the steps work in, used as it is; else a fresh one.")
@click.option("--state", type=FILE, default=sandboxed.DEFAULT_STATE, show_default=True, help="State of the sandbox.")
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
    checked = checked_pipeline(root, file, known, stages, strict=strict)
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
        seeds, faults = prepared(seed_file)
        seeds, left_out = rehearsal.on_host(seeds, host)
        server = stack.enter_context(sandboxed.running(state, waiting=lambda: report.line(WAITING)))
        sandboxed.plant(state, seeds, faults)
        for sentence in left_out:
            report.line(sentence)
        report.line(f"The sandbox runs at {server.url}; its state is kept in {state}.")
        values = choose(checked.places, given, server.url)
        code, tree = runs.run(
            checked, values, known, sandboxed.services(server, host, seeds), replace(where, near=(server.url,)), report
        )
        if form and not code:
            workflows.show(form, tree, report)
        command = open_command(state)
        how = f"{command}, then open {server.url}/" if server.owned else f"open {server.url}/ (or first: {command})"
        report.line()
        report.line(f"To look at what is in the sandbox now: {how} in a browser.")
    return code


def _asked_for(name: str, environ: Mapping[str, str]) -> bool:
    try:
        return bool(texts.parse(bool, environ.get(name) or "false", multiline=False))
    except ValueError as error:
        raise BadInput(f"The variable {name} {error}.") from error
