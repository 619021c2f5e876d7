"""What a catalog is to the steps: options of its own that open it, and then the same few functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from common.errors import Conflict, StepError
from common.network.deadline import Deadline
from common.network.repeat import Failure, Outcome, Uncertain
from common.network.settings import Network


@dataclass(frozen=True, kw_only=True)
class CatalogFile:
    """The catalog file where it was pushed to: `host` is the git host's name, the two URLs are for browsers."""

    url: str
    repository_url: str
    repository: str
    branch: str
    path: str
    connector: str
    host: str = ""


@dataclass(frozen=True, kw_only=True)
class Registered:
    """An entity that the catalog has. `source` says where it came from; `same` whether that is the file asked for."""

    ref: str
    source: str
    same: bool
    faults: tuple[str, ...] = ()


class AlreadyThere(Conflict):
    """The catalog refused a registration because it has such an entity. `said` are its words."""

    def __init__(self, said: str) -> None:
        super().__init__(
            f"The catalog has an entity of this name already, and does not show it: {said.rstrip('.')}.",
            next_step="Rename the entity, or check which scope it is registered in and who may see it.",
        )


class Catalog(Protocol):
    """One catalog, ready to register one file."""

    def read(self) -> str | None:
        """Give the file as the catalog sees it, waiting for a push to arrive; None when it gives no such view."""

    def check(self, text: str) -> str:
        """Check the file offline and give the reference its entity has in this catalog. Raises BadInput."""

    def dry_run(self, text: str) -> None:
        """Have the catalog check the file without registering it."""

    def find(self, ref: str) -> Registered | None:
        """Look for the entity of that reference."""

    def register(self, ref: str) -> Registered:
        """Register the file as the entity of that reference, '' when it is not known.

        Raises AlreadyThere, or Uncertain when it may or may not have happened.
        """


class CatalogOptions(Protocol):
    """What a catalog needs to be told: a dataclass of option() declarations."""

    def platform_registers(self) -> bool:
        """Tell whether the platform registers the file itself, from the output catalogInfoUrl."""

    def lacks(self) -> Sequence[str]:
        """Name the inputs without which the catalog cannot be asked."""

    def open(self, file: CatalogFile, *, network: Network, deadline: Deadline) -> Catalog:
        """Make ready to register the file. Raises BadInput or NotAllowed at once when something is not given."""


def failure_of(error: Exception) -> Failure | None:
    """Tell what a failed call of a catalog left behind. Its client has repeated what may be repeated without a look."""
    if isinstance(error, Uncertain):
        return Failure(Outcome.UNKNOWN, error)
    return Failure(Outcome.REFUSED, error) if isinstance(error, StepError) else None
