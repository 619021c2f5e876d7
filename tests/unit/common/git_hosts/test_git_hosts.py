"""Which host a connector is of, what its address may be, and what every host has to offer."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Protocol

import pytest

import tests.hosts
from common import git_hosts
from common.errors import BadInput
from common.git_hosts import GitHost
from common.git_hosts.settings import KEYS
from common.git_hosts.table import HOSTS
from steps import load
from tests.conftest import REPOSITORY_ROOT, RunStep

FUNCTIONS_OF = {  # the functions that only these steps, or steps with these inputs, call
    "CreateRepo": {"find_repository", "create_repository", "set_default_branch", "apply_settings"},
    "pushMode": {"find_pull_request", "open_pull_request"},
    "protect": {"protect_branch"},
    "listRepositories": {"list_repositories"},
    "RegisterCatalog": {"file_url", "repository_url"},
}


def test_the_table_names_every_folder_and_module_of_a_host_and_the_tests_have_a_row_for_each() -> None:
    folder = REPOSITORY_ROOT / "common" / "git_hosts"
    own = {
        "answers",
        "by_url",
        "connector",
        "context",
        "default_branch",
        "faults",
        "file_page",
        "lacking",
        "proposal",
        "proposing",
        "rest",
        "settings",
        "source",
        "table",
    }
    found = {path.name for path in folder.iterdir() if (path / "__init__.py").is_file()}
    found |= {path.stem for path in folder.glob("[a-z]*.py")} - own
    modules = [module for host in HOSTS.values() for module in host.modules]
    assert {module.split(".")[2] for module in modules} == found
    assert [row.module for row in tests.hosts.HOSTS] == modules


@pytest.mark.parametrize("row", tests.hosts.HOSTS, ids=str)
def test_a_host_offers_each_function_that_the_steps_it_serves_call(row: tests.hosts.Host) -> None:
    module = importlib.import_module(row.module)
    names = {name for name in vars(GitHost) if not name.startswith("_")} - set(vars(Protocol))
    wanted = names - {name for step in module.UNSUPPORTED for name in FUNCTIONS_OF[step]}
    assert {name for name in wanted if not callable(getattr(module, name, None))} == set()
    assert row.steps == tests.hosts.EVERY_STEP - set(module.UNSUPPORTED)
    assert set(module.UNSUPPORTED) <= set(FUNCTIONS_OF)
    if "CreateRepo" in row.steps:
        assert module.SETTINGS <= KEYS
        assert isinstance(module.SETS_DEFAULT_BRANCH_OF_EMPTY, bool)
        assert row.has_settings == bool(module.SETTINGS)


@pytest.mark.parametrize(
    ("machine", "found"),
    [("github.com", "Github"), ("GitHub.com", "Github"), ("acme.ghe.com", "Github"), ("ghe.com.example", "")],
)
def test_a_host_is_told_from_its_name_when_the_connector_does_not_say(
    run_step: RunStep, machine: str, found: str
) -> None:
    done = run_step("RegisterCatalog", registering(CONNECTOR_TYPE="", DRONE_NETRC_MACHINE=machine))
    assert done.code == (0 if found else 2), done.stderr
    if not found:
        assert f"Which kind of git host {machine} is cannot be told from its name." in done.stderr


@pytest.mark.parametrize("connector_type", ["Gitlabb", "svn", "GIT HUB"])
def test_a_type_of_connector_that_is_not_supported_is_refused_with_those_that_are(connector_type: str) -> None:
    with pytest.raises(BadInput) as refused:
        git_hosts.module_for(connector_type, "DirectPush")
    assert str(refused.value) == (
        f"The connector type {connector_type!r} is not supported. Supported: {', '.join(HOSTS)}."
    )


@pytest.mark.parametrize("step_type", sorted(set(FUNCTIONS_OF) & tests.hosts.EVERY_STEP))
def test_a_step_that_a_host_cannot_serve_is_refused_with_what_to_do(run_step: RunStep, step_type: str) -> None:
    with pytest.raises(BadInput) as refused:
        git_hosts.module_for("Git", step_type)
    assert str(refused.value).startswith("A plain Git server has no ")
    assert refused.value.next_step
    done = run_step(step_type, registering(CONNECTOR_TYPE="git", FILE_PATH="x"))
    assert (done.code, done.stderr) == (2, f"error: {refused.value}\n")


@pytest.mark.parametrize(
    "environ",
    [
        {"DRONE_NETRC_MACHINE": "https://github.com"},
        {"DRONE_NETRC_MACHINE": "github.com/acme"},
        {"DRONE_NETRC_MACHINE": "jane@github.com"},
        {"DRONE_NETRC_MACHINE": "a b"},
        {"DRONE_NETRC_MACHINE": "github..com"},
        {"DRONE_NETRC_MACHINE": "[::1"},
        {"DRONE_NETRC_PORT": "99999"},
        {"DRONE_NETRC_PORT": "abc"},
        {"DRONE_NETRC_MACHINE": "", "DRONE_REMOTE_URL": "http://[::1"},
        {"DRONE_NETRC_MACHINE": "", "DRONE_REMOTE_URL": "https://github.com:99999/acme"},
    ],
)
@pytest.mark.parametrize("connector_type", HOSTS)
def test_a_host_that_is_none_is_2_with_a_sentence(
    run_step: RunStep, workspace: Path, connector_type: str, environ: dict[str, str]
) -> None:
    (workspace / "app").mkdir()
    done = run_step("DirectPush", registering(CONNECTOR_TYPE=connector_type, CODE_DIRECTORY="app", **environ))
    assert done.code == 2, done.stderr
    assert done.stderr.startswith(("error: The git host is ", "error: DRONE_REMOTE_URL is ")), done.stderr


def test_an_ipv6_address_is_refused_where_the_hosts_api_cannot_be_called_there(run_step: RunStep) -> None:
    done = run_step("CreateRepo", registering(DRONE_NETRC_MACHINE="[::1]"))
    assert (done.code, "cannot be called at the IPv6 address [::1]." in done.stderr) == (2, True), done.stderr


@pytest.mark.parametrize("step_type", sorted(tests.hosts.EVERY_STEP))
def test_an_input_that_two_groups_of_a_step_share_is_one_input(step_type: str) -> None:
    fields = [declared.field for declared in load(step_type).declaration().options]
    assert len(fields) == len(set(fields))
    assert {"xApiKey", "accountId", "harnessUrl"} <= set(fields)


def registering(**more: str) -> dict[str, str]:
    """The variables of a pipeline of the platform's first generation: nothing is asked of any server."""
    given = {
        "CONNECTOR_TYPE": "Github",
        "DRONE_NETRC_MACHINE": "github.com",
        "DRONE_NETRC_PASSWORD": "token",
        "ORG_NAME": "acme",
        "REPO_NAME": "payments",
        "BRANCH": "main",
        "FILE_PATH": "catalog-info.yaml",
        "HARNESS_PIPELINE_ID": "onboarding",
    }
    return {**given, **more}
