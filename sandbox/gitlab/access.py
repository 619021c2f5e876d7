"""Who GitLab knows: one account with its tokens, and how a request names it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.service import NOBODY, STRANGER, Caller, chosen, secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from werkzeug.wrappers import Request

OAUTH_USERNAME = "oauth2"


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """One account with a token that may do all, one that may only read, and what an OAuth application got for it."""

    user: str = "sandbox-user"
    token: str = secret(lambda: f"glpat-{secrets.token_urlsafe(15)}")
    readonly_token: str = secret(lambda: f"glpat-{secrets.token_urlsafe(15)}")
    oauth_token: str = secret(lambda: secrets.token_hex(32))


def caller(request: Request, credentials: Credentials) -> Caller:
    """Tell the user of a request to the API: access tokens by PRIVATE-TOKEN, these and OAuth's as a bearer."""
    if "PRIVATE-TOKEN" in request.headers:
        return chosen(request.headers["PRIVATE-TOKEN"], _access_tokens(credentials))
    scheme, _, rest = request.headers.get("Authorization", "").partition(" ")
    if not scheme:
        return NOBODY
    if scheme.lower() != "bearer":
        return STRANGER  # name and password are for git alone
    return chosen(rest.strip(), {**_access_tokens(credentials), **_oauth(credentials)})


def git_caller(request: Request, credentials: Credentials) -> Caller:
    """Tell the user of a request of git: an access token with any name, an OAuth token with its own name alone."""
    if "Authorization" not in request.headers:
        return NOBODY
    sent = request.authorization
    if sent is None or sent.type != "basic" or not sent.username:
        return STRANGER
    known = _access_tokens(credentials)
    return chosen(sent.password or "", {**known, **_oauth(credentials)} if sent.username == OAUTH_USERNAME else known)


def _access_tokens(credentials: Credentials) -> Mapping[str, Caller]:
    user = credentials.user
    return {
        credentials.token: Caller(f"{user} (GitLab token)", known=True, may_write=True, sent=True),
        credentials.readonly_token: Caller(f"{user} (read-only GitLab token)", known=True, sent=True),
    }


def _oauth(credentials: Credentials) -> Mapping[str, Caller]:
    who = Caller(f"{credentials.user} (GitLab OAuth)", known=True, may_write=True, sent=True)
    return {credentials.oauth_token: who}
