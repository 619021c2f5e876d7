"""Properties of entities in Backstage, which has no API for them: their YAML is edited in the repository it came from.

Each repository gets one commit, pushed or proposed. A branch that moves meanwhile is read again, so that nobody's
change of the same file is lost.
"""

from __future__ import annotations

import functools
import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from common import log
from common.catalogs.backstage.client import CatalogClient, without
from common.catalogs.backstage.entity_text import changed
from common.catalogs.properties import Change, canonical, common_kind, listed, named
from common.errors import Conflict, Refused, StepError, shown
from common.git.clone import clone
from common.git.push import Moved, Protected, Push, Pushed
from common.git.signing import Signer
from common.git.upstream import branches
from common.git_hosts import GitHost
from common.git_hosts.context import HostContext
from common.git_hosts.file_page import DEFAULT, FilePlace, place_of
from common.git_hosts.proposal import Proposal
from common.git_hosts.proposing import Proposed, bring, propose, writable
from common.network.answer import object_of, succeeded

MANAGED_BY = "backstage.io/managed-by-location"
AT_ONCE = 200  # references per request
TRIES = 3  # however often a branch moves
REFRESHED = 20  # entities that the catalog is asked to read again at once; it does so by itself with all others


@dataclass(frozen=True, kw_only=True)
class Committing:
    """How a change gets into a repository. message: '' for one that names the change."""

    proposal: Proposal
    signature: Mapping[str, str]
    signer: Signer | None
    message: str


@dataclass
class Branch:
    """A branch of a repository with the files that are to be changed: by path, the changes by their entity."""

    where: HostContext
    name: str
    files: dict[str, dict[str, list[Change]]] = field(default_factory=dict)
    due: list[Change] = field(default_factory=list)
    commit: str = ""  # that the files were read from
    proposed: str = ""  # the open pull request that they were read from


@dataclass(frozen=True)
class EntityFiles:
    """The files that entities of a catalog came from, on one git host. scratch: a folder of this process alone."""

    client: CatalogClient
    host: GitHost
    context: HostContext
    committing: Committing
    scratch: Path
    found: list[Branch] = field(default_factory=list)
    urls: list[str] = field(default_factory=list)  # of the open pull requests

    def plan(self, changes: Sequence[Change], *, closely: bool = False) -> list[Change]:  # noqa: ARG002 - all is read here
        """Find and read the file of each entity, and give the changes that it has not yet."""
        self.found[:] = self._branches(changes)
        for branch in self.found:
            self._edit(branch, self._base(branch))
            if branch.proposed and not branch.due:
                log.info(f"The open pull request {branch.proposed} holds what is asked for.")
                self.urls.append(branch.proposed)
        return [one for branch in self.found for one in branch.due]

    def dry_run(self, due: Sequence[Change]) -> str:  # noqa: ARG002 - each branch knows its own
        """Try whether the changes could be pushed, or proposed."""
        for branch in self._to_change():
            bring(self.host, branch.where, self._push(branch), self.committing.proposal, dry_run=True)
        return ""

    def apply(self, due: Sequence[Change]) -> list[Change]:
        """Push or propose the changes, repository by repository, and give them. Raises for those that failed."""
        made: list[Change] = []
        failed: list[tuple[Branch, StepError]] = []
        for branch in self._to_change():
            try:
                self._bring(branch)
            except StepError as error:
                failed.append((branch, error))
            else:
                made += branch.due
        self._refresh(made)
        if failed and not made and len(failed) == 1:
            raise failed[0][1]
        if failed:
            for branch, reason in failed:
                log.info(f"{named(branch.due)} is not changed: {reason}")
            raise common_kind(error for _, error in failed)(
                f"{len(due) - len(made)} of {len(due)} changes could not be made; the lines above tell why."
                f" {len(made)} are made.",
                next_step="Correct that and run the step again: it makes only what is missing.",
            )
        return made

    def _to_change(self) -> list[Branch]:
        return [branch for branch in self.found if branch.due]

    def _branches(self, changes: Sequence[Change]) -> list[Branch]:
        """Sort the changes by repository, branch and file."""
        wanted: dict[str, list[Change]] = {}
        for change in changes:
            wanted.setdefault(canonical(change.entity_ref), []).append(change)
        found: dict[tuple[str, str], Branch] = {}
        for ref, place in self._places(list(wanted)).items():
            key = (self.host.repository_url(place.where), place.branch)
            branch = found.setdefault(key, Branch(place.where, place.branch))
            branch.files.setdefault(place.path, {})[ref] = wanted[ref]
        return list(found.values())

    def _places(self, refs: Sequence[str]) -> dict[str, FilePlace]:
        """Ask the catalog which file each entity came from. Refused names all that it does not have."""
        pages = dict(zip(refs, self._pages(refs), strict=True))
        if unknown := [shown(ref, quotes=False) for ref, page in pages.items() if page is None]:
            raise Refused(
                f"The catalog has no {listed(unknown, ', no ')}, or the credentials may not see it.",
                next_step="Check the references; nothing was changed.",
            )
        if elsewhere := [shown(ref, quotes=False) for ref, page in pages.items() if not str(page).startswith("url:")]:
            raise Refused(
                f"The catalog has {listed(elsewhere)} from no file of a git host, so there is none to edit.",
                next_step="Change it where it comes from; nothing was changed.",
            )
        held: dict[str, Collection[str]] = {}
        return {
            ref: self._told_apart(place_of(self.host, self.context, str(page)[4:]), held) for ref, page in pages.items()
        }

    def _told_apart(self, place: FilePlace, held: dict[str, Collection[str]]) -> FilePlace:
        """Tell branch and file apart where the branch may have slashes. held: the branches of each repository."""
        if not place.branch or "/" not in place.path:
            return place
        url = self.host.repository_url(place.where)
        if url not in held:
            held[url] = branches(writable(self.host, place.where), DEFAULT, cwd=self.scratch).tips
        parts = place.path.split("/")
        for number in range(len(parts)):
            branch = "/".join([place.branch, *parts[:number]])
            if branch in held[url]:
                return place._replace(branch=branch, path="/".join(parts[number:]))
        return place

    def _pages(self, refs: Sequence[str]) -> Iterator[str | None]:
        for start in range(0, len(refs), AT_ONCE):
            asked = refs[start : start + AT_ONCE]
            body = {"entityRefs": asked, "fields": ["metadata.annotations"]}
            answer = self.client.send("POST", "entities/by-refs", json=body, safe=True)
            if not succeeded(answer):
                raise self.client.refused(answer, doing=f"look for {listed(asked)}")
            items = (object_of(answer) or {}).get("items")
            if not isinstance(items, list) or len(items) != len(asked):
                raise without(f"the entity {asked[0]}", answer)
            for item in items:
                metadata = item.get("metadata") if isinstance(item, dict) else None
                annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
                known = annotations if isinstance(annotations, dict) else {}
                yield str(known.get(MANAGED_BY) or "") if isinstance(item, dict) else None

    def _base(self, branch: Branch, *, proposed: bool = False) -> str:
        """Give the branch that the files are read from: that of an open pull request, when there is one."""
        if not branch.name:
            branch.name = branches(writable(self.host, branch.where), DEFAULT, cwd=self.scratch).default_branch
        proposal = self.committing.proposal
        proposal.check(self.host, branch.name)
        if proposed or proposal.mode == "pull_request":
            source = proposal.source(branch.name)
            found = self.host.find_pull_request(branch.where, source=source, target=branch.name)
            if found is not None:
                branch.proposed = found
                return source
        return branch.name

    def _folder(self, branch: Branch, name: str) -> Path:
        return self.scratch / f"{self.found.index(branch)}-{name}"

    def _edit(self, branch: Branch, base: str) -> None:
        """Read the files as they are on the branch `base`, and write those that change into a folder of their own."""
        upstream = writable(self.host, branch.where)
        there, edits = self._folder(branch, "there"), self._folder(branch, "edits")
        for folder in (there, edits):
            shutil.rmtree(folder, ignore_errors=True)
        clone(upstream, there, revision=base)
        branch.commit = upstream.git.run("rev-parse", "HEAD", cwd=there).strip()
        branch.due = []
        for path, wanted in branch.files.items():
            what = f"{path} on branch {base} of {self.host.repository_url(branch.where)}"
            text = _text(there, path, what)
            new, due = changed(text, wanted, what=what)
            if due:
                (edits / path).parent.mkdir(parents=True, exist_ok=True)
                (edits / path).write_bytes(new.encode())
                branch.due += due
        shutil.rmtree(there, ignore_errors=True)

    def _push(self, branch: Branch, *, expected: bool = False) -> Push:
        scratch = self._folder(branch, "push")
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir()
        title = f"Change {named(branch.due)}"
        return Push(
            upstream=writable(self.host, branch.where),
            folder=self._folder(branch, "edits"),
            branch=branch.name,
            force=False,
            message=self.committing.message or title,
            signature=self.committing.signature,
            judge=functools.partial(self.host.explain_rejection, branch.where),
            scratch=scratch,
            signer=self.committing.signer,
            expected=branch.commit if expected else "",
        )

    def _bring(self, branch: Branch) -> None:
        for _ in range(TRIES):
            try:
                done = self._brought(branch)
            except Moved as moved:
                log.info(f"{moved.message} They are read again.")
                self._edit(branch, self._base(branch))
                if not branch.due:
                    return
            else:
                self.urls.extend([done.url] if done.url else [])
                return
        raise Conflict(
            f"{branch.name} of {self.host.repository_url(branch.where)} kept moving while it was changed.",
            next_step="Run the step again.",
        )

    def _brought(self, branch: Branch) -> Proposed:
        proposal = self.committing.proposal
        try:
            if proposal.mode != "pull_request":
                only_push = Proposal(mode="push")
                return bring(self.host, branch.where, self._push(branch, expected=True), only_push, dry_run=False)
        except Protected as declined:
            if proposal.mode != "auto":
                raise
            log.info(f"{declined.message} A pull request takes its place.")
            self._edit(branch, self._base(branch, proposed=True))
        if not branch.due:  # the open pull request has it all
            source = proposal.source(branch.name)
            url = self.host.find_pull_request(branch.where, source=source, target=branch.name) or ""
            return Proposed(source, Pushed(branch.commit, pushed=False), url)
        return propose(self.host, branch.where, self._push(branch), proposal.source(branch.name), dry_run=False)

    def _refresh(self, made: Sequence[Change]) -> None:
        """Have the catalog read what was pushed at once; it does so by itself in a while."""
        refs = list(dict.fromkeys(canonical(change.entity_ref) for change in made)) if not self.urls else []
        for ref in refs[:REFRESHED]:
            try:
                answer = self.client.send("POST", "refresh", json={"entityRef": ref}, safe=True)
            except StepError as error:
                log.detail(str(error))
                return
            if not succeeded(answer):
                log.detail(f"The catalog does not read {ref} again at once: it answered {answer.status_code}.")


def _text(folder: Path, path: str, what: str) -> str:
    file = folder / path
    if not file.resolve().is_relative_to(folder.resolve()) or not file.is_file():
        raise Refused(
            f"{what} is no file, though the catalog has the entity from there.",
            next_step="Register the entity's file again, or remove the entity from the catalog.",
        )
    try:
        return file.read_bytes().decode()
    except UnicodeDecodeError as error:
        raise Refused(f"{what} is not UTF-8 text.", next_step="Correct the file and run the step again.") from error
