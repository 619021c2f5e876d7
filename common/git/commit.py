"""Builds the commit of a folder without a checkout: in a bare repository of our own, with a throw-away index."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from common import log
from common.errors import BadInput
from common.git.command import Git, GitFailed
from common.git.work_tree import RIGHT_FOLDER

OWN_REPOSITORY = "push.git"
NAMED = 5


@dataclass(frozen=True)
class Repository:
    """Our bare repository with the folder as its work tree. `signature`: git's author and committer variables."""

    git: Git
    scratch: Path
    folder: Path
    signature: Mapping[str, str]

    @property
    def places(self) -> dict[str, str]:
        """The variables by which git finds repository, index and work tree."""
        return {
            "GIT_DIR": str(self.scratch / OWN_REPOSITORY),
            "GIT_WORK_TREE": str(self.folder),
            "GIT_INDEX_FILE": str(self.scratch / "push.index"),
        }

    def run(self, *arguments: str, stdin: str = "") -> str:
        """Run git in it."""
        extra = {**self.places, **self.signature}
        return self.git.run(*arguments, cwd=self.folder, stdin=stdin, extra=extra).strip()


@dataclass(frozen=True)
class Built:
    """A commit, and how many files it holds and changes. It is the parent itself when there is nothing to change."""

    commit: str
    files: int
    changed: int


def make(git: Git, scratch: Path, folder: Path, signature: Mapping[str, str]) -> Repository:
    """Make the repository in the empty folder `scratch`."""
    git.run("init", "--quiet", "--bare", OWN_REPOSITORY, cwd=scratch)
    return Repository(git, scratch, folder, signature)


def build(repository: Repository, parent: str, message: str, *, overlay: bool) -> Built:
    """Commit the folder: laid over what the parent holds, or alone and without a parent.

    Raises BadInput for what git cannot commit.
    """
    try:
        return _built(repository, parent, message, overlay=overlay)
    except GitFailed as failure:
        raise BadInput(
            f"Git cannot commit {repository.folder}: {failure.reason}.",
            next_step="Correct the file or the input that git names.",
            detail=failure.text,
        ) from failure


def _built(repository: Repository, parent: str, message: str, *, overlay: bool) -> Built:
    repository.run("read-tree", "--empty")
    if parent and overlay:
        repository.run("read-tree", parent)
    repository.run("add", "--ignore-removal", "--", ".")
    files = repository.run("ls-files", "--cached", "-z").count("\0")
    _tell_ignored(repository)
    if not files:
        raise BadInput(
            f"The code directory {repository.folder} holds no file to push that .gitignore lets through.",
            next_step=RIGHT_FOLDER,
        )
    tree = repository.run("write-tree")
    if parent and tree == repository.run("rev-parse", f"{parent}^{{tree}}"):
        return Built(parent, files, 0)
    parents = ["-p", parent] if parent and overlay else []
    commit = repository.run("commit-tree", tree, *parents, stdin=message)
    changed = repository.run("diff-tree", "-r", "--name-only", "-z", parent, commit).count("\0") if parent else files
    return Built(commit, files, changed)


def _tell_ignored(repository: Repository) -> None:
    listing = repository.run("ls-files", "--others", "--ignored", "--exclude-standard", "--directory", "-z")
    ignored = [name for name in listing.split("\0") if name]
    if ignored:
        more = f" and {len(ignored) - NAMED} more" if len(ignored) > NAMED else ""
        log.info(f"Not pushed, because .gitignore says so: {', '.join(ignored[:NAMED])}{more}.")
