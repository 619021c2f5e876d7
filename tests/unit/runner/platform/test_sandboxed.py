"""With --sandbox everything outside is the sandbox, and folders become repositories in it before the run."""

from __future__ import annotations

import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

import sandbox
from common.diagnostics import Invalid
from common.errors import BadInput
from runner import cli
from runner.platform import sandbox_file, sandboxed
from sandbox import faults
from sandbox.services import open_state


def test_every_connector_secret_and_account_is_the_sandbox_s(tmp_path: Path) -> None:
    with sandboxed.running(tmp_path / "state") as server:
        services = sandboxed.services(server)
        connector = services.connector("account.anything")
        harness = services.harness()

        assert (connector.url, connector.type) == (server.url, "Github")
        assert connector.token.reveal() == server.credentials["github"].token
        assert services.secret("any", "token").reveal() == server.credentials["slack"].token
        assert services.secret("any", "xApiKey").reveal() == server.credentials["harness"].api_key
        assert services.secret("any", "").reveal() == "sandbox-secret-any"
        assert (harness.account, harness.base) == (server.credentials["harness"].account, server.url)
        assert set(harness.credentials) == {"AUTHORIZATION", "X_SOURCE_PRINCIPAL"}
        assert services.slack_api_url == f"{server.url}/slack/api/"


def test_a_listed_folder_becomes_a_repository_that_git_can_clone(tmp_path: Path) -> None:
    (tmp_path / "template").mkdir()
    (tmp_path / "template" / "cookiecutter.json").write_text("{}")
    file = tmp_path / "sandbox.yaml"
    file.write_text("repositories:\n  - {owner: templates, name: service, folder: template}\n")

    with sandboxed.running(tmp_path / "state") as server:
        sandboxed.plant(tmp_path / "state", sandbox_file.seeds(file))
        url = f"{server.url}/templates/service.git"
        subprocess.run(["git", "clone", "-q", url, tmp_path / "clone"], check=True)

    assert (tmp_path / "clone" / "cookiecutter.json").read_text() == "{}"


def test_a_repository_of_another_host_needs_no_owner_and_one_without_a_folder_is_empty(tmp_path: Path) -> None:
    file = tmp_path / "sandbox.yaml"
    file.write_text("repositories:\n  - {host: git, name: tools}\n  - {owner: acme, name: payments}\n")

    with sandboxed.running(tmp_path / "state") as server:
        sandboxed.plant(tmp_path / "state", sandbox_file.seeds(file))
        known = server.credentials["git"]
        plain = f"{server.url}/git/tools.git".replace("://", f"://{known.user}:{known.password}@")
        for url in (plain, f"{server.url}/acme/payments.git"):
            done = subprocess.run(["git", "ls-remote", url], check=True, capture_output=True, text=True)
            assert done.stdout == ""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("repositories:\n  - {host: svn, name: b}", "2:6: The sandbox has no git host 'svn'; it can be github"),
        ("repositories:\n  - {host: git, owner: a, name: b}", "The repositories of git have no owner."),
        ("repositories:\n  - {name: b}", "The field 'owner' of a repository is missing."),
        (
            "repositories:\n  - {owner: a, nmae: b, folder: .}",
            "2:16: Unknown field 'nmae' in a repository. Did you mean 'name'?",
        ),
        ("repositories:\n  - {owner: a, name: b, folder: none}", "The folder 'none' does not exist next to this file."),
        ("repositories:\n  - {owner: ../a, name: b, folder: .}", "'../a' is no owner of a repository."),
        ("repositories:\n  - {owner: a, name: b, folder: [.]}", "The field 'folder' of a repository has to be a text."),
        ("repository: []", "Did you mean 'repositories'?"),
        ("[]", "The file has to hold a list 'repositories'."),
    ],
)
def test_faults_of_a_sandbox_file_are_named(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "sandbox.yaml"
    file.write_text(text)

    with pytest.raises(Invalid) as caught:
        sandbox_file.seeds(file)
    assert said in str(caught.value)


def test_a_sandbox_that_is_already_running_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state = tmp_path / "state"
    with sandboxed.running(state) as server:
        assert cli.main(["sandbox", "--state", str(state)]) == 0
        assert f"is already running at {server.url}/." in capsys.readouterr().out
        with urllib.request.urlopen(server.url) as page:  # noqa: S310 - the address of the server above
            assert page.status == 200


def test_a_port_that_is_taken_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with sandboxed.running(tmp_path / "one") as server:
        port = server.url.rpartition(":")[2]
        assert cli.main(["sandbox", "--state", str(tmp_path / "two"), "--port", port]) == 5
    assert f"The sandbox cannot listen on port {port}" in capsys.readouterr().err


@pytest.mark.parametrize("address", ["203.0.113.9", "nowhere.invalid"])
def test_an_address_of_no_interface_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], address: str
) -> None:
    assert cli.main(["sandbox", "--state", str(tmp_path), "--host", address]) == 2
    assert f"cannot listen on {address}: that is no IPv4 address of this machine." in capsys.readouterr().err


def test_a_sandbox_that_runs_already_does_not_listen_elsewhere_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with sandboxed.running(tmp_path):
        assert cli.main(["sandbox", "--state", str(tmp_path), "--host", "127.0.0.2"]) == 0
    assert "To have it on 127.0.0.2 too, stop it there and start it again." in capsys.readouterr().out


def test_a_state_that_is_no_folder_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()

    assert cli.main(["sandbox", "--state", str(tmp_path / "file")]) == 2
    assert "The sandbox cannot keep its state in" in capsys.readouterr().err


def test_a_machine_without_git_is_told_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert cli.main(["sandbox", "--state", str(tmp_path / "state")]) == 2
    assert "The sandbox needs git, which is not there." in capsys.readouterr().err


def test_a_missing_package_of_the_sandbox_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "sandbox.web_server", raising=False)
    monkeypatch.delattr(sandbox, "web_server", raising=False)
    monkeypatch.setitem(sys.modules, "werkzeug.serving", None)
    assert cli.main(["sandbox", "--state", str(tmp_path / "state")]) == 2
    assert "The sandbox needs the package werkzeug.serving. Install it with: pip" in capsys.readouterr().err


def test_own_connectors_have_no_meaning_with_the_sandbox(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], fake_steps: object, pipeline_file: object
) -> None:
    del fake_steps
    assert callable(pipeline_file)
    file = pipeline_file(
        "- step: {type: CookieCutter, name: Render, identifier: render, spec: {publicTemplateUrl: x}}\n"
    )

    assert cli.main(["run", str(file), "--sandbox", "--secrets", str(tmp_path / "s.yaml")]) == 2
    assert "have no meaning with --sandbox" in capsys.readouterr().err


def test_the_sandbox_serves_until_it_is_stopped(tmp_path: Path) -> None:
    """Ctrl-C is the way to stop it, so that is no failure."""
    command = [sys.executable, "-m", "runner", "sandbox", "--state", str(tmp_path / "state")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().split()[4].rstrip(";")
        with urllib.request.urlopen(url) as page:  # noqa: S310 - the address of the server above
            assert page.status == 200
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == "The sandbox has stopped; its state is kept.\n"
        assert process.wait(20) == 0


def test_faults_of_the_file_take_the_place_of_those_before_and_without_any_they_stay(tmp_path: Path) -> None:
    file = tmp_path / "sandbox.yaml"
    file.write_text("faults:\n  - {fault: slow, seconds: 1}\n  - {fault: expired_token, host: git}\n")
    state = open_state(tmp_path / "state")
    faults.switch_on(state, "unusable", "5")

    sandboxed.plant(tmp_path / "state", sandbox_file.seeds(file), sandbox_file.spoiled(file))
    sandboxed.plant(tmp_path / "state", [])

    assert [(on.fault, on.value, on.host) for on in faults.every(state)] == [
        ("slow", "1", ""), ("expired_token", "", "git"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("faults: slow", "'faults' has to be a list."),
        ("faults:\n  - {fault: slo}", "There is no fault 'slo'; it can be unusable"),
        ("faults:\n  - {fault: slow}", "seconds of slow is ''; it can be a number from 1 to 3600."),
        ("faults:\n  - {fault: slow, seconds: 1, host: svn}", "The sandbox has no git host 'svn'"),
        ("faults:\n  - {fault: protected_branch}", "The branch of protected_branch is missing."),
        (
            "faults:\n  - {fault: slow, seconds: 1, host: [github]}",
            "2:31: The field 'host' of the fault 'slow' has to be a text.",
        ),
    ],
)
def test_a_fault_that_there_is_not_is_told_with_those_that_there_are(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "sandbox.yaml"
    file.write_text(text)
    with pytest.raises(Invalid) as refused:
        sandbox_file.spoiled(file)
    assert said in str(refused.value)


def test_a_pipeline_can_be_rehearsed_on_another_host(tmp_path: Path) -> None:
    with sandboxed.running(tmp_path / "state") as server:
        connector = sandboxed.services(server, "git").connector("account.any")
        assert (connector.type, connector.url, connector.instead) == ("Git", f"{server.url}/git", True)
        assert connector.token.reveal() == server.credentials["git"].password
        with pytest.raises(BadInput, match=r"The sandbox has no git host of the type 'svn'\. It can be Github"):
            sandboxed.services(server, "svn")
