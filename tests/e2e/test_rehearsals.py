"""`idp-steps run --sandbox --host TYPE`: the example's pipeline, which is written for GitHub, on every other host."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from runner import cli
from sandbox.services import SERVICES
from tests.conftest import REPOSITORY_ROOT

EXAMPLE = REPOSITORY_ROOT / "examples/service-onboarding/pipeline.yaml"
TYPES = [login.name or login.type for service in SERVICES if service.git and (login := service.git.connector)]
DEFAULT = "Github"  # what every other test runs it on
ONLY_PUSHES = "Git"  # a plain git server, which has no repositories to create and no catalog to read from it


TEMPLATE = REPOSITORY_ROOT / "tests/e2e/scenarios/private_template"  # its sandbox.yaml names no host


def rehearse(host: str, state: Path) -> int:
    """Run the example and give its exit code."""
    return cli.main(
        ["run", str(EXAMPLE), "--sandbox", "--host", host, "--state", str(state), "--set", "project_name=ledger"]
    )


@pytest.mark.parametrize("host", [name for name in TYPES if name not in (DEFAULT, ONLY_PUSHES)])
def test_the_same_pipeline_runs_on_every_host(
    host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """No field of it is changed, and the host holds one repository with the code in one commit."""
    monkeypatch.chdir(tmp_path)

    assert rehearse(host.lower(), tmp_path / "state") == 0, capfd.readouterr().out

    (repository,) = (tmp_path / "state").rglob("ledger.git")
    git = ["git", "-c", "safe.directory=*", "-C", str(repository)]
    listed = subprocess.run([*git, "ls-tree", "--name-only", "main"], check=True, capture_output=True, text=True)
    assert "catalog-info.yaml" in listed.stdout.split()
    commits = subprocess.run([*git, "rev-list", "--count", "main"], check=True, capture_output=True, text=True)
    assert int(commits.stdout) <= 2, "the code, and before it at most the empty commit that made the branch"


@pytest.mark.parametrize(
    ("host", "called"),
    [*((name, "templates/service") for name in TYPES if name != DEFAULT), ("AzureRepo", "service")],
)
def test_a_clone_finds_what_sandbox_yaml_lists_on_every_host(
    host: str, called: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """By its name with and without the owner, as connectors of a host and of an account name it; it is private."""
    shutil.copytree(TEMPLATE, tmp_path / "pipeline")
    file = tmp_path / "pipeline" / "pipeline.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("templates/service", called), encoding="utf-8")
    monkeypatch.chdir(tmp_path)

    code = cli.main(["run", str(file), "--sandbox", "--host", host, "--state", "state", "--workspace", str(tmp_path)])

    assert code == 0, capfd.readouterr().out
    assert (tmp_path / "payments" / "README.md").is_file()


def test_a_host_that_a_step_cannot_work_on_is_told_before_anything_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)

    assert rehearse(ONLY_PUSHES, tmp_path / "state") == 2

    told = capfd.readouterr()
    assert "The step 'createrepo': The connector 'account.github' is of the type 'Git'" in told.out + told.err
    assert not list((tmp_path / "state").rglob("ledger.git"))
