"""The answers file of a project, and updates from it: what the template changed comes, what is local stays."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from common.contract.stage import IGNORE, NOTE, PREFIX
from tests.conftest import REPOSITORY_ROOT, Result, RunStep, World
from tests.templates import clone_of, commit, files, git, publish

ROOT = "{{cookiecutter.name}}"
CONTEXT = {
    "name": "app",
    "port": 8080,
    "kind": ["api", "{{ cookiecutter.name }}-web"],
    "slug": "{{ cookiecutter.name|upper }}",
    "options": {"tls": True, "of": "{{ cookiecutter.name }}"},
    "deploy_token": "",
    "note": "",
    "_private": [1],
    "__computed": "{{ cookiecutter.slug }}",
}
LINES = "".join(f"line {number}\n" for number in range(12))
FILES: dict[str, str | bytes | None] = {
    "cookiecutter.json": json.dumps(CONTEXT),
    f"{ROOT}/README.md": "# {{ cookiecutter.name }} {{ cookiecutter.port }} {{ cookiecutter.kind }}\n" + LINES,
    f"{ROOT}/kept": "kept {{ cookiecutter.deploy_token }}\n",
    f"{ROOT}/old": "old\n",
    f"{ROOT}/picture.png": bytes(range(256)),
    f"{ROOT}/run.sh": "#!/bin/sh\n",
    f"{ROOT}/windows.txt": "one\r\ntwo\r\nthree\r\nfour\r\nfive\r\n",
}


@pytest.fixture
def service(world: World, tmp_path: Path) -> Callable[..., str]:
    """Publish a state of the template, and give its commit."""
    return lambda **changes: publish(world, tmp_path, "service", {**changes.pop("files", {})})


Service = Callable[..., str]


@pytest.fixture
def made(service: Service, run_step: RunStep, world: World, workspace: Path) -> tuple[Path, str]:
    """A project that was made from the first state of the template, and its commit."""
    first = service(files=FILES)
    done = run_step("CookieCutter", {"PUBLIC_TEMPLATE_URL": f"{world.url}/templates/service", **VALUES})
    assert done.code == 0, done.stderr
    return workspace / "payments", first


VALUES = {"IDP_COOKIECUTTER_name": "payments", "IDP_COOKIECUTTER_note": "{{ 7 * 7 }}"}
Made = tuple[Path, str]


def update(run_step: RunStep, **environ: str) -> Result:
    return run_step("CookieCutter", {"UPDATE_PROJECT": "payments"} | environ)


def state(project: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((project / ".cruft.json").read_text())
    return found


def tree(folder: Path) -> dict[str, tuple[str, bytes]]:
    return {
        str(path.relative_to(folder)): (
            stat.filemode(path.lstat().st_mode),
            path.read_bytes() if path.is_file() else b"",
        )
        for path in sorted(folder.rglob("*"))
    }


def test_the_answers_file_has_cruft_s_form_and_no_secret(
    made: Made, world: World, run_step: RunStep, workspace: Path
) -> None:
    project, first = made
    assert state(project) == {
        "template": f"{world.url}/templates/service",
        "commit": first,
        "checkout": None,
        "context": {
            "cookiecutter": {
                "name": "payments",
                "port": "8080",
                "kind": "api",
                "slug": "PAYMENTS",
                "options": {"tls": True, "of": "payments"},
                "note": "{{ 7 * 7 }}",
                "_private": [1],
                "__computed": "PAYMENTS",
                "_template": f"{world.url}/templates/service",
            }
        },
        "directory": None,
    }
    login = {name: text for name, text in world.connector.items() if name.startswith("DRONE_")}
    token = world.credentials["github"].token
    values = {"IDP_COOKIECUTTER_note": f"x{token}x", "IDP_COOKIECUTTER_deploy_token": "s3cr3t"}
    environ = {"PUBLIC_TEMPLATE_URL": f"{world.url}/templates/service", "OUTPUT_DIRECTORY": "out", **values, **login}
    assert run_step("CookieCutter", environ).code == 0
    written = (workspace / "out" / "app" / ".cruft.json").read_text()
    assert token not in written
    assert "s3cr3t" not in written


def test_without_an_answers_file_and_from_a_template_without_a_commit_there_is_none(
    service: Service, run_step: RunStep, world: World, workspace: Path
) -> None:
    service(files=FILES)
    done = run_step("CookieCutter", {"PUBLIC_TEMPLATE_URL": f"{world.url}/templates/service", "ANSWERS_FILE": "false"})
    assert done.code == 0
    files(workspace / "local", {"cookiecutter.json": '{"name": "local-app"}', f"{ROOT}/x": ""})
    assert run_step("CookieCutter", {"TEMPLATE_TYPE": "private", "PATH_FOR_TEMPLATE": "local"}).code == 0
    assert not list(workspace.rglob(".cruft.json"))


def test_a_second_run_from_a_newer_commit_with_the_same_files_is_no_conflict(
    made: Made, service: Service, run_step: RunStep, world: World
) -> None:
    project, first = made
    service(files={"docs/unrelated": "x"})
    done = run_step("CookieCutter", {"PUBLIC_TEMPLATE_URL": f"{world.url}/templates/service", **VALUES})
    assert done.code == 0, done.stderr
    assert "was already there, and the same" in done.stderr
    assert state(project)["commit"] == first
    service(files={f"{ROOT}/new": "x"})
    done = run_step("CookieCutter", {"PUBLIC_TEMPLATE_URL": f"{world.url}/templates/service", **VALUES})
    assert done.code == 4
    assert "differs in .cruft.json, new" in done.stderr


def test_check_update_tells_whether_there_is_another_commit_and_writes_nothing(
    made: Made, service: Service, run_step: RunStep
) -> None:
    project, first = made
    before = tree(project)
    done = update(run_step, CHECK_UPDATE="true")
    assert done.outputs == {"projectDirectory": "payments", "updateAvailable": False, "templateCommit": first}
    second = service(files={f"{ROOT}/new": "x"})
    done = update(run_step, CHECK_UPDATE="true")
    assert done.outputs == {"projectDirectory": "payments", "updateAvailable": True, "templateCommit": second}
    done = update(run_step, CHECK_UPDATE="true", TEMPLATE_CHECKOUT=first[:10])
    assert done.outputs["updateAvailable"] is False
    assert tree(project) == before


def test_an_update_brings_what_the_template_changed_and_keeps_what_is_local(
    made: Made, service: Service, run_step: RunStep, workspace: Path
) -> None:
    project, _ = made
    files(project, {"README.md": (project / "README.md").read_text() + "local end\n", "own": "own\n", "old": None})
    (project / "run.sh").chmod(0o644)
    (project / ".gitattributes").write_text("*.txt text eol=lf\n")  # must not change a byte
    second = service(
        files={
            f"{ROOT}/README.md": "# {{ cookiecutter.name }} of {{ cookiecutter.note }}\n" + LINES,
            f"{ROOT}/old": "older\n",
            f"{ROOT}/kept": None,
            f"{ROOT}/picture.png": bytes(range(255, -1, -1)),
            f"{ROOT}/new/deep": "{{ cookiecutter.slug }}\n",
            f"{ROOT}/windows.txt": "one\r\ntwo\r\nthree\r\nfour\r\nsix\r\n",
        }
    )
    files(project, {"windows.txt": (project / "windows.txt").read_bytes().replace(b"one", b"ONE")})
    done = update(run_step)
    assert done.code == 0, done.stderr
    assert done.outputs == {"projectDirectory": "payments", "updatedFiles": 5, "templateCommit": second}
    assert (project / "README.md").read_text() == "# payments of {{ 7 * 7 }}\n" + LINES + "local end\n"
    assert (project / "own").read_text() == "own\n"
    assert not (project / "old").exists()
    assert "Not there any more, and left so: old, which the template changed." in done.stderr
    assert not (project / "kept").exists()
    assert (project / "picture.png").read_bytes() == bytes(range(255, -1, -1))
    assert (project / "new" / "deep").read_text() == "PAYMENTS\n"
    assert (project / "windows.txt").read_bytes() == b"ONE\r\ntwo\r\nthree\r\nfour\r\nsix\r\n"
    assert state(project)["commit"] == second
    again = update(run_step)
    assert (again.code, again.outputs["updatedFiles"]) == (0, 0)
    assert f"is at the newest commit of its template, {second}" in again.stderr
    assert sorted(path.name for path in workspace.iterdir()) == ["payments"]


def test_a_conflict_names_every_file_and_nothing_is_written_until_the_user_says_whose_to_take(
    made: Made, service: Service, run_step: RunStep
) -> None:
    project, _ = made
    files(project, {"README.md": "mine\n", "old": "mine\n", "picture.png": b"\0mine", "added": "mine\n"})
    second = service(
        files={
            f"{ROOT}/README.md": "theirs\n",
            f"{ROOT}/old": None,
            f"{ROOT}/picture.png": b"\0theirs",
            f"{ROOT}/added": "theirs\n",
            f"{ROOT}/run.sh": "#!/bin/sh\nexit\n",
        }
    )
    before = tree(project)
    done = update(run_step)
    assert done.code == 4
    assert "payments and its template both changed README.md, added, old, picture.png." in done.stderr
    assert "In conflict: old (changed here, removed by the template)." in done.stderr
    assert "In conflict: added (added here and by the template)." in done.stderr
    assert tree(project) == before
    assert update(run_step, DRY_RUN="true").code == 4
    done = update(run_step, SKIP_IF_EXISTS="true")
    assert done.code == 0, done.stderr
    assert {name: (project / name).read_bytes() for name in ("README.md", "old", "picture.png", "added")} == {
        "README.md": b"mine\n", "old": b"mine\n", "picture.png": b"\0mine", "added": b"mine\n"
    }  # fmt: skip
    assert (project / "run.sh").read_text() == "#!/bin/sh\nexit\n"
    assert state(project)["commit"] == second


def test_overwriting_takes_the_template_s_files_where_both_changed_one(
    made: Made, service: Service, run_step: RunStep
) -> None:
    project, _ = made
    files(project, {"README.md": "mine\n", "old": "mine\n", "kept": "mine\n"})
    service(files={f"{ROOT}/README.md": "theirs\n", f"{ROOT}/old": None})
    done = update(run_step, OVERWRITE_IF_EXISTS="true")
    assert done.code == 0, done.stderr
    assert (project / "README.md").read_text() == "theirs\n"
    assert not (project / "old").exists()
    assert (project / "kept").read_text() == "mine\n"


def test_a_file_that_was_moved_gets_what_the_template_changed_in_it(
    made: Made, service: Service, run_step: RunStep
) -> None:
    project, _ = made
    (project / "docs").mkdir()
    (project / "README.md").rename(project / "docs" / "index.md")
    service(files={f"{ROOT}/README.md": FILES[f"{ROOT}/README.md"].replace("line 11", "last line")})  # type: ignore[union-attr, arg-type]
    done = update(run_step)
    assert done.code == 0, done.stderr
    assert (project / "docs" / "index.md").read_text().endswith("last line\n")
    assert not (project / "README.md").exists()


def test_a_mode_is_merged_as_content_is(
    made: Made, service: Service, run_step: RunStep, world: World, tmp_path: Path
) -> None:
    project, _ = made
    files(project, {"run.sh": "#!/bin/sh\necho mine\n"})
    work = clone_of(world, tmp_path, "service")
    (work / ROOT / "run.sh").chmod(0o755)
    commit(work, {})
    done = update(run_step)
    assert done.code == 0, done.stderr
    assert (project / "run.sh").read_text() == "#!/bin/sh\necho mine\n"
    assert os.access(project / "run.sh", os.X_OK)
    assert not os.access(project / "kept", os.X_OK)


LINKING = """\
import os, pathlib
for name, target in {links}.items():
    os.symlink(target, name)
"""


def test_links_that_a_hook_makes_are_merged_and_nothing_is_written_through_one(
    made: Made, service: Service, run_step: RunStep, tmp_path: Path
) -> None:
    project, _ = made
    service(files={"hooks/post_gen_project.py": LINKING.format(links={"link": "old", "more": "kept"})})
    assert update(run_step).code == 0
    assert (project / "link").readlink() == Path("old")
    (tmp_path / "outside").mkdir()
    (project / "more").unlink()
    (project / "docs").symlink_to(tmp_path / "outside")
    service(
        files={
            "hooks/post_gen_project.py": LINKING.format(links={"link": "run.sh", "more": "run.sh"}),
            f"{ROOT}/docs/a": "x",
        }
    )
    done = update(run_step)
    assert done.code == 4, done.stderr
    assert update(run_step, OVERWRITE_IF_EXISTS="true").code == 4
    assert not list((tmp_path / "outside").iterdir())
    (project / "docs").unlink()
    done = update(run_step)
    assert done.code == 0, done.stderr
    assert (project / "link").readlink() == Path("run.sh")
    assert not (project / "more").is_symlink()
    assert (project / "docs" / "a").read_text() == "x"


def test_variables_that_are_new_are_taken_and_those_that_went_are_left_out(
    made: Made, service: Service, run_step: RunStep
) -> None:
    project, first = made
    done = update(run_step, IDP_COOKIECUTTER_port="9090", IDP_COOKIECUTTER_kind="payments-web")
    assert done.code == 2
    assert '"{{ cookiecutter.name }}-web"' in done.stderr
    done = update(run_step, IDP_COOKIECUTTER_port="9090")
    assert done.code == 0, done.stderr
    assert state(project)["commit"] == first
    assert (project / "README.md").read_text().startswith("# payments 9090 api")
    context = {**CONTEXT, "owner": "nobody"}
    del context["note"]
    service(files={"cookiecutter.json": json.dumps(context), f"{ROOT}/owner": "{{ cookiecutter.owner }}"})
    done = update(run_step, IDP_COOKIECUTTER_owner="jane")
    assert done.code == 0, done.stderr
    assert "is ignored" not in done.stderr
    assert (project / "owner").read_text() == "jane"
    assert state(project)["context"]["cookiecutter"]["owner"] == "jane"
    assert (project / "README.md").read_text().startswith("# payments 9090 api")


def test_what_cruft_is_told_to_skip_is_left_alone_and_stays_written(
    made: Made, service: Service, run_step: RunStep
) -> None:
    project, _ = made
    answers = {**state(project), "skip": ["old", "docs", "*.png"]}
    (project / ".cruft.json").write_text(json.dumps(answers))
    service(files={f"{ROOT}/old": "x\n", f"{ROOT}/docs/a": "x\n", f"{ROOT}/picture.png": "x", f"{ROOT}/kept": "new\n"})
    done = update(run_step)
    assert done.code == 0, done.stderr
    assert (project / "old").read_text() == "old\n"
    assert not (project / "docs").exists()
    assert (project / "kept").read_text() == "new\n"
    assert state(project)["skip"] == ["old", "docs", "*.png"]


def test_a_dry_run_tells_what_would_change(made: Made, service: Service, run_step: RunStep, workspace: Path) -> None:
    service(files={f"{ROOT}/kept": "new\n"})
    before = tree(workspace)
    done = update(run_step, DRY_RUN="true")
    assert done.code == 0
    assert "Dry run: would update payments from" in done.stderr
    assert done.outputs["updatedFiles"] == 1
    assert tree(workspace) == before


def test_a_template_in_the_workspace_is_updated_from_by_its_history(
    run_step: RunStep, world: World, workspace: Path, tmp_path: Path
) -> None:
    publish(world, tmp_path, "service", {f"sub/{name}": text for name, text in FILES.items()}, private=True)
    work = clone_of(world, tmp_path, "service")
    git("clone", "--quiet", str(world.repository("templates", "service")), str(workspace / "clone"), cwd=tmp_path)
    local = {"TEMPLATE_TYPE": "private", "PATH_FOR_TEMPLATE": "clone", "TEMPLATE_DIRECTORY": "sub"}
    assert run_step("CookieCutter", local | VALUES).code == 0
    assert (state(workspace / "payments")["template"], state(workspace / "payments")["directory"]) == ("clone", "sub")
    second = commit(work, {f"sub/{ROOT}/kept": "new\n"})
    git("pull", "--quiet", "--ff-only", "origin", "main", cwd=workspace / "clone")
    before = git("status", "--porcelain", cwd=workspace / "clone")
    done = update(run_step)
    assert done.code == 0, done.stderr
    assert done.outputs["templateCommit"] == second
    assert (workspace / "payments" / "kept").read_text() == "new\n"
    assert git("status", "--porcelain", cwd=workspace / "clone") == before == ""


def test_a_template_of_several_finds_what_stands_at_their_root_in_an_update_too(
    run_step: RunStep, world: World, workspace: Path, tmp_path: Path
) -> None:
    shout = "from cookiecutter.utils import simple_filter\n@simple_filter\ndef shout(text):\n    return text.upper()\n"
    several: dict[str, str | bytes | None] = {
        "cookiecutter.json": '{"templates": {"api": {"path": "./sub/api"}}}',
        "shared.py": shout,
        "sub/api/cookiecutter.json": '{"name": "payments", "_extensions": ["shared.shout"]}',
        f"sub/api/{ROOT}/kept": "{{ cookiecutter.name|shout }}\n",
    }
    publish(world, tmp_path, "several", several)
    url = f"{world.url}/templates/several"
    assert run_step("CookieCutter", {"PUBLIC_TEMPLATE_URL": url, "TEMPLATE_NAME": "api"}).code == 0
    publish(world, tmp_path, "several", {f"sub/api/{ROOT}/kept": "new {{ cookiecutter.name|shout }}\n"})
    done = update(run_step)
    assert done.code == 0, done.stderr
    assert (workspace / "payments" / "kept").read_text() == "new PAYMENTS\n"


def test_a_template_that_has_moved_is_updated_from_at_its_new_address(
    made: Made, run_step: RunStep, world: World, tmp_path: Path
) -> None:
    project, first = made
    work = clone_of(world, tmp_path, "service")
    clone_of(world, tmp_path, "moved")
    moved = str(world.repository("templates", "moved"))
    git("remote", "set-url", "origin", moved, cwd=work)
    second = commit(work, {f"{ROOT}/kept": "new\n"})
    url = f"{world.url}/templates/moved"
    done = update(run_step, PUBLIC_TEMPLATE_URL=url, PATH_FOR_TEMPLATE="stray", TEMPLATE_CHECKOUT="main")
    assert done.code == 0, done.stderr
    assert (project / "kept").read_text() == "new\n"
    assert first != second == state(project)["commit"]
    assert (state(project)["template"], state(project)["checkout"]) == (url, "main")


def test_a_project_that_cruft_made_is_updated_too(
    service: Service, run_step: RunStep, world: World, workspace: Path
) -> None:
    """Cruft writes `_template` into the context, renders choices, and writes no `directory` in its older versions."""
    first = service(files=FILES)
    values = {**dict.fromkeys(("note", "deploy_token"), ""), "name": "payments", "port": "8080", "kind": "api"}
    context = {"cookiecutter": {**values, "slug": "PAYMENTS", "_template": "x", "_extensions": ["evil"]}}
    answers = {"template": f"{world.url}/templates/service", "commit": first, "context": context, "skip": []}
    text = "# payments 8080 api\n" + LINES
    files(workspace / "payments", {".cruft.json": json.dumps(answers), "README.md": text, "kept": "kept \n"})
    service(files={f"{ROOT}/kept": "kept and new\n"})
    done = update(run_step)
    assert done.code == 0, done.stderr
    assert (workspace / "payments" / "kept").read_text() == "kept and new\n"
    assert not (workspace / "payments" / "old").exists()


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        (None, "There is no .cruft.json in"),
        ("{", "is none that cruft or this step writes"),
        ("[]", "is none that cruft or this step writes"),
        ('{"template": "x", "commit": 1, "context": {"cookiecutter": {}}}', "holds '1' where a text is expected"),
        ('{"template": "x", "commit": "1"}', "is none that cruft or this step writes: KeyError"),
        ('{"template": "file:///etc", "commit": "1", "context": {"cookiecutter": {}}}', "no http or https URL"),
        ('{"template": "ext::x://", "commit": "1", "context": {"cookiecutter": {}}}', "no http or https URL"),
        ('{"template": "../x", "commit": "1", "context": {"cookiecutter": {}}}', "leads out of the workspace"),
        ('{"template": "x", "commit": "1", "context": {"cookiecutter": {}}}', "is in no git repository"),
        ('{"template": "http://h/x.zip", "commit": "1", "context": {"cookiecutter": {}}}', "is a zip file"),
    ],
)
def test_an_answers_file_that_cannot_be_used_is_one_sentence(
    run_step: RunStep, workspace: Path, answers: str | None, words: str
) -> None:
    files(workspace / "payments", {"x": "x", **({".cruft.json": answers} if answers else {})})
    done = update(run_step)
    assert done.code == 2, done.stderr
    assert words in done.stderr


def test_a_commit_that_the_template_no_longer_has_is_told(made: Made, service: Service, run_step: RunStep) -> None:
    project, _ = made
    service(files={f"{ROOT}/kept": "new\n"})
    (project / ".cruft.json").write_text(json.dumps({**state(project), "commit": "0" * 40}))
    before = tree(project)
    done = update(run_step)
    assert done.code == 2
    assert f"has no branch, tag or commit '{'0' * 40}'" in done.stderr
    assert tree(project) == before


def test_an_update_that_was_killed_while_it_wrote_is_finished_by_the_next(
    made: Made, service: Service, run_step: RunStep, workspace: Path, world: World
) -> None:
    project, _ = made
    files(project, {"README.md": (project / "README.md").read_text() + "local end\n"})
    names = [f"f{number}" for number in range(20)]
    moved = {f"{ROOT}/old": None, f"{ROOT}/moved": "old\n"}
    second = service(
        files={f"{ROOT}/README.md": "# new\n" + LINES} | moved | {f"{ROOT}/{name}": "x\n" for name in names}
    )
    program = (
        "import os, signal\n"
        "from pathlib import Path\n"
        "from common.template import merge\n"
        "from steps.cookie_cutter import cookie_cutter\n"
        "write, number = merge._write, iter(range(10))\n"
        "def killed(*arguments):\n"
        "    if next(number, None) is None: os.kill(os.getpid(), signal.SIGKILL)\n"
        "    write(*arguments)\n"
        "merge._write = killed\n"
        "cookie_cutter.main([])\n"
    )
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(REPOSITORY_ROOT), "UPDATE_PROJECT": "payments"}
    command = [sys.executable, "-P", "-c", program]
    killed = subprocess.run(command, cwd=workspace, env=environ, capture_output=True, check=False)
    assert killed.returncode == -9
    assert 0 < len([name for name in names if (project / name).exists()]) < len(names)
    done = update(run_step)
    assert done.code == 0, done.stderr
    assert (project / "README.md").read_text() == "# new\n" + LINES + "local end\n"
    assert all((project / name).read_text() == "x\n" for name in names)
    assert (project / "moved").read_text() == "old\n"
    assert not (project / "old").exists()
    assert state(project)["commit"] == second
    assert not list(project.glob(".idp-steps-*"))


def test_what_an_update_left_that_was_killed_at_its_end_is_cleared_when_nothing_is_to_do(
    made: Made, run_step: RunStep, workspace: Path
) -> None:
    (workspace / f"{PREFIX}left" / "project" / "payments").mkdir(parents=True)
    (workspace / f"{PREFIX}left" / IGNORE).write_text(NOTE)
    assert update(run_step).code == 0
    assert [path.name for path in workspace.iterdir()] == ["payments"]


def test_files_that_are_there_stay_and_others_come_when_asked_to_skip(
    service: Service, run_step: RunStep, world: World, workspace: Path
) -> None:
    service(files=FILES)
    files(workspace / "payments", {"README.md": "mine\n"})
    environ = {"PUBLIC_TEMPLATE_URL": f"{world.url}/templates/service", **VALUES}
    for overwrite in ("false", "true"):  # as `cookiecutter -f -s`
        done = run_step("CookieCutter", environ | {"SKIP_IF_EXISTS": "true", "OVERWRITE_IF_EXISTS": overwrite})
        assert done.code == 0, done.stderr
        assert (workspace / "payments" / "README.md").read_text() == "mine\n"
        assert (workspace / "payments" / "old").read_text() == "old\n"
    files(workspace / "other", {"new": "a file where the template has a folder\n"})
    service(files={f"{ROOT}/new/deep": "x"})
    done = run_step("CookieCutter", environ | {"SKIP_IF_EXISTS": "true", "IDP_COOKIECUTTER_name": "other"})
    assert done.code == 4
    assert "new/deep cannot be made: a file stands where a folder should be" in done.stderr
    assert [path.name for path in (workspace / "other").iterdir()] == ["new"]
