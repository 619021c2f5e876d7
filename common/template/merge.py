"""A three-way merge of folders, by git: what a template changed between two states, put into a project.

It is worked out whole before anything is written. Files are taken to the byte, whatever .gitattributes says, and no
repository around the project is touched.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from common.errors import Unavailable
from common.git.command import Git, GitFailed

MOST_TO_LOOK_AT = 5000  # files of a project besides the template's, among which one may have been moved
CONFLICTS = 1  # git merge-tree's exit code for them
OURS, THEIRS = "2", "3"  # the stages of an entry in conflict
LINK = "120000"
OWN = ".idp-steps"  # how the folders begin that steps and the runner make for themselves
IDENTITY = {
    f"GIT_{who}_{what}": text
    for who in ("AUTHOR", "COMMITTER")
    for what, text in {"NAME": "idp-steps", "EMAIL": "idp-steps@noreply.invalid", "DATE": "@0 +0000"}.items()
}
SETTINGS = ("-c", "merge.directoryRenames=false", "-c", "merge.renameLimit=10000")


@dataclass(frozen=True)
class Entry:
    """A file as git keeps it: its mode, its blob."""

    mode: str
    blob: str


@dataclass(frozen=True)
class Merged:
    """What a merge comes to.

    changes: what each path becomes, None: it goes. conflicts: paths that both sides changed, with what either has.
    left: paths that the project no longer has, and the template changed.
    """

    changes: Mapping[str, Entry | None]
    conflicts: Mapping[str, Mapping[str, Entry]]
    left: Sequence[str]


@dataclass(frozen=True)
class Store:
    """A repository of our own, for the files of all sides. `known`: where each blob was read from."""

    git: Git
    folder: Path
    known: dict[str, Path] = field(default_factory=dict)

    def run(self, *arguments: str, stdin: str = "", **extra: str) -> str:
        return self.git.run("--git-dir", str(self.folder), *arguments, cwd=self.folder, stdin=stdin, extra=extra)


def open_store(git: Git, folder: Path) -> Store:
    """Make an empty store."""
    git.run("init", "--quiet", "--bare", str(folder), cwd=folder.parent)
    return Store(git, folder)


def merged(store: Store, base: Path, ours: Path, theirs: Path, *, leave: Callable[[str], bool]) -> Merged:
    """Work out what `theirs` changed from `base`, in the light of what `ours` has now. `leave`: paths not to touch."""
    before, after = ({path for path in paths_of(side) if not leave(path)} for side in (base, theirs))
    own = _own_paths(ours, before | after, leave)
    trees = [_tree(store, side, paths) for side, paths in ((base, before), (ours, own), (theirs, after))]
    commits = [_commit(store, trees[0])]
    commits += [_commit(store, tree, commits[0]) for tree in trees[1:]]
    result, conflicts = _merge(store, commits[1], commits[2])
    left = [path for path, stages in conflicts.items() if OURS not in stages]
    conflicts = {path: stages for path, stages in conflicts.items() if OURS in stages}
    changes = {
        path: entry
        for path, entry in _changes(store, trees[1], result).items()
        if path not in conflicts and path not in left
    }
    return Merged(changes, conflicts, sorted(left))


def paths_of(folder: Path) -> list[str]:
    """Give every file and link of a folder that git could hold, relative to it."""
    found = []
    for parent, folders, files in os.walk(folder):
        links = [name for name in folders if Path(parent, name).is_symlink()]
        folders[:] = [name for name in folders if name != ".git" and name not in links and not name.startswith(OWN)]
        found += [
            os.path.relpath(Path(parent, name), folder)
            for name in (*files, *links)
            if name != ".git" and not name.startswith(OWN)
        ]
    return [path for path in found if path.isprintable()]


def _own_paths(project: Path, known: Iterable[str], leave: Callable[[str], bool]) -> set[str]:
    own = {path for path in known if os.path.lexists(project / path) and not _through_link(project, path)}
    others = [path for path in paths_of(project) if not leave(path)]
    return own | set(others) if len(others) <= MOST_TO_LOOK_AT + len(own) else own


def _through_link(project: Path, path: str) -> bool:
    return any((project / parent).is_symlink() for parent in Path(path).parents)


def _tree(store: Store, side: Path, paths: Iterable[str]) -> str:
    """Put the files into the store, and give their tree."""
    kinds = {path: (side / path).lstat().st_mode for path in sorted(paths)}
    files = [path for path, mode in kinds.items() if stat.S_ISREG(mode)]
    hashed = store.run(
        *("hash-object", "-w", "--no-filters", "--stdin-paths"), stdin="".join(f"{side / path}\n" for path in files)
    ).split()
    lines = []
    for path, blob in zip(files, hashed, strict=True):
        store.known.setdefault(blob, side / path)
        lines.append(f"{'100755' if kinds[path] & stat.S_IXUSR else '100644'} {blob}\t{path}\0")
    for path in (path for path, mode in kinds.items() if stat.S_ISLNK(mode)):
        blob = store.run("hash-object", "-w", "--stdin", stdin=str((side / path).readlink())).strip()
        lines.append(f"{LINK} {blob}\t{path}\0")
    index = store.folder / "index-of-a-side"
    index.unlink(missing_ok=True)
    store.run("update-index", "-z", "--index-info", stdin="".join(lines), GIT_INDEX_FILE=str(index))
    return store.run("write-tree", GIT_INDEX_FILE=str(index)).strip()


def _commit(store: Store, tree: str, *parents: str) -> str:
    given = [part for parent in parents for part in ("-p", parent)]
    return store.run("commit-tree", "-m", "x", *given, tree, **IDENTITY).strip()


def _merge(store: Store, ours: str, theirs: str) -> tuple[str, dict[str, dict[str, Entry]]]:
    """Give the tree, and the entries of each path in conflict by their stage."""
    try:
        said = store.run(*SETTINGS, "merge-tree", "--write-tree", "-z", "--no-messages", ours, theirs)
    except GitFailed as failed:
        if failed.code != CONFLICTS:
            raise Unavailable(
                f"The update could not be merged: {failed.reason}.",
                next_step="git 2.38 or newer is needed; the image of this step has it.",
                detail=failed.text,
            ) from failed
        said = failed.stdout
    tree, *entries = said.split("\0")
    found: dict[str, dict[str, Entry]] = {}
    for line in filter(None, entries):
        described, _, path = line.partition("\t")
        mode, blob, stage = described.split()
        found.setdefault(path, {})[stage] = Entry(mode, blob)
    return tree, found


def _changes(store: Store, ours: str, result: str) -> dict[str, Entry | None]:
    fields = store.run("diff-tree", "-r", "-z", "--no-renames", ours, result).split("\0")
    found: dict[str, Entry | None] = {}
    for described, path in zip(fields[::2], fields[1::2], strict=False):
        _, mode, _, blob, status = described.split()
        found[path] = None if status == "D" else Entry(mode, blob)
    return found


def apply(store: Store, project: Path, changes: Mapping[str, Entry | None]) -> None:
    """Write the changes, each file at once. Killed in between, the same merge again writes the rest."""
    for path, entry in _in_order(changes):
        place = project / path
        if entry is None:
            place.unlink(missing_ok=True)
            _remove_empty(place.parent, project)
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        made = place.with_name(f"{OWN}-{place.name[:200]}")
        made.unlink(missing_ok=True)
        _write(store, entry, made, place)
        made.replace(place)


def _in_order(changes: Mapping[str, Entry | None]) -> list[tuple[str, Entry | None]]:
    """Put what goes last, for half a move would look like a file that the user has removed; but first what makes room.

    That is a file in the place of a folder, and what is in a folder in the place of a file.
    """
    written = {path for path, entry in changes.items() if entry is not None}
    folders = {str(parent) for path in written for parent in Path(path).parents}

    def turn(change: tuple[str, Entry | None]) -> int:
        path, entry = change
        if entry is not None:
            return 1
        return 0 if path in folders or any(str(parent) in written for parent in Path(path).parents) else 2

    return sorted(changes.items(), key=turn)


def _write(store: Store, entry: Entry, made: Path, place: Path) -> None:
    source = store.known.get(entry.blob)
    if entry.mode == LINK:
        made.symlink_to(store.run("cat-file", "blob", entry.blob))
        return
    if source is None:  # lines of both sides
        source = store.folder / store.run("unpack-file", entry.blob).strip()
    shutil.copyfile(source, made)
    usual = stat.S_IMODE(place.stat().st_mode) if place.is_file() and not place.is_symlink() else _usual(made)
    executable = (usual & 0o444) >> 2  # for those who may read it
    made.chmod(usual | executable if entry.mode == "100755" else usual & ~0o111)


def _usual(made: Path) -> int:
    return stat.S_IMODE(made.stat().st_mode)


def _remove_empty(folder: Path, project: Path) -> None:
    while folder != project and folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent
