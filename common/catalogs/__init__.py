"""What a catalog is to the steps: options of its own that open it, and then the same few functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias

from common.errors import Conflict, Refused, StepError

if TYPE_CHECKING:
    from common.catalogs.tidying import Tidied
    from common.network.deadline import Deadline
    from common.network.http import Client
    from common.network.repeat import Failure
    from common.network.settings import Network

    Clients: TypeAlias = dict[str, Client]  # by where they lead
    Listed: TypeAlias = dict[str, list[Mapping[str, Any]]]  # entities from git, by the address of their list


class CatalogFile(NamedTuple):
    """The catalog file where it was pushed to: `host` is the git host's name, the two URLs are for browsers."""

    url: str
    repository_url: str
    repository: str
    branch: str
    path: str
    connector: str
    host: str = ""
    fresh: bool = True
    """Whether it was pushed a moment ago, so that a catalog that does not see it yet is asked again."""


class Examined(NamedTuple):
    """What the file holds. `refs`: its entities, the first of them the step's output; none where nothing shows it.

    text: the file, where the catalog gives it. entities: what the catalog makes of it, where it tells that.
    """

    refs: tuple[str, ...] = ()
    text: str = ""
    entities: tuple[Mapping[str, Any], ...] = ()

    @property
    def ref(self) -> str:
        """The reference that the step puts out; '' where nothing shows the file."""
        return self.refs[0] if self.refs else ""


class Registered(NamedTuple):
    """The entities of the file as the catalog has them, by the reference of the first.

    source: where they came from; same: whether that is the file asked for; stale: whether the file holds something
    else by now. location: the catalog's name of the registration, where it has one. name: the entity's as it is
    written, where its reference has it in lower case.
    """

    ref: str
    source: str
    same: bool
    stale: bool = False
    faults: tuple[str, ...] = ()
    location: str = ""
    name: str = ""

    @property
    def ref_on_page(self) -> str:
        """The reference as the address of the entity's page has it: with the name as it is written."""
        return f"{self.ref.rpartition('/')[0]}/{self.name}" if self.name else self.ref


class NotThere(Refused):
    """The catalog sees no such file."""


class AlreadyThere(Conflict):
    """The catalog refused a registration because it has such an entity. `said` are its words."""

    def __init__(self, said: str) -> None:
        super().__init__(
            f"The catalog has an entity of this name already, and does not show it: {said.rstrip('.')}.",
            next_step="Rename the entity, or check which scope it is registered in and who may see it.",
        )


class Catalog(Protocol):
    """One catalog, ready to register one file."""

    @property
    def wanted(self) -> str:
        """Which file is registered, as messages name it."""

    def examine(self) -> Examined:
        """Read the file as the catalog sees it, waiting for a push to arrive, and check it.

        Raises BadInput or Refused with what is wrong with it.
        """

    def dry_run(self, examined: Examined) -> None:
        """Have the catalog check what `examine` has not had it check, without registering anything."""

    def find(self, examined: Examined) -> Registered | None:
        """Look for the entities; None when one of them is not there."""

    def shown(self, refs: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
        """Read entities, also of other files, with few requests; one that is left out may be there anyway."""

    def judged(self, examined: Examined, shown: Mapping[str, Mapping[str, Any]]) -> Registered | None:
        """Do what `find` does, by what `shown` has read. The location is not told."""

    def known(self) -> Registered | None:
        """Look for the entity of this file when nothing shows the file, by one look through the catalog for many files.

        None where it may have been registered since.
        """

    def register(self, examined: Examined) -> str:
        """Register the file and give the reference of its entity, '' where the catalog does not tell it yet.

        Raises AlreadyThere, or Uncertain when it may or may not have happened.
        """

    def happened(self, examined: Examined) -> str | None:
        """Look whether `register` has happened, after it ended in doubt; give the reference then."""

    def refresh(self, examined: Examined) -> bool:
        """Have the catalog read the file again; False where it does so by itself only."""

    def reason(self, examined: Examined) -> str:
        """Give the catalog's own words for why the entities do not appear; '' when it has none."""


class CatalogOptions(Protocol):
    """What a catalog needs to be told: a dataclass of option() declarations."""

    def platform_registers(self) -> bool:
        """Tell whether the platform registers the file itself, from the output catalogInfoUrl."""

    def lacks(self) -> Sequence[str]:
        """Name the inputs without which the catalog cannot be asked."""

    def page(self, ref: str) -> str:
        """Give the address of an entity's page for a browser; '' when that is not known."""

    def open(
        self,
        file: CatalogFile,
        *,
        network: Network,
        deadline: Deadline,
        clients: Clients | None = None,
        listed: Listed | None = None,
    ) -> Catalog:
        """Make ready to register the file. Raises BadInput or NotAllowed at once when something is not given.

        clients: the connections, to be used for many files that have one network and one deadline. listed: what one
        file has looked through, for the others.
        """

    def tidied(self, *, network: Network, deadline: Deadline) -> Tidied:
        """Make ready to look through the catalog for what it holds in vain. Raises as `open` does."""


def failure_of(error: Exception) -> Failure | None:
    """Tell what a failed call of a catalog left behind. Its client has repeated what may be repeated without a look."""
    from common.network.repeat import Failure, Outcome, Uncertain

    if isinstance(error, Uncertain):
        return Failure(Outcome.UNKNOWN, error)
    return Failure(Outcome.REFUSED, error) if isinstance(error, StepError) else None
