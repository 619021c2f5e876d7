"""python-gitlab, git, and plain requests against the sandbox's GitLab; above all what it refuses and how."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from gitlab import Gitlab
from gitlab.exceptions import GitlabCreateError

from sandbox.git import bare, repositories
from sandbox.seeding import seed
from sandbox.server import Sandbox
from sandbox.state import Credentials, State

RunGit = Callable[..., subprocess.CompletedProcess[str]]
API = "/gitlab/api/v4"


@pytest.fixture
def headers(credentials: Credentials) -> dict[str, str]:
    return {"PRIVATE-TOKEN": credentials["gitlab"].token}


def test_python_gitlab_creates_and_reads_projects(served: Sandbox, state: State) -> None:
    with Gitlab(f"{served.url}/gitlab", private_token=served.credentials["gitlab"].token) as lab:
        group = lab.namespaces.get("acme/platform")
        made = lab.projects.create({"name": "payments", "namespace_id": group.id, "visibility": "internal"})
        assert (made.path_with_namespace, made.visibility) == ("acme/platform/payments", "internal")
        assert made.http_url_to_repo == f"{served.url}/gitlab/acme/platform/payments.git"
        with pytest.raises(GitlabCreateError) as refused:
            lab.projects.create({"path": "Payments", "namespace_id": group.id})
        assert refused.value.response_code == 400
        assert b'"path":["has already been taken"]' in (refused.value.response_body or b"")
        mine = lab.projects.create({"name": "mine", "initialize_with_readme": True})
        assert lab.projects.get(mine.id).empty_repo is False
    own = repositories.find(state, "gitlab", served.credentials["gitlab"].user, "mine")
    assert bare.read(own.folder, bare.entry(own.folder, "main", "README.md").sha) == b"# mine\n"


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({}, 400, "name, path are missing"),
        ({"name": "x", "visibility": "secret"}, 400, "visibility does not have a valid value"),
        ({"name": "a b"}, 400, "can only include non-accented letters"),
        ({"name": "x", "namespace_id": 4711}, 400, "is not valid"),
        ({"name": "x", "namespace_id": "acme"}, 400, "is not valid"),
    ],
)
def test_a_project_that_gitlab_refuses(
    client: FlaskClient, headers: dict[str, str], body: dict[str, Any], status: int, words: str
) -> None:
    answer = client.post(f"{API}/projects", json=body, headers=headers)
    assert (answer.status_code, words in answer.text) == (status, True), answer.text


@pytest.mark.parametrize(
    ("sent", "status", "words"),
    [
        ({}, 401, "401 Unauthorized"),
        ({"PRIVATE-TOKEN": "wrong"}, 401, "401 Unauthorized"),
        ({"PRIVATE-TOKEN": "{oauth_token}"}, 401, "401 Unauthorized"),
        ({"Authorization": "Basic dXNlcjp4"}, 401, "401 Unauthorized"),
        ({"Authorization": "Bearer {oauth_token}"}, 201, ""),
        ({"Authorization": "Bearer {token}"}, 201, ""),
        ({"PRIVATE-TOKEN": "{readonly_token}"}, 403, "insufficient_scope"),
    ],
)
def test_each_credential_and_its_header(
    client: FlaskClient, credentials: Credentials, sent: dict[str, str], status: int, words: str
) -> None:
    filled = {name: value.format(**vars(credentials["gitlab"])) for name, value in sent.items()}
    answer = client.post(f"{API}/projects", json={"name": "x"}, headers=filled)
    assert (answer.status_code, words in answer.text) == (status, True), answer.text


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/projects/acme%2Fnothing", "404 Project Not Found"),
        ("/projects/4711", "404 Project Not Found"),
        ("/namespaces/api", "404 Namespace Not Found"),
        ("/namespaces/sandbox-user%2Fsub", "404 Namespace Not Found"),
        ("/zen", "404 Not Found"),
    ],
)
def test_what_does_not_exist_is_not_found(client: FlaskClient, headers: dict[str, str], path: str, words: str) -> None:
    answer = client.get(f"{API}{path}", headers=headers)
    assert (answer.status_code, words in answer.text) == (404, True), answer.text


def test_a_private_project_is_not_found_without_a_login(
    client: FlaskClient, headers: dict[str, str], state: State
) -> None:
    repositories.create(state, "gitlab", "acme", "secret", visibility="private")
    assert client.get(f"{API}/projects/acme%2Fsecret", headers=headers).status_code == 200
    assert client.get(f"{API}/projects/acme%2Fsecret").status_code == 404


@pytest.mark.parametrize(
    ("user", "token", "words"),
    [
        ("anything", "token", ""),
        ("oauth2", "oauth_token", ""),
        ("anything", "oauth_token", "Authentication failed"),
        ("anything", "readonly_token", "You are not allowed to upload code."),
        ("anything", "user", "Authentication failed"),
    ],
)
def test_git_takes_an_access_token_with_any_name_and_an_oauth_token_with_its_own(  # noqa: PLR0913, PLR0917 - fixtures and a case
    served: Sandbox, state: State, work_tree: Path, git: RunGit, user: str, token: str, words: str
) -> None:
    seed(state.folder, "acme/team", "payments", None, host="gitlab")
    value = getattr(served.credentials["gitlab"], token)
    url = f"{served.url}/gitlab/acme/team/payments.git".replace("://", f"://{user}:{value}@")
    done = git(work_tree, "push", url, "HEAD:trunk", check=False)
    assert words in done.stderr
    assert (done.returncode == 0) == (not words)


def test_the_pages_are_where_gitlab_has_them(client: FlaskClient, state: State, tmp_path: Path) -> None:
    folder = tmp_path / "template"
    (folder / "docs").mkdir(parents=True)
    (folder / "docs" / "read me.md").write_text("hello", encoding="utf-8")
    commit = seed(state.folder, "acme/team", "payments", folder, host="gitlab")
    page = "/gitlab/acme/team/payments"
    for path, words in {
        page: "docs",
        "/gitlab/acme/team": "payments",
        f"{page}/-/tree/main/docs": "read me.md",
        f"{page}/-/blob/main/docs/read%20me.md": "hello",
        f"{page}/-/commits/main": commit[:7],
        f"{page}/-/commit/{commit}": commit,
    }.items():
        answer = client.get(path)
        assert (answer.status_code, words in answer.text) == (200, True), path
