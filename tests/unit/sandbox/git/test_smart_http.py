"""Real git against the sandbox: who may read and push, hooks, streaming, the default branch."""

from __future__ import annotations

import base64
import gzip
import os
import socket
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from sandbox.git import bare, repositories
from sandbox.seeding import seed
from sandbox.server import Sandbox
from sandbox.state import State

Login = Callable[[str, str], str]
RunGit = Callable[..., subprocess.CompletedProcess[str]]


@dataclass(frozen=True)
class Remote:
    """An empty private repository of the served sandbox."""

    address: str
    sandbox: Sandbox
    state: State

    @property
    def folder(self) -> Path:
        return repositories.folder(self.state, "github", "acme", "payments")

    @property
    def default_branch(self) -> str:
        return repositories.find(self.state, "github", "ACME", "Payments").default_branch

    def url(self, credential: str | None) -> str:
        service, _, name = (credential or "").partition(" ")
        token = getattr(self.sandbox.credentials[service], name) if credential else ""
        return self.address.replace("://", f"://x-access-token:{token}@") if token else self.address


@pytest.fixture
def remote(served: Sandbox, state: State) -> Remote:
    repositories.create(state, "github", "acme", "payments", visibility="private")
    return Remote(f"{served.url}/acme/payments.git", served, state)


def test_a_push_arrives_and_the_first_branch_becomes_the_default(remote: Remote, work_tree: Path, git: RunGit) -> None:
    assert remote.default_branch == "main"
    git(work_tree, "push", remote.url("github token"), "HEAD:trunk")
    assert remote.default_branch == "trunk"
    assert [commit.subject for commit in bare.log(remote.folder, "trunk")] == ["First"]


def test_main_stays_the_default_branch_when_it_exists(remote: Remote, work_tree: Path, git: RunGit) -> None:
    git(work_tree, "push", remote.url("github token"), "HEAD:aaa", "HEAD:main")
    assert remote.default_branch == "main"


@pytest.mark.parametrize(
    ("token", "words"),
    [
        ("github readonly_token", "remote: Write access to repository not granted."),
        ("slack token", "remote: Invalid username or token."),
        (None, "could not read Username"),
    ],
)
def test_a_push_without_permission_is_refused_in_the_words_of_github(
    remote: Remote,
    work_tree: Path,
    git: RunGit,
    token: str | None,
    words: str,
) -> None:
    url = remote.url(token)
    done = git(work_tree, "push", url, "HEAD:trunk", check=False)
    assert done.returncode == 128
    assert words in done.stderr
    assert bare.branches(remote.folder) == {}


def test_a_hook_declines_a_push_and_its_words_reach_the_user(remote: Remote, work_tree: Path, git: RunGit) -> None:
    hook = remote.folder / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho No pushes on Sundays\nexit 1\n", encoding="utf-8")
    hook.chmod(0o755)
    done = git(work_tree, "push", remote.url("github token"), "HEAD:trunk", check=False)
    assert "remote: No pushes on Sundays" in done.stderr
    assert "[remote rejected] HEAD -> trunk (pre-receive hook declined)" in done.stderr


def test_a_public_repository_is_cloned_without_a_login_and_a_private_one_is_not(
    served: Sandbox, state: State, tmp_path: Path, git: RunGit, login: Login
) -> None:
    folder = tmp_path / "template"
    folder.mkdir()
    (folder / "a.txt").write_text("a", encoding="utf-8")
    seed(state.folder, "templates", "open", folder)
    seed(state.folder, "templates", "closed", folder, private=True)
    git(tmp_path, "clone", "--quiet", f"{served.url}/templates/open.git", "one")
    assert (tmp_path / "one" / "a.txt").read_text(encoding="utf-8") == "a"
    url = f"{served.url}/templates/closed"
    assert git(tmp_path, "clone", url, "two", check=False).returncode == 128
    git(tmp_path, "clone", "--quiet", login(url, served.credentials["github"].readonly_token), "three")
    assert (tmp_path / "three" / "a.txt").exists()


def test_a_repository_that_does_not_exist_is_not_found_only_for_those_who_are_logged_in(
    served: Sandbox, tmp_path: Path, git: RunGit, login: Login
) -> None:
    url = f"{served.url}/acme/nothing.git"
    done = git(tmp_path, "ls-remote", login(url, served.credentials["github"].token), check=False)
    assert "remote: Repository not found." in done.stderr
    anonymous = requests.get(f"{url}/info/refs?service=git-upload-pack", timeout=10)
    assert (anonymous.status_code, anonymous.headers["WWW-Authenticate"]) == (401, 'Basic realm="GitHub"')


def test_a_large_push_is_streamed_in_chunks(remote: Remote, work_tree: Path, git: RunGit) -> None:
    (work_tree / "large.bin").write_bytes(os.urandom(3_000_000))  # more than git's http.postBuffer
    git(work_tree, "add", ".")
    git(work_tree, "commit", "--quiet", "--message=Large")
    url = remote.url("github token")
    git(work_tree, "push", url, "HEAD:main")
    git(work_tree, "clone", "--quiet", url, "again")
    assert bare.entry(remote.folder, "main", "large.bin").size == 3_000_000


def test_a_gzipped_request_is_understood(served: Sandbox, state: State, tmp_path: Path) -> None:
    folder = tmp_path / "template"
    folder.mkdir()
    (folder / "a.txt").write_text("a", encoding="utf-8")
    commit = seed(state.folder, "templates", "open", folder)
    want = f"want {commit}\n".encode()
    body = f"{len(want) + 4:04x}".encode() + want + b"0000" + b"0009done\n"
    headers = {"Content-Type": "application/x-git-upload-pack-request", "Content-Encoding": "gzip"}
    answer = requests.post(
        f"{served.url}/templates/open.git/git-upload-pack", gzip.compress(body), headers=headers, timeout=10
    )
    assert answer.status_code == 200
    assert b"PACK" in answer.content


def test_dumb_http_and_unknown_services_are_refused(remote: Remote) -> None:
    assert requests.get(f"{remote.address}/info/refs", timeout=10).status_code == 403
    assert requests.post(f"{remote.address}/git-frobnicate", timeout=10).status_code == 404


def test_seeding_the_same_files_again_makes_no_commit(state: State, tmp_path: Path) -> None:
    folder = tmp_path / "template"
    (folder / "{{cookiecutter.name}}" / ".git").mkdir(parents=True)
    (folder / "{{cookiecutter.name}}" / ".git" / "config").touch()
    script = folder / "{{cookiecutter.name}}" / "run.sh"
    script.write_text("#!/bin/sh\n", encoding="utf-8")
    script.chmod(0o755)
    first = seed(state.folder, "templates", "service", folder)
    assert seed(state.folder, "templates", "service", folder) == first
    (folder / "new.txt").touch()
    script.unlink()
    second = seed(state.folder, "templates", "service", folder)
    place = repositories.folder(state, "github", "templates", "service")
    assert bare.commit(place, second).parents == (first,)
    assert [entry.name for entry in bare.directory(place, second, "")] == ["new.txt"]
    entries = bare.directory(place, first, "{{cookiecutter.name}}")
    assert [(entry.name, entry.mode) for entry in entries] == [("run.sh", "100755")]


def test_a_push_that_breaks_off_within_its_body_says_nothing_on_the_terminal(
    remote: Remote, capfd: pytest.CaptureFixture[str]
) -> None:
    """A traceback of the thread that hands the body on came there."""
    login = base64.b64encode(f"x:{remote.sandbox.credentials['github'].token}".encode()).decode()
    head = f"Authorization: Basic {login}\r\nContent-Type: application/x-git-receive-pack-request\r\nContent-Length: 50"
    with socket.create_connection(("127.0.0.1", int(remote.sandbox.url.rpartition(":")[2]))) as connection:
        connection.sendall(f"POST /acme/payments.git/git-receive-pack HTTP/1.1\r\nHost: x\r\n{head}\r\n\r\n00".encode())
        connection.shutdown(socket.SHUT_WR)
        connection.settimeout(30)
        connection.recv(9_999)
    assert "Traceback" not in capfd.readouterr().err
    assert bare.branches(remote.folder) == {}
