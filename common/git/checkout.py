"""A repository cloned to work with: one state of it, checked out into a folder, with as much history as was asked for.

A branch alone is cloned by one `git clone`, which is the fastest; all else is built from init, fetch and checkout,
where a full reference tells a tag from a branch of the same name. Nothing of the credentials is in the clone.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

from common import log
from common.errors import BadInput, Refused
from common.git import lfs, state
from common.git.command import GitFailed
from common.git.state import Place
from common.git.upstream import NO_BRANCH, NO_REFERENCE, Missing, Upstream, ask

RECORD = "idp-steps.json"  # in .git: what was asked for, and the commit that came of it; written last
EVERY_BRANCH = "+refs/heads/*:refs/remotes/origin/*"
GLOBS = "*?[!"


@dataclass(frozen=True, kw_only=True)
class Options:
    """How a clone is made. depth: commits of history, 0 for all; submodules: '' for none, 'true' or 'recursive'.

    sparse: folders, or patterns as in .gitignore, that alone are checked out.
    """

    depth: int = 0
    tags: bool = False
    sparse: tuple[str, ...] = ()
    submodules: str = ""
    lfs: bool = False


class Head(NamedTuple):
    """The commit that is checked out."""

    commit: str
    author: str
    subject: str


def check_out(  # noqa: PLR0913 - what to clone, how, where to, and who hears of it
    upstream: Upstream,
    place: Place,
    options: Options,
    into: Path,
    *,
    before: Callable[[Path], None] | None = None,
    debug: bool = False,
) -> Head:
    """Clone into a folder that does not exist. `before` is called with it when it is an empty repository."""
    clone = _Clone(upstream, place, options, into, debug=debug)
    if before is None and place.branch and not (place.commit or options.tags or options.sparse):
        clone.at_once()
    else:
        clone.make()
        if before is not None:
            before(into)
        clone.fetch()
        clone.lay_out()
    clone.complete()
    head = head_of(upstream, into)
    (into / ".git" / RECORD).write_text(json.dumps(record(head.commit, options)), encoding="utf-8")
    return head


def record(commit: str, options: Options) -> dict[str, object]:
    """Give what tells a later run whether a clone is the one that it would make."""
    return {"commit": commit, **json.loads(json.dumps(asdict(options)))}


def head_of(upstream: Upstream, folder: Path) -> Head:
    """Read the commit that is checked out."""
    form = "--format=%H%x00%an%x00%s"
    commit, author, subject = upstream.git.run("log", "-1", form, cwd=folder).rstrip("\n").split("\0", 2)
    return Head(commit, author, subject)


class _Clone(NamedTuple):
    upstream: Upstream
    place: Place
    options: Options
    into: Path
    debug: bool

    def at_once(self) -> None:
        """Clone a branch with one command."""
        depth = [f"--depth={self.options.depth}"] if self.options.depth else []
        branch = f"--branch={self.place.branch}"
        options = ("--progress", "--template=", "--single-branch", "--no-tags", branch, *depth)
        self._talk("clone", *options, "--", self.upstream.url, str(self.into), doing="clone")
        head = (self.into / ".git" / "HEAD").read_text(encoding="utf-8").strip()
        if head != f"ref: {self.place.reference}":  # git takes a tag of that name where there is no such branch
            raise state.absent(self.place, self.upstream.url)

    def make(self) -> None:
        git = self.upstream.git
        git.run(
            "init", "--quiet", "--template=", "--initial-branch=idp-steps-none", str(self.into), cwd=self.into.parent
        )
        git.run("remote", "add", "origin", self.upstream.url, cwd=self.into)

    def fetch(self) -> None:
        place = self.place
        if not place.reference and not state.COMMIT.fullmatch(place.commit):
            self._fetch(EVERY_BRANCH, deep=True)  # a server knows no abbreviations
            return
        source = place.reference or place.commit
        target = f"refs/remotes/origin/{place.branch}" if place.reference and place.branch else "refs/idp-steps/cloned"
        if place.reference.startswith("refs/tags/"):
            target = place.reference
        try:
            self._fetch(f"+{source}:{target}", deep=False)
        except Missing:
            if place.reference:
                raise
            log.info("The server gives no single commit, so every branch is fetched.")
            self._fetch(EVERY_BRANCH, deep=True)

    def _fetch(self, refspec: str, *, deep: bool) -> None:
        depth = [f"--depth={self.options.depth}"] if self.options.depth and not deep else []
        tags = "--tags" if self.options.tags else "--no-tags"
        self._talk(
            *(
                "fetch",
                "--progress",
                "--no-write-fetch-head",
                "--no-recurse-submodules",
                tags,
                *depth,
                "origin",
                refspec,
            ),
            doing="clone",
        )

    def lay_out(self) -> None:
        git = self.upstream.git
        if self.options.sparse:
            self._choose_sparse()
        start = self._start()
        try:
            git.run("checkout", "--quiet", *start, cwd=self.into)
        except GitFailed as failure:
            message = f"Could not check out {self.upstream.url}: {failure.reason}."
            raise Refused(message, detail=failure.text) from failure

    def complete(self) -> None:
        """Get what a checkout alone leaves out."""
        if self.options.lfs:
            lfs.install(self.upstream.git, self.into)
            lfs.fetch(self.upstream, self.into, told=self._told)
        elif lfs.tracks(self.upstream.git, self.into):
            log.warning(
                "The repository keeps files in Git LFS; they come as pointers. Set lfs to true for their content."
            )
        if self.options.submodules and (self.into / ".gitmodules").is_file():
            self._get_submodules()

    def _start(self) -> tuple[str, ...]:
        """Give where checkout begins: on a branch of the same name, else on the commit alone."""
        place = self.place
        if place.commit:
            try:
                name = f"{place.commit}^{{commit}}"
                commit = self.upstream.git.run("rev-parse", "--quiet", "--verify", name, cwd=self.into).strip()
            except GitFailed as failure:
                raise state.absent(place, self.upstream.url) from failure
            return ("-B", place.branch, "--no-track", commit) if place.branch else ("--detach", commit)
        if place.branch:
            return ("-B", place.branch, "--track", f"origin/{place.branch}")
        return ("--detach", place.reference if place.reference.startswith("refs/tags/") else "refs/idp-steps/cloned")

    def _choose_sparse(self) -> None:
        patterns = self.options.sparse
        cone = not any(mark in pattern for pattern in patterns for mark in GLOBS)
        try:
            arguments = ("sparse-checkout", "set", "--cone" if cone else "--no-cone", "--stdin")
            self.upstream.git.run(*arguments, cwd=self.into, stdin="".join(f"{pattern}\n" for pattern in patterns))
        except GitFailed as failure:
            raise BadInput(
                f"Git does not take sparseCheckout: {failure.reason}.",
                next_step="Give folders of the repository, or patterns as in .gitignore.",
                detail=failure.text,
            ) from failure

    def _get_submodules(self) -> None:
        deep = ["--recursive"] if self.options.submodules == "recursive" else []
        depth = [f"--depth={self.options.depth}"] if self.options.depth else []
        self._talk(
            "submodule",
            "update",
            "--init",
            "--progress",
            *deep,
            *depth,
            doing="get the submodules of",
        )

    def _talk(self, *arguments: str, doing: str) -> None:
        upstream = self.upstream

        def talked() -> None:
            if arguments[0] == "clone":
                shutil.rmtree(self.into, ignore_errors=True)  # what a try before this one has left
            try:
                upstream.git.talk(
                    *arguments,
                    cwd=self.into.parent if arguments[0] == "clone" else self.into,
                    settings={"checkout.workers": "0"},  # as many as there are processors
                    silent_seconds=upstream.silence,
                    told=self._told,
                )
            except GitFailed as failed:
                if failed.says(*NO_BRANCH, *NO_REFERENCE):
                    raise state.absent(self.place, upstream.url) from failed
                raise

        ask(upstream, talked, doing=doing)

    def _told(self, line: str) -> None:
        if self.debug:
            log.info(line)
