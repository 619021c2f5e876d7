"""Everything that a step with a git host lacks is told in one round: inputs, the host's fields, credentials."""

from __future__ import annotations

import pytest

import steps
from common.git_hosts.lacking import HOST, REPOSITORY, TOKEN
from common.harness.access import KEY

ORGANIZATION = "organization (set ORG_NAME)"
CODE = ["codeDirectory (set CODE_DIRECTORY)", "branch (set BRANCH)"]
FILE = "filePath (set FILE_PATH)"


@pytest.mark.parametrize(
    ("step_type", "given", "missing"),
    [
        ("CreateRepo", {}, [HOST, REPOSITORY, TOKEN]),
        ("CreateRepo", {"CONNECTOR_TYPE": "Github"}, [ORGANIZATION, REPOSITORY, TOKEN]),
        ("CreateRepo", {"CONNECTOR_TYPE": "Github", "DRONE_NETRC_PASSWORD": "t0ken"}, [ORGANIZATION, REPOSITORY]),
        ("CreateRepo", {"CONNECTOR_TYPE": "Github", "PERSONAL_ACCOUNT": "true"}, [REPOSITORY, TOKEN]),
        ("DirectPush", {}, [*CODE, HOST, REPOSITORY, TOKEN]),
        ("DirectPush", {"CONNECTOR_TYPE": "Git"}, [*CODE, "remoteUrl (set DRONE_REMOTE_URL)", TOKEN]),
        ("RegisterCatalog", {}, [FILE, HOST, REPOSITORY, KEY]),
        ("RegisterCatalog", {"CONNECTOR_TYPE": "Github", "X_API_KEY": "k"}, [FILE, ORGANIZATION, REPOSITORY]),
        ("RegisterCatalog", {"HARNESS_PIPELINE_ID": "p", "REPO_NAME": "a"}, [FILE, HOST]),
    ],
)
def test_all_that_is_missing_is_told_at_once(
    step_type: str, given: dict[str, str], missing: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    code = steps.load(step_type).main([], given)

    told = f"error: Required input is missing: {', '.join(missing)}. --help lists every name and meaning.\n"
    assert (code, capsys.readouterr().err) == (2, told)


def test_credentials_that_alone_are_missing_are_no_wrong_input(capsys: pytest.CaptureFixture[str]) -> None:
    code = steps.load("CreateRepo").main([], {"CONNECTOR_TYPE": "Github", "ORG_NAME": "acme", "REPO_NAME": "payments"})

    assert code == 3
    assert "There are no credentials for https://github.com." in capsys.readouterr().err


def test_another_fault_of_the_address_waits_until_all_is_given(capsys: pytest.CaptureFixture[str]) -> None:
    """What is wrong with a value is not told as something missing."""
    code = steps.load("DirectPush").main([], {"CONNECTOR_TYPE": "Svn"})

    assert (code, "Svn" in capsys.readouterr().err) == (2, False)


def test_what_a_host_has_no_use_for_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    given = {"CONNECTOR_TYPE": "Github", "ORG_NAME": "acme", "REPO_NAME": "payments", "PROJECT_NAME": "x"}
    steps.load("CreateRepo").main([], given)

    assert capsys.readouterr().err.count("GitHub has no project") == 1
