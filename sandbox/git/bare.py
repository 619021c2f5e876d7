"""Bare git repositories: making them, reading branches, files and commits, and committing without a checkout.

Only git itself touches the objects; nothing here knows HTTP or the database.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_ENVIRONMENT = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "LC_ALL": "C.UTF-8",
    # The state folder may belong to another user id than the server's (a mounted volume).
    "GIT_CONFIG_COUNT": "1",
    "GIT_CONFIG_KEY_0": "safe.directory",
    "GIT_CONFIG_VALUE_0": "*",
}
_AUTHOR = {
    "GIT_AUTHOR_NAME": "Sandbox",
    "GIT_AUTHOR_EMAIL": "sandbox@example.com",
    "GIT_COMMITTER_NAME": "Sandbox",
    "GIT_COMMITTER_EMAIL": "sandbox@example.com",
}
_FIELDS = "%H%x00%T%x00%P%x00%an%x00%ae%x00%aI%x00%cn%x00%ce%x00%cI%x00%B"


class NoSuchObject(LookupError):
    """A branch, commit or path that the repository does not have."""


@dataclass(frozen=True)
class TreeEntry:
    """One line of a directory: `kind` is blob, tree or commit (a submodule), `size` in bytes for blobs."""

    mode: str
    kind: str
    sha: str
    size: int
    name: str


@dataclass(frozen=True)
class Commit:
    """A commit; dates in ISO 8601 with their offset."""

    sha: str
    tree: str
    parents: tuple[str, ...]
    author: str
    author_email: str
    author_date: str
    committer: str
    committer_email: str
    commit_date: str
    message: str

    @property
    def subject(self) -> str:
        return self.message.partition("\n")[0]


def environment() -> dict[str, str]:
    """Return git's environment: the caller's PATH and nothing else, so that no GIT_DIR or hook setting leaks in."""
    return {"PATH": os.environ.get("PATH", os.defpath), "HOME": os.devnull, **_ENVIRONMENT}


def git(repository: Path, *arguments: str, stdin: bytes = b"", extra: Mapping[str, str] | None = None) -> bytes:
    """Run git on a bare repository; what git cannot find or do is NoSuchObject with git's own words."""
    if any("\0" in argument for argument in arguments):
        raise NoSuchObject("Nothing has a name with a NUL character.")
    done = subprocess.run(
        ["git", f"--git-dir={repository}", *arguments],
        input=stdin,
        capture_output=True,
        env={**environment(), **(extra or {})},
        check=False,
    )
    if done.returncode:
        raise NoSuchObject(done.stderr.decode(errors="replace").strip())
    return done.stdout


def create(repository: Path, default_branch: str = "main") -> None:
    """Make an empty bare repository with an empty hooks folder, as a git host keeps it."""
    repository.parent.mkdir(parents=True, exist_ok=True)
    git(repository, "init", "--quiet", "--bare", "--template=", f"--initial-branch={default_branch}")
    (repository / "hooks").mkdir(exist_ok=True)
    settings = {"gc.auto": "0", "receive.autogc": "false", "uploadpack.allowFilter": "true", "http.receivepack": "true"}
    for key, value in settings.items():
        git(repository, "config", key, value)


def head(repository: Path) -> str:
    """Return the default branch; it need not have commits yet."""
    return git(repository, "symbolic-ref", "--short", "HEAD").decode().strip()


def set_head(repository: Path, branch: str) -> None:
    git(repository, "symbolic-ref", "HEAD", f"refs/heads/{branch}")


def settle_head(repository: Path) -> None:
    """If the default branch has no commits, let the branch that was pushed first be the default."""
    known = branches(repository)
    if known and head(repository) not in known:
        set_head(repository, next((name for name in ("main", "master") if name in known), next(iter(known))))


def branches(repository: Path) -> dict[str, str]:
    """Branch name to commit, in order of name."""
    lines = git(repository, "for-each-ref", "--format=%(refname:strip=2)%00%(objectname)", "refs/heads").decode()
    return dict(line.split("\0") for line in lines.splitlines())


def resolve(repository: Path, reference: str) -> str:
    """Return the commit that a branch, tag or (shortened) commit id names; a branch wins over a tag."""
    for full in (f"refs/heads/{reference}", f"refs/tags/{reference}", reference):
        if full.startswith("-"):
            continue
        try:
            return (
                git(repository, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{full}^{{commit}}")
                .decode()
                .strip()
            )
        except NoSuchObject:
            continue
    raise NoSuchObject(f"There is no branch, tag or commit {reference!r}.")


def entry(repository: Path, commit: str, path: str) -> TreeEntry:
    """Return what is at a path of a commit; the empty path is the root directory."""
    path = path.strip("/")
    if not path:
        tree = git(repository, "rev-parse", "--verify", f"{commit}^{{tree}}").decode().strip()
        return TreeEntry("040000", "tree", tree, 0, "")
    for found in _list(repository, commit, path):
        if found.name == path:
            return TreeEntry(found.mode, found.kind, found.sha, found.size, path.rpartition("/")[2])
    raise NoSuchObject(f"There is no {path!r} in {commit}.")


def directory(repository: Path, commit: str, path: str) -> list[TreeEntry]:
    """Return the entries of a directory, directories first as a browser shows them."""
    tree = entry(repository, commit, path)
    if tree.kind != "tree":
        raise NoSuchObject(f"{path!r} is not a directory.")
    return sorted(_list(repository, tree.sha), key=lambda item: (item.kind != "tree", item.name))


def _list(repository: Path, tree: str, *paths: str) -> list[TreeEntry]:
    raw = git(repository, "--literal-pathspecs", "ls-tree", "-z", "--long", tree, "--", *paths).decode(
        errors="replace"
    )  # a name that is no UTF-8 can be shown, and nothing more
    entries = []
    for record in raw.split("\0")[:-1]:
        facts, name = record.split("\t", 1)
        mode, kind, sha, size = facts.split()
        entries.append(TreeEntry(mode, kind, sha, 0 if size == "-" else int(size), name))
    return entries


def read(repository: Path, sha: str) -> bytes:
    """Return the content of a blob."""
    return git(repository, "cat-file", "blob", sha)


def log(repository: Path, commit: str, path: str = "", *, limit: int = 100) -> list[Commit]:
    """Newest commits first, only those that touch the path if one is given."""
    arguments = ["log", "-z", f"--format={_FIELDS}", f"--max-count={limit}", commit, "--"]
    raw = git(repository, "--literal-pathspecs", *arguments, *([path] if path else [])).decode(errors="replace")
    fields = raw.removesuffix("\0").split("\0") if raw else []
    width = 10
    return [_commit(fields[start : start + width]) for start in range(0, len(fields), width)]


def commit(repository: Path, sha: str) -> Commit:
    return log(repository, resolve(repository, sha), limit=1)[0]


def count(repository: Path, commit: str) -> int:
    return int(git(repository, "rev-list", "--count", commit))


def patch(repository: Path, sha: str) -> str:
    """Return the change that a commit made, as a unified diff against its first parent."""
    return git(repository, "show", "--format=", "--patch", "--first-parent", "--no-color", sha).decode(errors="replace")


def _commit(fields: list[str]) -> Commit:
    sha, tree, parents, author, author_email, author_date, committer, committer_email, commit_date, message = fields
    return Commit(
        sha=sha,
        tree=tree,
        parents=tuple(parents.split()),
        author=author,
        author_email=author_email,
        author_date=author_date,
        committer=committer,
        committer_email=committer_email,
        commit_date=commit_date,
        message=message.strip("\n"),
    )


def commit_files(
    repository: Path,
    branch: str,
    files: Mapping[str, tuple[str, bytes]],
    message: str,
    *,
    replace: bool = False,
) -> str:
    """Commit path → (mode, content) on a branch and return the commit; the same tree again makes no new commit.

    With `replace`, the commit holds exactly these files, otherwise they are laid over what the branch has.
    """
    parent = branches(repository).get(branch)
    wanted = {path: (mode, _blob_id(content)) for path, (mode, content) in files.items()}
    there = _files(repository, parent) if parent else {}
    if parent and (wanted == there if replace else wanted.items() <= there.items()):
        return parent
    index = repository / f"index-{os.getpid()}-{os.urandom(4).hex()}"
    extra = {"GIT_INDEX_FILE": str(index)}
    kept = {} if replace else there
    known = {sha for _, sha in there.values()}
    try:
        for path, (_, content) in files.items():
            if wanted[path][1] not in known:
                git(repository, "hash-object", "-w", "--stdin", stdin=content)
        lines = [f"{mode} {sha}\t{path}\0" for path, (mode, sha) in (kept | wanted).items()]
        index_info = "".join(lines).encode(errors="surrogateescape")
        git(repository, "update-index", "-z", "--index-info", stdin=index_info, extra=extra)
        tree = git(repository, "write-tree", extra=extra).decode().strip()
    finally:
        index.unlink(missing_ok=True)
    parents = ["-p", parent] if parent else []
    made = git(repository, "commit-tree", tree, *parents, stdin=message.encode(), extra=_AUTHOR).decode().strip()
    git(repository, "update-ref", f"refs/heads/{branch}", made, parent or "0" * 40)
    return made


def _files(repository: Path, commit: str) -> dict[str, tuple[str, str]]:
    """Path → (mode, id) of every file of a commit."""
    raw = git(repository, "ls-tree", "-r", "-z", commit).decode(errors="surrogateescape")
    found = {}
    for record in raw.split("\0")[:-1]:
        facts, path = record.split("\t", 1)
        mode, _, sha = facts.split()
        found[path] = (mode, sha)
    return found


def _blob_id(content: bytes) -> str:
    """Give the id that git gives a blob, without starting git."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
