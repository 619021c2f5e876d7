"""Who the portal knows: an account with its keys and tokens, and how a request names it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.service import NOBODY, STRANGER, Caller, chosen, same, secret

if TYPE_CHECKING:
    from werkzeug.wrappers import Request


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """An account, its API keys, and the pair of service and user token that the platform hands to a step."""

    account: str
    api_key: str = secret(str)
    readonly_key: str = secret(str)
    service_jwt: str = secret(str)
    user_jwt: str = secret(str)


def new_credentials() -> Credentials:
    account = base64.urlsafe_b64encode(secrets.token_bytes(16)).decode().rstrip("=").replace("-", "A").replace("_", "B")

    def key(kind: str) -> str:
        return f"{kind}.{account}.{secrets.token_hex(12)}.{secrets.token_urlsafe(15)}"

    user = {"email": "sandbox-user@example.com", "username": "sandbox-user", "accountId": account}
    return Credentials(
        account=account,
        api_key=key("pat"),
        readonly_key=key("sat"),
        service_jwt=_signed({"type": "SERVICE", "name": "IDPService"}),
        user_jwt=_signed({"type": "USER", **user}),
    )


def _signed(claims: dict[str, str]) -> str:
    """Make a JWT in form. The sandbox compares it as a whole, so nobody needs its key afterwards."""

    def part(value: bytes) -> str:
        return base64.urlsafe_b64encode(value).decode().rstrip("=")

    head = part(json.dumps({"alg": "HS256", "typ": "JWT"}).encode())
    body = part(json.dumps({"iss": "Harness Inc", "iat": int(time.time()), **claims}).encode())
    signature = hmac.new(secrets.token_bytes(32), f"{head}.{body}".encode(), hashlib.sha256).digest()
    return f"{head}.{body}.{part(signature)}"


def caller(request: Request, credentials: Credentials) -> Caller:
    """Tell the account by `x-api-key`, or by the pair of service and user token."""
    if key := request.headers.get("x-api-key"):
        return known_key(key, credentials)
    service, user = request.headers.get("Authorization", ""), request.headers.get("X-Source-Principal", "")
    if not service and not user:
        return NOBODY
    # Both are "<service id> <JWT>"; which service ids exist is not published.
    pairs = ((service, credentials.service_jwt), (user, credentials.user_jwt))
    if all(same(value.rpartition(" ")[2], jwt) for value, jwt in pairs):
        return Caller("Harness user (service and user token)", known=True, may_write=True, sent=True)
    return STRANGER


def known_key(key: str, credentials: Credentials) -> Caller:
    """Tell whose API key this is."""
    return chosen(
        key,
        {
            credentials.api_key: Caller("Harness API key", known=True, may_write=True, sent=True),
            credentials.readonly_key: Caller("read-only Harness API key", known=True, sent=True),
        },
    )
