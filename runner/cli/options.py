"""Options that several commands have."""

from __future__ import annotations

from pathlib import Path

import click

FILE = click.Path(path_type=Path)
FACT = click.option(
    "--fact",
    "facts",
    multiple=True,
    metavar="NAME=VALUE",
    help="Say what only the platform knows, as pipeline.triggeredBy.email; else execution.yaml next to the pipeline.",
)
STAGE = click.option("--stage", "stages", multiple=True, metavar="ID", help="Run this stage, and no other.")
STRICT = click.option("--strict", is_flag=True, help="An expression that would be null is an error, not a warning.")
CONNECTORS = click.option(
    "--connectors",
    "connectors_file",
    type=FILE,
    help="YAML file that describes git connectors and the Harness account; else connectors.yaml next to the pipeline.",
)
SECRETS = click.option(
    "--secrets",
    "secrets_file",
    type=FILE,
    help="YAML file that says where the values of secrets are; else secrets.yaml next to the pipeline.",
)
