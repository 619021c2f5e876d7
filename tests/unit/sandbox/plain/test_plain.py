"""A plain git server: no API, a repository must be there, and everybody has to log in with name and password."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from flask.testing import FlaskClient

from sandbox.git import bare, repositories
from sandbox.seeding import seed
from sandbox.server import Sandbox
from sandbox.state import Credentials, State

RunGit = Callable[..., subprocess.CompletedProcess[str]]


@dataclass(frozen=True)
class Remote:
    """The repository `payments`."""

    sandbox: Sandbox
    folder: Path

    @property
    def address(self) -> str:
        return f"{self.sandbox.url}/git/payments.git"

    def url(self, user: str, password: str) -> str:
        known = self.sandbox.credentials["git"]
        return self.address.replace("://", f"://{getattr(known, user)}:{getattr(known, password)}@")


@pytest.fixture
def remote(served: Sandbox, state: State) -> Remote:
    seed(state.folder, "", "payments", None, host="git")
    return Remote(served, repositories.folder(state, "git", "", "payments"))


def test_a_push_arrives_and_is_cloned_by_who_may_only_read(
    remote: Remote, work_tree: Path, git: RunGit, tmp_path: Path
) -> None:
    git(work_tree, "push", remote.url("user", "password"), "HEAD:trunk")
    git(tmp_path, "clone", "--quiet", "--branch=trunk", remote.url("reader", "reader_password"), "again")
    assert (tmp_path / "again" / "README.md").read_text(encoding="utf-8") == "# Work\n"


def test_a_push_does_not_change_the_default_branch(remote: Remote, work_tree: Path, git: RunGit) -> None:
    """Git alone never does; a git host does."""
    git(work_tree, "push", remote.url("user", "password"), "HEAD:trunk")
    assert bare.head(remote.folder) == "main"


def test_who_may_only_read_cannot_push(remote: Remote, work_tree: Path, git: RunGit) -> None:
    done = git(work_tree, "push", remote.url("reader", "reader_password"), "HEAD:trunk", check=False)
    assert "The requested URL returned error: 403" in done.stderr
    assert bare.branches(remote.folder) == {}


@pytest.mark.parametrize(
    ("user", "password"), [("user", "reader_password"), ("password", "password"), ("reader", "user")]
)
def test_a_wrong_name_or_password_is_refused(remote: Remote, git: RunGit, user: str, password: str) -> None:
    done = git(remote.folder, "ls-remote", remote.url(user, password), check=False)
    assert "Authentication failed" in done.stderr


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer x"}, {"Authorization": "Basic x"}])
def test_without_a_login_nobody_learns_what_there_is(remote: Remote, headers: dict[str, str]) -> None:
    for name in ("payments.git", "payments", "nothing.git"):
        url = f"{remote.sandbox.url}/git/{name}/info/refs?service=git-upload-pack"
        answer = requests.get(url, headers=headers, timeout=10)
        assert (answer.status_code, answer.text) == (401, "Authorization Required\n")
        assert answer.headers["WWW-Authenticate"] == 'Basic realm="Git"'


def test_a_token_of_another_host_is_worth_nothing(remote: Remote, git: RunGit) -> None:
    token = remote.sandbox.credentials["github"].token
    url = remote.address.replace("://", f"://git-user:{token}@")
    assert "Authentication failed" in git(remote.folder, "ls-remote", url, check=False).stderr


def test_a_push_does_not_make_a_repository(remote: Remote, work_tree: Path, git: RunGit, state: State) -> None:
    url = remote.url("user", "password").replace("payments", "orders")
    done = git(work_tree, "push", url, "HEAD:trunk", check=False)
    assert f"repository '{remote.sandbox.url}/git/orders.git/' not found" in done.stderr
    assert [repository.name for repository in repositories.find_all(state)] == ["payments"]


def test_repositories_of_two_hosts_with_one_name_are_two(remote: Remote, state: State) -> None:
    hub = repositories.create(state, "github", "git", "payments", visibility="public")
    plain = repositories.find(state, "git", "", "payments")
    assert hub.folder != plain.folder == remote.folder
    assert (hub.full_name, plain.full_name) == ("git/payments", "payments")


def test_the_pages_show_it_and_the_log_who_asked(
    client: FlaskClient, state: State, credentials: Credentials, tmp_path: Path
) -> None:
    folder = tmp_path / "template"
    folder.mkdir()
    (folder / "catalog-info.yaml").touch()
    seed(state.folder, "", "payments", folder, host="git")
    known = credentials["git"]
    url = "/git/payments.git/info/refs?service=git-upload-pack"
    client.get(url, auth=(known.user, known.password)).close()
    assert 'href="/git/payments"' in client.get("/").text
    assert "catalog-info.yaml" in client.get("/git/payments").text
    assert "git-user (Git)" in client.get("/-/requests/").text
    assert known.password not in client.get("/-/requests/").text
