"""The sandbox's Bitbucket Cloud: reached as a proxy, and which credential is good for what."""

from __future__ import annotations

import base64

import pytest
import requests
from flask.testing import FlaskClient

from sandbox.git import bare, repositories
from sandbox.server import Sandbox
from sandbox.state import Credentials, State

API = "http://api.bitbucket.org/2.0/repositories/acme/payments"


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def test_it_is_reached_by_its_own_name_through_the_sandbox_as_proxy(served: Sandbox) -> None:
    known = served.credentials["bitbucket-cloud"]
    with requests.Session() as session:
        session.trust_env = False
        session.proxies = {"http": served.url}
        session.auth = (known.email, known.api_token)
        made = session.post(API, json={"is_private": True, "project": {"key": "SHOP"}}, timeout=10)
        assert (made.status_code, made.json()["full_name"]) == (200, "acme/payments")
        assert "mainbranch" not in made.json()
        again = session.post(API, json={}, timeout=10)
        assert again.json()["error"]["message"] == "Repository with this Slug and Owner already exists."
        assert requests.get(f"{served.url}/2.0/repositories/acme/payments", timeout=10).status_code == 404


@pytest.mark.parametrize(
    ("user", "secret", "method", "status"),
    [
        ("email", "api_token", "POST", 200),
        ("user", "api_token", "POST", 401),
        ("email", "app_password", "POST", 401),
        ("email", "readonly_token", "POST", 403),
        ("bearer", "access_token", "POST", 403),
        ("bearer", "access_token", "GET", 404),
        ("", "", "GET", 401),
    ],
)
def test_each_credential_is_good_for_what_it_is(  # noqa: PLR0913, PLR0917 - fixtures and a row
    client: FlaskClient, credentials: Credentials, user: str, secret: str, method: str, status: int
) -> None:
    known = credentials["bitbucket-cloud"]
    value = getattr(known, secret, "")
    headers = {"Authorization": f"Bearer {value}"} if user == "bearer" else basic(getattr(known, user, ""), value)
    path = "/2.0/repositories/acme/payments"
    answer = client.open(
        path, method=method, json={}, headers=headers if user else {}, base_url="http://api.bitbucket.org"
    )
    assert answer.status_code == status
    assert status == 200 or (answer.json or {})["type"] == "error"


def test_git_takes_each_kind_of_token_with_its_user(
    client: FlaskClient, credentials: Credentials, state: State
) -> None:
    known = credentials["bitbucket-cloud"]
    settings = {"project": "SHOP"}
    repositories.create(state, "bitbucket-cloud", "acme", "payments", visibility="private", settings=settings)
    url = "/acme/payments.git/info/refs?service=git-receive-pack"
    for user, token, status in (
        ("x-bitbucket-api-token-auth", known.api_token, 200),
        (known.user, known.api_token, 200),
        (known.email, known.api_token, 401),
        ("x-token-auth", known.access_token, 200),
        ("x-token-auth", known.api_token, 401),
        (known.user, known.readonly_token, 403),
        (known.user, known.app_password, 401),
    ):
        with client.get(url, headers=basic(user, token), base_url="http://bitbucket.org") as answer:
            assert answer.status_code == status, user


def test_its_pages_are_below_its_name(client: FlaskClient, state: State) -> None:
    settings = {"project": "SHOP"}
    made = repositories.create(state, "bitbucket-cloud", "acme", "payments", visibility="private", settings=settings)
    bare.commit_files(made.folder, "feature/x", {"my app/a.txt": ("100644", b"hello")}, "First\n")
    repositories.after_push(state, made)
    for path, words in (("", "payments"), ("/src/feature%2Fx/my%20app/a.txt", "hello"), ("/commits", "First")):
        shown = client.get(f"/bitbucket.org/acme/payments{path}")
        assert (shown.status_code, words in shown.text) == (200, True), path
