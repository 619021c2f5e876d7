"""A GitHub App by its id and private key: what it may do, what it is told, and that its key stays with the step."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from common.git_hosts.github import app as app_module
from sandbox.github.apps import FOLDER
from tests.conftest import RunStep, World
from tests.keys import APP, register_app, rsa_key

pytestmark = pytest.mark.programs("ssh-keygen")


@pytest.fixture(scope="session")
def key(tmp_path_factory: pytest.TempPathFactory) -> str:
    return rsa_key(tmp_path_factory.mktemp("key") / "app.pem")


Installed = Callable[..., dict[str, str]]


@pytest.fixture
def installed(world: World, key: str) -> Installed:
    """Register the App with the sandbox, installed as told; gives the step's variables."""

    def make(**told: Any) -> dict[str, str]:
        plain = {name: value for name, value in world.connector.items() if name != "DRONE_NETRC_PASSWORD"}
        app = register_app(world.state_dir, key, **told)
        return {**plain, **app, "ORG_NAME": "acme", "REPO_NAME": "payments"}

    return make


def with_files(workspace: Path) -> dict[str, str]:
    (workspace / "app").mkdir()
    (workspace / "app" / "README.md").write_text("x")
    return {"CODE_DIRECTORY": "app", "BRANCH": "main"}


@pytest.mark.parametrize("told", [{}, {"repositories": ["other"]}], ids=["all repositories", "selected ones"])
def test_an_app_creates_pushes_protects_proposes_and_clones(
    world: World, workspace: Path, run_step: RunStep, installed: Installed, told: dict[str, Any]
) -> None:
    """Where it is installed for selected repositories as well: what it made, it sees."""
    app = installed(**told)
    more = with_files(workspace)
    for _ in range(2):
        done = run_step("CreateRepo", {**app, "REPO_SETTINGS": "topics: [java]", "DEFAULT_BRANCH": "main"})
        assert done.code == 0, done.stderr
    done = run_step("DirectPush", {**app, **more, "PROTECT_BRANCH": "true"})
    assert (done.code, done.outputs["pushed"]) == (0, True), done.stderr
    (workspace / "app" / "README.md").write_text("y")
    done = run_step("DirectPush", {**app, **more, "PUSH_MODE": "pull_request"})
    assert (done.code, "/pull/" in str(done.outputs["pullRequestUrl"])) == (0, True), done.stderr
    place = {"DRONE_REMOTE_URL": f"{world.url}/acme/payments.git", "REPO_NAME": "another", "DRONE_WORKSPACE": "clone"}
    done = run_step("GitClone", {**app, **place})
    assert done.code == 0, done.stderr
    assert (workspace / "clone" / "README.md").read_text() == "x"


def test_a_token_is_good_for_what_the_step_needs_and_nothing_else(
    world: World, workspace: Path, run_step: RunStep, installed: Installed
) -> None:
    """One repository, and the rights of the step; that of workflows only where the installation has it."""
    app = installed()
    assert run_step("CreateRepo", app).code == 0
    assert run_step("DirectPush", {**app, **with_files(workspace)}).code == 0
    installed(permissions={"contents": "write"})
    assert run_step("DirectPush", {**app, "CODE_DIRECTORY": "app", "BRANCH": "other"}).code == 0
    asked = [json.loads(text) for path, text in requests(world) if path.endswith("/access_tokens")]
    assert asked == [
        {"permissions": {"administration": "write", "contents": "write"}},
        {"permissions": {"contents": "write", "workflows": "write"}, "repositories": ["payments"]},
        {"permissions": {"contents": "write"}, "repositories": ["payments"]},
    ]


def requests(world: World) -> list[tuple[str, str]]:
    from sandbox.services import open_state

    with open_state(world.state_dir).database() as database:
        return [tuple(row) for row in database.execute("SELECT path, request_body FROM requests ORDER BY id")]


REFUSALS: dict[str, tuple[str, dict[str, Any], dict[str, str], int, str]] = {
    "not installed": ("CreateRepo", {"accounts": ["other"]}, {}, 3, "The App 4711 is not installed on acme"),
    "suspended": ("CreateRepo", {"suspended": True}, {}, 3, "Have an owner of acme lift that in the settings"),
    "a right is missing": (
        "CreateRepo",
        {"permissions": {"contents": "write", "administration": "read"}},
        {},
        3,
        "The installation of the App 4711 on acme lacks the permission administration: write.",
    ),
    "a right of an input is missing": (
        "DirectPush",
        {"permissions": {"contents": "write"}},
        {"PUSH_MODE": "auto"},
        3,
        "lacks the permission pull_requests: write.",
    ),
    "not selected": (
        "DirectPush",
        {"repositories": ["other"]},
        {},
        3,
        "covers selected repositories, and acme/payments is none of them, or does not exist.",
    ),
    "no such repository": ("DirectPush", {}, {}, 3, "There is no repository acme/payments that the App 4711 may see."),
    "a person": ("CreateRepo", {}, {"ORG_NAME": "sandbox-user"}, 3, "cannot create repositories of a person"),
    "personal": ("CreateRepo", {}, {"PERSONAL_ACCOUNT": "true"}, 2, "has no account of its own"),
    "another id": ("CreateRepo", {}, {"GITHUB_APP_ID": "12"}, 3, "does not know the App 12 (Integration not found)."),
    "no key": ("CreateRepo", {}, {"GITHUB_APP_PRIVATE_KEY": ""}, 2, "needs GITHUB_APP_PRIVATE_KEY as well."),
    "no id": ("CreateRepo", {}, {"GITHUB_APP_ID": ""}, 2, "needs GITHUB_APP_ID as well."),
    "no private key": ("CreateRepo", {}, {"GITHUB_APP_PRIVATE_KEY": "secret/path.pem"}, 2, "holds no private key."),
    "a broken key": (
        "CreateRepo",
        {},
        {"GITHUB_APP_PRIVATE_KEY": "-----BEGIN RSA PRIVATE KEY-----\\nYnJva2Vu\\n-----END RSA PRIVATE KEY-----"},
        2,
        "holds no RSA key that can be used.",
    ),
    "a token as well": ("CreateRepo", {}, {"DRONE_NETRC_PASSWORD": "ghp_x"}, 2, "Give one of them."),
    "another host": ("CreateRepo", {}, {"CONNECTOR_TYPE": "Gitlab"}, 2, "GitLab has no GitHub Apps."),
}


@pytest.mark.parametrize(("step", "told", "more", "code", "words"), REFUSALS.values(), ids=REFUSALS)
def test_what_an_app_may_not_is_said_before_anything_is_written(  # noqa: PLR0913, PLR0917 - a case
    world: World,
    workspace: Path,
    run_step: RunStep,
    installed: Installed,
    step: str,
    told: dict[str, Any],
    more: dict[str, str],
    code: int,
    words: str,
) -> None:
    app = {**installed(**told), **(with_files(workspace) if step == "DirectPush" else {}), **more}
    done = run_step(step, app)
    assert (done.code, words in done.stderr) == (code, True), done.stderr
    assert not list(world.state_dir.rglob("payments.git"))


def test_a_key_of_another_app_is_told_as_such(run_step: RunStep, installed: Installed, world: World, key: str) -> None:
    """What GitHub says of a signature that is not the App's, with what to check."""
    app = installed()
    other = world.state_dir / FOLDER / "12.pem"
    (world.state_dir / FOLDER / f"{APP}.pem").rename(other)
    rsa_key(other.with_name(f"{APP}.pem"))
    done = run_step("CreateRepo", app)
    assert (done.code, "Check that GITHUB_APP_ID and GITHUB_APP_PRIVATE_KEY belong" in done.stderr) == (3, True)
    assert key.splitlines()[1] not in done.stderr


@pytest.mark.parametrize(
    ("ahead", "said"),
    [
        (-200, ""),
        (200, ""),
        (-600, "'Expiration time' claim ('exp') must be"),
        (600, "'Issued at' claim ('iat') must be"),
    ],
)
def test_a_clock_that_is_minutes_off_does_no_harm_and_one_that_is_more_is_told(
    run_step: RunStep, installed: Installed, monkeypatch: pytest.MonkeyPatch, ahead: int, said: str
) -> None:
    clock = SimpleNamespace(time=lambda: time.time() + ahead, gmtime=time.gmtime, strftime=time.strftime)
    monkeypatch.setattr(app_module, "time", clock)
    done = run_step("CreateRepo", installed())
    told = f"does not take the App 4711, for its clock shows another time ({said}"
    assert (done.code, told in done.stderr) == ((3, True) if said else (0, False)), done.stderr
    assert ("Set the clock of this machine, which says 20" in done.stderr) == bool(said)
