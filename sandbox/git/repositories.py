"""The repositories that the sandbox hosts: a row of the database for each, and its bare git repository next to it.

`host` is the service that serves it. Names are compared without regard to case, and shown as they were written.
`owner` is the account, organization, group or project, with slashes where groups are nested; a host may have none.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox import faults
from sandbox.git import bare

if TYPE_CHECKING:
    from sandbox.state import State

DEFAULT_BRANCH = "main"
TABLE = """
CREATE TABLE IF NOT EXISTS repositories (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    host TEXT NOT NULL,
    owner TEXT NOT NULL COLLATE NOCASE,
    name TEXT NOT NULL COLLATE NOCASE,
    visibility TEXT NOT NULL,
    settings TEXT NOT NULL,
    created_at REAL NOT NULL,
    pushed_at REAL NOT NULL,
    UNIQUE (host, owner, name)
);
"""


class AlreadyExists(Exception):
    """The host has a repository of that name."""


class NoSuchRepository(LookupError):
    """The host has no repository of that name."""


@dataclass(frozen=True)
class Repository:
    """A hosted repository. `settings` holds what the API lets one set and the sandbox only gives back."""

    id: int
    host: str
    owner: str
    name: str
    visibility: str
    created_at: float
    pushed_at: float
    folder: Path
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def full_name(self) -> str:
        return "/".join(filter(None, (self.owner, self.name)))

    @property
    def default_branch(self) -> str:
        return bare.head(self.folder)

    @property
    def is_private(self) -> bool:
        return self.visibility != "public"


def folder(state: State, host: str, owner: str, name: str) -> Path:
    """Where the bare git repository is; hooks go into its `hooks` folder."""
    return state.repositories / host / owner.lower() / f"{name.lower()}.git"


def find(state: State, host: str, owner: str, name: str) -> Repository:
    query = "SELECT * FROM repositories WHERE host = ? AND owner = ? AND name = ?"
    with state.database() as database:
        row = database.execute(query, (host, owner, name)).fetchone()
    if row is None:
        raise NoSuchRepository(f"There is no repository {owner}/{name}.")
    return _repository(state, row)


def find_all(
    state: State, *, host: str | None = None, owner: str | None = None, name: str | None = None
) -> list[Repository]:
    """Return the repositories of a host, of an owner, of a name, or all; the newest first."""
    query = (
        "SELECT * FROM repositories WHERE (?1 IS NULL OR host = ?1) AND (?2 IS NULL OR owner = ?2)"
        " AND (?3 IS NULL OR name = ?3) ORDER BY id DESC"
    )
    with state.database() as database:
        return [_repository(state, row) for row in database.execute(query, (host, owner, name)).fetchall()]


def page(  # noqa: PLR0913 - whose, and which of them
    state: State, host: str, owner: str, *, number: int, size: int, within: bool = False
) -> tuple[list[Repository], int]:
    """Return one page of an owner's repositories, the oldest first, and how many there are; pages count from 0.

    within: those of owners below it, too.
    """
    below = owner.replace("%", "").replace("_", r"\_") + "/%" if within else ""
    where = "FROM repositories WHERE host = ?1 AND (owner = ?2 OR owner LIKE ?3 ESCAPE '\\')"
    with state.database() as database:
        (total,) = database.execute(f"SELECT count(*) {where}", (host, owner, below)).fetchone()
        query = f"SELECT * {where} ORDER BY id LIMIT ?4 OFFSET ?5"
        rows = database.execute(query, (host, owner, below, size, number * size)).fetchall()
    return [_repository(state, row) for row in rows], total


def create(  # noqa: PLR0913 - where it is, and what it is
    state: State,
    host: str,
    owner: str,
    name: str,
    *,
    visibility: str,
    settings: dict[str, Any] | None = None,
    default_branch: str = DEFAULT_BRANCH,
) -> Repository:
    """Register a repository and make it on disk, empty."""
    if (faults.value_of(state, host, "pending_deletion") or "").lower() == name.lower():
        raise AlreadyExists(f"{owner}/{name} is still being deleted.")
    now = time.time()
    values = (host, owner, name, visibility, json.dumps(settings or {}), now, now)
    place = folder(state, host, owner, name)
    try:
        with state.database() as database:
            database.execute(
                "INSERT INTO repositories (host, owner, name, visibility, settings, created_at, pushed_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                values,
            )
            shutil.rmtree(place, ignore_errors=True)
            bare.create(place, default_branch)
    except sqlite3.IntegrityError as error:
        raise AlreadyExists(f"{owner}/{name} exists.") from error
    return find(state, host, owner, name)


def change(state: State, repository: Repository, **settings: Any) -> Repository:
    """Lay these settings over those that it has."""
    with state.database(write_first=True) as database:
        (text,) = database.execute("SELECT settings FROM repositories WHERE id = ?", (repository.id,)).fetchone()
        merged = json.dumps(json.loads(text) | settings)
        database.execute("UPDATE repositories SET settings = ? WHERE id = ?", (merged, repository.id))
    return find(state, repository.host, repository.owner, repository.name)


def after_push(state: State, repository: Repository) -> None:
    """Do what a git host does when a push has arrived."""
    if state.git_host(repository.host).first_push_is_default:
        bare.settle_head(repository.folder)
    with state.database() as database:
        database.execute("UPDATE repositories SET pushed_at = ? WHERE id = ?", (time.time(), repository.id))


def fill(state: State, repository: Repository, folder: Path) -> str:
    """Make the default branch hold exactly the files of a folder; returns the commit.

    Nothing is committed when nothing changed. Symbolic links and the executable bit are kept; `.git` and byte-code
    folders are left out.
    """
    branch = repository.default_branch
    before = bare.branches(repository.folder).get(branch)
    commit = bare.commit_files(repository.folder, branch, dict(_files(folder)), f"Copy {folder.name}\n", replace=True)
    if commit != before:
        after_push(state, repository)
    return commit


def _files(folder: Path) -> list[tuple[str, tuple[str, bytes]]]:
    found: list[tuple[str, tuple[str, bytes]]] = []
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if {".git", "__pycache__"} & set(inside.parts):
            continue
        if path.is_symlink():
            found.append((inside.as_posix(), ("120000", str(path.readlink()).encode())))
        elif path.is_file():
            mode = "100755" if path.stat().st_mode & 0o100 else "100644"
            found.append((inside.as_posix(), (mode, path.read_bytes())))
    return found


def _repository(state: State, row: sqlite3.Row) -> Repository:
    return Repository(
        id=row["id"],
        host=row["host"],
        owner=row["owner"],
        name=row["name"],
        visibility=row["visibility"],
        created_at=row["created_at"],
        pushed_at=row["pushed_at"],
        folder=folder(state, row["host"], row["owner"], row["name"]),
        settings=json.loads(row["settings"]),
    )
