"""GitHub Apps: who proves to be one, where it is installed, and the tokens of its installations.

An App is registered by a file of the state folder, github-apps/<id>.pem, which holds its key, the private or the public
one. It is installed on every account, for all repositories and with all permissions, but for what <id>.json next to it
says: {"accounts": ["acme"], "repositories": ["payments"], "permissions": {"contents": "write"}, "suspended": true}.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sandbox.state import State

FOLDER = "github-apps"
TOKEN = "ghs_"  # noqa: S105 - what one begins with
LIFETIME = 3600.0  # seconds
LONGEST_CLAIM = 600  # seconds that a JSON Web Token may live, by GitHub's documentation
LEVELS = ("read", "write", "admin")
ALL = {
    "actions": "write",
    "administration": "write",
    "contents": "write",
    "members": "read",
    "metadata": "read",
    "pull_requests": "write",
    "workflows": "write",
}
TABLE = """
CREATE TABLE IF NOT EXISTS github_installations (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    app TEXT NOT NULL,
    account TEXT NOT NULL COLLATE NOCASE,
    UNIQUE (app, account)
);
CREATE TABLE IF NOT EXISTS github_tokens (
    token TEXT PRIMARY KEY,
    app TEXT NOT NULL,
    account TEXT NOT NULL,
    repositories TEXT NOT NULL,
    permissions TEXT NOT NULL,
    expires REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS github_made_by_apps (
    app TEXT NOT NULL,
    full_name TEXT NOT NULL COLLATE NOCASE,
    UNIQUE (app, full_name)
);
"""


class Unknown(Exception):
    """What was sent proves nobody to be an App; the text is GitHub's."""


@dataclass(frozen=True)
class Installation:
    """An App on an account. repositories: the names that it is installed for; None for all of them."""

    app: str
    account: str
    repositories: frozenset[str] | None
    permissions: Mapping[str, str]
    suspended: bool


@dataclass(frozen=True)
class Token:
    """A token of an installation. repositories: as asked for; None for all that the installation covers."""

    installation: Installation
    repositories: frozenset[str] | None
    permissions: Mapping[str, str]

    def may(self, right: str, level: str = "write") -> bool:
        given = self.permissions.get(right, "")
        return given in LEVELS and LEVELS.index(given) >= LEVELS.index(level)


def proven(state: State, token: str) -> str:
    """Give the id of the App that a JSON Web Token is signed by. Raises Unknown."""
    import jwt
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        app = str(jwt.decode(token, options={"verify_signature": False}).get("iss"))
        file = state.folder / FOLDER / f"{app}.pem"
        if not app.isalnum() or not file.is_file():
            raise Unknown("Integration not found")
        pem = file.read_bytes()
        key: Any = load_pem_private_key(pem, None).public_key() if b"PRIVATE KEY" in pem else pem
        claims = jwt.decode(token, key, algorithms=["RS256"], options={"require": ["iat", "exp"]})
    except jwt.exceptions.ExpiredSignatureError as error:
        words = "a numeric value representing the future time at which the assertion expires"
        raise Unknown(f"'Expiration time' claim ('exp') must be {words}") from error
    except jwt.exceptions.ImmatureSignatureError as error:
        words = "an Integer representing the time that the assertion was issued"
        raise Unknown(f"'Issued at' claim ('iat') must be {words}") from error
    except jwt.exceptions.PyJWTError as error:
        raise Unknown("A JSON web token could not be decoded") from error
    if claims["exp"] > time.time() + LONGEST_CLAIM:
        raise Unknown("'Expiration time' claim ('exp') is too far in the future")
    return app


def installation(state: State, app: str, account: str) -> Installation | None:
    """Give the installation of an App on an account."""
    file = state.folder / FOLDER / f"{app}.json"
    told = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    accounts = told.get("accounts")
    if accounts is not None and account.lower() not in map(str.lower, accounts):
        return None
    names = told.get("repositories")
    covered = None if names is None else frozenset(map(str.lower, names))
    return Installation(app, account, covered, told.get("permissions", ALL), bool(told.get("suspended")))


def number_of(state: State, there: Installation) -> int:
    """Give the number of an installation, which the first to ask for it gives it."""
    with state.database(write_first=True) as database:
        place = (there.app, there.account)
        database.execute("INSERT OR IGNORE INTO github_installations (app, account) VALUES (?, ?)", place)
        row = database.execute("SELECT id FROM github_installations WHERE app = ? AND account = ?", place).fetchone()
        return int(row["id"])


def numbered(state: State, app: str, number: int) -> Installation | None:
    """Give the App's installation of a number."""
    with state.database() as database:
        query = "SELECT account FROM github_installations WHERE app = ? AND id = ?"
        row = database.execute(query, (app, number)).fetchone()
    return None if row is None else installation(state, app, row["account"])


def covers(state: State, there: Installation, name: str) -> bool:
    """Tell whether an installation covers a repository of its account: what the App made itself, it does."""
    if there.repositories is None or name.lower() in there.repositories:
        return True
    with state.database() as database:
        query = "SELECT 1 FROM github_made_by_apps WHERE app = ? AND full_name = ?"
        return database.execute(query, (there.app, f"{there.account}/{name}")).fetchone() is not None


def issue(state: State, made: Token) -> tuple[str, float]:
    """Make a token, and give it with the time at which it ends."""
    token, ends = f"{TOKEN}{secrets.token_hex(18)}", time.time() + LIFETIME
    names = None if made.repositories is None else sorted(made.repositories)
    with state.database() as database:
        row = (token, made.installation.app, made.installation.account, json.dumps(names))
        query = "INSERT INTO github_tokens VALUES (?, ?, ?, ?, ?, ?)"
        database.execute(query, (*row, json.dumps(dict(made.permissions)), ends))
    return token, ends


def known(state: State, token: str) -> Token | None:
    """Give what a token is good for; None for one that is unknown or has ended."""
    with state.database() as database:
        row = database.execute("SELECT * FROM github_tokens WHERE token = ?", (token,)).fetchone()
    if row is None or row["expires"] < time.time():
        return None
    there = installation(state, row["app"], row["account"])
    if there is None or there.suspended:
        return None
    names = json.loads(row["repositories"])
    return Token(there, None if names is None else frozenset(names), json.loads(row["permissions"]))


def sees(state: State, token: Token, owner: str, name: str) -> bool:
    """Tell whether a token is good for a repository."""
    if owner.lower() != token.installation.account.lower() or not covers(state, token.installation, name):
        return False
    return token.repositories is None or name.lower() in token.repositories


def note_made(state: State, token: Token, full_name: str) -> None:
    """Keep that an App made a repository: from now on its installation covers it."""
    with state.database() as database:
        database.execute("INSERT OR IGNORE INTO github_made_by_apps VALUES (?, ?)", (token.installation.app, full_name))
