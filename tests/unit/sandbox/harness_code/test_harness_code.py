"""The sandbox's Harness Code: what it refuses and how, and that the portal's addresses lead to its pages."""

from __future__ import annotations

import urllib.parse
from typing import Any

import pytest
from flask.testing import FlaskClient

from sandbox.git import bare, repositories
from sandbox.state import Credentials, State

REPOS = "/gateway/code/api/v1/repos"


@pytest.fixture
def query(credentials: Credentials) -> str:
    return f"?accountIdentifier={credentials['harness'].account}&orgIdentifier=shop"


@pytest.fixture
def headers(credentials: Credentials) -> dict[str, str]:
    return {"x-api-key": credentials["harness"].api_key}


def test_a_repository_is_made_in_its_scope_and_nowhere_else(
    client: FlaskClient, headers: dict[str, str], query: str, credentials: Credentials
) -> None:
    made = client.post(f"{REPOS}{query}", json={"identifier": "payments", "default_branch": "trunk"}, headers=headers)
    assert made.status_code == 201
    told: dict[str, Any] = made.json or {}
    account = credentials["harness"].account
    assert (told["path"], told["default_branch"], told["is_public"]) == (f"{account}/shop/payments", "trunk", False)
    assert told["git_url"] == f"http://localhost/gateway/code/git/{account}/shop/payments.git"
    assert client.get(f"{REPOS}/payments{query}", headers=headers).json == told
    for other in (f"{query}&projectIdentifier=web", query.replace("&orgIdentifier=shop", "")):
        assert client.get(f"{REPOS}/payments{other}", headers=headers).status_code == 404
    again = client.post(f"{REPOS}{query}", json={"identifier": "PAYMENTS"}, headers=headers)
    assert (again.status_code, again.json) == (409, {"message": "Resource already exists"})


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"identifier": "pay ments"}, 400, "Identifier can only contain"),
        ({"identifier": "x" * 101}, 400, "Identifier has to be between 1 and 100"),
        ({"identifier": "x.git"}, 400, "cannot end with"),
        ({"identifier": "x", "description": "d" * 1025}, 400, "Description can be at most 1024"),
        ({"identifier": "x", "parent_ref": "elsewhere"}, 404, "Not Found"),
        ([], 400, "Invalid Request Body"),
    ],
)
def test_a_repository_that_is_refused(  # noqa: PLR0913, PLR0917 - fixtures and a row
    client: FlaskClient, headers: dict[str, str], query: str, body: Any, status: int, words: str
) -> None:
    answer = client.post(f"{REPOS}{query}", json=body, headers=headers)
    assert (answer.status_code, words in (answer.json or {})["message"]) == (status, True)


@pytest.mark.parametrize(
    ("key", "account", "method", "status"),
    [
        ("", "", "GET", 401),
        ("nonsense", "", "GET", 401),
        ("readonly_key", "", "GET", 404),
        ("readonly_key", "", "POST", 403),
        ("api_key", "other", "GET", 403),
    ],
)
def test_who_may_not_is_told_so(  # noqa: PLR0913, PLR0917 - fixtures and a row
    client: FlaskClient, credentials: Credentials, key: str, account: str, method: str, status: int
) -> None:
    known = credentials["harness"]
    headers = {"x-api-key": getattr(known, key, key)} if key else {}
    path = f"{REPOS}{'/x' if method == 'GET' else ''}?accountIdentifier={account or known.account}"
    answer = client.open(path, method=method, json={"identifier": "x"}, headers=headers)
    assert (answer.status_code, list(answer.json or {})) == (status, ["message"])


def test_git_takes_a_key_as_the_password_of_anybody(
    client: FlaskClient, credentials: Credentials, state: State
) -> None:
    known = credentials["harness"]
    repositories.create(state, "harness", f"{known.account}/shop", "payments", visibility="private")
    url = f"/gateway/code/git/{known.account}/shop/payments.git/info/refs?service=git-receive-pack"
    for auth, status in (
        (("jane", known.api_key), 200),
        (("jane", known.readonly_key), 403),
        (("jane", "wrong"), 401),
        (None, 401),
    ):
        with client.get(url, auth=auth) as answer:
            assert answer.status_code == status
            assert status == 200 or answer.mimetype == "application/json"


FILES = ("my app/a.txt", "~/a#1?.txt", "100%41/~/ü.txt")


def test_the_portals_addresses_lead_to_the_pages(client: FlaskClient, credentials: Credentials, state: State) -> None:
    account = credentials["harness"].account
    for owner, scope in (
        (account, ""),
        (f"{account}/shop", "/orgs/shop"),
        (f"{account}/shop/web", "/orgs/shop/projects/web"),
    ):
        made = repositories.create(state, "harness", owner, "payments", visibility="private")
        commit = bare.commit_files(made.folder, "feature/x", dict.fromkeys(FILES, ("100644", b"hello")), "First\n")
        repositories.after_push(state, made)
        page = f"/ng/account/{account}/module/code{scope}/repos/payments"
        for path, words in (
            ("", "payments"),
            *((f"/files/feature/x/~/{urllib.parse.quote(path)}", "hello") for path in FILES),
            ("/files/~/my%20app/a.txt", "hello"),
            ("/files/feature/x", "my app"),
            ("/commits/feature/x", "First"),
            (f"/commit/{commit}", "First"),
        ):
            shown = client.get(page + path, follow_redirects=True)
            assert (shown.status_code, words in shown.text) == (200, True), page + path
