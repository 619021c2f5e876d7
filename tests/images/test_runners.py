"""A step started as each documented runner starts it: its mounts, its user, the program that it puts in front."""

from __future__ import annotations

import os
import re
import subprocess
import time
import uuid
from pathlib import Path

import pytest

from tests.images.conftest import HANDED_ON, Containers, engine, inspected, tag, writable
from tests.images.test_circumstances import CATALOG, PAGE

pytestmark = pytest.mark.images

RUNNER = 1001  # a uid that no image knows
IN_FRONT = '#!/bin/sh\nwhile [ "$1" != -- ]; do shift; done\nshift\nexec "$@"\n'


@pytest.fixture
def in_front(tmp_path: Path) -> str:
    """A stand-in of the program with which Harness, Tekton and Argo start a step, as the option that mounts it."""
    program = tmp_path / "in-front"
    program.write_text(IN_FRONT, encoding="utf-8")
    program.chmod(0o755)
    return f"--volume={program}:/runner/in-front:ro"


def owned(folder: Path, uid: int) -> Path:
    """Make a folder that belongs to a runner."""
    folder.mkdir()
    os.chown(folder, uid, uid)
    return folder


def test_jenkins(containers: Containers, tmp_path: Path) -> None:
    """An agent's `cat` that waits, and next to it `nohup sh -c` with a script that writes to files (durable-task)."""
    workspace = owned(tmp_path / "workspace", RUNNER)
    control = owned(workspace / "durable-1", RUNNER)
    script = control / "script.sh"
    script.write_text("#!/bin/sh -xe\nOUTPUT_FORMAT=json OUTPUT_FILE=outputs.json createcatalog\n", encoding="utf-8")
    script.chmod(0o755)
    watched = f"while [ -d '{control}' -a \\! -f '{control}/result' ]; do touch '{control}/log'; sleep 1; done"
    task = f"{{ {watched}; }} & '{script}' > '{control}/log' 2>&1; echo $? > '{control}/result.tmp';"
    launched = f"({task} mv '{control}/result.tmp' '{control}/result'; wait) >&- 2>&- &"
    name = f"idp-steps-test-{uuid.uuid4()}"
    variables = [part for key, value in CATALOG.items() for part in ("--env", f"{key}={value}")]
    mounted = ("--user", f"{RUNNER}:{RUNNER}", "--workdir", str(workspace), "--volume", f"{workspace}:{workspace}:rw,z")
    engine(
        "run", "--tty", "--detach", "--name", name, *mounted, *variables, "--entrypoint=", tag("createcatalog"), "cat"
    )
    try:
        assert engine("top", name, "-eo", "pid,comm").split()[-1] == "cat"
        engine("exec", name, "env")
        engine("exec", name, "nohup", "sh", "-c", launched)
        deadline = time.monotonic() + 60
        while not (control / "result").exists():
            assert time.monotonic() < deadline, (control / "log").read_text(encoding="utf-8")
            time.sleep(0.1)
    finally:
        engine("rm", "--force", name)

    assert (control / "result").read_text(encoding="utf-8") == "0\n", (control / "log").read_text(encoding="utf-8")
    assert PAGE in (workspace / "outputs.json").read_text(encoding="utf-8")


def test_harness_on_kubernetes(containers: Containers, workspace: Path, handed_on: Path, in_front: str) -> None:
    """Its addon runs what the registry tells of the entrypoint, with the outputs' file in a volume of its own."""
    entrypoint = inspected("createcatalog")["Config"]["Entrypoint"]
    running = containers.having(
        *(in_front, "--entrypoint=/runner/in-front", "--workdir=/harness"),
        *(f"--volume={workspace}:/harness", f"--volume={handed_on}:{HANDED_ON}"),
    )

    running.run("createcatalog", {**CATALOG, "DRONE_OUTPUT": f"{HANDED_ON}/out"}, "--", *entrypoint).well()

    assert f"registeredCatalogUrl={PAGE}" in (handed_on / "out").read_text(encoding="utf-8")


def test_harness_on_a_machine(containers: Containers, workspace: Path, handed_on: Path) -> None:
    """The image's own entrypoint, as root, with the outputs' file in the folder of the engine."""
    running = containers.having(
        *("--user=0", f"--volume={workspace}:/harness", f"--volume={handed_on}:/tmp/engine", "--workdir=/harness"),
    )

    running.run("createcatalog", {**CATALOG, "HARNESS_OUTPUT_FILE": "/tmp/engine/out"}).well()  # noqa: S108 - theirs

    assert f"registeredCatalogUrl={PAGE}" in (handed_on / "out").read_text(encoding="utf-8")


def test_tekton(containers: Containers, workspace: Path, handed_on: Path, in_front: str) -> None:
    """A program in front, no capability, a uid of the pod; each result is a file."""
    entrypoint = inspected("createcatalog")["Config"]["Entrypoint"]
    running = containers.having(
        *(in_front, "--entrypoint=/runner/in-front", "--user=65532", "--cap-drop=ALL"),
        *(f"--volume={workspace}:/workspace/source", "--workdir=/workspace/source"),
        f"--volume={handed_on}:/tekton/results",
    )
    inputs = {f"PARAM_{name}": value for name, value in CATALOG.items() if name.startswith("FILE")}

    running.run("createcatalog", {**CATALOG, **inputs}, "-wait_file", "/x", "--", *entrypoint).well()

    assert (handed_on / "registeredCatalogUrl").read_text(encoding="utf-8").startswith(PAGE)


def test_argo(containers: Containers, handed_on: Path, in_front: str) -> None:
    """Its executor in front of the command that the workflow names; parameters are files."""
    running = containers.having(in_front, "--entrypoint=/runner/in-front", f"--volume={handed_on}:/tmp/outputs")
    environ = {**CATALOG, "OUTPUT_FORMAT": "argo", "OUTPUT_FILE": "/tmp/outputs"}  # noqa: S108 - the container's

    running.run("createcatalog", environ, "emissary", "--", "/usr/local/bin/createcatalog").well()

    assert (handed_on / "registeredCatalogUrl").read_text(encoding="utf-8").startswith(PAGE)


def test_gitlab(containers: Containers, tmp_path: Path) -> None:
    """The entrypoint emptied, a shell that reads the script from standard input."""
    workspace = writable(tmp_path / "project")
    running = containers.having("--interactive", "--entrypoint=", f"--volume={workspace}:/builds/acme")
    environ = {**CATALOG, "GITLAB_CI": "true", "CI_PROJECT_DIR": "/builds/acme"}
    shell = "if [ -x /usr/bin/bash ]; then exec /usr/bin/bash; elif [ -x /bin/sh ]; then exec /bin/sh; else exit 1; fi"
    script = "set -eo pipefail 2>/dev/null || set -e\ncd /builds/acme\necho 'one two' | grep -q two\ncreatecatalog\n"

    done = subprocess.run(
        running.command("createcatalog", environ, ["sh", "-c", shell]),
        check=False,
        capture_output=True,
        text=True,
        input=script,
    )

    assert done.returncode == 0, done.stderr
    assert f"registeredCatalogUrl={PAGE}" in (workspace / "idp-steps.env").read_text(encoding="utf-8")


def test_github_actions(containers: Containers, tmp_path: Path) -> None:
    """The root variant in a workspace of the runner's, which owns whatever the step leaves there."""
    workspace, commands, home = (owned(tmp_path / name, RUNNER) for name in ("workspace", "file_commands", "home"))
    (commands / "set_output").touch()
    os.chown(commands / "set_output", RUNNER, RUNNER)
    running = containers.having(
        *("--workdir=/github/workspace", f"--volume={workspace}:/github/workspace", f"--volume={home}:/github/home"),
        f"--volume={commands}:/github/file_commands",
        variant="-root",
    )
    inputs = {
        **{re.sub("^FILE_", "INPUT_FILE-", name): value for name, value in CATALOG.items()},
        "INPUT_FILE-PATH": "payments/deep",
        "INPUT_DRY-RUN": "",
        "GITHUB_ACTIONS": "true",
        "GITHUB_OUTPUT": "/github/file_commands/set_output",
        "HOME": "/github/home",
    }

    running.run("createcatalog", inputs).well()

    assert f"registeredCatalogUrl={PAGE}" in (commands / "set_output").read_text(encoding="utf-8")
    made = list(workspace.rglob("*"))
    assert [path.name for path in sorted(made)] == ["payments", "deep", "catalog-info.yaml"]
    assert {path.lstat().st_uid for path in made} == {RUNNER}


def test_root_variants_leave_a_workspace_to_its_owner(containers: Containers, tmp_path: Path, handed_on: Path) -> None:
    """A rendered project of many files is the runner's, too: it can be removed without root."""
    workspace = owned(tmp_path / "workspace", RUNNER)
    template = workspace / "template"
    (template / "{{ cookiecutter.name }}" / "deep").mkdir(parents=True)
    (template / "cookiecutter.json").write_text('{"name": "payments"}', encoding="utf-8")
    (template / "{{ cookiecutter.name }}" / "deep" / "file").write_text("text", encoding="utf-8")
    running = containers.having(f"--volume={workspace}:/harness", variant="-root")

    running.run("cookiecutter", {"TEMPLATE_TYPE": "private", "PATH_FOR_TEMPLATE": "template"}).well()

    made = [workspace / "payments", *(workspace / "payments").rglob("*")]
    assert len(made) == 3
    assert {path.lstat().st_uid for path in made} == {RUNNER}
