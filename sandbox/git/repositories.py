"""The repositories that the sandbox hosts: a row of the database for each, and its bare git repository beside it.

Names are compared without regard to case, as GitHub does, and shown as they were written.
"""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.git import bare
from sandbox.state import State, open_state

DEFAULT_BRANCH = "main"
_LOGIN = re.compile(r"[A-Za-z0-9](?:-?[A-Za-z0-9]){0,38}")
_ROUTES = frozenset({"api", "gateway", "idp", "ng", "slack", "v1"})
"""First path segments that the sandbox serves itself, and so no account can have."""


class AlreadyExists(Exception):
    """The owner has a repository of that name."""


class NoSuchRepository(LookupError):
    """The owner has no repository of that name."""


@dataclass(frozen=True)
class Repository:
    """A hosted repository. `settings` holds what the API lets one set and the sandbox only gives back."""

    id: int
    owner: str
    name: str
    visibility: str
    created_at: float
    updated_at: float
    pushed_at: float
    folder: Path
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def full_name(self) -> str:
        return f"{self.owner}/{self.name}"

    @property
    def default_branch(self) -> str:
        return bare.head(self.folder)

    @property
    def is_private(self) -> bool:
        return self.visibility != "public"


def owner_kind(state: State, login: str) -> str | None:
    """`User` for the account of the sandbox's tokens, `Organization` for every organization, None for neither."""
    if login.lower() == state.credentials.github_user.lower():
        return "User"
    if not _LOGIN.fullmatch(login) or login.lower() in _ROUTES:
        return None
    known = state.organizations is None or login.lower() in state.organizations or _owns_something(state, login)
    return "Organization" if known else None


def _owns_something(state: State, login: str) -> bool:
    with state.database() as database:
        return database.execute("SELECT 1 FROM repositories WHERE owner = ?", (login,)).fetchone() is not None


def folder(state: State, owner: str, name: str) -> Path:
    """Where the bare git repository lies; hooks go into its `hooks` folder."""
    return state.repositories / owner.lower() / f"{name.lower()}.git"


def find(state: State, owner: str, name: str) -> Repository:
    with state.database() as database:
        row = database.execute("SELECT * FROM repositories WHERE owner = ? AND name = ?", (owner, name)).fetchone()
    if row is None:
        raise NoSuchRepository(f"There is no repository {owner}/{name}.")
    return _repository(state, row)


def find_all(state: State, *, owner: str | None = None, name: str | None = None) -> list[Repository]:
    """Return the repositories of an owner, of a name, or all; the newest first."""
    query = "SELECT * FROM repositories WHERE (?1 IS NULL OR owner = ?1) AND (?2 IS NULL OR name = ?2) ORDER BY id DESC"
    with state.database() as database:
        return [_repository(state, row) for row in database.execute(query, (owner, name)).fetchall()]


def create(
    state: State, owner: str, name: str, *, visibility: str, settings: dict[str, Any] | None = None
) -> Repository:
    """Register a repository and make it on disk, empty."""
    now = time.time()
    values = (owner, name, visibility, json.dumps(settings or {}), now, now, now)
    place = folder(state, owner, name)
    try:
        with state.database() as database:
            database.execute(
                "INSERT INTO repositories (owner, name, visibility, settings, created_at, updated_at, pushed_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                values,
            )
            shutil.rmtree(place, ignore_errors=True)
            bare.create(place, DEFAULT_BRANCH)
    except sqlite3.IntegrityError as error:
        raise AlreadyExists(f"{owner}/{name} exists.") from error
    return find(state, owner, name)


def change(state: State, repository: Repository, *, name: str, visibility: str, settings: dict[str, Any]) -> Repository:
    """Rename, change the visibility or the settings."""
    place = folder(state, repository.owner, name)
    try:
        with state.database() as database:
            database.execute(
                "UPDATE repositories SET name = ?, visibility = ?, settings = ?, updated_at = ? WHERE id = ?",
                (name, visibility, json.dumps(settings), time.time(), repository.id),
            )
            if place != repository.folder:
                repository.folder.rename(place)
    except sqlite3.IntegrityError as error:
        raise AlreadyExists(f"{repository.owner}/{name} exists.") from error
    return find(state, repository.owner, name)


def delete(state: State, repository: Repository) -> None:
    with state.database() as database:
        database.execute("DELETE FROM repositories WHERE id = ?", (repository.id,))
    bare.delete(repository.folder)


def after_push(state: State, repository: Repository) -> None:
    """Do what a git host does when a push has arrived."""
    bare.settle_head(repository.folder)
    with state.database() as database:
        database.execute("UPDATE repositories SET pushed_at = ? WHERE id = ?", (time.time(), repository.id))


def seed(state_dir: Path, owner: str, name: str, folder: Path, private: bool = False) -> str:
    """Make the default branch of a repository hold exactly the files of a folder; returns the commit.

    The repository is made if need be. Nothing is committed when nothing changed. Symbolic links and the executable
    bit are kept; `.git` and byte-code folders are left out.
    """
    state = open_state(state_dir)
    try:
        repository = find(state, owner, name)
    except NoSuchRepository:
        repository = create(state, owner, name, visibility="private" if private else "public")
    before = bare.branches(repository.folder).get(repository.default_branch)
    files = dict(_files(folder))
    commit = bare.commit_files(
        repository.folder, repository.default_branch, files, f"Copy {folder.name}\n", replace=True
    )
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
        owner=row["owner"],
        name=row["name"],
        visibility=row["visibility"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        pushed_at=row["pushed_at"],
        folder=folder(state, row["owner"], row["name"]),
        settings=json.loads(row["settings"]),
    )
