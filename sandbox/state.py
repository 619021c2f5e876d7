"""Where the sandbox keeps what it knows: a folder with a database, bare git repositories and one file of credentials.

Everything a restart must not lose is here; the services read and write it with plain SQL. Which services there are
is an argument.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, TypeAlias

from common.errors import BadInput
from sandbox import faults, service
from sandbox.service import GitHost, Service

_REQUESTS = """
CREATE TABLE IF NOT EXISTS requests (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    time REAL NOT NULL,
    milliseconds INTEGER NOT NULL,
    method TEXT NOT NULL,
    path TEXT NOT NULL,
    status INTEGER NOT NULL,
    who TEXT NOT NULL,
    request_body TEXT NOT NULL,
    answer_body TEXT NOT NULL
);
"""

Credentials: TypeAlias = Mapping[str, Any]
"""By the name of a service: what it accepts. Random per folder, so that a token of one is worth nothing in another."""

_TABLES = "SELECT name, sql FROM sqlite_master WHERE type = 'table'"


@dataclass(frozen=True)
class State:
    """An opened state folder."""

    folder: Path
    services: tuple[Service, ...]
    credentials: Credentials

    @property
    def repositories(self) -> Path:
        return self.folder / "repositories"

    @property
    def api_paths(self) -> tuple[str, ...]:
        return tuple(path for known in self.services for path in known.api_paths)

    @property
    def taken_names(self) -> frozenset[str]:
        """First segments of paths that a service serves, so that no account of a git host can be called so."""
        repositories = (address for known in self.services if known.git for address in known.git.addresses)
        return frozenset(path.split("/")[1] for path in (*self.api_paths, *repositories))

    def git_host(self, name: str) -> GitHost:
        return next(known.git for known in self.services if known.name == name and known.git)

    def secret_values(self) -> list[str]:
        """Every value that may not be shown anywhere."""
        return [value for kept in self.credentials.values() for value in service.secret_values(kept)]

    @contextlib.contextmanager
    def database(self, *, write_first: bool = False) -> Iterator[sqlite3.Connection]:
        """Open a connection of its own for one piece of work: committed at the end, rolled back on an error.

        `write_first`: nobody else writes between what is read here and what is written.
        """
        with contextlib.closing(_connect(self.folder)) as connection, connection:
            if write_first:
                connection.execute("BEGIN IMMEDIATE")
            yield connection


def opened(folder: Path, services: tuple[Service, ...]) -> State:
    """Open a state folder, and make it on first use. Raises BadInput when it is of another version, OSError."""
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    (folder / "repositories").mkdir(exist_ok=True)
    with (folder / "opening.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two runs that begin at once make the same credentials
        own = (sql for known in services for sql in known.tables)
        _make_tables(folder, "".join(dict.fromkeys([_REQUESTS, faults.TABLE, *own])))
        return State(folder, services, _credentials(folder / "credentials.json", services))


def _make_tables(folder: Path, schema: str) -> None:
    with contextlib.closing(sqlite3.connect(":memory:")) as fresh:
        fresh.executescript(schema)
        wanted = dict(fresh.execute(_TABLES).fetchall())
    with contextlib.closing(_connect(folder)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.executescript(schema)
        there = dict(connection.execute(_TABLES).fetchall())
    if any(there[name] != sql for name, sql in wanted.items()):
        raise BadInput(
            f"The sandbox's state in {folder} was kept by another version of idp-steps, and cannot be read.",
            next_step="Remove that folder, or choose another --state.",
        )


def _connect(folder: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(folder / "state.sqlite", timeout=30)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA synchronous=NORMAL")
    return connection


def _credentials(file: Path, services: tuple[Service, ...]) -> Credentials:
    """Read what was made before, and make what is new since then."""
    stored: dict[str, dict[str, str]] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    known: dict[str, Any] = {}
    for own in services:
        made = own.credentials()
        before = stored.get(own.name, {})
        known[own.name] = type(made)(
            **{part.name: before.get(part.name, getattr(made, part.name)) for part in fields(made)}
        )
    kept = {name: asdict(values) for name, values in known.items()}
    if kept != stored:
        file.touch(mode=0o600)
        file.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
    return known
