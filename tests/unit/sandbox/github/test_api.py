"""PyGithub, and plain requests, against the sandbox's GitHub; above all what it refuses and how."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from github import Auth, Github, GithubException

from sandbox.git import bare, repositories
from sandbox.server import Sandbox
from sandbox.state import Credentials, State

INTERNAL = "Only organizations associated with an enterprise can set visibility to internal"


@pytest.fixture
def headers(credentials: Credentials) -> dict[str, str]:
    return {"Authorization": f"Bearer {credentials['github'].token}"}


def test_pygithub_creates_and_reads_repositories(served: Sandbox, state: State) -> None:
    token = Auth.Token(served.credentials["github"].token)
    with Github(auth=token, base_url=f"{served.url}/api/v3", seconds_between_writes=0, lazy=True) as hub:
        organization = hub.get_organization("test-org-devesh")
        made = organization.create_repo("payments", description="Takes the money", private=True)
        assert (made.full_name, made.private, made.clone_url) == (
            "test-org-devesh/payments", True, f"{served.url}/test-org-devesh/payments.git",
        )  # fmt: skip
        with pytest.raises(GithubException) as refused:
            organization.create_repo("Payments")
        assert refused.value.status == 422
        assert refused.value.data["errors"][0]["message"] == "name already exists on this account"
        mine = hub.get_user().create_repo("mine", auto_init=True)
        assert mine.owner.login == served.credentials["github"].user
        own = repositories.find(state, "github", mine.owner.login, "mine")
        assert bare.read(own.folder, bare.entry(own.folder, "main", "README.md").sha) == b"# mine\n"
        assert hub.get_repo(mine.full_name).default_branch == "main"


@pytest.mark.parametrize(
    ("sent", "given"),
    [("Åström", "-str-m"), ("my-cool-C#-repo!", "my-cool-C--repo-"), ("a b//c", "a-b-c"), ("x.git", "x"), ("_.", "_.")],
)
def test_characters_that_a_name_may_not_have_become_a_hyphen(
    client: FlaskClient, headers: dict[str, str], sent: str, given: str
) -> None:
    made = client.post("/api/v3/user/repos", json={"name": sent}, headers=headers)
    assert (made.status_code, (made.json or {})["name"]) == (201, given)


@pytest.mark.parametrize(
    ("body", "field", "words"),
    [
        ({"name": "x" * 101}, "name", "name is too long (maximum is 100 characters)"),
        ({"name": ".."}, "name", "name is a reserved name"),
        ({"name": "x", "visibility": "internal"}, "visibility", INTERNAL),
        ({"name": ""}, "name", None),
        ({}, "name", None),
    ],
)  # fmt: skip
def test_a_repository_that_github_refuses(
    client: FlaskClient, headers: dict[str, str], body: dict[str, Any], field: str, words: str | None
) -> None:
    answer = client.post("/api/v3/user/repos", json=body, headers=headers)
    said = answer.json or {}
    assert (answer.status_code, said["message"]) == (422, "Repository creation failed.")
    assert (said["errors"][0]["field"], said["errors"][0].get("message")) == (field, words)


@pytest.mark.parametrize(
    ("authorization", "status", "words"),
    [
        ("token nonsense", 401, "Bad credentials"),
        ("Digest nonsense", 401, "Bad credentials"),
        ("", 401, "Requires authentication"),
        ("token {readonly}", 403, "Resource not accessible by personal access token"),
    ],
)
def test_a_write_without_permission(
    client: FlaskClient, credentials: Credentials, authorization: str, status: int, words: str
) -> None:
    header = authorization.format(readonly=credentials["github"].readonly_token)
    answer = client.post(
        "/api/v3/orgs/acme/repos", json={"name": "x"}, headers={"Authorization": header} if header else {}
    )
    assert (answer.status_code, (answer.json or {})["message"]) == (status, words)
    assert answer.headers["X-GitHub-Request-Id"]


def test_basic_login_takes_the_token_as_password_or_as_user(client: FlaskClient, credentials: Credentials) -> None:
    for pair in ((credentials["github"].user, credentials["github"].token), (credentials["github"].token, "")):
        assert client.get("/api/v3/user", auth=pair).status_code == 200
    assert client.get("/api/v3/user", auth=("x", "y")).status_code == 401


def test_what_does_not_exist_or_may_not_be_seen_is_not_found(
    client: FlaskClient, headers: dict[str, str], state: State
) -> None:
    repositories.create(state, "github", "acme", "secret", visibility="private")
    assert client.get("/api/v3/repos/acme/secret", headers=headers).status_code == 200
    for path in (
        "repos/acme/secret",
        "repos/acme/nothing",
        "zen",
    ):
        answer = client.get(f"/api/v3/{path}")
        assert (answer.status_code, (answer.json or {})["message"]) == (404, "Not Found"), path


@pytest.mark.parametrize("name", ["-bad-", "sandbox-user", "api", "gateway", "git", "idp", "NG", "slack", "v1"])
def test_no_organization_is_called_like_the_user_or_the_path_of_a_service(
    client: FlaskClient, headers: dict[str, str], name: str
) -> None:
    answer = client.post(f"/api/v3/orgs/{name}/repos", json={"name": "x"}, headers=headers)
    assert (answer.status_code, (answer.json or {})["message"]) == (404, "Not Found")


@pytest.mark.parametrize(("body", "words"), [(b"{", "Problems parsing JSON"), (b"[]", "Body should be a JSON object")])
def test_a_malformed_body(client: FlaskClient, headers: dict[str, str], body: bytes, words: str) -> None:
    answer = client.post("/api/v3/user/repos", data=body, headers=headers)
    assert (answer.status_code, (answer.json or {})["message"]) == (400, words)
