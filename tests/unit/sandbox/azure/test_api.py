"""Plain requests and git against the sandbox's Azure Repos; above all what it refuses and how."""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from sandbox.git import bare, repositories
from sandbox.seeding import seed
from sandbox.server import Sandbox
from sandbox.state import Credentials, State

RunGit = Callable[..., subprocess.CompletedProcess[str]]
API = "/azure/acme/shop/_apis/git/repositories"
SUPPRESS = {"X-TFS-FedAuthRedirect": "Suppress"}


@pytest.fixture
def headers(credentials: Credentials) -> dict[str, str]:
    return basic(credentials["azure"].token)


def basic(token: str) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(f':{token}'.encode()).decode()}"}


def test_a_repository_is_created_and_read_by_its_name_and_its_id(client: FlaskClient, headers: dict[str, str]) -> None:
    made = client.post(API, json={"name": "payments"}, headers=headers)
    assert made.status_code == 201
    told = made.json or {}
    assert (told["project"]["visibility"], "defaultBranch" in told) == ("private", False)
    for name in ("payments", "PAYMENTS", told["id"]):
        assert client.get(f"{API}/{name}", headers=headers).json == told
    again = client.post(API, json={"name": "Payments"}, headers=headers)
    assert (again.status_code, (again.json or {})["message"][:10]) == (409, "TF400948: ")


@pytest.mark.parametrize("sent", [{}, {"Authorization": "Bearer x"}, basic("wrong")])
def test_who_is_not_known_is_shown_the_page_to_sign_in_or_by_wish_a_401(
    client: FlaskClient, sent: dict[str, str]
) -> None:
    shown = client.get(f"{API}/payments", headers=sent)
    assert (shown.status_code, shown.mimetype, "Sign In" in shown.text) == (203, "text/html", True)
    assert client.get(f"{API}/payments", headers={**sent, **SUPPRESS}).status_code == 401


@pytest.mark.parametrize(
    ("method", "path", "body", "told"),
    [
        ("GET", f"{API}/nothing", None, "404 TF401019"),
        ("GET", "/azure/acme/no-such-project/_apis/git/repositories/x", None, "404 TF200016"),
        ("GET", "/azure/acme/_apis/projects/no-such-project", None, "404 TF200016"),
        ("GET", "/azure/acme/shop/_apis/wiki/x", None, "404 The controller for path"),
        ("POST", API, {"name": "a/b"}, "400 TF401025"),
        ("POST", API, {"name": "x", "project": {"id": "another"}}, "404 VS800075"),
        ("POST", API, [], "400 Value cannot be null"),
    ],
)
def test_a_request_that_azure_refuses(  # noqa: PLR0913, PLR0917 - fixtures and a case
    client: FlaskClient, headers: dict[str, str], method: str, path: str, body: object, told: str
) -> None:
    answer = client.open(path, method=method, json=body, headers=headers)
    status, _, words = told.partition(" ")
    assert (answer.status_code, words in answer.text) == (int(status), True), answer.text


def test_a_token_that_may_only_read_creates_nothing(client: FlaskClient, credentials: Credentials) -> None:
    answer = client.post(API, json={"name": "x"}, headers=basic(credentials["azure"].readonly_token))
    assert (answer.status_code, "You need the Git 'CreateRepository' permission" in answer.text) == (403, True)


@pytest.mark.parametrize(
    ("token", "words"),
    [
        ("token", ""),
        ("entra_token", ""),
        ("readonly_token", "TF401027: You need the Git 'GenericContribute' permission"),
        ("user", "Authentication failed"),
    ],
)
def test_git_takes_each_token_with_any_name(  # noqa: PLR0913, PLR0917 - fixtures and a case
    served: Sandbox, state: State, work_tree: Path, git: RunGit, token: str, words: str
) -> None:
    seed(state.folder, "acme/shop", "payments", None, host="azure")
    value = getattr(served.credentials["azure"], token)
    url = f"{served.url}/azure/acme/shop/_git/payments".replace("://", f"://any:{value}@")
    done = git(work_tree, "push", url, "HEAD:trunk", check=False)
    assert words in done.stderr
    assert (done.returncode == 0) == (not words)
    if not words:
        assert bare.head(repositories.find(state, "azure", "acme/shop", "payments").folder) == "trunk"


def test_the_pages_are_where_azure_has_them(client: FlaskClient, state: State, tmp_path: Path) -> None:
    folder = tmp_path / "template"
    (folder / "docs").mkdir(parents=True)
    (folder / "docs" / "read me.md").write_text("hello", encoding="utf-8")
    commit = seed(state.folder, "acme/shop", "payments", folder, host="azure")
    page = "/azure/acme/shop/_git/payments"
    for path, words in {
        page: "docs",
        f"{page}?path=/docs/read%20me.md&version=GBmain": "hello",
        f"{page}?path=/docs/read%20me.md": "hello",
        f"{page}?path=/docs&version=GBmain": "read me.md",
        f"{page}/commit/{commit}": commit,
    }.items():
        answer = client.get(path)
        assert (answer.status_code, words in answer.text) == (200, True), path
    assert client.get(f"{page}?path=/nothing").status_code == 404
    assert "/azure/" not in client.get("/-/requests/").text  # a look at a page is no request to the service
