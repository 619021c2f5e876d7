"""Builds the commit of a folder without a checkout: in a bare repository of our own, with a throw-away index."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from common import log
from common.errors import BadInput
from common.git import lfs_push
from common.git.command import Git, GitFailed
from common.git.signing import Signer
from common.git.work_tree import RIGHT_FOLDER, Found

OWN_REPOSITORY = "push.git"
CONFIG = "[core]\n\trepositoryformatversion = 0\n\tbare = true\n"
NAMED = 5
# Every file goes straight into one pack, which the push then sends as it is: no file for each object, and nothing is
# packed twice or read into memory as a whole.
STREAMED = {"core.bigFileThreshold": "1"}
ENTRIES = struct.Struct(">4sII")  # how an index begins: its name, version, and number of entries (gitformat-index(5))


class Repository(NamedTuple):
    """Our bare repository with the folder as its work tree. `signature`: git's author and committer variables."""

    git: Git
    scratch: Path
    folder: Path
    signature: Mapping[str, str]
    found: Found

    @property
    def folder_of_git(self) -> Path:
        return self.scratch / OWN_REPOSITORY

    @property
    def index_file(self) -> Path:
        return self.scratch / "push.index"

    @property
    def places(self) -> dict[str, str]:
        """The variables by which git finds repository, index and work tree."""
        return {
            "GIT_DIR": str(self.folder_of_git),
            "GIT_WORK_TREE": str(self.folder),
            "GIT_INDEX_FILE": str(self.index_file),
        }

    def run(
        self, *arguments: str, stdin: str = "", settings: Mapping[str, str] | None = None, index: Path | None = None
    ) -> str:
        """Run git in it."""
        extra = {**self.places, **self.signature} | ({"GIT_INDEX_FILE": str(index)} if index is not None else {})
        return self.git.run(*arguments, cwd=self.folder, stdin=stdin, extra=extra, settings=settings).removesuffix("\n")


class Content(NamedTuple):
    """What a commit is made of besides the folder's files.

    below: the folder of the repository that they go into. alone: without what the parent holds, and without a parent.
    """

    below: str = ""
    signer: Signer | None = None
    alone: bool = False


class Built(NamedTuple):
    """A commit, and how many files it holds and changes. It is the last parent when there is nothing to change."""

    commit: str
    files: int
    changed: int


def make(git: Git, scratch: Path, folder: Path, signature: Mapping[str, str], found: Found) -> Repository:
    """Make the repository in the folder `scratch`, or give the one that was made there before."""
    own = Repository(git, scratch, folder, signature, found)
    if not own.folder_of_git.exists():
        for part in ("objects", "refs/heads"):
            (own.folder_of_git / part).mkdir(parents=True)
        (own.folder_of_git / "HEAD").write_text("ref: refs/heads/main\n", encoding="utf-8")
        (own.folder_of_git / "config").write_text(CONFIG, encoding="utf-8")
    return own


def build(repository: Repository, parents: Sequence[str], message: str, content: Content) -> Built:
    """Commit the folder: laid over what the first parent holds, or alone and without a parent.

    Of two parents, the last is the branch's own state, which the first one's replaces.
    Raises BadInput for what git cannot commit.
    """
    try:
        return _built(repository, parents, message, content)
    except GitFailed as failure:
        raise BadInput(
            f"Git cannot commit {repository.folder}: {failure.reason}.",
            next_step="Correct the file or the input that git names.",
            detail=failure.text,
        ) from failure


def _built(repository: Repository, parents: Sequence[str], message: str, content: Content) -> Built:
    repository.index_file.unlink(missing_ok=True)
    kept = [] if content.alone else list(parents)
    if kept:
        repository.run("read-tree", kept[0])
    if content.below:
        _add_below(repository, content.below)
    else:
        _add(repository, repository.index_file)
    files = _entries(repository.index_file)
    changed = files
    if parents:
        changed = repository.run("diff-index", "--cached", "--name-only", "-z", parents[-1]).count("\0")
        if not changed:
            return Built(parents[-1], files, 0)
    tree = repository.run("write-tree")
    options = [part for parent in reversed(kept) for part in ("-p", parent)]
    made = repository.run("commit-tree", tree, *options, stdin=message)
    if content.signer is not None:
        made = _signed(repository, made, content.signer)
    return Built(made, files, changed)


def _add(repository: Repository, index: Path) -> None:
    """Put the folder's files over what the index holds."""
    settings = STREAMED | lfs_push.settings()
    repository.run("add", "--ignore-removal", "--", ".", settings=settings, index=index)
    if repository.found.ignores:
        _tell_ignored(repository, index)
    if not _entries(index):
        raise BadInput(
            f"The code directory {repository.folder} holds no file to push that .gitignore lets through.",
            next_step=RIGHT_FOLDER,
        )


def _add_below(repository: Repository, below: str) -> None:
    """Put the files over what the index holds in one of its folders."""
    alone = repository.scratch / "folder.index"
    alone.unlink(missing_ok=True)
    _add(repository, alone)
    listing = repository.run("ls-files", "--stage", "-z", index=alone)
    if "\ufffd" in listing:
        raise BadInput(
            f"A name in {repository.folder} is no UTF-8, and such files cannot be put into the folder {below}.",
            next_step="Rename the file, or leave targetDirectory out.",
        )
    moved = "".join(f"{entry.replace(chr(9), f'{chr(9)}{below}/', 1)}\0" for entry in listing.split("\0") if entry)
    repository.run("update-index", "-z", "--index-info", stdin=moved)
    if not repository.run("ls-files", "-z", "--", f":(top,literal){below}/"):  # git leaves such names out in silence
        raise BadInput(
            f"Git takes no folder of the name {below}, for some system would read another from it.",
            next_step="Set TARGET_DIRECTORY to another name.",
        )


def _signed(repository: Repository, commit: str, signer: Signer) -> str:
    content = repository.git.run("cat-file", "commit", commit, cwd=repository.folder, extra=repository.places)
    return repository.run("hash-object", "-t", "commit", "-w", "--stdin", stdin=signer.signed(content))


def _entries(index: Path) -> int:
    """Give the number of files in an index; git writes none when there is nothing to write into it."""
    if not index.exists():
        return 0
    with index.open("rb") as file:
        return int(ENTRIES.unpack(file.read(ENTRIES.size))[2])


def _tell_ignored(repository: Repository, index: Path) -> None:
    arguments = ("ls-files", "--others", "--ignored", "--exclude-standard", "--directory", "-z")
    ignored = [name for name in repository.run(*arguments, index=index).split("\0") if name]
    if ignored:
        more = f" and {len(ignored) - NAMED} more" if len(ignored) > NAMED else ""
        log.info(f"Not pushed, because .gitignore says so: {', '.join(ignored[:NAMED])}{more}.")
