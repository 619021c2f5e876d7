"""Fills a catalog from the repositories of an owner, many together; what went wrong with one stops no other.

What a group did not settle is done in its turn by the main thread, which has retries and the clock that ends them, and
may run git: it looks first, so what the group has registered is found.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from common.catalogs import CatalogFile, CatalogOptions, NotThere
from common.catalogs.entity import parse
from common.catalogs.group import EXISTED, MADE, PLANNED, Ended, Group, NoFile, Settled, Taken
from common.catalogs.registration import CREATED, Registration
from common.contract.process import scratch_folder
from common.errors import Refused, StepError
from common.git.signature import Signature
from common.git_hosts import GitHost, ListedRepository
from common.git_hosts.context import HostContext
from common.git_hosts.proposal import Proposal
from common.network.deadline import Deadline

FAILED, LACKS, SKIPPED, PROPOSED = "failed", "lacks", "skipped", "proposed"
OUTCOMES = (PLANNED, MADE, PROPOSED, EXISTED, LACKS, SKIPPED, FAILED)
MESSAGE = "Add a file for the catalog"
TOGETHER = 100  # repositories; as many as the catalogs give entities at once


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
        for start in range(0, len(due), TOGETHER):
            some = due[start : start + TOGETHER]
            settled = self._together(some)
            for number, listed in enumerate(some):
                yield self._result(listed, settled.get(number))

    def _together(self, some: Sequence[ListedRepository]) -> dict[int, Settled]:
        files: dict[int, Sequence[CatalogFile]] = {}
        for number, listed in enumerate(some):
            with contextlib.suppress(StepError):  # which its own turn tells
                where = self._at(listed, self.where.deadline)
                files[number] = [] if listed.archived else [self._file(listed, where, path) for path in self.paths]
        group = Group(self.catalog, self.where.network, self.deadline, self.wait, self.apply)
        return group.settled({number: those for number, those in files.items() if those})

    def _result(self, listed: ListedRepository, settled: Settled | None) -> Result:
        """Tell what became of a repository; do by itself what was not settled together with others."""
        if listed.archived:
            return Result(listed.name, SKIPPED, told="it is archived")
        try:
            match settled:
                case Ended():
                    return Result(listed.name, settled.outcome, settled.ref)
                case Taken():
                    return self._appeared(listed, settled)
                case NoFile():
                    found = self._lacks(listed)
                case None:
                    found = self._looked_at(listed)
            return self._filled(listed) if found.outcome == LACKS and self.text else found
        except StepError as error:
            return Result(listed.name, FAILED, told=str(error), code=error.exit_code)

    def _lacks(self, listed: ListedRepository) -> Result:
        return Result(listed.name, LACKS, told=f"it holds no {' and no '.join(self.paths)}")

    def _at(self, listed: ListedRepository, deadline: Deadline) -> HostContext:
        location = replace(self.where.location, repository=listed.name)
        where = self.where._replace(location=location, deadline=deadline)
        self.host.check(where)
        return where

    def _looked_at(self, listed: ListedRepository) -> Result:
        """Register the first file that is there."""
        where = self._at(listed, self.deadline(True))
        for path in self.paths:
            try:
                return self._registered(listed, where, self._file(listed, where, path))
            except NotThere:
                continue
        return self._lacks(listed)

    def _filled(self, listed: ListedRepository) -> Result:
        """Give a repository its file, and register that."""
        where = self._at(listed, self.deadline(True))
        text = self.text(listed, where) if self.text else ""
        parse(text, what="What the template makes")
        if not self.apply:
            return Result(listed.name, PLANNED, told=f"{self.paths[0]} would be written")
        if page := self._pushed(listed, where, text):
            return Result(listed.name, PROPOSED, told=page)
        return self._registered(listed, where, self._file(listed, where, self.paths[0])._replace(fresh=True))

    def _file(self, listed: ListedRepository, where: HostContext, path: str) -> CatalogFile:
        return CatalogFile(
            url=self.host.file_url(where, branch=listed.default_branch, path=path),
            repository_url=self.host.repository_url(where),
            repository=listed.name,
            branch=listed.default_branch,
            path=path,
            connector=where.connector.ref,
            host=self.host.NAME,
            fresh=False,
        )

    def _registered(self, listed: ListedRepository, where: HostContext, file: CatalogFile) -> Result:
        registration = self._registration(where, file)
        if not self.apply:
            ref, there = registration.dry_run()
            return Result(listed.name, EXISTED if there else PLANNED, ref)
        found, how = registration.make()
        return Result(listed.name, MADE if how == CREATED else EXISTED, found.ref)

    def _appeared(self, listed: ListedRepository, taken: Taken) -> Result:
        """Wait for what is registered, or tell why it does not appear."""
        where = self._at(listed, self.deadline(True))
        waited = where.deadline.clock() - taken.since
        found, _ = self._registration(where, taken.file).appeared(taken.examined, CREATED, waited=waited)
        return Result(listed.name, MADE, found.ref)

    def _registration(self, where: HostContext, file: CatalogFile) -> Registration:
        catalog = self.catalog.open(file, network=where.network, deadline=where.deadline)
        return Registration(catalog, file, where.deadline, self.wait)

    def _pushed(self, listed: ListedRepository, where: HostContext, text: str) -> str:
        """Push the file, or propose it; give the page of the pull request in that case."""
        from common.git.push import Push
        from common.git_hosts.proposing import bring, writable

        branch = listed.default_branch or "main"
        with scratch_folder() as scratch:
            folder, own = scratch / "files", scratch / "git"
            path = folder / self.paths[0]
            path.parent.mkdir(parents=True)
            path.write_text(text, encoding="utf-8")
            own.mkdir()
            wanted = Push(
                upstream=writable(self.host, where),
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
