"""Who Backstage knows: a static token, one whose subject may only read, and its guest."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.service import NOBODY, Caller, chosen, secret

if TYPE_CHECKING:
    from werkzeug.wrappers import Request


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """The tokens that it accepts."""

    token: str = secret(lambda: secrets.token_urlsafe(24))
    readonly_token: str = secret(lambda: secrets.token_urlsafe(24))
    guest_token: str = secret(lambda: secrets.token_urlsafe(24))


def caller(request: Request, credentials: Credentials) -> Caller:
    """Tell the caller by the bearer token."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer":
        return NOBODY
    return chosen(
        token,
        {
            credentials.token: Caller("static token (Backstage)", known=True, may_write=True, sent=True),
            credentials.readonly_token: Caller("read-only token (Backstage)", known=True, sent=True),
            credentials.guest_token: Caller("guest (Backstage)", known=True, may_write=True, sent=True),
        },
    )
