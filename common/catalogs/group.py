"""Registers the files of several repositories together: what can be read for all of them is read with few requests.

Each file is read and registered by itself, some at a time and with one try each. What that does not settle beyond doubt
is left to `Registration`, which has retries and looks first, so it finds what a try here has registered.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, TypeAlias, TypeVar

from common import log
from common.catalogs import Catalog, CatalogFile, CatalogOptions, Examined, NotThere, Registered
from common.catalogs.registration import BETWEEN_TELLINGS, FIRST_PAUSE, LONGEST_PAUSE
from common.errors import StepError
from common.network.deadline import LONGEST_TRY, Deadline
from common.network.settings import Network
from common.network.together import tried

if TYPE_CHECKING:
    from common.catalogs import Clients, Listed

LONGEST_WAIT = LONGEST_TRY / 2  # seconds that entities are waited for together; then each of those left by itself
PLANNED, MADE, EXISTED = "planned", "made", "existed"

ResultT = TypeVar("ResultT")
Open: TypeAlias = Callable[[CatalogFile], Catalog]


class Seen(NamedTuple):
    """A file that the catalog has examined."""

    file: CatalogFile
    examined: Examined


class NoFile(NamedTuple):
    """None of the repository's files is there."""


class Ended(NamedTuple):
    """It is done: PLANNED, when the catalog lacks the entity and has nothing against the file.

    MADE and EXISTED, when it shows the entity from this file and finds it sound.
    """

    outcome: str
    ref: str


class Taken(NamedTuple):
    """The catalog took the registration, and has not shown the entity as it should be. since: of the clock."""

    file: CatalogFile
    examined: Examined
    since: float


Settled: TypeAlias = NoFile | Ended | Taken


@dataclass(frozen=True)
class Group:
    """How files are registered together. deadline: makes one, asked for retries or none. apply: False to look only.

    listed: what one file has looked through of the catalog, for those of all groups.
    """

    catalog: CatalogOptions
    network: Network
    deadline: Callable[[bool], Deadline]
    wait: float
    apply: bool
    listed: Listed = field(default_factory=dict)

    def settled(self, files: Mapping[int, Sequence[CatalogFile]]) -> dict[int, Settled]:
        """Give what became of each, by its number; none for one that is left. files: the first that is there counts."""
        ends: dict[int, Settled] = {}
        seen: dict[int, Seen] = {}
        looked = self._each(files, lambda number, opened: _first(files[number], opened), "looked at")
        for number, found in looked.items():
            if isinstance(found, NoFile):
                ends[number] = found
            elif found.examined.refs:
                seen[number] = found
            elif (known := self._known(found.file)) is not None:
                ends[number] = known
        claimed = Counter(ref for one in seen.values() for ref in one.examined.refs)
        # Of files with the same entity, one gets it and the others are told whose it is: that takes turns.
        seen = {number: one for number, one in seen.items() if all(claimed[ref] == 1 for ref in one.examined.refs)}
        shown = self._looked(seen)
        ends |= {number: Ended(EXISTED, one.ref) for number, one in shown.items() if one is not None and _is_well(one)}
        new = {number: seen[number] for number, one in shown.items() if one is None}
        if not self.apply:
            return ends | self._each(new, lambda number, opened: _planned(new[number], opened), "checked")
        clock = self.deadline(False).clock
        taken = self._each(new, lambda number, opened: _taken(new[number], opened, clock), "registered")
        return ends | taken | self._awaited(taken)

    def _known(self, file: CatalogFile) -> Ended | None:
        """Look for what is registered of a file that the catalog does not show."""
        deadline = self.deadline(True)
        try:
            found = self._open(file, deadline, {}).known()
        except StepError as error:
            log.detail(f"The entity of {file.url} cannot be looked for: {error}")
            return None
        return Ended(EXISTED, found.ref) if found is not None and _is_well(found) else None

    def _awaited(self, taken: Mapping[int, Taken]) -> dict[int, Settled]:
        """Wait for what was registered, and give what the catalog shows as it should be."""
        ends: dict[int, Settled] = {}
        deadline = self.deadline(True)
        clock, pause = deadline.clock, FIRST_PAUSE
        started = told = clock()
        left = dict(taken)
        while left:
            shown = self._looked({number: Seen(one.file, one.examined) for number, one in left.items()})
            ends |= {number: Ended(MADE, one.ref) for number, one in shown.items() if one is not None and _is_well(one)}
            # One that came from elsewhere, or is invalid, is no matter of waiting.
            left = {number: left[number] for number, one in shown.items() if one is None}
            passed = clock() - started
            if passed >= min(self.wait, LONGEST_WAIT):
                break
            if left and clock() - told >= BETWEEN_TELLINGS:
                told = clock()
                log.info(f"{len(left)} entities are not in the catalog yet, after {passed:.0f} s.")
            if left:
                deadline.sleep(pause)
                pause = min(pause * 1.5, LONGEST_PAUSE)
        return ends

    def _looked(self, seen: Mapping[int, Seen]) -> dict[int, Registered | None]:
        """Look for the entities of all files together, with retries; empty when the catalog cannot be asked so."""
        deadline = self.deadline(True)
        clients: Clients = {}
        try:
            opened = {number: self._open(one.file, deadline, clients) for number, one in seen.items()}
            refs = [ref for one in seen.values() for ref in one.examined.refs]
            shown = next(iter(opened.values())).shown(refs) if refs else {}
        except StepError as error:
            log.detail(f"The entities cannot be read together: {error}")
            return {}
        return {number: opened[number].judged(one.examined, shown) for number, one in seen.items()}

    def _each(self, numbers: Collection[int], do: Callable[[int, Open], ResultT], done: str) -> dict[int, ResultT]:
        """Do something for each, some at a time and with one try; give what came of those that worked.

        done: the word for it.
        """

        def worker() -> Callable[[int], ResultT | None]:
            deadline = self.deadline(False)
            clients: Clients = {}

            def once(number: int) -> ResultT | None:
                try:
                    return do(number, lambda file: self._open(file, deadline, clients))
                except StepError as error:
                    log.detail(str(error))
                    return None

            return once

        found: dict[int, ResultT] = {}
        clock = self.deadline(False).clock
        told = clock()
        for one in tried(numbers, worker):
            if one.result is not None:
                found[one.piece] = one.result
            if clock() - told >= BETWEEN_TELLINGS:
                told = clock()
                log.info(f"{len(found)} of these {len(numbers)} repositories are {done}.")
        return found

    def _open(self, file: CatalogFile, deadline: Deadline, clients: Clients) -> Catalog:
        return self.catalog.open(file, network=self.network, deadline=deadline, clients=clients, listed=self.listed)


def _is_well(found: Registered) -> bool:
    return found.same and not found.stale and not found.faults


def _first(files: Sequence[CatalogFile], opened: Open) -> Seen | NoFile:
    """Examine the first file that is there."""
    for file in files:
        try:
            return Seen(file, opened(file).examine())
        except NotThere:
            continue
    return NoFile()


def _planned(seen: Seen, opened: Open) -> Ended:
    opened(seen.file).dry_run(seen.examined)
    return Ended(PLANNED, seen.examined.ref)


def _taken(seen: Seen, opened: Open, clock: Callable[[], float]) -> Taken:
    catalog = opened(seen.file)
    ref = catalog.register(seen.examined)
    examined = seen.examined if ref in {"", seen.examined.ref} else Examined(refs=(ref,))
    return Taken(seen.file, examined._replace(text=""), clock())
