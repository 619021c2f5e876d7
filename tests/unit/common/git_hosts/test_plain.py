"""A plain Git server: the address that the connector's URL and the repository's name make."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from common.errors import BadInput
from common.git_hosts import plain
from common.git_hosts.connector import Connector, RepositoryLocation
from common.git_hosts.context import HarnessAccount, HostContext
from common.network.deadline import Deadline
from common.network.settings import Network
from common.secret import Secret
from tests.conftest import RunStep, World
from tests.hosts import HOSTS


def context(url: str, repository: str = "", **more: str) -> HostContext:
    given: dict[str, Any] = {"machine": "git.corp", "port": "8443", "username": "jane", **more}
    return HostContext(
        connector=Connector(type="Git", remote_url=url, password=Secret("token"), **given),
        location=RepositoryLocation(repository=repository),
        harness=HarnessAccount(),
        network=Network(),
        deadline=Deadline(),
    )


@pytest.mark.parametrize(
    ("url", "repository", "address"),
    [
        ("/scm/payments.git", "payments", "/scm/payments.git"),  # as the platform makes it for an account
        ("/scm/team/payments.git", "team/payments", "/scm/team/payments.git"),
        ("/scm/payments.git", "payments.git", "/scm/payments.git"),
        ("/scm/payments.git", "", "/scm/payments.git"),  # the repository's own URL
        ("/scm/payments", "payments", "/scm/payments"),
        ("/scm/payments/", "", "/scm/payments"),
        ("/scm/repayments", "payments", "/scm/repayments/payments.git"),
        ("/scm", "payments", "/scm/payments.git"),  # the URL of an account
        ("", "payments", "/payments.git"),
        ("/scm", "team/my app", "/scm/team/my%20app.git"),
    ],
)
def test_the_address_is_the_connectors_url_with_the_name_once(url: str, repository: str, address: str) -> None:
    asked = context(f"https://git.corp:8443{url}", repository)
    plain.check(asked)
    assert plain.clone_url(asked) == f"https://git.corp:8443{address}"


def test_credentials_in_the_connectors_url_are_no_part_of_the_address() -> None:
    asked = context("https://jane:secret@git.corp:8443/scm/payments.git", "payments")
    plain.check(asked)
    assert plain.clone_url(asked) == "https://git.corp:8443/scm/payments.git"


def test_the_scheme_of_the_connectors_url_counts() -> None:
    assert plain.clone_url(context("http://git.corp:8443/payments.git")) == "http://git.corp:8443/payments.git"


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (context(""), "remoteUrl (set DRONE_REMOTE_URL)"),
        (context("git@git.corp:payments.git"), "DRONE_REMOTE_URL is 'git@git.corp:payments.git'"),
        (context("https://git.corp:8443"), "repository (set REPO_NAME)"),
        (context("https://other.corp/payments.git"), "is at https://other.corp, but its host is git.corp:8443."),
        (context("https://git.corp:8443/scm/payments.git", "orders"), "that of the repository scm/payments.git"),
        (context("https://git.corp:8443/scm", "../secrets"), "'../secrets' is no path of a repository."),
        (context("https://git.corp:8443/scm", "a//b"), "'a//b' is no path of a repository."),
        (context("https://git.corp:8443/payments.git", username=""), "gitUsername (set DRONE_NETRC_USERNAME)"),
    ],
)
def test_what_makes_no_address_is_refused_with_the_input_to_set(asked: HostContext, words: str) -> None:
    with pytest.raises(BadInput) as refused:
        plain.check(asked)
    assert words in str(refused.value)


def test_a_field_that_it_lacks_is_said_when_it_lies_around_and_refused_when_meant_for_the_step(
    world: World, tmp_path: Path, workspace: Path, run_step: RunStep
) -> None:
    (workspace / "app").mkdir()
    (workspace / "app" / "file").write_text("x")
    (row,) = (host for host in HOSTS if host.type == "Git")
    with row.serve(world, tmp_path / "host") as host:
        push = {**host.variables, "CODE_DIRECTORY": "app", "BRANCH": "main"}
        around = run_step("DirectPush", {**push, "PROJECT_NAME": "stray"})
        meant = run_step("DirectPush", {**push, "PLUGIN_PROJECT": "shop"})
        flag = run_step("DirectPush", push, "--workspace", "team")
    assert (around.code, around.outputs["pushed"]) == (0, True), around.stderr
    assert "A plain Git server has no project, so 'stray' is not used." in around.stderr
    assert (meant.code, meant.stderr) == (2, "error: A plain Git server has no project. Leave project ('shop') out.\n")
    assert (flag.code, flag.stderr) == (
        2,
        "error: A plain Git server has no workspace. Leave workspace ('team') out.\n",
    )
