"""What a catalog holds in vain: entities whose file is gone (orphans), and those that it finds invalid (errors).

No catalog deletes several entities by one call. Each is looked at again just before it is deleted, some at a time.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import NamedTuple, Protocol, TypeVar

from common import log
from common.errors import Refused, StepError, Unavailable
from common.network.deadline import Deadline
from common.network.together import tried

GONE = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_FOUND})  # a log-in page says 200 to everything
ORPHANS, ERRORS = "orphans", "errors"
MOST_UNAVAILABLE = 3  # deletions in a row, each with the whole retry budget; the others fail alike then
OUTCOMES = DELETED, KEPT, FAILED = "deleted", "kept", "failed"

EntryT = TypeVar("EntryT")


@dataclass(frozen=True)
class Found:
    """An entity that is an orphan or has errors. handle: what the catalog deletes it by."""

    ref: str
    source: str
    told: str
    handle: str


class Unread(NamedTuple):
    """An entity of which it cannot be told."""

    ref: str
    error: StepError


class Ended(NamedTuple):
    """What became of one that was to be deleted: DELETED, KEPT, as it is no such one any more, or FAILED."""

    found: Found
    outcome: str
    error: StepError | None = None


class Tidied(Protocol):
    """A catalog, ready to be looked through page by page."""

    def orphans(self) -> Iterator[Found | Unread]:
        """Give what came from a file that is gone."""

    def errors(self) -> Iterator[Found | Unread]:
        """Give what the catalog finds invalid, or could not read."""

    def still(self, found: Found, what: str) -> bool | None:
        """Look again whether it is one of ORPHANS or ERRORS; None when the catalog does not have it any more."""

    def delete(self, found: Found) -> None:
        """Delete it; one that is gone already is success."""


def deleted(opened: Callable[[bool], Tidied], found: Sequence[Found], what: str) -> Iterator[Ended]:
    """Delete what is still one of ORPHANS or ERRORS, and give what became of each as it ends.

    opened: opens the catalog, with retries or without. What one try next to others did not do has its turn with them.
    """

    def worker() -> Callable[[int], str]:
        tidied = opened(False)

        def once(number: int) -> str:
            with contextlib.suppress(StepError):  # which its own turn tells
                return _outcome(tidied, found[number], what)
            return ""

        return once

    left: list[Found] = []
    for one in tried(range(len(found)), worker):
        if one.result:
            yield Ended(found[one.piece], one.result)
        else:
            left.append(found[one.piece])
    unavailable: list[StepError] = []  # in a row
    for each in left:
        if len(unavailable) >= MOST_UNAVAILABLE:
            yield Ended(each, FAILED, unavailable[0])
            continue
        try:
            ended = Ended(each, _outcome(opened(True), each, what))
        except StepError as error:
            ended = Ended(each, FAILED, error)
        unavailable = [*unavailable, ended.error] if isinstance(ended.error, Unavailable) else []
        yield ended


def _outcome(tidied: Tidied, found: Found, what: str) -> str:
    match tidied.still(found, what):
        case False:
            return KEPT
        case True:
            tidied.delete(found)
    return DELETED


def each_once(
    pages: Iterator[tuple[list[EntryT], int | None]], ref_of: Callable[[EntryT], str]
) -> Iterator[list[EntryT]]:
    """Give the entities of each page that no page before had. With a page comes how many there are in all, if told.

    Raises Refused when the pages repeat without end. A list that ends before that number is told: entities are added
    and deleted meanwhile, and a catalog may count some that it hides from these credentials.
    """
    seen: set[str] = set()
    total: int | None = None
    for page, told in pages:
        new = {ref_of(entry): entry for entry in page if ref_of(entry) not in seen}
        if page and not new:
            raise Refused(
                f"The catalog gives the same entities again, after {len(seen)} of them.",
                next_step="Check the address, and that no proxy or cache answers in the catalog's place.",
            )
        seen |= set(new)
        total = told
        yield [*new.values()]
    if total is not None and len(seen) < total:
        log.warning(
            f"The catalog counts {total} entities, and lists {len(seen)} of them: the others were not looked at."
            " They may have been added meanwhile, or be hidden from these credentials."
        )


def counted(pages: Iterator[list[EntryT]]) -> Iterator[list[EntryT]]:
    """Give the pages of entities, and tell now and then how far it is."""
    clock, looked_at = Deadline().clock, 0
    told = clock()
    for page in pages:
        yield page
        looked_at += len(page)
        if clock() - told >= log.BETWEEN_TELLINGS:
            told = clock()
            log.info(f"{looked_at} entities are looked at.")
