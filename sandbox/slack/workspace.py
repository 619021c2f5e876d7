"""The Slack workspace: its channels, the users that were looked up, and the messages. No HTTP here."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sqlite3

    from sandbox.state import State

TABLES = """
CREATE TABLE IF NOT EXISTS slack_users (id TEXT PRIMARY KEY, email TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS slack_messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    channel TEXT NOT NULL,
    ts TEXT NOT NULL,
    thread_ts TEXT,
    message TEXT NOT NULL,
    UNIQUE (channel, ts)
);
"""
TEAM = "Sandbox"
TEAM_ID = "T0SANDBOX1"
BOT_NAME = "sandbox-bot"
CHANNELS = ("general", "random", "deployments")
PRIVATE = "leads"
"""A private channel that the bot was invited to."""
UNKNOWN_DOMAIN = "nowhere.invalid"
"""E-mail addresses of this domain belong to nobody; every other address finds a user."""


def _identifier(prefix: str, text: str) -> str:
    """Make the same identifier for the same text, always, in the form that Slack's have."""
    return prefix + base64.b32encode(hashlib.sha256(text.encode()).digest()).decode()[:10]


BOT_USER_ID = _identifier("U", BOT_NAME)
BOT_ID = _identifier("B", BOT_NAME)


@dataclass(frozen=True)
class Conversation:
    """A channel, or the direct messages with `user`."""

    id: str
    name: str
    user: str | None = None
    private: bool = False


@dataclass(frozen=True)
class User:
    """A member of the workspace."""

    id: str
    email: str

    @property
    def name(self) -> str:
        return self.email.partition("@")[0]

    @property
    def real_name(self) -> str:
        return " ".join(part.capitalize() for part in self.name.replace("_", ".").split(".") if part) or self.name


@dataclass(frozen=True)
class Message:
    """A posted message; `content` is the message object of Slack's API."""

    channel: str
    ts: str
    thread_ts: str | None
    content: dict[str, Any]


_CHANNELS = (
    *(Conversation(_identifier("C", name), name) for name in CHANNELS),
    Conversation(_identifier("C", PRIVATE), PRIVATE, private=True),
)


def channels() -> tuple[Conversation, ...]:
    return _CHANNELS


def user_by_email(state: State, email: str) -> User | None:
    """Return the user with this address, who is remembered from then on."""
    name, _, domain = email.strip().lower().partition("@")
    if not name or "." not in domain or "@" in domain or domain == UNKNOWN_DOMAIN:
        return None
    user = User(_identifier("U", f"{name}@{domain}"), f"{name}@{domain}")
    with state.database() as database:
        database.execute("INSERT OR IGNORE INTO slack_users (id, email) VALUES (?, ?)", (user.id, user.email))
    return user


def users(state: State) -> dict[str, User]:
    """Everybody who was looked up, by identifier."""
    with state.database() as database:
        rows = database.execute("SELECT id, email FROM slack_users").fetchall()
    return {row["id"]: User(row["id"], row["email"]) for row in rows}


def direct(user: User) -> Conversation:
    """Return the direct messages with a user."""
    return Conversation(_identifier("D", user.id), user.name, user.id)


def conversation(state: State, wanted: str) -> Conversation | None:
    """By identifier of a channel or direct messages, by `#name` or name of a channel, or by identifier of a user."""
    for channel in _CHANNELS:
        if wanted in (channel.id, channel.name, f"#{channel.name}"):
            return channel
    for user in users(state).values():
        if wanted in (user.id, direct(user).id):
            return direct(user)
    return None


def post(state: State, channel: str, thread_ts: str | None, content: dict[str, Any]) -> Message:
    """Add a message; its timestamp is later than every other of the channel."""
    with state.database(write_first=True) as database:
        last = database.execute("SELECT max(ts) FROM slack_messages WHERE channel = ?", (channel,)).fetchone()[0]
        ts = f"{time.time():.6f}"
        if last is not None and ts <= last:
            ts = f"{float(last) + 0.000001:.6f}"
        database.execute(
            "INSERT INTO slack_messages (channel, ts, thread_ts, message) VALUES (?, ?, ?, ?)",
            (channel, ts, thread_ts, json.dumps(content | {"ts": ts})),
        )
    return Message(channel, ts, thread_ts, content | {"ts": ts})


def message(state: State, channel: str, ts: str) -> Message | None:
    with state.database() as database:
        query = "SELECT * FROM slack_messages WHERE channel = ? AND ts = ?"
        row = database.execute(query, (channel, ts)).fetchone()
    return None if row is None else _message(row)


def update(state: State, channel: str, ts: str, content: dict[str, Any]) -> None:
    """Give a message other content."""
    with state.database() as database:
        query = "UPDATE slack_messages SET message = ? WHERE channel = ? AND ts = ?"
        database.execute(query, (json.dumps(content), channel, ts))


def messages(state: State, channel: str | None = None) -> list[Message]:
    """In the order in which they were posted."""
    with state.database() as database:
        query = "SELECT * FROM slack_messages WHERE ?1 IS NULL OR channel = ?1 ORDER BY id"
        return [_message(row) for row in database.execute(query, (channel,)).fetchall()]


def _message(row: sqlite3.Row) -> Message:
    return Message(row["channel"], row["ts"], row["thread_ts"], json.loads(row["message"]))
