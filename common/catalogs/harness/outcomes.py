"""What is told of changes of properties that were not made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from common import log
from common.catalogs.properties import Change, common_kind, named
from common.errors import Refused, StepError, shown


def not_shown(change: Change) -> Refused:
    """Make the failure for a change that the catalog took, and does not show."""
    return Refused(
        f"The catalog took the change, and does not show {named([change])} with the value that was sent.",
        next_step="Look at the entity in the portal; the step may be run again, and sends what is missing then.",
    )


def partial(failed: Mapping[str, StepError], changes: Sequence[Change], *, dry_run: bool = False) -> StepError:
    """Make the failure that tells what became of which entity."""
    if len(failed) == len({change.entity_ref for change in changes}) == 1:
        return next(iter(failed.values()))
    refs: dict[int, list[str]] = {}  # what was sent together has failed together
    for ref, error in failed.items():
        refs.setdefault(id(error), []).append(shown(ref, quotes=False))
    for error in {id(error): error for error in failed.values()}.values():
        together = refs[id(error)]
        if len(together) == 1:
            log.info(f"{together[0]} is not changed: {error}")
        else:  # a line each, for the log cuts a long one
            log.info("\n".join((f"{len(together)} entities are not changed: {error}", *together)))
    entities = len({change.entity_ref for change in changes})
    left = [change for change in changes if change.entity_ref in failed]
    could_not = "cannot be changed" if dry_run else "could not be changed"
    done = "nothing was changed" if dry_run else f"{entities - len(failed)} are changed"
    return common_kind(failed.values())(
        f"{len(failed)} of {entities} entities {could_not}: {named(left)}. The lines above tell why; {done}.",
        next_step="Correct that and run the step again: it sends only what is missing.",
    )
