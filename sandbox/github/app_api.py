"""GitHub's API for an App itself: where it is installed, and tokens of its installations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import g, jsonify, request

from sandbox.access import current_state
from sandbox.git import repositories
from sandbox.github import accounts, answers, apps
from sandbox.github.api import base, github, sent_json, stop
from sandbox.service import Caller

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

NOT_ACCESSIBLE = "There is at least one repository that does not exist or is not accessible to the parent installation."


def _app() -> str:
    """Give the id of the App that sent the request."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    try:
        app = apps.proven(current_state(), token.strip() if scheme.lower() == "bearer" else "")
    except apps.Unknown as unknown:
        stop(401, str(unknown))
    g.caller = Caller(f"the App {app}", known=True, sent=True)
    return app


@github.get("/orgs/<account>/installation")
def installation_of_organization(account: str) -> ResponseReturnValue:
    return _installation(account, "Organization")


@github.get("/users/<account>/installation")
def installation_of_user(account: str) -> ResponseReturnValue:
    return _installation(account, "User")


@github.get("/repos/<account>/<name>/installation")
def installation_of_repository(account: str, name: str) -> ResponseReturnValue:
    app = _app()
    there = apps.installation(current_state(), app, account)
    if there is None or not _exists(there, name):
        stop(404, "Not Found")
    return jsonify(_shown(there, accounts.kind_of(current_state(), account) or "Organization"))


def _installation(account: str, kind: str) -> ResponseReturnValue:
    app = _app()
    there = apps.installation(current_state(), app, account)
    if there is None or accounts.kind_of(current_state(), account) != kind:
        stop(404, "Not Found")
    return jsonify(_shown(there, kind))


@github.post("/app/installations/<int:number>/access_tokens")
def make_token(number: int) -> ResponseReturnValue:
    app = _app()
    there = apps.numbered(current_state(), app, number)
    if there is None:
        stop(404, "Not Found")
    if there.suspended:
        stop(403, "This installation has been suspended")
    body = sent_json()
    names = body.get("repositories")
    if names is not None and not all(_exists(there, name) for name in names):
        stop(422, NOT_ACCESSIBLE)
    made = apps.Token(there, None if names is None else frozenset(map(str.lower, names)), there.permissions)
    wanted: dict[str, str] = body.get("permissions") or dict(there.permissions)
    if not all(made.may(right, level) for right, level in wanted.items()):
        stop(422, "The permissions requested are not granted to this installation.")
    made = apps.Token(there, made.repositories, {**wanted, "metadata": "read"})
    token, ends = apps.issue(current_state(), made)
    selection = "all" if there.repositories is None and names is None else "selected"
    answer = {
        "token": token,
        "expires_at": answers.moment(ends),
        "permissions": made.permissions,
        "repository_selection": selection,
    }
    return jsonify(answer), 201


def _exists(there: apps.Installation, name: str) -> bool:
    """Tell whether the account has the repository, and the installation covers it."""
    try:
        repositories.find(current_state(), "github", there.account, name)
    except repositories.NoSuchRepository:
        return False
    return apps.covers(current_state(), there, name)


def _shown(there: apps.Installation, kind: str) -> dict[str, Any]:
    number, api = apps.number_of(current_state(), there), f"{base()}/api/v3"
    return {
        "id": number,
        "account": answers.account(base(), there.account, kind),
        "repository_selection": "all" if there.repositories is None else "selected",
        "access_tokens_url": f"{api}/app/installations/{number}/access_tokens",
        "repositories_url": f"{api}/installation/repositories",
        "html_url": f"{base()}/organizations/{there.account}/settings/installations/{number}",
        "app_id": int(there.app) if there.app.isdigit() else answers.account_id(there.app),
        "app_slug": f"app-{there.app.lower()}",
        "target_id": answers.account_id(there.account),
        "target_type": kind,
        "permissions": dict(there.permissions),
        "events": [],
        "created_at": answers.SINCE,
        "updated_at": answers.SINCE,
        "single_file_name": None,
        "suspended_by": answers.account(base(), there.account, kind) if there.suspended else None,
        "suspended_at": answers.SINCE if there.suspended else None,
    }
