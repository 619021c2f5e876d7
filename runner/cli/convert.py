"""`idp-steps convert`: catalog files from the format of Backstage (IDP 1.0) to that of IDP 2.0, and back."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from common.catalogs import conversion
from common.catalogs.conversion import Converted
from common.catalogs.words import FORMATS, Format
from common.document import reader
from common.errors import BadInput, Conflict, StepError
from common.files import put
from runner.execution.report import complain, to

STDIN = "-"


@click.command()
@click.argument("files", type=click.Path(path_type=Path), metavar="FILE…|-", nargs=-1, required=True)
@click.option(
    "--to",
    "target",
    type=click.Choice(list(FORMATS)),
    default="harness",
    show_default=True,
    help="The format to convert to: harness is that of IDP 2.0, backstage that of Backstage and IDP 1.0.",
)
@click.option("--write", is_flag=True, help="Write the files; else the result is printed, and nothing is changed.")
def convert(*, files: Sequence[Path], target: str, write: bool) -> int:
    """Convert catalog files between the two formats of the portal; comments are kept.

    What one of them has no counterpart for is said. IDP 2.0 takes one entity per file: of a file that holds several,
    each is written to one of its own next to it.
    """
    code, printed = 0, 0
    for path in files:
        what = "standard input" if str(path) == STDIN else str(path)
        try:
            found = conversion.converted(_read(path), FORMATS[target], what=what)
            for result in found:
                for note in result.notes:
                    complain([f"{what}: {note}"])
                if not write or str(path) == STDIN:
                    click.echo(("---\n" if printed else "") + result.text, nl=not result.text.endswith("\n"))
                    printed += 1
            if write and str(path) != STDIN:
                _write(path, found, FORMATS[target])
        except StepError as error:
            complain([str(error)])
            code = code or error.exit_code
    return code


def _read(path: Path) -> str:
    try:
        content = sys.stdin.buffer.read(reader.LARGEST + 1) if str(path) == STDIN else path.read_bytes()
        return content.decode()
    except OSError as error:
        advice = "Name the catalog file, or - for standard input."
        raise BadInput(f"{path} cannot be read: {error.strerror}.", next_step=advice) from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{path} is not UTF-8 text.", next_step="Save it as UTF-8.") from error


def _write(path: Path, found: Sequence[Converted], target: Format) -> None:
    report = to(sys.stdout, os.environ)
    alone = len(found) == 1 or target is Format.BACKSTAGE
    texts = {path: "---\n".join(result.text for result in found)} if alone else _apart(path, found)
    due = {place: text.encode() for place, text in texts.items()}
    there = {place: place.read_bytes() for place in due if place.is_file()}
    if other := next((place for place, content in there.items() if place != path and content != due[place]), None):
        raise Conflict(f"{other} is there already, and differs.", next_step="Remove it, or rename it.")
    for place, content in due.items():
        if there.get(place) == content:
            report.line(f"{place} has this content already.")
            continue
        try:
            put(place, content)
        except OSError as error:
            raise BadInput(f"{place} cannot be written: {error.strerror}.") from error
        report.line(f"{place} is written.")
    if path not in texts:
        report.line(f"{path} is left as it is: remove it when its entities are registered from their own files.")


def _apart(path: Path, found: Sequence[Converted]) -> dict[Path, str]:
    """Give each entity a file of its own."""
    named = {
        path.with_name(f"{path.stem}-{one.entity.kind.lower()}-{one.entity.name}{path.suffix}"): one for one in found
    }
    return {place: result.text for place, result in named.items()}
