"""How Harness Code serves git: the portal's keys, and repositories below the account, an organization or a project."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import quote

from sandbox.harness.access import Credentials, known_key
from sandbox.harness.access import caller as portal_caller
from sandbox.service import Caller, GitHost, Login, Refusals

if TYPE_CHECKING:
    from werkzeug.wrappers import Request


def caller(request: Request, credentials: Credentials) -> Caller:
    """Tell the account by a key: as the password of any user, as a bearer, or as the API takes it."""
    sent = request.authorization
    if sent is not None and sent.type in {"basic", "bearer"}:
        return known_key(sent.password or "" if sent.type == "basic" else sent.token or "", credentials)
    return portal_caller(request, credentials)


def web_path(owner: str, name: str) -> str:
    """Give the address in the portal. `owner` is the account, and the organization and project after it."""
    account, *scope = owner.split("/")
    below = "".join(f"/{kind}/{quote(part)}" for kind, part in zip(("orgs", "projects"), scope, strict=False))
    return f"/ng/account/{account}/module/code{below}/repos/{quote(name)}"


def said(message: str) -> str:
    return json.dumps({"message": message})


def kept_below(owner: str, credentials: Credentials) -> str:
    """Give the account, and the organization and project after it."""
    return "/".join(filter(None, (credentials.account, owner)))


_LOGIN = (401, said("Unauthorized"))

HARNESS_CODE = GitHost(
    addresses=("/gateway/code/git/<path:owner>/<name>.git", "/gateway/code/git/<path:owner>/<name>"),
    page="/ng/code/<path:owner>/-/<name>",
    owner_names=2,
    owner_fields=("organization", "project"),
    kept_below=kept_below,
    web_path=web_path,
    web_file="/files/{branch}/~/{path}",
    web_default_file="/files/~/{path}",
    caller=caller,
    realm="Gitness",
    connector=Login(
        type="Harness",
        path="/gateway/code/git/{account}",
        name_field="account",
        secret_field="api_key",  # noqa: S106 - a name
    ),
    protected_words="Blocked by protection rules.",
    refusals=Refusals(
        dumb=(403, said("Forbidden")),
        bad_login=(401, said("Invalid or missing token")),
        login_to_read=_LOGIN,
        login_to_push=_LOGIN,
        not_found=(404, said("Not Found")),
        read_only=(403, said("Forbidden")),
    ),
    refusal_type="application/json",
)
