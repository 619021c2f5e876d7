"""The sandbox's Bitbucket Data Center: what it refuses and how, and that its addresses lead to its pages."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from sandbox.git import bare, repositories
from sandbox.state import Credentials, State

REPOS = "/bitbucket/rest/api/latest/projects/SHOP/repos"


@pytest.fixture
def headers(credentials: Credentials) -> dict[str, str]:
    return {"Authorization": f"Bearer {credentials['bitbucket'].token}"}


def said(answer: Any) -> str:
    (error,) = answer.json["errors"]
    assert error["exceptionName"].startswith("com.atlassian.")
    return str(error["message"])


def test_the_slug_is_made_of_the_name_and_taken_once(client: FlaskClient, headers: dict[str, str]) -> None:
    made = client.post(REPOS, json={"name": "My Payments", "scmId": "git"}, headers=headers)
    assert (made.status_code, (made.json or {})["slug"]) == (201, "my-payments")
    assert client.get(f"{REPOS}/MY-PAYMENTS", headers=headers).json == made.json
    again = client.post(REPOS, json={"name": "my-payments"}, headers=headers)
    assert (again.status_code, "already taken" in said(again)) == (409, True)
    assert client.get(f"{REPOS}/my-payments/default-branch", headers=headers).status_code == 204


@pytest.mark.parametrize(
    ("path", "body", "status", "words"),
    [
        ("SHOP", {"name": "-x"}, 400, "limited to 128 characters"),
        ("NO_SUCH_ONE", {"name": "x"}, 404, "Project NO_SUCH_ONE does not exist."),
        ("~jane", {"name": "x"}, 404, "Project ~jane does not exist."),
        ("SHOP", [], 400, "no JSON object"),
    ],
)
def test_a_repository_that_is_refused(  # noqa: PLR0913, PLR0917 - fixtures and a row
    client: FlaskClient, headers: dict[str, str], path: str, body: Any, status: int, words: str
) -> None:
    answer = client.post(REPOS.replace("SHOP", path), json=body, headers=headers)
    assert (answer.status_code, words in said(answer)) == (status, True)


def test_who_may_not_is_told_so(client: FlaskClient, credentials: Credentials) -> None:
    known = credentials["bitbucket"]
    reader = {"Authorization": f"Bearer {known.readonly_token}"}
    answer = client.post(REPOS, json={"name": "x"}, headers=reader)
    assert (answer.status_code, said(answer)) == (401, "You are not permitted to access this resource")
    wrong = client.get(f"{REPOS}/x", auth=(known.user, "wrong"))
    assert (wrong.status_code, "Authentication failed" in said(wrong)) == (401, True)
    for auth in ((known.user, known.password), (known.user, known.token), ("x-token-auth", known.token)):
        assert client.get(f"{REPOS}/x", auth=auth).status_code == 404
    assert client.get(f"{REPOS}/x", auth=("x-token-auth", known.password)).status_code == 401


def test_its_addresses_lead_to_the_pages(client: FlaskClient, state: State, credentials: Credentials) -> None:
    user = credentials["bitbucket"].user
    for owner, place in (("SHOP", "projects/SHOP"), (f"~{user}", f"users/{user}")):
        made = repositories.create(state, "bitbucket", owner, "payments", visibility="private")
        files = dict.fromkeys(("my app/a.txt", "100%41/#1?.txt"), ("100644", b"hello"))
        bare.commit_files(made.folder, "feature/x", files, "First\n")
        repositories.after_push(state, made)
        for path, words in (
            ("", "payments"),
            ("/browse", "my app"),
            ("/browse/my%20app/a.txt?at=refs%2Fheads%2Ffeature%2Fx", "hello"),
            ("/browse/my%20app/a.txt", "hello"),
            ("/browse/100%2541/%231%3F.txt?at=refs%2Fheads%2Ffeature%2Fx", "hello"),
            ("/commits", "First"),
        ):
            shown = client.get(f"/bitbucket/{place}/repos/payments{path}", follow_redirects=True)
            assert (shown.status_code, words in shown.text) == (200, True), place + path
