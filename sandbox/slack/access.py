"""Who Slack knows: a bot with its tokens, and how a request names it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.service import NOBODY, Caller, chosen, secret

if TYPE_CHECKING:
    from werkzeug.wrappers import Request

DOCUMENTED_SCOPES = ("chat:write", "chat:write.public", "users:read", "users:read.email")
FURTHER_SCOPES = (
    *("channels:history", "channels:read", "chat:write.customize", "groups:history", "groups:read"),
    *("im:history", "im:write"),
)


def _token() -> str:
    digits = "".join(str(secrets.randbelow(10)) for _ in range(12))
    return f"xoxb-{digits}-{secrets.token_hex(12)}"


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """Bot tokens: with every scope that a step can use, with the documented scopes alone, and with too few.

    webhook: the end of the path of an incoming webhook, which posts to the channel general.
    """

    token: str = secret(_token)
    documented_token: str = secret(_token)
    unscoped_token: str = secret(_token)
    webhook: str = secret(lambda: secrets.token_hex(12))


def caller(request: Request, credentials: Credentials) -> Caller:
    """Tell the bot by its bearer token, or by the form field `token`."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        token = request.form.get("token", "")
    if not token.strip():
        return NOBODY

    def bot(name: str, *scopes: str) -> Caller:
        return Caller(name, known=True, may_write=True, sent=True, scopes=scopes)

    return chosen(
        token.strip(),
        {
            credentials.token: bot("Slack bot", *sorted((*DOCUMENTED_SCOPES, *FURTHER_SCOPES))),
            credentials.documented_token: bot("Slack bot (documented scopes)", *DOCUMENTED_SCOPES),
            credentials.unscoped_token: bot("Slack bot (too few scopes)", "team:read"),
        },
    )
