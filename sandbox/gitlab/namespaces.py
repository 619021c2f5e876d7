"""Which groups and users GitLab has: the user of the tokens, and a group of every other path that GitLab allows.

A project is created in one by its number, which is given out when the namespace is first asked for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sandbox.state import State

TABLE = """
CREATE TABLE IF NOT EXISTS gitlab_namespaces (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    path TEXT NOT NULL COLLATE NOCASE UNIQUE
);
"""
_PART = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?(?<!\.git)(?<!\.atom)")
_RESERVED = frozenset({"admin", "api", "dashboard", "explore", "groups", "help", "oauth", "users"})


@dataclass(frozen=True)
class Namespace:
    """A group, or a user's own place for projects."""

    id: int
    path: str
    is_user: bool


def is_path(part: str) -> bool:
    """Tell whether a group or project may be called so."""
    return _PART.fullmatch(part) is not None


def find(state: State, path: str) -> Namespace | None:
    """Find a namespace by its whole path; None for one that there cannot be."""
    user = str(state.credentials["gitlab"].user)
    is_user = path.lower() == user.lower()
    parts = path.split("/")
    if not is_user and (not all(map(is_path, parts)) or parts[0].lower() in {*_RESERVED, user.lower()}):
        return None
    with state.database() as database:
        database.execute("INSERT OR IGNORE INTO gitlab_namespaces (path) VALUES (?)", (path,))
        row = database.execute("SELECT id, path FROM gitlab_namespaces WHERE path = ?", (path,)).fetchone()
    return Namespace(row["id"], row["path"], is_user)


def by_id(state: State, number: int) -> Namespace | None:
    with state.database() as database:
        row = database.execute("SELECT path FROM gitlab_namespaces WHERE id = ?", (number,)).fetchone()
    return None if row is None else find(state, row["path"])
