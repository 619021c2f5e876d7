"""CreateCatalog: the catalog file of a new entity, checked before it is written.

The file is written, not registered. One that a template left at the same place is replaced, or merged with on request,
and the log says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from common import log
from common.catalogs import words
from common.catalogs.backstage.options import Address
from common.catalogs.harness.options import Generation, page
from common.catalogs.words import FORMATS
from common.contract.inputs import option
from common.contract.step import Context, Outputs, step
from common.errors import BadInput, Conflict
from common.files import put
from common.harness.access import Portal

if TYPE_CHECKING:
    from common.catalogs.entity import Entity

BACKSTAGE = "backstage"


def _holds_entities(text: str, source: str) -> list[str]:
    from common.catalogs.entity import parse  # here, and below: --help need not wait for what checks

    try:
        parse(text, what=source, is_new=True)
    except BadInput as error:
        return [error.message]
    return []


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """What the file holds, where it is written, and how."""

    file_name: str = option("fileName", env=["FILE_NAME"], help="Name of the file, as in catalog-info.yaml.")
    file_path: str = option(
        "filePath",
        env=["FILE_PATH"],
        default="",
        help="Folder the file is written to, usually the one that DirectPush pushes; the workspace when absent.",
    )
    content: str = option(
        "fileContent",
        env=["FILE_CONTENT"],
        multiline=True,
        check=_holds_entities,
        help="The entity, expressions resolved: YAML, or a JSON object, which is written as YAML.",
    )
    merge: bool = option(
        "mergeExisting",
        env=["MERGE_EXISTING"],
        default=False,
        spec=False,
        help="Merge into a file that is there, whose comments stay: fields are replaced, lists get what they lack.",
    )
    format: str = option(
        "catalogFormat",
        env=["CATALOG_FORMAT"],
        default="",
        choices=tuple(FORMATS),
        spec=False,
        help="Convert the entity to this format: harness (IDP 2.0) or backstage (IDP 1.0). As it is when absent.",
    )
    annotate: bool = option(
        "sourceAnnotations",
        env=["SOURCE_ANNOTATIONS"],
        default=False,
        spec=False,
        help="Annotate the entity with the template that its folder was made from, and the template's commit.",
    )
    catalog_type: str = words.type_option()
    generation: Generation
    portal: Portal
    backstage: Address


@step(
    type="CreateCatalog",
    image="createcatalog",
    outputs={
        "registeredCatalogUrl": "Where the portal will show the entity once it is registered.",
        "catalogFilePath": "The file, relative to the workspace.",
        "entityRef": "Reference of the entity in the catalog, as in component:account/payments.",
    },
)
def create_catalog(inputs: Inputs, context: Context) -> Outputs:
    """Check the YAML of an entity and write it to a file."""
    from common.catalogs import content
    from common.catalogs.entity import parse

    path = file_path(inputs, context)
    asked = content.Asked(FORMATS.get(inputs.format), annotate=inputs.annotate, merge=inputs.merge)
    text = content.made(inputs.content, path, context.workspace, asked)
    entity, *others = parse(text, what="fileContent")
    for warning in (warning for found in (entity, *others) for warning in found.warnings):
        log.warning(f"fileContent, {warning.rstrip('.')}.")
    if others:
        log.info(f"The file also holds {', '.join(reference_in(inputs, other) for other in others)}.")
    outputs = {"catalogFilePath": context.workspace.relative(path), "entityRef": reference_in(inputs, entity)}
    if url := page_in(inputs, entity):
        outputs["registeredCatalogUrl"] = url
    else:
        needed = "BACKSTAGE_URL" if inputs.catalog_type == BACKSTAGE else "HARNESS_ACCOUNT_ID"
        log.info(f"The output registeredCatalogUrl is left out: set {needed} to have it.")
    ended = text if text.endswith("\n") else f"{text}\n"
    write(path, ended.encode(), shown=context.workspace.relative(path), dry_run=context.dry_run)
    return outputs


def reference_in(inputs: Inputs, entity: Entity) -> str:
    """Give the reference that the entity has in the catalog that is meant, as RegisterCatalog puts it out."""
    from common.catalogs.entity import located_reference, reference

    return located_reference(entity) if in_locations(inputs) else reference(entity)


def page_in(inputs: Inputs, entity: Entity) -> str:
    """Give the entity's page in that catalog, as RegisterCatalog does; '' where its address is not known.

    The two generations of the portal differ in the scope (contract, A.4). A page keeps the case of the name.
    """
    ref = reference_in(inputs, entity)
    if in_locations(inputs):
        ref = f"{ref.rpartition('/')[0]}/{entity.name}"
    return (
        inputs.backstage.page(ref)
        if inputs.catalog_type == BACKSTAGE
        else page(inputs.portal.base, inputs.portal.account, ref)
    )


def in_locations(inputs: Inputs) -> bool:
    """Tell whether the catalog is one of locations: Backstage, or IDP 1.0."""
    return inputs.catalog_type == BACKSTAGE or inputs.generation.is_first(inputs.portal)


def file_path(inputs: Inputs, context: Context) -> Path:
    """Give the path to write to. Raises BadInput for a fileName that is more than a name."""
    from common.template.folder import LONGEST_NAME

    name = inputs.file_name
    plain = PurePosixPath(name).name == name and name not in (".", "..")
    if not plain or "\\" in name or "\0" in name or len(name.encode(errors="replace")) > LONGEST_NAME:
        raise BadInput(f"fileName is {name!r}, which is no plain file name.", next_step="Put the folder into filePath.")
    folder = context.workspace.path(inputs.file_path or ".", what="filePath")
    path = context.workspace.path(str(PurePosixPath(context.workspace.relative(folder)) / name), what="fileName")
    if path.is_dir():
        raise BadInput(f"{name!r} is a folder in {folder}.", next_step="Choose another fileName.")
    return path


def write(path: Path, content: bytes, *, shown: str, dry_run: bool) -> None:
    """Put the bytes there at once or not at all, and say what was there before."""
    before = path.read_bytes() if path.is_file() else None
    if before == content:
        log.info(f"{shown} is there already, with this content.")
        return
    told = "is written" if before is None else f"is replaced ({_difference(before, content)})"
    if dry_run:
        log.info(f"Dry run: {shown} {told}.")
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        put(path, content)
    except (FileExistsError, NotADirectoryError) as error:
        raise Conflict(f"{shown} cannot be written: a file is where a folder should be.") from error
    except OSError as error:
        raise BadInput(
            f"{shown} cannot be written: {error.strerror}.", next_step="Make the workspace writable for this user."
        ) from error
    log.info(f"{shown} {told}.")


def _difference(before: bytes, after: bytes) -> str:
    from collections import Counter

    old, new = (Counter(text.decode(errors="replace").splitlines()) for text in (before, after))
    return f"lines that differ: {(new - old).total()} new, {(old - new).total()} gone"


if __name__ == "__main__":
    create_catalog.run()
