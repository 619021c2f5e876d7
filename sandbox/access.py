"""Who sent a request: each service's credentials, read from the headers as that service reads them."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import Request, current_app, g

if TYPE_CHECKING:
    from sandbox.state import State

DOCUMENTED_SCOPES = ("chat:write", "chat:write.public", "users:read", "users:read.email")
_MORE_SCOPES = ("channels:join", "channels:read", "chat:write.customize", "im:write")


@dataclass(frozen=True)
class Caller:
    """`name` is what the request log shows. `sent` tells a wrong credential from none at all."""

    name: str
    known: bool = False
    may_write: bool = False
    sent: bool = False
    scopes: tuple[str, ...] = ()


NOBODY = Caller("anonymous")
_STRANGER = Caller("unknown credential", sent=True)


def current_state() -> State:
    """Return the state that this application serves."""
    state: State = current_app.extensions["sandbox"]
    return state


def recognised(caller: Caller) -> Caller:
    """Note the caller for the request log."""
    g.caller = caller
    return caller


def github_caller(request: Request) -> Caller:
    """Tell the user by `token X`, `Bearer X`, or Basic, where the token may also stand for the user."""
    header = request.headers.get("Authorization", "")
    scheme, _, rest = header.partition(" ")
    match scheme.lower():
        case "token" | "bearer":
            token = rest.strip()
        case "basic" if (basic := request.authorization) is not None:
            token = basic.password if basic.password not in (None, "", "x-oauth-basic") else basic.username or ""
        case "":
            return recognised(NOBODY)
        case _:
            return recognised(_STRANGER)
    credentials = current_state().credentials
    user = credentials.github_user
    return _choose(
        token or "",
        {
            credentials.github_token: Caller(f"{user} (GitHub token)", known=True, may_write=True, sent=True),
            credentials.github_readonly_token: Caller(f"{user} (read-only GitHub token)", known=True, sent=True),
        },
    )


def harness_caller(request: Request) -> Caller:
    """Tell the account by `x-api-key`, or by the pair of service and user token that the platform hands to a step."""
    credentials = current_state().credentials
    if key := request.headers.get("x-api-key"):
        return _choose(
            key,
            {
                credentials.harness_api_key: Caller("Harness API key", known=True, may_write=True, sent=True),
                credentials.harness_readonly_key: Caller("read-only Harness API key", known=True, sent=True),
            },
        )
    service, user = request.headers.get("Authorization", ""), request.headers.get("X-Source-Principal", "")
    if not service and not user:
        return recognised(NOBODY)
    # Both are "<service id> <JWT>"; which service ids exist is not published.
    wanted = (credentials.harness_service_jwt, credentials.harness_user_jwt)
    pairs = zip((service, user), wanted, strict=True)
    if all(_same(value.rpartition(" ")[2], jwt) for value, jwt in pairs):
        return recognised(Caller("Harness user (service and user token)", known=True, may_write=True, sent=True))
    return recognised(_STRANGER)


def slack_caller(request: Request) -> Caller:
    """Tell the bot by its bearer token, or by the form field `token`."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        token = request.form.get("token", "")
    if not token.strip():
        return recognised(NOBODY)
    credentials = current_state().credentials

    def bot(name: str, *scopes: str) -> Caller:
        return Caller(name, known=True, may_write=True, sent=True, scopes=scopes)

    return _choose(
        token.strip(),
        {
            credentials.slack_token: bot("Slack bot", *sorted((*DOCUMENTED_SCOPES, *_MORE_SCOPES))),
            credentials.slack_documented_token: bot("Slack bot (documented scopes)", *DOCUMENTED_SCOPES),
            credentials.slack_unscoped_token: bot("Slack bot (too few scopes)", "team:read"),
        },
    )


def _choose(value: str, callers: dict[str, Caller]) -> Caller:
    return recognised(next((caller for known, caller in callers.items() if _same(value, known)), _STRANGER))


def _same(value: str, known: str) -> bool:
    return hmac.compare_digest(value.encode(), known.encode())
