"""Fills a catalog from the repositories of an owner, many together; what went wrong with one stops no other.

What a group did not settle is done in its turn by the main thread, which has retries and the clock that ends them, and
may run git: it looks first, so what the group has registered is found.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from common import log
from common.catalogs import CatalogFile, CatalogOptions, NotThere
from common.catalogs.entity import parse
from common.catalogs.group import EXISTED, MADE, PLANNED, Ended, Group, NoFile, Settled, Taken
from common.catalogs.registration import CREATED, Registration
from common.contract.process import scratch_folder
from common.errors import Refused, StepError, Unavailable
from common.git.push import Present, Push
from common.git.signature import Signature
from common.git_hosts import GitHost, ListedRepository, NewRepository
from common.git_hosts.context import HostContext
from common.git_hosts.proposal import Proposal
from common.network.deadline import Deadline
from common.network.together import tried

if TYPE_CHECKING:
    from common.catalogs import Listed

FAILED, LACKS, SKIPPED, PROPOSED, BEFORE = "failed", "lacks", "skipped", "proposed", "done before"
OUTCOMES = (PLANNED, MADE, PROPOSED, EXISTED, LACKS, SKIPPED, FAILED, BEFORE)
MESSAGE = "Add a file for the catalog"
MOST_AGAIN = 100  # repositories on a page
MOST_UNAVAILABLE = 3  # repositories in a row, each with the whole retry budget; what is down then stays so for all
TOGETHER = 100  # repositories; as many as the catalogs give entities at once


class Result(NamedTuple):
    """What became of a repository: one of OUTCOMES, the entity's reference, and words; `code` when it failed.

    url: the repository's page.
    """

    repository: str
    outcome: str
    ref: str = ""
    told: str = ""
    code: int = 0
    url: str = ""


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
        """Go through the repositories, in the order of the host's list. done: tells by the URL what was dealt with."""
        due: list[ListedRepository] = []
        for one in self._listed():
            if done(url := self.url(one)):
                yield Result(one.name, BEFORE, url=url)
            else:
                due.append(one)
        listed: Listed = {}
        unavailable = 0  # in a row
        for start in range(0, len(due), TOGETHER):
            if len(due) > TOGETHER:
                log.info(f"Repositories {start + 1} to {min(start + TOGETHER, len(due))} of {len(due)} are looked at.")
            some = due[start : start + TOGETHER]
            settled: dict[int, Settled] = {}
            if unavailable < MOST_UNAVAILABLE:
                some = self._with_branches(some)
                settled = self._together(some, listed)
            for number, one in enumerate(some):
                result = self._result(one, settled.get(number)) if unavailable < MOST_UNAVAILABLE else _not_tried(one)
                unavailable = unavailable + 1 if result.code == Unavailable.exit_code else 0
                yield result._replace(url=self.url(one))

    def _listed(self) -> Iterator[ListedRepository]:
        """Give each repository once: when one is made meanwhile, a page may begin with what is known."""
        seen: set[str] = set()
        again = 0  # in a row
        for one in self.host.list_repositories(self.where):
            again = again + 1 if one.name in seen else 0
            if again > MOST_AGAIN:
                raise Refused(
                    f"The git host lists the same repositories again, after {len(seen)} of them.",
                    next_step="Check its address, and that no proxy or cache answers in its place.",
                )
            if not again:
                seen.add(one.name)
                yield one

    def url(self, listed: ListedRepository) -> str:
        """Give the repository's page."""
        location = replace(self.where.location, repository=listed.name)
        return self.host.repository_url(self.where._replace(location=location))

    def _with_branches(self, some: Sequence[ListedRepository]) -> list[ListedRepository]:
        """Ask for the default branches that the list did not tell, some at a time and with one try each."""

        def worker() -> Callable[[int], str]:
            def once(number: int) -> str:
                with contextlib.suppress(StepError):  # which its own turn tells
                    return self._branch(some[number], self.deadline(False))
                return ""

            return once

        unknown = [number for number, one in enumerate(some) if not (one.default_branch or one.archived)]
        found = {one.piece: one.result or "" for one in tried(unknown, worker)}
        return [one._replace(default_branch=found.get(number, one.default_branch)) for number, one in enumerate(some)]

    def _branch(self, listed: ListedRepository, deadline: Deadline) -> str:
        """Ask for the default branch; '' where there is none before the first commit."""
        where = self._at(listed, deadline)
        found = self.host.find_repository(where, NewRepository(visibility="private", description=""))
        if found is None:
            raise Refused(
                f"{self.host.repository_url(where)} is in the list of its owner's, and is not to be seen.",
                next_step="Check that it still exists, and that the credentials may read it.",
            )
        return found.default_branch

    def _together(self, some: Sequence[ListedRepository], listed: Listed) -> dict[int, Settled]:
        files: dict[int, Sequence[CatalogFile]] = {}
        for number, one in enumerate(some):
            if one.default_branch and not one.archived:
                with contextlib.suppress(StepError):  # which its own turn tells
                    where = self._at(one, self.where.deadline)
                    files[number] = [self._file(one, where, path) for path in self.paths]
        return Group(self.catalog, self.where.network, self.deadline, self.wait, self.apply, listed).settled(files)

    def _result(self, listed: ListedRepository, settled: Settled | None) -> Result:
        """Tell what became of a repository; do by itself what was not settled together with others."""
        if listed.archived:
            return Result(listed.name, SKIPPED, told="it is archived or disabled")
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
        branch = listed.default_branch or self._branch(listed, where.deadline)
        if not branch:
            return Result(listed.name, LACKS, told="it is empty")
        listed = listed._replace(default_branch=branch)
        for path in self.paths:
            try:
                return self._registered(listed, where, self._file(listed, where, path))
            except NotThere:
                continue
        return self._lacks(listed)

    def _filled(self, listed: ListedRepository) -> Result:
        """Give a repository its file, and register that.

        Raises Refused when it holds one that the catalog does not see: that stays as it is.
        """
        where = self._at(listed, self.deadline(True))
        branch = listed.default_branch or self._branch(listed, where.deadline) or "main"
        listed = listed._replace(default_branch=branch)
        text = self.text(listed, where) if self.text else ""
        parse(text, what="What the template makes")
        try:
            page = self._pushed(listed, where, text)
        except Present as present:
            raise Refused(
                f"{present.message.partition(', ')[0]}, and the catalog does not see it.",
                next_step="Check that the catalog may read the repository; the file was left as it is.",
            ) from present
        if not self.apply:
            return Result(listed.name, PLANNED, told=f"{self.paths[0]} would be written")
        if page:
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
            told = "" if ref else f"whether it holds {file.path} is not known"
            return Result(listed.name, EXISTED if there else PLANNED, ref, told)
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
        """Push the file, propose it, or see whether that would go; give the pull request's page if there is one."""
        from common.git_hosts.proposing import bring, writable

        branch = listed.default_branch
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
                absent=tuple(self.paths),
            )
            proposed = bring(self.host, where, wanted, self.proposal, dry_run=not self.apply)
        if self.apply and not proposed.url and proposed.branch != branch:
            raise Refused(f"The file of {listed.name} was pushed to {proposed.branch}, and no pull request was opened.")
        return proposed.url or ""


def _not_tried(listed: ListedRepository) -> Result:
    told = f"not tried, as a service was unavailable for the {MOST_UNAVAILABLE} before. Run it again later."
    return Result(listed.name, FAILED, told=told, code=Unavailable.exit_code)
