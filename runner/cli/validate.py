"""`idp-steps validate` and `idp-steps inputs`: what is wrong with pipelines, and what they take."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from common.document import reader
from common.errors import BadInput
from runner.cli.checked import checked_pipeline
from runner.cli.options import CONNECTORS, FACT, FILE, SECRETS, STRICT
from runner.execution import checks
from runner.execution.given import pipeline_file
from runner.execution.report import complain, to
from runner.language.inputs import described


@click.command()
@click.argument("pipelines", type=FILE, metavar="FILE|DIR|-", nargs=-1, required=True)
@CONNECTORS
@SECRETS
@FACT
@STRICT
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


@click.command("inputs")
@click.argument("pipeline", type=FILE, metavar="FILE|DIR")
def inputs_of(pipeline: Path) -> int:
    """Print the values that a pipeline takes, as a JSON schema."""
    file = pipeline_file(pipeline)
    checked = checked_pipeline(reader.read(file), file, {}, (), strict=False)
    click.echo(described.schema(checked.pipeline, checked.places))
    return 0
