"""What is told of changes of properties that were not made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from common import log
from common.catalogs.properties import Change, named
from common.errors import Refused, shown


def not_shown(change: Change) -> Refused:
    """Make the failure for a change that the catalog took, and does not show."""
    return Refused(
        f"The catalog took the change, and does not show {named([change])} with the value that was sent.",
        next_step="Look at the entity in the portal; the step may be run again, and sends what is missing then.",
    )


def partial(failed: Mapping[str, Refused], changes: Sequence[Change], made: Sequence[Change]) -> Refused:
    """Make the failure that tells what became of which entity."""
    if len(failed) == 1 and not made:
        return next(iter(failed.values()))
    for ref, reason in failed.items():
        log.info(f"{shown(ref, quotes=False)} is not changed: {reason.message}")
    entities = len(dict.fromkeys(change.entity_ref for change in changes))
    left = [change for change in changes if change.entity_ref in failed]
    return Refused(
        f"{len(failed)} of {entities} entities could not be changed: {named(left)}. The lines above tell why;"
        f" {entities - len(failed)} are changed.",
        next_step="Correct that and run the step again: it sends only what is missing.",
    )
