"""Open pull or merge requests of the hosted repositories, as several hosts keep them. Nothing merges or closes one."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sandbox.git.repositories import Repository
    from sandbox.state import State

TABLE = """
CREATE TABLE IF NOT EXISTS pull_requests (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    repository INTEGER NOT NULL REFERENCES repositories (id),
    number INTEGER NOT NULL,
    source TEXT NOT NULL,
    target TEXT NOT NULL,
    title TEXT NOT NULL,
    body TEXT NOT NULL,
    created_at REAL NOT NULL,
    UNIQUE (repository, source, target)
);
"""


class AlreadyOpen(Exception):
    """There is an open request from the one branch into the other."""


@dataclass(frozen=True)
class PullRequest:
    """An open request; `number` counts within its repository."""

    id: int
    number: int
    source: str
    target: str
    title: str
    body: str
    created_at: float


def find_all(state: State, repository: Repository, *, source: str = "", target: str = "") -> list[PullRequest]:
    """Return the open requests of a repository, of a source, into a target; the newest first."""
    query = (
        "SELECT id, number, source, target, title, body, created_at FROM pull_requests WHERE repository = ?1"
        " AND (?2 = '' OR source = ?2) AND (?3 = '' OR target = ?3) ORDER BY id DESC"
    )
    with state.database() as database:
        return [PullRequest(*row) for row in database.execute(query, (repository.id, source, target)).fetchall()]


def create(  # noqa: PLR0913 - what a request is made of
    state: State, repository: Repository, *, source: str, target: str, title: str, body: str
) -> PullRequest:
    """Open a request. Raises AlreadyOpen; whether there are such branches the host has looked at."""
    if find_all(state, repository, source=source, target=target):
        raise AlreadyOpen(f"{source} into {target}")
    with state.database(write_first=True) as database:
        (last,) = database.execute(
            "SELECT COALESCE(MAX(number), 0) FROM pull_requests WHERE repository = ?", (repository.id,)
        ).fetchone()
        values = (repository.id, last + 1, source, target, title, body, time.time())
        database.execute(
            "INSERT INTO pull_requests (repository, number, source, target, title, body, created_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            values,
        )
    return find_all(state, repository, source=source, target=target)[0]
