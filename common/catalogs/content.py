"""What a catalog file is to hold: the given text, to the byte unless something else is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from common import log
from common.catalogs import conversion
from common.catalogs.words import Format
from common.contract.workspace import Workspace
from common.errors import BadInput
from common.network.url import without_credentials

TEMPLATE, COMMIT, FOLDER = (f"idp-steps/template{part}" for part in ("", "-commit", "-folder"))


@dataclass(frozen=True)
class Asked:
    """The format to convert to, whether to annotate the template, whether to merge into the file that is there."""

    format: Format | None
    annotate: bool
    merge: bool


def made(text: str, path: Path, workspace: Workspace, asked: Asked) -> str:
    """Give what the file at the path is to hold. Raises BadInput and Conflict."""
    if text.lstrip().startswith("{"):
        text = _as_yaml(text)
    if asked.format:
        text = _converted(text, asked.format)
    if asked.annotate:
        text = _with_source(text, path, workspace)
    if asked.merge and path.is_file():
        from common.catalogs.merging import merged

        name = workspace.relative(path)
        text = merged(_read(path, name), text, what=name)
    return text


def _as_yaml(text: str) -> str:
    """Write a JSON object as YAML; what is none, as a map of YAML within braces, stays as it is."""
    from common.document import plain, roundtrip

    try:
        return roundtrip.written(roundtrip.value_of(plain.of_json(text)))
    except ValueError:
        return text


def _converted(text: str, wanted: Format) -> str:
    found = conversion.converted(text, wanted, what="fileContent")
    for note in (note for one in found for note in one.notes):
        log.warning(note)
    if len(found) > 1 and wanted is Format.HARNESS:
        raise BadInput(
            f"fileContent holds {len(found)} entities, and a file of IDP 2.0 holds one.",
            next_step="Have a step CreateCatalog write each of them.",
        )
    return "---\n".join(one.text if one.text.endswith("\n") else f"{one.text}\n" for one in found)


def _with_source(text: str, path: Path, workspace: Workspace) -> str:
    """Annotate the entities with what the answers file of the folder around the path says of the template."""
    from common.catalogs.merging import annotated
    from common.template import answers

    within = (folder for folder in path.parents if folder.is_relative_to(workspace.root))
    folder = next((folder for folder in within if (folder / answers.FILE).is_file()), None)
    if folder is None:
        log.warning(f"No source is annotated: there is no {answers.FILE} in the folder of the file or above it.")
        return text
    source = answers.read(folder)
    given = {
        TEMPLATE: without_credentials(source.template),
        COMMIT: source.commit,
        FOLDER: source.directory or "",
    }
    return annotated(text, {key: value for key, value in given.items() if value})


def _read(path: Path, name: str) -> str:
    try:
        return path.read_bytes().decode()
    except UnicodeDecodeError as error:
        raise BadInput(f"{name} is not UTF-8 text, and cannot be merged with.") from error
