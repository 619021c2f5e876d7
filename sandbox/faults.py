"""Faults of the git hosts that can be switched on, in sandbox.yaml and on the page: what a pipeline meets in the wild.

One mechanism for every host: requests are answered before or after the host's own routes, its callers are taken for
strangers, or its git declines a push. Nothing in a host knows of it but its words.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sandbox.state import State

TABLE = """
CREATE TABLE IF NOT EXISTS faults (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    host TEXT NOT NULL,
    fault TEXT NOT NULL,
    value TEXT NOT NULL
);
"""
FAULTS: dict[str, tuple[str, str]] = {  # name -> what its value is (a number unless it is a text), what happens
    "unusable": ("seconds", "Git finds a new repository only so many seconds after it was created."),
    "rate_limited": ("times", "So many requests to the API are answered by 429 with Retry-After: 1."),
    "lost_answer": ("times", "So many writes are done and then answered by 502."),
    "slow": ("seconds", "Every request waits so many seconds for its answer."),
    "protected_branch": ("branch", "A push to this branch is declined as one to a protected branch."),
    "declining_hook": ("text", "Every push is declined by a hook that says this."),
    "pending_deletion": ("name", "A repository of this name cannot be created, though there is none."),
    "expired_token": ("", "No credentials are taken."),
}
NUMBERS = frozenset({"seconds", "times"})
HIGHEST = 3600
EVERY_HOST = ""
_HOOK = """\
#!/bin/sh
while read -r old new name; do
  if [ -z "$SANDBOX_DECLINED" ] || [ "$name" = "refs/heads/$SANDBOX_DECLINED" ]; then
    printf '%s\\n' "$SANDBOX_WORDS" >&2
    exit 1
  fi
done
"""


@dataclass(frozen=True)
class Fault:
    """A fault that is switched on. host: the service, '' for every git host."""

    id: int
    host: str
    fault: str
    value: str


def every(state: State) -> list[Fault]:
    """Return what is switched on, the oldest first."""
    with state.database() as database:
        return [Fault(*row) for row in database.execute("SELECT id, host, fault, value FROM faults ORDER BY id")]


def switch_on(state: State, fault: str, value: str, *, host: str = EVERY_HOST) -> None:
    """Switch a fault on; one of the same kind for the same host gives way to it."""
    with state.database(write_first=True) as database:
        database.execute("DELETE FROM faults WHERE host = ? AND fault = ?", (host, fault))
        database.execute("INSERT INTO faults (host, fault, value) VALUES (?, ?, ?)", (host, fault, value))


def switch_off(state: State, number: int | None = None) -> None:
    """Switch one fault off, or all of them."""
    with state.database() as database:
        database.execute("DELETE FROM faults WHERE ?1 IS NULL OR id = ?1", (number,))


def value_of(state: State, host: str, fault: str) -> str | None:
    """Return the value of a fault of a host; None while it is off. One for this host wins."""
    query = "SELECT value FROM faults WHERE host IN (?, '') AND fault = ? ORDER BY host DESC"
    with state.database() as database:
        row = database.execute(query, (host, fault)).fetchone()
    return None if row is None else str(row["value"])


def problem(fault: str, value: str) -> str:
    """Say in a sentence what is wrong with the value of a fault; '' when nothing is."""
    kind = FAULTS[fault][0]
    if kind in NUMBERS and not (value.isdecimal() and 0 < int(value) <= HIGHEST):
        return f"{kind} of {fault} is {value!r}; it can be a number from 1 to {HIGHEST}."
    if kind and not value:
        return f"The {kind} of {fault} is missing."
    return ""


def is_not_usable_yet(state: State, host: str, created_at: float) -> bool:
    """Tell whether git cannot find a repository that was created then."""
    seconds = value_of(state, host, "unusable")
    return seconds is not None and time.time() < created_at + float(seconds)


def declining(state: State, host: str, protected_words: str) -> dict[str, str]:
    """Give the environment by which git declines a push; nothing when it does not."""
    text = value_of(state, host, "declining_hook")
    branch = value_of(state, host, "protected_branch")
    if text is None and branch is None:
        return {}
    hooks = state.folder / "faults"
    _write_hook(hooks)
    name = "" if text is not None else str(branch)
    words = text if text is not None else protected_words.format(branch=branch)
    return {
        "SANDBOX_DECLINED": name,
        "SANDBOX_WORDS": words,
        "GIT_CONFIG_COUNT": "2",
        "GIT_CONFIG_KEY_1": "core.hooksPath",
        "GIT_CONFIG_VALUE_1": str(hooks),
    }


def _write_hook(hooks: Path) -> None:
    hook = hooks / "pre-receive"
    if hook.exists():
        return
    hooks.mkdir(exist_ok=True)
    unfinished = hooks / f"hook.{os.urandom(4).hex()}"
    unfinished.write_text(_HOOK, encoding="utf-8")
    unfinished.chmod(0o755)
    unfinished.replace(hook)


def taken(state: State, host: str, fault: str) -> bool:
    """Take one of the times that a fault has left."""
    with state.database(write_first=True) as database:
        query = "SELECT id, value FROM faults WHERE host IN (?, '') AND fault = ? ORDER BY host DESC"
        row = database.execute(query, (host, fault)).fetchone()
        if row is None:
            return False
        left = int(row["value"]) - 1
        if left > 0:
            database.execute("UPDATE faults SET value = ? WHERE id = ?", (str(left), row["id"]))
        else:
            database.execute("DELETE FROM faults WHERE id = ?", (row["id"],))
    return True
