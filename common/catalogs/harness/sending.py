"""How far the sending of one property of many entities has come, and when it is given up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from common import log
from common.catalogs.properties import Change
from common.errors import NotAllowed, StepError, Unavailable

MOST_SPLITS = 64  # how often a request that fails is split to find what it fails for
MOST_IN_A_ROW = 16  # requests that fail for what may be a matter of all; 500 entities are split down to one by 9


@dataclass
class Sending:
    """What became of so many entities. size: how many of them go into one request."""

    total: int
    told: float
    size: int
    dry_run: bool
    splits: int = 0
    done: int = 0
    said: dict[str, None] = field(default_factory=dict)  # the words of the catalog, each once
    failed: dict[str, StepError] = field(default_factory=dict)  # by reference
    first: StepError | None = None  # of the failures that may be those of every entity
    in_a_row: int = 0  # of these failures

    def succeeded(self, changes: Sequence[Change], said: str) -> None:
        """Note what was done."""
        self.done += len(changes)
        self.in_a_row = 0
        self.said |= {said: None} if said else {}

    def failed_with(self, error: StepError, changes: Sequence[Change]) -> None:
        """Note what failed for good."""
        self.done += len(changes)
        self.failed |= {change.entity_ref: error for change in changes}

    def note(self, error: StepError) -> None:
        """Note a failure, which may be one of this request alone."""
        if isinstance(error, NotAllowed | Unavailable):
            self.first = self.first or error
            self.in_a_row += 1

    def stop(self, error: StepError) -> None:
        """Note a failure that is one of all that is left."""
        self.first = self.first or error
        self.in_a_row = MOST_IN_A_ROW

    def is_hopeless(self) -> bool:
        """Tell whether what failed lately fails for whatever entity it is."""
        return self.in_a_row >= MOST_IN_A_ROW

    def take_fewer(self, number: int) -> None:
        """Note that so many entities are too many."""
        self.size = max(1, number // 2)
        log.info(f"The catalog does not take {number} entities at once; {self.size} are sent instead.")

    def may_split(self) -> bool:
        """Tell whether a request that failed is sent again in two parts."""
        self.splits += 1
        return self.splits <= MOST_SPLITS

    def give_up(self, batches: Sequence[Sequence[Change]]) -> None:
        """Note what is not tried any more. Raises the first failure where nothing was done."""
        left = [change for batch in batches for change in batch]
        if self.first is None:
            raise AssertionError("nothing has failed")
        if len(left) + len(self.failed) == self.total:
            raise self.first
        self.failed_with(
            type(self.first)(f"It was not tried any more: {self.first.message}", next_step=self.first.next_step), left
        )
