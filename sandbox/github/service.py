"""GitHub, as a GitHub Enterprise Server serves it: the API below /api/v3, repositories at /{owner}/{name}."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.git import repositories
from sandbox.service import NOBODY, STRANGER, Caller, GitHost, Refusals, Routes, Service, chosen, secret

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
    user = credentials.user
    return chosen(
        token,
        {
            credentials.token: Caller(f"{user} (GitHub token)", known=True, may_write=True, sent=True),
            credentials.readonly_token: Caller(f"{user} (read-only GitHub token)", known=True, sent=True),
        },
    )


def _routes() -> Routes:
    from sandbox.github.api import github

    return ((github, "/api/v3"),)


GITHUB = Service(
    name="github",
    title="GitHub",
    credentials=Credentials,
    api_paths=("/api/",),
    tables=(repositories.TABLE,),
    secret_forms=(r"gh[a-z]_[A-Za-z0-9]{20,}", r"github_pat_\w{20,}"),
    routes=_routes,
    git=GitHost(
        addresses=("/<owner>/<name>.git", "/<owner>/<name>"),
        page="/<owner>/<name>",
        caller=caller,
        realm="GitHub",
        refusals=Refusals(
            dumb=(403, "Please upgrade your git client.\nGitHub.com no longer supports git over dumb-http."),
            bad_login=(
                401,
                "Invalid username or token. Password authentication is not supported for Git operations.",
            ),
            login_to_read=(401, "Repository not found."),
            login_to_push=(401, "No anonymous write access."),
            not_found=(404, "Repository not found."),
            read_only=(403, "Write access to repository not granted."),
        ),
    ),
)
