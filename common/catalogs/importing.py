"""Fills a catalog from the repositories of an owner, some at a time; what went wrong with one stops no other.

Each is tried once next to others. What that did not settle is done in its turn by the main thread, which has retries
and the clock that ends them, and may run git: it looks first, so what a try has registered is found.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from common.catalogs import CatalogFile, CatalogOptions, NotThere
from common.catalogs.entity import parse
from common.catalogs.registration import CREATED, Registration
from common.contract.process import scratch_folder
from common.errors import Refused, StepError
from common.git.signature import Signature
from common.git_hosts import GitHost, ListedRepository
from common.git_hosts.context import HostContext
from common.git_hosts.proposal import Proposal
from common.network.deadline import LONGEST_TRY, Deadline
from common.network.together import tried

if TYPE_CHECKING:
    from common.catalogs import Clients

PLANNED, MADE, EXISTED, FAILED, LACKS, SKIPPED, PROPOSED = (
    "planned", "made", "existed", "failed", "lacks", "skipped", "proposed"
)  # fmt: skip
OUTCOMES = (PLANNED, MADE, PROPOSED, EXISTED, LACKS, SKIPPED, FAILED)
MESSAGE = "Add a file for the catalog"
LONGEST_WAIT = LONGEST_TRY / 2  # seconds that a try waits for an entity next to others; what takes longer has its turn


@dataclass(frozen=True)
class Result:
    """What became of a repository: one of OUTCOMES, the entity's reference, and words; `code` when it failed."""

    repository: str
    outcome: str
    ref: str = ""
    told: str = ""
    code: int = 0


@dataclass(frozen=True, kw_only=True)
class Importing:
    """An import. paths: where a catalog file may be, the first that is there counts.

    deadline: makes one for each repository, so that one that hangs does not use up the time of the others; asked for
    retries or none. text: makes the file of a repository that has none; None where such a repository is left as it is.
    apply: False to look only.
    """

    host: GitHost
    where: HostContext
    catalog: CatalogOptions
    paths: Sequence[str]
    wait: float
    deadline: Callable[[bool], Deadline]
    text: Callable[[ListedRepository, HostContext], str] | None
    signature: Signature
    proposal: Proposal
    apply: bool

    def results(self, done: Callable[[str], bool] = lambda _: False) -> Iterator[Result]:
        """Go through the repositories, in the order of the host's list. done: tells which were dealt with before."""
        due = [one for one in self.host.list_repositories(self.where) if not done(one.name)]
        for listed, settled in self._tried(due):
            if listed.archived:
                yield Result(listed.name, SKIPPED, told="it is archived")
                continue
            try:
                found = settled or self._looked_at(listed, self._at(listed, self.deadline(True)), self.wait)
                yield self._filled(listed) if found.outcome == LACKS and self.text else found
            except StepError as error:
                yield Result(listed.name, FAILED, told=str(error), code=error.exit_code)

    def _tried(self, every: Sequence[ListedRepository]) -> Iterator[tuple[ListedRepository, Result | None]]:
        """Give each repository with what came of a try next to others; None where that settled nothing."""

        def worker() -> Callable[[int], Result | None]:
            clients: Clients = {}
            deadline, wait = self.deadline(False), min(self.wait, LONGEST_WAIT)

            def once(number: int) -> Result | None:
                try:
                    return self._looked_at(every[number], self._at(every[number], deadline), wait, clients)
                except StepError:
                    return None

            return once

        trying = tried([number for number, one in enumerate(every) if not one.archived], worker)
        ended: dict[int, Result | None] = {}
        for number, one in enumerate(every):
            while not one.archived and number not in ended:
                now = next(trying)
                ended[now.piece] = now.result
            yield one, ended.pop(number, None)

    def _at(self, listed: ListedRepository, deadline: Deadline) -> HostContext:
        location = replace(self.where.location, repository=listed.name)
        where = self.where._replace(location=location, deadline=deadline)
        self.host.check(where)
        return where

    def _looked_at(
        self, listed: ListedRepository, where: HostContext, wait: float, clients: Clients | None = None
    ) -> Result:
        """Register the first file that is there."""
        for path in self.paths:
            try:
                return self._registered(listed, where, path, wait, clients)
            except NotThere:
                continue
        return Result(listed.name, LACKS, told=f"it holds no {' and no '.join(self.paths)}")

    def _filled(self, listed: ListedRepository) -> Result:
        """Give a repository its file, and register that."""
        where = self._at(listed, self.deadline(True))
        text = self.text(listed, where) if self.text else ""
        parse(text, what="What the template makes")
        if not self.apply:
            return Result(listed.name, PLANNED, told=f"{self.paths[0]} would be written")
        if page := self._pushed(listed, where, text):
            return Result(listed.name, PROPOSED, told=page)
        return self._registered(listed, where, self.paths[0], self.wait, fresh=True)

    def _registered(  # noqa: PLR0913 - which file, and how it is registered
        self,
        listed: ListedRepository,
        where: HostContext,
        path: str,
        wait: float,
        clients: Clients | None = None,
        *,
        fresh: bool = False,
    ) -> Result:
        file = CatalogFile(
            url=self.host.file_url(where, branch=listed.default_branch, path=path),
            repository_url=self.host.repository_url(where),
            repository=listed.name,
            branch=listed.default_branch,
            path=path,
            connector=where.connector.ref,
            host=self.host.NAME,
            fresh=fresh,
        )
        catalog = self.catalog.open(file, network=where.network, deadline=where.deadline, clients=clients)
        registration = Registration(catalog, file, where.deadline, wait)
        if not self.apply:
            examined = catalog.examine()
            there = catalog.find(examined) is not None
            registration.dry_run()
            return Result(listed.name, EXISTED if there else PLANNED, examined.ref)
        found, how = registration.make()
        return Result(listed.name, MADE if how == CREATED else EXISTED, found.ref)

    def _pushed(self, listed: ListedRepository, where: HostContext, text: str) -> str:
        """Push the file, or propose it; give the page of the pull request in that case."""
        from common.git.command import Git
        from common.git.push import Push
        from common.git.upstream import Upstream, login_advice
        from common.git_hosts.proposing import bring

        branch = listed.default_branch or "main"
        credentials = self.host.git_credentials(where)
        with scratch_folder() as scratch:
            folder, own = scratch / "files", scratch / "git"
            path = folder / self.paths[0]
            path.parent.mkdir(parents=True)
            path.write_text(text, encoding="utf-8")
            own.mkdir()
            url = self.host.clone_url(where)
            wanted = Push(
                upstream=Upstream(Git(where.network, credentials), url, where.deadline, login_advice(credentials)),
                folder=folder,
                branch=branch,
                force=False,
                message=MESSAGE,
                signature=self.signature.variables(),
                judge=functools.partial(self.host.explain_rejection, where),
                scratch=own,
            )
            proposed = bring(self.host, where, wanted, self.proposal, dry_run=False)
        if not proposed.url and proposed.branch != branch:
            raise Refused(f"The file of {listed.name} was pushed to {proposed.branch}, and no pull request was opened.")
        return proposed.url or ""
