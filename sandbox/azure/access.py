"""Who Azure DevOps knows: one account with its tokens, and how a request names it."""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.service import NOBODY, STRANGER, Caller, chosen, secret

if TYPE_CHECKING:
    from werkzeug.wrappers import Request


def _entra() -> str:
    """Make what has the form of a token of Microsoft Entra."""
    head, body = (base64.urlsafe_b64encode(part).decode().rstrip("=") for part in (b'{"alg":"RS256"}', b'{"aud":"x"}'))
    return f"{head}.{body}.{secrets.token_urlsafe(32)}"


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """One account with a personal access token that may do all, one that may only read, and one of Microsoft Entra."""

    user: str = "sandbox-user"
    token: str = secret(lambda: secrets.token_hex(26))
    readonly_token: str = secret(lambda: secrets.token_hex(26))
    entra_token: str = secret(_entra)


def caller(request: Request, credentials: Credentials) -> Caller:
    """Tell the user: a personal access token is the password of any name, a token of Entra a bearer or a password."""
    sent = request.authorization
    if "Authorization" not in request.headers:
        return NOBODY
    user = credentials.user
    entra = {credentials.entra_token: Caller(f"{user} (Entra token)", known=True, may_write=True, sent=True)}
    personal = {
        credentials.token: Caller(f"{user} (Azure token)", known=True, may_write=True, sent=True),
        credentials.readonly_token: Caller(f"{user} (read-only Azure token)", known=True, sent=True),
    }
    if sent is not None and sent.type == "bearer":
        return chosen(sent.token or "", entra)
    if sent is not None and sent.type == "basic":
        return chosen(sent.password or "", {**personal, **entra})
    return STRANGER
