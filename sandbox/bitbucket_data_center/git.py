"""How Bitbucket Data Center serves git, and who it knows."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from sandbox.service import NOBODY, STRANGER, Caller, GitHost, Login, Refusals, same, secret

if TYPE_CHECKING:
    from werkzeug.wrappers import Request

SERVICE = "bitbucket"
CONTEXT = "/bitbucket"
TOKEN_USER = "x-token-auth"  # noqa: S105 - a user name


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """A user with password and HTTP access token, and a token that may only read."""

    user: str = "sandbox-user"
    password: str = secret(lambda: secrets.token_urlsafe(18))
    token: str = secret(lambda: f"BBDC-{secrets.token_urlsafe(33)}")
    readonly_token: str = secret(lambda: f"BBDC-{secrets.token_urlsafe(33)}")


def caller(request: Request, credentials: Credentials) -> Caller:
    """Tell the user by name and password, where a token stands for a password too, or by a token as bearer."""
    if "Authorization" not in request.headers:
        return NOBODY
    sent = request.authorization
    if sent is None:
        return STRANGER
    by_token = sent.type == "bearer" or (sent.username or "") == TOKEN_USER
    value = (sent.token if sent.type == "bearer" else sent.password) or ""
    if not by_token and (sent.type != "basic" or (sent.username or "").lower() != credentials.user):
        return STRANGER
    user = credentials.user
    if same(value, credentials.token) or (not by_token and same(value, credentials.password)):
        return Caller(f"{user} (Bitbucket)", known=True, may_write=True, sent=True)
    if same(value, credentials.readonly_token):
        return Caller(f"{user} (read-only Bitbucket token)", known=True, sent=True)
    return STRANGER


def web_path(owner: str, name: str) -> str:
    kind, key = ("users", owner[1:]) if owner.startswith("~") else ("projects", owner)
    return f"{CONTEXT}/{kind}/{quote(key)}/repos/{quote(name)}"


_LOGIN = (401, "Authentication failed. Please check your credentials and try again.")
_MISSING = "Repository not found\nThe requested repository does not exist, or you do not have permission to access it."

HOST = GitHost(
    addresses=(f"{CONTEXT}/scm/<owner>/<name>.git", f"{CONTEXT}/scm/<owner>/<name>"),
    page=f"{CONTEXT}/projects/<owner>/repos/<name>",
    owner_fields=("project",),
    web_path=web_path,
    web_file="/browse/{path}?at=refs/heads/{branch}",
    web_default_file="/browse/{path}",
    caller=caller,
    connector=Login(type="Bitbucket", path=f"{CONTEXT}/scm", taken_from={"project": "organization"}),
    protected_words=(
        "Branch refs/heads/{branch} can only be modified through pull requests.\n"
        "Check your branch permissions configuration with the project administrator."
    ),
    realm="Atlassian Bitbucket",
    refusals=Refusals(
        dumb=(403, "Smart HTTP is required"),
        bad_login=_LOGIN,
        login_to_read=_LOGIN,
        login_to_push=_LOGIN,
        not_found=(404, _MISSING),
        read_only=(403, "You are not permitted to push to this repository"),
    ),
)
