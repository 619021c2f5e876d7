"""How a file gets into any catalog: check, look, register, look again, wait until the entity is there.

A re-run finds what the first run registered. An entity of that name from elsewhere is a conflict that names both sides.
"""

from __future__ import annotations

from common import log
from common.catalogs import AlreadyThere, Catalog, CatalogFile, Registered, failure_of
from common.errors import Conflict, Refused
from common.network import repeat
from common.network.deadline import Deadline

CREATED = "created"
EXISTED = "existed"


def register(catalog: Catalog, file: CatalogFile, deadline: Deadline) -> tuple[str, str]:
    """Register the file and give the entity's reference, and whether this run created it or it existed."""
    text = catalog.read()
    ref = catalog.check(text) if text is not None else ""
    found = catalog.find(ref) if ref else None
    how = EXISTED
    if found is None:
        found, how = _register(catalog, ref, deadline)
    if how == CREATED:
        found = _shown(catalog, found.ref, file, deadline)
    _expect_same(found, file)
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


def _register(catalog: Catalog, ref: str, deadline: Deadline) -> tuple[Registered, str]:
    def look() -> Registered | None:
        log.info(f"Looking whether {ref} is there.")
        return catalog.find(ref)

    try:
        return repeat.write(lambda: catalog.register(ref), look if ref else None, failure_of, deadline), CREATED
    except AlreadyThere:
        found = _awaited(catalog, ref, deadline) if ref else None
        if found is None:
            raise
        return found, EXISTED


def _shown(catalog: Catalog, ref: str, file: CatalogFile, deadline: Deadline) -> Registered:
    """Read back what was registered: an answer that says so is not enough."""
    if (found := _awaited(catalog, ref, deadline)) is not None:
        return found
    raise Refused(
        f"The catalog took {file.url}, but {ref} did not appear within {deadline.retry_seconds:.0f} s.",
        next_step="Look for processing errors in the portal; running the step again looks for the entity once more.",
    )


def _awaited(catalog: Catalog, ref: str, deadline: Deadline) -> Registered | None:
    attempts = deadline.attempts()
    for _ in attempts:
        if (found := catalog.find(ref)) is not None:
            return found
        attempts.failed(f"{ref} is not in the catalog yet.")
    return None


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
