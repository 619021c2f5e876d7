"""How a file gets into any catalog: check, look, register or refresh, look again, wait until the entity is there.

A re-run finds what the first run registered. An entity of that name from elsewhere is a conflict that names both sides.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from common import log
from common.catalogs import AlreadyThere, Catalog, CatalogFile, Examined, Registered, failure_of
from common.errors import Conflict, Refused
from common.network import repeat
from common.network.deadline import Deadline

CREATED = "created"
REFRESHED = "refreshed"
EXISTED = "existed"
FIRST_PAUSE = 0.25
LONGEST_PAUSE = 5.0
BETWEEN_TELLINGS = 10.0  # seconds


@dataclass(frozen=True)
class Registration:
    """One file on its way into one catalog. `wait` is how many seconds its entity may take to appear."""

    catalog: Catalog
    file: CatalogFile
    deadline: Deadline
    wait: float

    def make(self) -> tuple[Registered, str]:
        """Register the file; give what the catalog has then, and whether this run created it, refreshed it, or neither.

        What is found after an answer that broke off existed: whose it is cannot be told any more.
        """
        examined = self.catalog.examine()
        found = self.catalog.find(examined) if examined.refs else None
        if found is not None:
            return self._checked(examined, found, EXISTED)
        return self.appeared(*self._register(examined))

    def appeared(self, examined: Examined, how: str, *, waited: float = 0) -> tuple[Registered, str]:
        """Wait for what was registered, and give what `make` gives. waited: the seconds that have passed already."""
        return self._checked(examined, self._expected(examined, waited), how)

    def dry_run(self) -> tuple[str, bool]:
        """Do what `make` does as far as nothing is written.

        Gives the entity's reference, '' when it is unknown, and whether the catalog has it.
        """
        examined = self.catalog.examine()
        if not examined.refs:
            wanted = self.catalog.wanted
            log.info(f"Dry run: {wanted} would be registered; the catalog gives no view of the file to check.")
            return "", False
        found = self.catalog.find(examined)
        if found is None:
            self.catalog.dry_run(examined)
            log.info(f"Dry run: {examined.ref} would be registered from {self.catalog.wanted}.")
            return examined.ref, False
        self._expect_same(found)
        self._expect_sound(found)
        more = "; what the file holds now would replace it" if found.stale else ""
        log.info(f"Dry run: {examined.ref} is registered from {self.catalog.wanted} already{more}.")
        return examined.ref, True

    def _checked(self, examined: Examined, found: Registered, how: str) -> tuple[Registered, str]:
        self._expect_same(found)
        if found.stale:
            found, how = self._refresh(examined, found), REFRESHED if how == EXISTED else how
        self._expect_sound(found)
        told = {CREATED: "is registered", REFRESHED: "is registered anew", EXISTED: "was registered already"}[how]
        log.info(f"{found.ref} {told} from {self.catalog.wanted}.")
        return found, how

    def _register(self, examined: Examined) -> tuple[Examined, str]:
        how = CREATED

        def look() -> str | None:
            nonlocal how
            log.info(f"Looking whether {examined.ref} is there.")
            found = self.catalog.happened(examined)
            how = CREATED if found is None else EXISTED
            return found

        try:
            ref = repeat.write(
                lambda: self.catalog.register(examined), look if examined.refs else None, failure_of, self.deadline
            )
        except AlreadyThere:
            if self.catalog.refresh(examined):
                return examined, REFRESHED
            if (there := self._shown_soon(examined)) is None:
                raise
            return (examined if examined.refs else Examined(refs=(there.ref,))), EXISTED
        return (Examined(refs=(ref,)) if ref and ref != examined.ref else examined), how

    def _refresh(self, examined: Examined, found: Registered) -> Registered:
        """Have the catalog read the file again, and wait until it shows what the file holds."""
        if not self.catalog.refresh(examined):
            return found
        fresh = self._awaited(
            examined, lambda now: not now.stale, f"The catalog shows an older state of {found.ref}, and reads it again."
        )
        if fresh is None:
            log.warning(
                f"{found.ref} is registered, but the catalog does not show yet what {self.catalog.wanted} holds"
                f" ({self.wait:g} s passed). It reads the file again by itself."
            )
        return fresh or found

    def _expected(self, examined: Examined, waited: float) -> Registered:
        """Read back what was registered: an answer that says so is not enough."""
        found = self._awaited(examined, lambda _: True, f"{examined.ref} is not in the catalog yet.", waited)
        if found is not None:
            return found
        reason = self.catalog.reason(examined)
        raise Refused(
            f"The catalog took {self.catalog.wanted}, but {examined.ref} did not appear within {self.wait:g} s"
            f"{f': {reason.rstrip(chr(46))}' if reason else ''}.",
            next_step=f"Correct {self.catalog.wanted} and run the step again."
            if reason
            else "Look for processing errors in the portal; running the step again looks for the entity once more,"
            " and WAIT_TIMEOUT says for how long.",
        )

    def _awaited(
        self, examined: Examined, enough: Callable[[Registered], bool], missing: str, waited: float = 0
    ) -> Registered | None:
        clock, pause = self.deadline.clock, FIRST_PAUSE
        told = clock()
        started = told - waited
        while True:
            found = self.catalog.find(examined)
            if found is not None and (not found.same or enough(found)):
                return found
            passed = clock() - started
            if passed >= self.wait:
                return None
            if clock() - told >= BETWEEN_TELLINGS:
                told = clock()
                log.info(f"{missing} Waiting since {passed:.0f} s, for {self.wait:g} s at most.")
            self.deadline.sleep(min(pause, max(self.wait - passed, 0.01)))
            pause = min(pause * 1.5, LONGEST_PAUSE)

    def _shown_soon(self, examined: Examined) -> Registered | None:
        if not (examined.refs or self.file.fresh):
            return self.catalog.find(examined)  # by all that the catalog has: once is enough for what is old
        attempts = self.deadline.attempts()
        for _ in attempts:
            if (found := self.catalog.find(examined)) is not None:
                return found
            attempts.failed(f"{examined.ref} is not in the catalog yet.")
        return None

    def _expect_same(self, found: Registered) -> None:
        if not found.same:
            raise Conflict(
                f"The catalog has {found.ref} already, from {found.source}; this run wants to register it from"
                f" {self.catalog.wanted}.",
                next_step="Rename the entity in the file, or remove the other one from the catalog.",
            )

    def _expect_sound(self, found: Registered) -> None:
        if found.faults:
            raise Refused(
                f"{found.ref} is registered, but the catalog finds it invalid: {'; '.join(found.faults).rstrip('.')}.",
                next_step=f"Correct {self.catalog.wanted} and run the step again.",
            )
