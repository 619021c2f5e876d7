"""`idp-steps sandbox`: the local services, until they are stopped."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import click

from common.errors import Interrupted
from runner.cli.options import FILE
from runner.execution.given import pipeline_file
from runner.execution.report import to
from runner.platform import containers, sandbox_file, sandboxed

LOOPBACK = "127.0.0.1"


@click.command()
@click.argument("pipeline", type=FILE, metavar="[FILE|DIR]", required=False)
@click.option("--state", type=FILE, default=sandboxed.DEFAULT_STATE, show_default=True, help="Where its state is kept.")
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
    seeds, faults = prepared(seed_file)
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


def prepared(file: Path | None) -> tuple[list[sandbox_file.Seed], list[sandbox_file.Fault] | None]:
    """Read what a sandbox.yaml asks for, if there is one."""
    if file is None or not file.is_file():
        return [], None
    return sandbox_file.seeds(file), sandbox_file.spoiled(file)


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
