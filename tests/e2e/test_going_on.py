"""What a failed or a dry run says is true: whoever follows it comes to the end."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY_ROOT
from tests.e2e.test_scenarios import SCENARIOS, prepare

VALUES = {
    "project_name": "payments",
    "public_template_url": "${SANDBOX_URL}/templates/service.git",
    "repositoty_description": "Takes payments",
    "repository_default_branch": "main",
    "direct_push_branch": "main",
}


@pytest.fixture
def documented(tmp_path: Path) -> Path:
    """The pipeline of the platform's document, and a template in the sandbox."""
    prepare(SCENARIOS / "documented_pipeline", {"source": "documented"}, tmp_path)
    return tmp_path


def run(folder: Path, *more: str, email: str = "dev@acme.example", **environ: str) -> tuple[int, str]:
    settings = [part for name, value in {**VALUES, "email_id": email}.items() for part in ("--set", f"{name}={value}")]
    done = subprocess.run(
        [sys.executable, "-m", "runner", "run", "pipeline.yaml", "--sandbox", *settings, *more],
        cwd=folder, env={"PATH": os.environ["PATH"], "PYTHONPATH": str(REPOSITORY_ROOT), "LANG": "C.UTF-8", **environ},
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def test_the_advice_after_a_failure_is_true_for_the_documented_pipeline(documented: Path) -> None:
    """The repository holds code by then, which CreateRepo refuses unless it is told that it may take it."""
    code, told = run(documented, email="nobody@nowhere.invalid")
    assert code == 2, told
    assert "Correct what its lines above name, then run the same command again; what is done stays done." in told
    assert (
        "The next run will find the repository of 'CreateRepo' with code in it, and refuse that (exit code 4), "
        "unless the pipeline has a variable IF_EXISTS with the value adopt." in told
    )

    assert run(documented)[0] == 4, "without following it"

    file = documented / "pipeline.yaml"
    variable = "  variables:\n    - {name: IF_EXISTS, type: String, value: adopt}\n"
    text, found, rest = file.read_text(encoding="utf-8").rpartition("  variables:\n")
    assert found
    file.write_text(text + variable + rest, encoding="utf-8")
    code, told = run(documented)
    assert code == 0, told


@pytest.mark.parametrize("how", ["option", "variable"])
def test_a_dry_run_writes_nothing_and_says_what_it_could_not_check(documented: Path, how: str) -> None:
    code, told = run(documented, *(["--dry-run"] if how == "option" else []), DRY_RUN="" if how == "option" else "yes")

    assert code == 0, told
    assert "Rendered 1 file into payments." in told, "later steps have the files that they need"
    assert re.search(r"Dry run: the private repository http://\S+/test-org-devesh/payments would be created\.", told)
    assert "Dry run: nothing was written but in the workspace of this run." in told
    assert "Not checked, for it depends on what earlier steps would write:" in told
    assert not list((documented / ".idp-steps" / "sandbox").rglob("payments.git"))
    assert run(documented)[0] == 0, "the real run finds nothing of it"


def test_a_dry_run_still_fails_for_what_no_earlier_step_could_have_made(documented: Path) -> None:
    """As a template that is not there."""
    code, told = run(documented, "--dry-run", "--set", "public_template_url=${SANDBOX_URL}/templates/gone.git")
    assert code == 3, told
    assert "Dry run: nothing was written" not in told


def test_a_dry_run_in_a_given_folder_leaves_that_as_it_is(documented: Path) -> None:
    folder = documented / "mine"
    folder.mkdir()
    code, told = run(documented, "--dry-run", "--workspace", "mine")
    assert code == 0, told
    assert list(folder.iterdir()) == []
    assert "Only planned: CookieCutter" in told


def test_wishes_for_the_steps_are_handed_on_and_told(documented: Path) -> None:
    told = run(documented, "--dry-run", RETRY_BUDGET="-3")[1]
    assert "Every step gets RETRY_BUDGET=-3 from the environment of this command." in told
    assert "it can be 0 or more" in told


def test_a_wish_for_a_dry_run_that_cannot_be_read_is_refused_before_anything_runs(documented: Path) -> None:
    code, told = run(documented, DRY_RUN="perhaps")
    assert (code, "The variable DRY_RUN is 'perhaps', which is no boolean; write true or false." in told) == (2, True)
    assert not (documented / ".idp-steps" / "runs").exists()
