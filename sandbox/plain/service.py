"""A git server without an API, as Apache or nginx with git's own http-backend is one: /git/{name}.git, Basic login.

Nothing makes a repository here but sandbox.yaml (seeding.py), as on such a server only its keeper does.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.git import repositories
from sandbox.service import NOBODY, STRANGER, Caller, GitHost, Login, Refusals, Service, same, secret

if TYPE_CHECKING:
    from werkzeug.wrappers import Request


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """A user who may push, and one who may only read."""

    user: str = "git-user"
    password: str = secret(lambda: secrets.token_urlsafe(18))
    reader: str = "git-reader"
    reader_password: str = secret(lambda: secrets.token_urlsafe(18))


def caller(request: Request, credentials: Credentials) -> Caller:
    """Tell the user by name and password."""
    if "Authorization" not in request.headers:
        return NOBODY
    sent = request.authorization
    if sent is None or sent.type != "basic":
        return STRANGER
    users = {
        credentials.user: (
            credentials.password,
            Caller(f"{credentials.user} (Git)", known=True, may_write=True, sent=True),
        ),
        credentials.reader: (credentials.reader_password, Caller(f"{credentials.reader} (Git)", known=True, sent=True)),
    }
    password, who = users.get(sent.username or "", ("", STRANGER))
    return who if password and same(sent.password or "", password) else STRANGER


_LOGIN = (401, "Authorization Required")

PLAIN = Service(
    name="git",
    title="Git",
    credentials=Credentials,
    tables=(repositories.TABLE,),
    git=GitHost(
        addresses=("/git/<name>.git", "/git/<name>"),
        page="/git/<name>",
        caller=caller,
        connector=Login(type="Git", path="/git", secret_field="password"),  # noqa: S106 - a name
        realm="Git",
        refusals=Refusals(
            dumb=(403, "Forbidden"),
            bad_login=_LOGIN,
            login_to_read=_LOGIN,
            login_to_push=_LOGIN,
            not_found=(404, "Not Found"),
            read_only=(403, "Forbidden"),
        ),
        anonymous=False,
        first_push_is_default=False,
    ),
)
