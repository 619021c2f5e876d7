"""`idp-steps run` with small steps that are real processes: what a step gets, what the user sees, how a run ends."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runner import cli
from runner.execution import folders, process
from runner.execution.report import to
from tests.processes import ends

Fake = Callable[..., None]
PipelineFile = Callable[[str], Path]

STEPS = """
- step:
    type: CookieCutter
    name: Render
    identifier: render
    spec:
      publicTemplateUrl: https://git.test/templates/service.git
      cookieCutterVariables:
        app_name: <+pipeline.variables.project_name>
        ports: [80, 443]
        nested: {a: 1}
        empty: ""
- step:
    type: CreateRepo
    name: Create
    identifier: create
    spec:
      connectorRef: account.testdev
      repository: <+pipeline.variables.project_name>
      repoType: private
      personalAccount: true
      description: <+pipeline.variables.gone>
- step:
    type: SlackNotify
    name: Tell
    identifier: tell
    spec:
      token: account.slack
      emailId: a@b.test
      messageContent: "Hi <<+steps.create.output.outputVariables.repositoryUrl>|Link>\\\\nrun <+pipeline.sequenceId>"
variables:
  - name: project_name
    type: String
    value: <+input>
  - name: EMAIL
    type: String
    value: stray@b.test
  - name: api
    type: Secret
    value: api_secret
"""
CONNECTORS = """
connectors:
  account.testdev:
    type: Github
    url: https://git.test:8443
    username: jane
    token: {env: GIT_TOKEN}
"""


@pytest.fixture
def project(pipeline_file: PipelineFile, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A pipeline whose connectors and secrets are all there; the current folder is empty."""
    file = pipeline_file(STEPS)
    (file.parent / "connectors.yaml").write_text(CONNECTORS)
    monkeypatch.setenv("GIT_TOKEN", "canary-git-token")
    monkeypatch.setenv("SECRET_account_slack", "canary-slack-token")
    monkeypatch.setenv("SECRET_api_secret", "canary-api-secret")
    monkeypatch.setenv("BRANCH", "of-the-caller")
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    return file


def _seen_by(step_type: str, number: int = 1) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        Path(f".idp-steps/runs/{number}-onboarding/harness/{step_type}.json").read_text()
    )
    return found


@pytest.mark.usefixtures("fake_steps")
def test_a_run_gives_each_step_the_environment_of_the_platform(project: Path) -> None:
    assert cli.main(["run", str(project), "--set", "project_name=payments"]) == 0

    render, create, tell = (_seen_by(one) for one in ("CookieCutter", "CreateRepo", "SlackNotify"))
    assert render["IDP_COOKIECUTTER_app_name"] == "payments"
    assert render["IDP_COOKIECUTTER_ports"] == "80,443"
    assert json.loads(render["IDP_COOKIECUTTER_nested"]) == {"a": 1}
    assert "IDP_COOKIECUTTER_empty" not in render
    assert not [name for name in render if name.startswith("DRONE_NETRC")], "it has no connector"
    assert create["REPO_NAME"] == "payments"
    assert create["PERSONAL_ACCOUNT"] == "true"
    assert "REPO_DESCRIPTION" not in create, "an expression without a value leaves the field out"
    assert create["DRONE_NETRC_MACHINE"] == "git.test"
    assert create["DRONE_NETRC_PORT"] == "8443"
    assert create["DRONE_NETRC_USERNAME"] == "jane"
    assert create["DRONE_NETRC_PASSWORD"] == "canary-git-token"
    assert create["DRONE_REMOTE_URL"] == "https://git.test:8443/payments.git"
    assert create["CONNECTOR_TYPE"] == "Github"
    assert create["EMAIL"] == "stray@b.test", "pipeline variables are variables under their own names"
    assert create["api"] == "canary-api-secret"
    assert tell["EMAIL"] == "a@b.test", "and the step's own value goes before them"
    assert tell["SLACK_TOKEN"] == "canary-slack-token"
    assert tell["REPLY_BROADCAST"] == "false"
    assert tell["MESSAGE_CONTENT"] == "Hi <http://git.test/o/payments|Link>\\nrun 1"
    assert "SLACK_API_URL" not in tell
    for seen in (render, create, tell):
        assert seen["HARNESS_ORG_ID"] == "default"
        assert seen["HARNESS_PROJECT_ID"] == "portal"
        assert seen["HARNESS_PIPELINE_ID"] == "onboarding"
        assert seen["HARNESS_STAGE_ID"] == "onboard"
        assert seen["HARNESS_BUILD_ID"] == "1"
        assert seen["HARNESS_WORKSPACE"] == seen["DRONE_WORKSPACE"]
        assert seen["DRONE_OUTPUT"] == seen["HARNESS_OUTPUT_FILE"]
        assert "BRANCH" not in seen, "nothing else of the caller's environment passes"
        assert "GIT_TOKEN" not in seen
        assert seen["PATH"] == os.environ["PATH"]
    assert create["HARNESS_EXECUTION_ID"] == tell["HARNESS_EXECUTION_ID"]
    assert create["DRONE_OUTPUT"] != tell["DRONE_OUTPUT"]


@pytest.mark.usefixtures("fake_steps")
def test_the_terminal_shows_steps_outputs_and_links_but_no_secret(
    project: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    cli.main(["run", str(project), "--set", "project_name=payments"])

    out, err = capfd.readouterr()
    assert "[2/3] Create (CreateRepo)" in out
    assert "      Created with ***" in out
    assert re.search(r"✓ done in \d+\.\d s", out)
    assert re.search(r"create +repositoryUrl +http://git.test/o/payments", out)
    assert re.search(r"Links\n  repositoryUrl  http://git.test/o/payments", out)
    assert "The expression <+pipeline.variables.gone> is null" in out
    assert out.count("<+pipeline.variables.gone>") == 1
    assert "canary" not in out + err
    assert "\x1b" not in out


@pytest.mark.usefixtures("fake_steps")
def test_everything_that_is_missing_is_told_at_once_and_nothing_runs(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (project.parent / "connectors.yaml").unlink()
    monkeypatch.delenv("SECRET_account_slack")
    monkeypatch.delenv("SECRET_api_secret")

    assert cli.main(["run", str(project), "--set", "project_name=payments"]) == 2

    err = capsys.readouterr().err
    assert f"The connector 'account.testdev' is not described. Write it into {project.parent}/connectors.yaml" in err
    assert "The secret 'account.slack' is not described. Set the variable SECRET_account_slack, or write" in err
    assert "The secret 'api_secret' is not described." in err
    assert not Path(".idp-steps").exists()


@pytest.mark.usefixtures("fake_steps")
def test_a_required_field_whose_value_is_empty_is_refused_before_anything_runs(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["run", str(project), "--set", "project_name="]) == 2

    err = capsys.readouterr().err
    assert "The field 'repository' of the step 'create' is required, but its value is empty." in err
    assert not Path(".idp-steps").exists()


TWO_STAGES = """
pipeline:
  name: Onboarding
  identifier: onboarding
  stages:
    - stage:
        name: One
        identifier: one
        type: IDP
        variables:
          - {name: team, value: web}
          - {name: channel, value: "<+stage.variables.team>-<+stage.name>"}
        spec: {execution: {steps: [{step: {type: CookieCutter, name: Render, identifier: same, spec: {}}}]}}
    - stage:
        name: Two
        identifier: two
        type: IDP
        variables:
          - {name: team, value: data}
        spec:
          execution:
            steps:
              - step:
                  type: SlackNotify
                  name: Tell
                  identifier: same
                  spec: {token: account.slack, messageContent: <+pipeline.stages.one.variables.channel>}
"""


@pytest.mark.usefixtures("fake_steps")
def test_a_variable_of_another_stage_means_its_own_stage(project: Path) -> None:
    project.write_text(TWO_STAGES)

    assert cli.main(["run", str(project)]) == 0

    assert _seen_by("CookieCutter")["channel"] == "web-One"
    assert _seen_by("SlackNotify")["MESSAGE_CONTENT"] == "web-One"
    assert _seen_by("SlackNotify")["team"] == "data"


def test_a_failed_step_stops_the_run_with_its_code_and_says_how_to_go_on(
    project: Path, fake_steps: Fake, capsys: pytest.CaptureFixture[str]
) -> None:
    fake_steps("CreateRepo", "sys.exit(4)")

    assert cli.main(["run", str(project), "--set", "project_name=payments"]) == 4

    out = capsys.readouterr().out
    assert "✗ failed with exit code 4" in out
    assert "The step 'Create' (create) failed with exit code 4: conflict with what exists." in out
    assert "Done before it: Render. Not run: Tell." in out
    assert "Decide about what exists already, as its lines above say: the same command would end here again." in out
    assert not Path(".idp-steps/runs/1-onboarding/harness/SlackNotify.json").exists()


def test_a_bad_output_file_loses_the_outputs_with_a_warning(
    project: Path, fake_steps: Fake, capsys: pytest.CaptureFixture[str]
) -> None:
    fake_steps("CreateRepo", "open(os.environ['DRONE_OUTPUT'], 'w').write('repositoryUrl=x\\nno separator\\n')")

    assert cli.main(["run", str(project), "--set", "project_name=payments"]) == 0

    out = capsys.readouterr().out
    assert "The outputs of Create are lost, as they would be on the platform: line 2 has neither = nor :." in out
    assert _seen_by("SlackNotify")["MESSAGE_CONTENT"] == "Hi <null|Link>\\nrun 1"
    assert "repositoryUrl> has no value and is taken as null: the step 'create' has not given it." in out


def test_a_step_that_exceeds_its_timeout_is_ended(
    pipeline_file: PipelineFile,
    fake_steps: Fake,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    fake_steps("CookieCutter", "time.sleep(60)")
    monkeypatch.chdir(tmp_path)
    file = pipeline_file(
        "- step: {type: CookieCutter, name: Render, identifier: render, timeout: 1s, spec: {publicTemplateUrl: x}}\n"
    )
    started = time.monotonic()

    assert cli.main(["run", str(file)]) == 5

    assert time.monotonic() - started < 20
    assert "did not end within its timeout of 1 s" in capsys.readouterr().out


def test_a_second_run_has_a_fresh_workspace_and_only_the_last_few_are_kept(
    project: Path, fake_steps: Fake, capsys: pytest.CaptureFixture[str]
) -> None:
    fake_steps("CreateRepo", "sys.exit(1)")
    for _ in range(folders.KEPT + 2):
        cli.main(["run", str(project), "--set", "project_name=payments"])

    kept = sorted(int(path.name.partition("-")[0]) for path in Path(".idp-steps/runs").iterdir())
    assert kept == [3, 4, 5, 6, 7]
    assert Path(".idp-steps/.gitignore").read_text() == "*\n", "a repository around it does not see it"
    assert "Run 7 of Onboarding" in capsys.readouterr().out
    assert _seen_by("CreateRepo", 7)["HARNESS_BUILD_ID"] == "7"


@pytest.mark.usefixtures("fake_steps")
def test_a_given_workspace_is_used_as_it_is(project: Path, tmp_path: Path) -> None:
    workspace = tmp_path / "mine"
    workspace.mkdir()
    (workspace / "kept").write_text("x")

    assert cli.main(["run", str(project), "--set", "project_name=p", "--workspace", str(workspace)]) == 0

    assert (workspace / "kept").read_text() == "x"
    assert json.loads((workspace / "CreateRepo.json").read_text())["HARNESS_WORKSPACE"] == str(workspace)


def test_a_workspace_that_is_no_folder_is_refused(
    project: Path, fake_steps: Fake, capsys: pytest.CaptureFixture[str]
) -> None:
    del fake_steps
    assert cli.main(["run", str(project), "--set", "project_name=p", "--workspace", "nowhere"]) == 2
    assert "The workspace nowhere is no folder." in capsys.readouterr().err


@pytest.mark.usefixtures("fake_steps")
def test_inputs_beside_the_pipeline_are_read_and_set_goes_before_them(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project.parent / "inputs.yaml").write_text("project_name: from-file\nEMAIL: file@b.test\n")

    assert cli.main(["run", str(project.parent), "--set", "project_name=from-set"]) == 0

    assert _seen_by("CreateRepo")["REPO_NAME"] == "from-set"
    assert _seen_by("CreateRepo")["EMAIL"] == "file@b.test"
    assert "inputs.yaml, the file next to the pipeline." in capsys.readouterr().out


@pytest.mark.usefixtures("fake_steps")
def test_an_inputs_file_that_names_the_sandbox_needs_the_sandbox(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    inputs = project.parent / "inputs.yaml"
    inputs.write_text("project_name: ${SANDBOX_URL}/x\n")

    assert cli.main(["run", str(project)]) == 2
    assert (
        f"{inputs}:1:15: The value of 'project_name' names the sandbox; run with --sandbox" in capsys.readouterr().err
    )
    assert cli.main(["run", str(project), "--set", "project_name=p"]) == 0


@pytest.mark.usefixtures("fake_steps")
@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["run"], "Missing argument"),
        (["frobnicate"], "No such command"),
        (["run", "p.yaml", "--bogus"], "No such option"),
        (["run", "nowhere.yaml"], "There is no file nowhere.yaml. Name a pipeline file or its folder."),
        (["run", "../project/pipelin.yaml"], "There is no file ../project/pipelin.yaml. Did you mean 'pipeline.yaml'?"),
        (["validate", "."], "The folder . holds no pipeline.yaml."),
    ],
)
def test_bad_usage_exits_2_with_a_sentence(
    argv: list[str], message: str, capsys: pytest.CaptureFixture[str], project: Path
) -> None:
    del project
    assert cli.main(argv) == 2
    assert message in capsys.readouterr().err


def _process(project: Path) -> tuple[list[str], dict[str, str]]:
    """Give command and environment of the runner as a process of its own, with the fake steps."""
    program = (
        "import steps; from runner import cli; from runner.execution import process\n"
        "steps.STEPS = {'CookieCutter': 'fake_cookiecutter', 'CreateRepo': 'fake_createrepo',"
        " 'SlackNotify': 'fake_slacknotify'}\n"
        f"process.import_path = lambda: {process.import_path()!r}\n"
        f"raise SystemExit(cli.main(['run', {str(project)!r}, '--set', 'project_name=p']))\n"
    )
    return [sys.executable, "-c", program], {**os.environ, **process.import_path()}


def _piped(project: Path, fake_steps: Fake, stdout: int) -> subprocess.CompletedProcess[str]:
    fake_steps("CookieCutter", "print('Working on it.')")
    command, environ = _process(project)
    return subprocess.run(
        command, stdout=stdout, stderr=subprocess.PIPE, text=True, env=environ, check=False, timeout=60
    )


def test_a_run_goes_on_when_nobody_reads_it_any_more(project: Path, fake_steps: Fake) -> None:
    """As in `idp-steps run ... | head -1`."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = _piped(project, fake_steps, writing)
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")
    assert _seen_by("SlackNotify")["MESSAGE_CONTENT"] == "Hi <http://git.test/o/p|Link>\\nrun 1"


def test_a_run_goes_on_when_what_it_tells_cannot_be_written(project: Path, fake_steps: Fake) -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    try:
        done = _piped(project, fake_steps, full)
    finally:
        os.close(full)
    assert (done.returncode, done.stderr) == (
        0,
        "What the run tells cannot be written (No space left on device); the run goes on.\n",
    )
    assert _seen_by("SlackNotify")


def test_marks_are_left_out_where_the_terminal_cannot_show_them() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    to(stream, {}).step_ends(0.25, 0)
    stream.seek(0)
    assert stream.read().strip() == "done in 0.2 s"


@pytest.mark.parametrize(("terminal", "coloured"), [("xterm", True), ("dumb", False)])
def test_a_terminal_that_has_no_colours_gets_none(
    terminal: str, coloured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(stream, "isatty", lambda: True)
    assert to(stream, {"TERM": terminal}).colour is coloured
    assert not to(stream, {"TERM": terminal, "NO_COLOR": "1"}).colour


def test_help_exits_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--help"]) == 0
    assert "sandbox" in capsys.readouterr().out


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_step_and_all_that_it_started(tmp_path: Path, number: int, code: int) -> None:
    """The runner is a process of its own here, as its signal handlers belong to a main thread."""
    script = tmp_path / "script.py"
    script.write_text(
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "print('child', child.pid, flush=True)\ntime.sleep(60)\n"
    )
    program = (
        "import sys; from pathlib import Path; from runner.execution import process\n"
        "from runner.execution.launch import Start; from runner.language import step_types\n"
        "from common.errors import Interrupted; from common.contract.signals import signals\n"
        f"process.command = lambda module: [sys.executable, {str(script)!r}]\n"
        "try:\n"
        "    with signals():\n"
        "        process.launch(Start(step_types.kind('CookieCutter'), {}, Path('.'), Path('.'), 60,\n"
        "            lambda text: print(text, flush=True)))\n"
        "except Interrupted as interrupt:\n"
        "    raise SystemExit(interrupt.exit_code)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as runner:
        assert runner.stdout is not None
        child = int(runner.stdout.readline().split()[1])
        runner.send_signal(number)
        assert runner.wait(30) == code
    assert ends(child)


def test_a_step_is_started_so_that_nothing_is_imported_from_its_workspace() -> None:
    assert process.command("steps.create_repo") == [sys.executable, "-P", "-m", "steps.create_repo"]


def test_a_terminated_run_ends_its_step_and_exits_143(project: Path, fake_steps: Fake, tmp_path: Path) -> None:
    fake_steps("CookieCutter", "print(os.getpid(), 'sleeps', flush=True); time.sleep(60)")
    command, environ = _process(project)
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=environ, cwd=tmp_path) as runner:
        assert runner.stdout is not None
        child = next(int(line.split()[0]) for line in runner.stdout if line.strip().endswith("sleeps"))
        runner.send_signal(signal.SIGTERM)
        _, told = runner.communicate(timeout=30)
        assert runner.returncode == 143
    assert "Stopped; running the same command again is safe." in told
    assert ends(child)
