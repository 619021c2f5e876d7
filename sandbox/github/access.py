"""Who GitHub knows: one account with its tokens, and how a request names it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.github import apps
from sandbox.service import NOBODY, STRANGER, Caller, chosen, secret

if TYPE_CHECKING:
    from werkzeug.wrappers import Request


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """One account with a token that may do all, and one that may only read."""

    user: str = "sandbox-user"
    token: str = secret(lambda: f"ghp_{secrets.token_hex(18)}")
    readonly_token: str = secret(lambda: f"github_pat_{secrets.token_hex(30)}")


def caller(request: Request, credentials: Credentials) -> Caller:
    """Tell the user by `token X`, `Bearer X`, or Basic, where the token may also stand for the user."""
    header = request.headers.get("Authorization", "")
    scheme, _, rest = header.partition(" ")
    match scheme.lower():
        case "token" | "bearer":
            token = rest.strip()
        case "basic" if (basic := request.authorization) is not None:
            token = (basic.password if basic.password not in (None, "", "x-oauth-basic") else basic.username) or ""
        case "":
            return NOBODY
        case _:
            return STRANGER
    if token.startswith(apps.TOKEN):
        return _of_installation(token)
    user = credentials.user
    return chosen(
        token,
        {
            credentials.token: Caller(f"{user} (GitHub token)", known=True, may_write=True, sent=True),
            credentials.readonly_token: Caller(f"{user} (read-only GitHub token)", known=True, sent=True),
        },
    )


def _of_installation(token: str) -> Caller:
    from sandbox.access import current_state

    state = current_state()
    found = apps.known(state, token)
    if found is None:
        return STRANGER
    there = found.installation
    return Caller(
        f"the App {there.app} on {there.account}",
        known=True,
        may_write=found.may("contents"),
        sent=True,
        scopes=tuple(right for right in found.permissions if found.may(right)),
        sees=lambda owner, name: apps.sees(state, found, owner, name),
        made=lambda full_name: apps.note_made(state, found, full_name),
    )
