"""CookieCutter: what it renders, what it refuses before anything is written, and what a second run does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from sandbox.seeding import seed
from tests.conftest import REPOSITORY_ROOT, RunStep, World

CONTEXT = {"app_name": "sample", "port": 8080, "kind": ["api", "web"], "options": {"tls": True}, "_private": 1}
FILES = {
    "{{cookiecutter.app_name}}/README.md": "# {{ cookiecutter.app_name }} {{ cookiecutter.kind }}\n",
    "{{cookiecutter.app_name}}/run.sh": "port={{ cookiecutter.port }}\n",
}


def template(root: Path, files: Mapping[str, str] = FILES, context: object = CONTEXT) -> Path:
    for name, text in {"cookiecutter.json": json.dumps(context), **files}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


LISTED = 'Its variables: app_name = "sample", port = 8080, kind = "api" or "web", options = {"tls": true}.'
STRICT = {"STRICT_VARIABLES": "true"}
PRIVATE = {"TEMPLATE_TYPE": "private", "PATH_FOR_TEMPLATE": "template", "IDP_COOKIECUTTER_app_name": "payments"}


def left(workspace: Path) -> list[str]:
    """What is in the workspace besides the template."""
    return sorted(path.name for path in workspace.iterdir() if path.name != "template")


def test_a_local_template_is_rendered_with_variables_by_prefix(workspace: Path, run_step: RunStep) -> None:
    template(workspace / "template")
    done = run_step("CookieCutter", PRIVATE | {"IDP_COOKIECUTTER_kind": "web"})
    assert done.code == 0
    assert done.outputs == {"projectDirectory": "payments", "fileCount": 2}
    assert (workspace / "payments" / "README.md").read_text() == "# payments web\n"
    assert left(workspace) == ["payments"]


@pytest.mark.parametrize("text", ['{"app_name": "payments", "port": 9}', "app_name: payments\nport: 9"])
def test_variables_come_as_one_map_too(workspace: Path, run_step: RunStep, text: str) -> None:
    template(workspace / "template")
    environ = {"TEMPLATE_TYPE": "private", "PATH_FOR_TEMPLATE": "/harness/template"}
    assert run_step("CookieCutter", environ | {"PLUGIN_COOKIE_CUTTER_VARIABLES": text}).code == 0
    assert (workspace / "payments" / "run.sh").read_text() == "port=9\n"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("v: 3.10\nw: yes\nx: 010\ny: {z: 1:30}", "3.10 yes 010 1:30"),
        ('{"v": 3.10, "w": 1e3, "x": 1.50, "y": {"z": 2.00}}', "3.10 1e3 1.50 2.00"),
        ("v: 3.5\nw: true\nx: 7\ny: {z: false}", "3.5 True 7 False"),
    ],
)
def test_a_number_in_a_map_stays_as_it_was_written(workspace: Path, run_step: RunStep, text: str, written: str) -> None:
    """As it does in a variable of its own, and on the command line: the version 3.10 is not 3.1, nor yes True."""
    files = {"{{cookiecutter.app_name}}/x": "{% set c = cookiecutter %}{{ c.v }} {{ c.w }} {{ c.x }} {{ c.y.z }}"}
    context = {"app_name": "x", "v": "1", "w": "no", "x": 8, "y": {"z": ""}}
    template(workspace / "template", files, context)
    done = run_step("CookieCutter", PRIVATE | {"COOKIECUTTER_VARIABLES": text})
    assert done.code == 0, done.stderr
    assert (workspace / "payments" / "x").read_text() == written


def test_variables_come_from_a_file_of_the_workspace_and_single_ones_go_before_it(
    workspace: Path, run_step: RunStep
) -> None:
    template(workspace / "template")
    (workspace / "values.yaml").write_text("app_name: payments\nport: 9\noptions: {tls: false}\n")
    environ = {"TEMPLATE_TYPE": "private", "PATH_FOR_TEMPLATE": "template", "IDP_COOKIECUTTER_port": "10"}
    done = run_step("CookieCutter", environ | {"COOKIECUTTER_VARIABLES_FILE": "values.yaml"})
    assert done.code == 0, done.stderr
    assert (workspace / "payments" / "run.sh").read_text() == "port=10\n"
    done = run_step("CookieCutter", environ | {"COOKIECUTTER_VARIABLES_FILE": "value.yaml"})
    assert done.code == 2
    assert "COOKIECUTTER_VARIABLES_FILE names the file 'value.yaml', which cannot be read" in done.stderr


def test_a_public_template_is_cloned_and_its_commit_is_an_output(
    workspace: Path, run_step: RunStep, world: World, tmp_path: Path
) -> None:
    seed(world.state_dir, "templates", "service", template(tmp_path / "source"))
    environ = {"TEMPLATE_TYPE": "public", "PUBLIC_TEMPLATE_URL": f"{world.url}/templates/service"}
    done = run_step("CookieCutter", environ | {"OUTPUT_DIRECTORY": "out", "IDP_COOKIECUTTER_app_name": "payments"})
    assert done.code == 0, done.stderr
    commit = subprocess.run(
        ["git", "-C", world.repository("templates", "service"), "rev-parse", "HEAD"],
        check=True, capture_output=True, text=True,
    ).stdout.strip()  # fmt: skip
    assert done.outputs == {"projectDirectory": "out/payments", "templateCommit": commit, "fileCount": 2}
    assert left(workspace) == ["out"]


def test_a_second_run_finds_the_same_files_and_says_so(workspace: Path, run_step: RunStep) -> None:
    template(workspace / "template")
    first = run_step("CookieCutter", PRIVATE)
    second = run_step("CookieCutter", PRIVATE)
    assert second.code == 0
    assert second.outputs == first.outputs
    assert "payments was already there, and the same." in second.stderr


def test_a_folder_that_differs_is_a_conflict_and_overwriting_is_asked_for(workspace: Path, run_step: RunStep) -> None:
    template(workspace / "template")
    (workspace / "payments").mkdir()
    (workspace / "payments" / "README.md").write_text("mine")
    done = run_step("CookieCutter", PRIVATE)
    assert done.code == 4
    assert "differs in README.md, run.sh" in done.stderr
    assert [path.name for path in (workspace / "payments").iterdir()] == ["README.md"]
    assert run_step("CookieCutter", PRIVATE | {"OVERWRITE_IF_EXISTS": "true"}).code == 0
    assert (workspace / "payments" / "README.md").read_text() == "# payments api\n"


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"IDP_COOKIECUTTER_app_nam": "x"} | STRICT, "no variable 'app_nam' (did you mean 'app_name'?)"),
        ({"IDP_COOKIECUTTER_app_nam": "x"} | STRICT, LISTED),
        ({"IDP_COOKIECUTTER__extensions": "x"} | STRICT, "no variable '_extensions'"),
        ({"HOOK_TIMEOUT": "0"}, "HOOK_TIMEOUT is 0; it can be 1 or more"),
        ({"IDP_COOKIECUTTER_kind": "cli"}, "The variable 'kind' is 'cli'; it can be api, web."),
        ({"IDP_COOKIECUTTER_options": "{"}, "The variable 'options' is no JSON"),
        ({"IDP_COOKIECUTTER_app_name": "../evil"}, "would be named '../evil'"),
        ({"IDP_COOKIECUTTER_app_name": ".."}, "would be named '..'"),
        ({"OUTPUT_DIRECTORY": "../outside"}, "leads out of the workspace"),
        ({"OUTPUT_DIRECTORY": "link/inside"}, "leads out of the workspace"),
        ({"PATH_FOR_TEMPLATE": "nowhere"}, "There is no template in"),
        ({"PATH_FOR_TEMPLATE": "template/{{cookiecutter.app_name}}"}, "no cookiecutter.json at its root"),
        ({"TEMPLATE_TYPE": "public", "PUBLIC_TEMPLATE_URL": "file:///etc"}, "is no http or https URL"),
        ({"TEMPLATE_TYPE": "public", "PUBLIC_TEMPLATE_URL": "http://[::1"}, "is no http or https URL"),
        ({"IDP_COOKIECUTTER_app_name": "x" * 256}, "no name for a folder"),
        ({"IDP_COOKIECUTTER_app_name": ".git"}, "no name for a folder"),
        ({"PATH_FOR_TEMPLATE": ""}, "pathForTemplate (set PATH_FOR_TEMPLATE)"),
        ({"TEMPLATE_TYPE": "public"}, "publicTemplateUrl (set PUBLIC_TEMPLATE_URL)"),
        ({"TEMPLATE_TYPE": "secret"}, "TEMPLATE_TYPE is 'secret'; it can be public, private."),
        ({"OVERWRITE_IF_EXISTS": "maybe"}, "OVERWRITE_IF_EXISTS is 'maybe', which is no boolean"),
        ({"TEMPLATE_TYPE": "public", "PUBLIC_TEMPLATE_URL": "--upload-pack=x"}, "is no http or https URL"),
        ({"TEMPLATE_TYPE": "public", "PUBLIC_TEMPLATE_URL": "ext::sh -c id"}, "is no http or https URL"),
    ],
)
def test_bad_input_is_one_sentence_and_nothing_is_written(
    workspace: Path, run_step: RunStep, tmp_path: Path, environ: dict[str, str], words: str
) -> None:
    template(workspace / "template")
    (workspace / "link").symlink_to(tmp_path)
    done = run_step("CookieCutter", PRIVATE | environ)
    assert done.code == 2
    assert words in done.stderr
    assert done.outputs == {}
    assert left(workspace) == ["link"]
    assert not (tmp_path / "evil").exists()


def test_a_variable_that_the_template_does_not_have_is_a_warning_that_names_the_nearest(
    workspace: Path, run_step: RunStep
) -> None:
    template(workspace / "template")
    done = run_step("CookieCutter", PRIVATE | {"IDP_COOKIECUTTER_prot": "9"})
    assert done.code == 0
    assert (
        f"warning: The template has no variable 'prot' (did you mean 'port'?); it is ignored. {LISTED}" in done.stderr
    )
    assert (workspace / "payments" / "run.sh").read_text() == "port=8080\n"


@pytest.mark.parametrize("path", ["templates/nowhere", "templates/private"])
def test_a_template_that_does_not_exist_or_needs_a_login_is_3_as_the_host_tells_no_difference(
    workspace: Path, run_step: RunStep, world: World, tmp_path: Path, path: str
) -> None:
    seed(world.state_dir, "templates", "private", template(tmp_path / "source"), private=True)
    done = run_step("CookieCutter", {"PUBLIC_TEMPLATE_URL": f"{world.url}/{path}"})
    assert done.code == 3
    assert f"Could not clone {world.url}/{path}" in done.stderr
    assert "asks for a login" in done.stderr
    assert left(workspace) == []


def test_a_login_in_the_address_is_used_and_reaches_neither_argv_nor_the_log(
    workspace: Path, run_step: RunStep, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed(world.state_dir, "templates", "private", template(tmp_path / "source"), private=True)
    commands: list[list[str]] = []
    popen = subprocess.Popen

    def watched(command: list[str], *args: Any, **kwargs: Any) -> Any:
        commands.append(command)
        return popen(command, *args, **kwargs)

    monkeypatch.setattr("common.contract.child.subprocess.Popen", watched)
    token = world.credentials["github"].token
    address = world.url.replace("://", f"://{world.credentials['github'].user}:{token}@")
    done = run_step("CookieCutter", {"PUBLIC_TEMPLATE_URL": f"{address}/templates/private", "VERBOSE": "true"})
    assert done.code == 0, done.stderr
    assert commands
    assert token not in done.stderr + done.stdout + str(done.outputs) + str(commands)


def test_a_git_server_that_is_down_is_5(workspace: Path, run_step: RunStep) -> None:
    done = run_step("CookieCutter", {"PUBLIC_TEMPLATE_URL": "http://127.0.0.1:9/x/y"})
    assert done.code == 5
    assert "http://127.0.0.1:9 is not available" in done.stderr


def test_a_failing_hook_stops_with_its_own_words_and_leaves_nothing(workspace: Path, run_step: RunStep) -> None:
    hook = {"hooks/pre_gen_project.py": "import sys; print('the name is taken'); sys.exit(1)\n"}
    template(workspace / "template", {**FILES, **hook})
    done = run_step("CookieCutter", PRIVATE)
    assert done.code == 1
    assert "the name is taken" in done.stderr
    assert done.stdout == ""
    assert left(workspace) == []


def test_a_hook_sees_no_credentials(workspace: Path, run_step: RunStep) -> None:
    hook = {"hooks/post_gen_project.py": "import os; open('env', 'w').write(repr(dict(os.environ)))\n"}
    template(workspace / "template", {**FILES, **hook})
    assert run_step("CookieCutter", PRIVATE | {"DRONE_NETRC_PASSWORD": "s3cr3t-canary"}).code == 0
    assert "s3cr3t-canary" not in (workspace / "payments" / "env").read_text()


@pytest.mark.parametrize(
    ("text", "words"),
    [("{{ cookiecutter.other }}", "does not declare"), ("{% if %}", "cannot be rendered")],
)
def test_a_faulty_template_is_told_in_words(workspace: Path, run_step: RunStep, text: str, words: str) -> None:
    template(workspace / "template", {**FILES, "{{cookiecutter.app_name}}/x": text})
    done = run_step("CookieCutter", PRIVATE)
    assert done.code == 2
    assert words in done.stderr
    assert left(workspace) == []


def test_a_dry_run_writes_nothing_and_tells_the_outputs(workspace: Path, run_step: RunStep) -> None:
    template(workspace / "template")
    done = run_step("CookieCutter", PRIVATE | {"DRY_RUN": "true"})
    assert done.code == 0
    assert "Dry run: 2 files would be written to payments." in done.stderr
    assert done.outputs == {"projectDirectory": "payments", "fileCount": 2}
    assert left(workspace) == []


@pytest.mark.parametrize("text", ["{{ 7 * 7 }}", "${{ secrets.TOKEN }}", "{% x", '{# \\ " ü \U0001f600'])
def test_a_value_is_text_and_never_a_part_of_the_template(workspace: Path, run_step: RunStep, text: str) -> None:
    files = {"{{cookiecutter.app_name}}/note": "{{ cookiecutter.note }} {{ cookiecutter.more.text }}"}
    template(workspace / "template", files, {"app_name": "x", "note": "", "more": {"text": ""}})
    more = {"IDP_COOKIECUTTER_note": text, "IDP_COOKIECUTTER_more": json.dumps({"text": text})}
    done = run_step("CookieCutter", PRIVATE | more)
    assert done.code == 0, done.stderr
    assert (workspace / "payments" / "note").read_text() == f"{text} {text}"


@pytest.mark.parametrize("place", ["/proc/self/environ", "/etc", "../../outside"])
def test_a_link_out_of_the_template_is_refused(workspace: Path, run_step: RunStep, place: str) -> None:
    root = template(workspace / "template")
    (root / "{{cookiecutter.app_name}}" / "link").symlink_to(place)
    done = run_step("CookieCutter", PRIVATE)
    assert done.code == 2
    assert "is a link to a place outside the template" in done.stderr
    assert left(workspace) == []


def test_a_hook_cannot_read_the_environment_that_the_step_was_started_with(workspace: Path) -> None:
    hook = "#!/bin/sh\ncat /proc/$PPID/environ > environ\n"
    root = template(workspace / "template", {**FILES, "hooks/post_gen_project.sh": hook})
    (root / "hooks" / "post_gen_project.sh").chmod(0o755)
    environ = {**PRIVATE, "PATH": os.environ["PATH"], "X_API_KEY": "s3cr3t-canary", "PYTHONPATH": str(REPOSITORY_ROOT)}
    command = [sys.executable, "-P", "-m", "steps.cookie_cutter"]
    done = subprocess.run(command, env=environ, cwd=workspace, capture_output=True, text=True, check=True)
    assert "Rendered 3 files" in done.stderr
    assert b"s3cr3t-canary" not in (workspace / "payments" / "environ").read_bytes()


def test_an_output_folder_that_is_a_file_is_a_conflict(workspace: Path, run_step: RunStep) -> None:
    template(workspace / "template")
    (workspace / "file").write_text("x")
    done = run_step("CookieCutter", PRIVATE | {"OUTPUT_DIRECTORY": "file"})
    assert done.code == 4
    assert left(workspace) == ["file"]


def test_what_is_written_is_for_the_group_too_whatever_the_umask(workspace: Path, run_step: RunStep) -> None:
    template(workspace / "template")
    before = os.umask(0o077)
    try:
        assert run_step("CookieCutter", PRIVATE).code == 0
    finally:
        os.umask(before)
    assert (workspace / "payments").stat().st_mode & 0o777 == 0o770
