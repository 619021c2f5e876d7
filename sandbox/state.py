"""Where the sandbox keeps what it knows: a folder with a database, bare git repositories and one file of credentials.

Everything a restart must not lose is here; the modules of the services read and write it with plain SQL.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
import secrets
import sqlite3
import time
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_SCHEMA = """
CREATE TABLE IF NOT EXISTS repositories (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    owner TEXT NOT NULL COLLATE NOCASE,
    name TEXT NOT NULL COLLATE NOCASE,
    visibility TEXT NOT NULL,
    settings TEXT NOT NULL,
    created_at REAL NOT NULL,
    updated_at REAL NOT NULL,
    pushed_at REAL NOT NULL,
    UNIQUE (owner, name)
);
CREATE TABLE IF NOT EXISTS entities (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    scope TEXT NOT NULL,
    kind TEXT NOT NULL,
    identifier TEXT NOT NULL,
    yaml TEXT NOT NULL,
    git_details TEXT,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    UNIQUE (scope, kind, identifier)
);
CREATE TABLE IF NOT EXISTS properties (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    entity_ref TEXT NOT NULL,
    property TEXT NOT NULL,
    value TEXT NOT NULL,
    mode TEXT NOT NULL,
    UNIQUE (entity_ref, property)
);
CREATE TABLE IF NOT EXISTS step_images (
    infra TEXT NOT NULL,
    field TEXT NOT NULL,
    image TEXT NOT NULL,
    PRIMARY KEY (infra, field)
);
CREATE TABLE IF NOT EXISTS slack_users (id TEXT PRIMARY KEY, email TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS slack_messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    channel TEXT NOT NULL,
    ts TEXT NOT NULL,
    thread_ts TEXT,
    message TEXT NOT NULL,
    UNIQUE (channel, ts)
);
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


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """What the sandbox accepts. Random per state folder, so that a token of one is worth nothing in another."""

    github_user: str
    github_token: str
    github_readonly_token: str
    harness_account: str
    harness_api_key: str
    harness_readonly_key: str
    harness_service_jwt: str
    harness_user_jwt: str
    slack_token: str
    slack_documented_token: str
    slack_unscoped_token: str

    def __repr__(self) -> str:
        return f"Credentials(github_user={self.github_user!r}, harness_account={self.harness_account!r}, …)"

    def secret_values(self) -> list[str]:
        """Every value that may not be shown anywhere."""
        plain = {"github_user", "harness_account"}
        return [value for name, value in asdict(self).items() if name not in plain]


@dataclass(frozen=True)
class State:
    """An opened state folder."""

    folder: Path
    credentials: Credentials
    organizations: frozenset[str] | None = None
    """Lower-case names of the GitHub organizations that exist; None: any valid name does."""

    @property
    def repositories(self) -> Path:
        return self.folder / "repositories"

    @contextlib.contextmanager
    def database(self) -> Iterator[sqlite3.Connection]:
        """Open a connection of its own for one piece of work: committed at the end, rolled back on an error."""
        connection = _connect(self.folder)
        try:
            with connection:
                yield connection
        finally:
            connection.close()


def open_state(folder: Path, organizations: tuple[str, ...] | None = None) -> State:
    """Open a state folder, and make it on first use."""
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    (folder / "repositories").mkdir(exist_ok=True)
    connection = _connect(folder)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.executescript(_SCHEMA)
    finally:
        connection.close()
    known = None if organizations is None else frozenset(name.lower() for name in organizations)
    return State(folder, _credentials(folder / "credentials.json"), known)


def _connect(folder: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(folder / "state.sqlite", timeout=30)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA synchronous=NORMAL")
    return connection


def _credentials(file: Path) -> Credentials:
    stored: dict[str, str] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    created = asdict(_new_credentials())
    known = {field.name: stored.get(field.name, created[field.name]) for field in fields(Credentials)}
    if known != stored:
        file.touch(mode=0o600)
        file.write_text(json.dumps(known, indent=2) + "\n", encoding="utf-8")
    return Credentials(**known)


def _new_credentials() -> Credentials:
    account = base64.urlsafe_b64encode(secrets.token_bytes(16)).decode().rstrip("=").replace("-", "A").replace("_", "B")

    def harness_key(kind: str) -> str:
        return f"{kind}.{account}.{secrets.token_hex(12)}.{secrets.token_urlsafe(15)}"

    def slack_token() -> str:
        digits = "".join(str(secrets.randbelow(10)) for _ in range(12))
        return f"xoxb-{digits}-{secrets.token_hex(12)}"

    user = {"email": "sandbox-user@example.com", "username": "sandbox-user", "accountId": account}
    return Credentials(
        github_user="sandbox-user",
        github_token=f"ghp_{secrets.token_hex(18)}",
        github_readonly_token=f"github_pat_{secrets.token_hex(30)}",
        harness_account=account,
        harness_api_key=harness_key("pat"),
        harness_readonly_key=harness_key("sat"),
        harness_service_jwt=_signed({"type": "SERVICE", "name": "IDPService"}),
        harness_user_jwt=_signed({"type": "USER", **user}),
        slack_token=slack_token(),
        slack_documented_token=slack_token(),
        slack_unscoped_token=slack_token(),
    )


def _signed(claims: dict[str, str]) -> str:
    """Make a JWT in form. The sandbox compares it as a whole, so nobody needs its key afterwards."""

    def part(value: bytes) -> str:
        return base64.urlsafe_b64encode(value).decode().rstrip("=")

    head = part(json.dumps({"alg": "HS256", "typ": "JWT"}).encode())
    body = part(json.dumps({"iss": "Harness Inc", "iat": int(time.time()), **claims}).encode())
    signature = hmac.new(secrets.token_bytes(32), f"{head}.{body}".encode(), hashlib.sha256).digest()
    return f"{head}.{body}.{part(signature)}"
