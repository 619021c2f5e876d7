"""What was asked of the sandbox and what it answered, for the page. No credential is ever kept.

Headers are not kept at all. Bodies are kept as text up to a limit, after every known credential, everything in the
form of one, and the values of fields that are named like one are taken out.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import Flask, Response, g, request

from sandbox.access import current_state, noted_caller

if TYPE_CHECKING:
    import sqlite3

    from sandbox.state import State

_KEPT = 1000
_LONGEST_BODY = 16 * 1024
_HIDDEN = "***"
_TEXT_TYPES = ("application/json", "application/x-www-form-urlencoded", "application/yaml", "text/plain")
_JWT = r"eyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]*"
_NAMES = r"[\w.-]*(?:token|secret|password|passwd|api_?-?key|authorization)"
_FIELDS = re.compile(
    rf'(?i)("{_NAMES}"\s*:\s*)"(?:[^"\\]|\\.)*"|((?:^|[&?\s]){_NAMES}=)[^&\s]+'  # JSON, and form or query
)


@dataclass(frozen=True)
class Exchange:
    """One request with its answer; `time` in seconds since 1970."""

    id: int
    time: float
    milliseconds: int
    method: str
    path: str
    status: int
    who: str
    request_body: str
    answer_body: str


def install(app: Flask, streams: frozenset[str]) -> None:
    """Note every request to a service; the sandbox's own pages are left out.

    `streams` are the blueprints whose bodies are of any size, and never kept.
    """

    @app.before_request
    def start() -> None:
        g.started = time.monotonic()
        g.noted_body = ""  # also of a request that breaks off within its body
        if is_service() and request.blueprint not in streams:
            g.noted_body = _incoming()

    @app.after_request
    def note(answer: Response) -> Response:
        if is_service():
            _store(current_state(), answer)
        return answer

    def is_service() -> bool:
        """Tell an API or git from a page for people."""
        is_page = str(request.blueprint).endswith("_pages")  # some hosts have them below the paths of their API
        return request.blueprint in streams or (request.path.startswith(current_state().api_paths) and not is_page)


def without_secrets(state: State, text: str) -> str:
    """Return the text with every credential, and what looks like one, replaced."""
    for value in state.secret_values():
        text = text.replace(value, _HIDDEN)
    forms = (_JWT, *(form for service in state.services for form in service.secret_forms))
    text = re.sub("|".join(forms), _HIDDEN, text)
    return _FIELDS.sub(lambda found: f'{found[1]}"{_HIDDEN}"' if found[1] else f"{found[2]}{_HIDDEN}", text)


def latest(state: State, limit: int) -> list[Exchange]:
    """Return the last requests, the newest first."""
    with state.database() as database:
        rows: list[sqlite3.Row] = database.execute(
            "SELECT * FROM requests ORDER BY id DESC LIMIT ?", (limit,)
        ).fetchall()
    return [Exchange(**dict(row)) for row in rows]


def _incoming() -> str:
    return _short(request.get_data(as_text=False)) if request.mimetype in _TEXT_TYPES else ""


def _short(body: bytes) -> str:
    text = body[: _LONGEST_BODY * 2].decode(errors="replace")
    return text if len(text) <= _LONGEST_BODY else text[:_LONGEST_BODY] + " …"


def _store(state: State, answer: Response) -> None:
    body = "" if answer.is_streamed or answer.mimetype not in _TEXT_TYPES else _short(answer.get_data())
    path = request.full_path.removesuffix("?")
    values = (
        time.time(),
        round((time.monotonic() - g.started) * 1000),
        request.method,
        without_secrets(state, path),
        answer.status_code,
        noted_caller().name,
        without_secrets(state, g.noted_body),
        without_secrets(state, body),
    )
    with state.database() as database:
        number = database.execute(
            "INSERT INTO requests (time, milliseconds, method, path, status, who, request_body, answer_body)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            values,
        ).lastrowid
        database.execute("DELETE FROM requests WHERE id <= ?", ((number or 0) - _KEPT,))
