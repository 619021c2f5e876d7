"""How Bitbucket Cloud serves git, and who it knows."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.service import NOBODY, STRANGER, Caller, GitHost, Login, Refusals, same, secret

if TYPE_CHECKING:
    from werkzeug.wrappers import Request

SERVICE = "bitbucket-cloud"
MACHINE = "bitbucket.org"
TOKEN_USER = "x-token-auth"  # noqa: S105 - a user name
API_TOKEN_USER = "x-bitbucket-api-token-auth"  # noqa: S105 - a user name


def _token(kind: str) -> str:
    return f"{kind}3xFfGN0{secrets.token_urlsafe(120)}"


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """An account with an API token that may do all and one that may read, an access token, and an app password."""

    user: str = "sandbox-user"
    email: str = "sandbox-user@example.com"
    api_token: str = secret(lambda: _token("ATATT"))
    readonly_token: str = secret(lambda: _token("ATATT"))
    access_token: str = secret(lambda: _token("ATCTT"))
    app_password: str = secret(lambda: f"ATBB{secrets.token_hex(16)}")


def api_caller(request: Request, credentials: Credentials) -> Caller:
    """Tell who asks the API: an API token comes with the e-mail address of its account, an access token as bearer."""
    if "Authorization" not in request.headers:
        return NOBODY
    sent = request.authorization
    if sent is not None and sent.type == "bearer":
        return _by_access_token(sent.token or "", credentials)
    if sent is None or sent.type != "basic" or (sent.username or "").lower() != credentials.email:
        return STRANGER
    return _by_api_token(sent.password or "", credentials)


def git_caller(request: Request, credentials: Credentials) -> Caller:
    """Tell who asks git: each kind of token comes with a user name of its own."""
    if "Authorization" not in request.headers:
        return NOBODY
    sent = request.authorization
    if sent is None or sent.type != "basic":
        return STRANGER
    if sent.username == TOKEN_USER:
        return _by_access_token(sent.password or "", credentials)
    if sent.username in {API_TOKEN_USER, credentials.user}:
        return _by_api_token(sent.password or "", credentials)
    return STRANGER


def _by_access_token(token: str, credentials: Credentials) -> Caller:
    if not same(token, credentials.access_token):
        return STRANGER
    return Caller("Bitbucket access token", known=True, may_write=True, sent=True, scopes=("repository:write",))


def _by_api_token(token: str, credentials: Credentials) -> Caller:
    if same(token, credentials.api_token):
        scopes = ("repository:write", "repository:admin")
        return Caller(f"{credentials.user} (Bitbucket)", known=True, may_write=True, sent=True, scopes=scopes)
    if same(token, credentials.readonly_token):
        return Caller(f"{credentials.user} (read-only Bitbucket token)", known=True, sent=True)
    return STRANGER


def web_path(owner: str, name: str) -> str:
    return f"http://{MACHINE}/{owner}/{name}"


_LOGIN = (401, "Invalid username or password/token")

HOST = GitHost(
    addresses=(f"/{MACHINE}/<owner>/<name>.git", f"/{MACHINE}/<owner>/<name>"),
    page=f"/{MACHINE}/<owner>/<name>",
    web_path=web_path,
    web_file="/src/{branch}/{path}",
    views={
        "repository": ("", "/branch/<path:place>"),
        "file": ("/src/<path:place>",),
        "raw_file": ("/raw/<path:place>",),
        "commits": ("/commits", "/commits/branch/<path:ref>"),
        "commit": ("/commits/<sha>",),
    },
    caller=git_caller,
    connector=Login(
        type="Bitbucket",
        machine=MACHINE,
        name="BitbucketCloud",
        taken_from={"workspace": "organization"},
        name_field="email",
        secret_field="api_token",  # noqa: S106 - a name
    ),
    protected_words="Permission denied to update branch {branch}.",
    realm="Bitbucket.org HTTP",
    refusals=Refusals(
        dumb=(403, "Please upgrade your git client."),
        bad_login=_LOGIN,
        login_to_read=_LOGIN,
        login_to_push=_LOGIN,
        not_found=(404, "The requested repository either does not exist or you do not have access."),
        read_only=(403, "Your credentials lack one or more required privilege scopes."),
    ),
)
