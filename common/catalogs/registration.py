"""How a file gets into any catalog: check, look, register, look again, wait until the entity is there.

A re-run finds what the first run registered. An entity of that name from elsewhere is a conflict that names both sides.
"""

from __future__ import annotations

from common import log
from common.catalogs import AlreadyThere, Catalog, CatalogFile, Registered
from common.errors import Conflict, Refused
from common.network.deadline import Deadline
from common.network.repeat import Uncertain

CREATED = "created"
EXISTED = "existed"


def register(catalog: Catalog, file: CatalogFile, deadline: Deadline) -> tuple[str, str]:
    """Register the file and give the entity's reference, and whether this run created it or it existed."""
    text = catalog.read()
    ref = catalog.check(text) if text is not None else ""
    found = catalog.find(ref) if ref else None
    if found is not None:
        how = EXISTED
        _expect_same(found, file)
    else:
        found, how = _register(catalog, ref, file, deadline)
    if how == CREATED:
        found = _appeared(catalog, found.ref or ref, file, deadline)
    _expect_sound(found, file)
    log.info(f"{found.ref} {'is registered' if how == CREATED else 'was registered already'} from {file.url}.")
    return found.ref, how


def dry_run(catalog: Catalog, file: CatalogFile) -> str:
    """Do what `register` does as far as nothing is written, and give the entity's reference, '' when it is unknown."""
    text = catalog.read()
    if text is None:
        log.info(f"Dry run: {file.url} would be registered; the catalog gives no view of the file to check.")
        return ""
    ref = catalog.check(text)
    found = catalog.find(ref)
    if found is not None:
        _expect_same(found, file)
        _expect_sound(found, file)
        log.info(f"Dry run: {ref} is registered from {file.url} already.")
    else:
        catalog.dry_run(text)
        log.info(f"Dry run: {ref} would be registered from {file.url}.")
    return ref


def _register(catalog: Catalog, ref: str, file: CatalogFile, deadline: Deadline) -> tuple[Registered, str]:
    doubt: Uncertain | None = None
    attempts = deadline.attempts()
    for _ in attempts:
        try:
            return catalog.register(ref), CREATED
        except AlreadyThere as answer:
            found = catalog.find(ref) if ref else None
            if found is None:
                raise Conflict(
                    f"The catalog has an entity of this name already, and does not show it: {answer}.",
                    next_step="Rename the entity, or check which scope it is registered in and who may see it.",
                ) from answer
            _expect_same(found, file)
            return found, CREATED if doubt is not None else EXISTED
        except Uncertain as error:
            if not ref:
                raise
            log.info(f"{error.message} Looking whether {ref} is there.")
            if (found := catalog.find(ref)) is not None:
                _expect_same(found, file)
                return found, CREATED
            doubt = error
            attempts.failed(error.message)
    raise doubt or Refused(f"{file.url} was not registered.")


def _appeared(catalog: Catalog, ref: str, file: CatalogFile, deadline: Deadline) -> Registered:
    attempts = deadline.attempts()
    for _ in attempts:
        if (found := catalog.find(ref)) is not None:
            return found
        attempts.failed(f"{ref} is not in the catalog yet.")
    raise Refused(
        f"The catalog took {file.url}, but {ref} did not appear within {deadline.retry_seconds:.0f} s.",
        next_step="Look for processing errors in the portal; running the step again looks for the entity once more.",
    )


def _expect_same(found: Registered, file: CatalogFile) -> None:
    if not found.same:
        raise Conflict(
            f"The catalog has {found.ref} already, from {found.source}; this run wants to register it from {file.url}.",
            next_step="Rename the entity in the file, or remove the other one from the catalog.",
        )


def _expect_sound(found: Registered, file: CatalogFile) -> None:
    if found.faults:
        raise Refused(
            f"{found.ref} is registered, but the catalog finds it invalid: {'; '.join(found.faults).rstrip('.')}.",
            next_step=f"Correct {file.url} and run the step again.",
        )
