"""The documented pipeline, one container per step on a shared volume, as every kind of user and under every limit."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.server import Sandbox
from sandbox.services import open_state
from tests.images.conftest import HANDED_ON, MODULES, PYTHON, ROOT, Containers, engine, pipeline, tag, writable

pytestmark = pytest.mark.images

README = (ROOT / "README.md").read_text(encoding="utf-8")
PEAK_LIMIT = 120  # MB
MEASURED = f"""
import importlib, resource, sys
module = sys.argv.pop(1)
code = getattr(importlib.import_module(module), module.rpartition(".")[2]).main()
peaks = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
open("{HANDED_ON}/peak", "w").write(str(sum(peaks) / 1000))
raise SystemExit(code)
"""
HARDENED = ("--read-only", "--tmpfs=/tmp", "--cap-drop=ALL", "--security-opt=no-new-privileges")
CIRCUMSTANCES: dict[str, tuple[str, ...]] = {
    "as the image's own user": (),
    "as root": ("--user=0",),
    "as a uid without passwd entry": ("--user=123456",),
    "as a uid and gid without any entry": ("--user=123456:123456",),
    "with a read-only file system and no capability": HARDENED,
    "with the platform's default limits": ("--memory=200m", "--cpus=0.2"),
}
PLACES = ("/addon", "/harness", "/home", "/root", "/tmp")  # noqa: S108 - the containers', not ours


def run_all(running: Containers, sandbox: Sandbox, handed_on: Path) -> dict[str, str]:
    """Run the pipeline and give the output file of each step."""
    outputs = {}
    for image, environ in pipeline(sandbox).items():
        file = handed_on / f"{image}-output.env"
        running.run(image, {**environ, "DRONE_OUTPUT": f"{HANDED_ON}/{file.name}", "IF_EXISTS": "adopt"}).well()
        outputs[image] = file.read_text(encoding="utf-8") if file.exists() else ""
    return outputs


def expect_done(outputs: dict[str, str], sandbox: Sandbox) -> None:
    """Assert what the pipeline promises: its outputs, and the files in the repository."""
    assert f"repositoryUrl={sandbox.url}/acme/payments\n" in outputs["createrepo"]
    assert f"catalogInfoUrl={sandbox.url}/acme/payments/blob/main/catalog-info.yaml\n" in outputs["registercatalog"]
    assert "registeredCatalogUrl=" in outputs["createcatalog"]
    (repository,) = (path for path in sandbox.state_dir.rglob("payments.git") if path.parent.name == "acme")
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "-C", repository, "ls-tree", "-r", "--name-only", "main"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    assert "catalog-info.yaml" in listed
    with open_state(sandbox.state_dir).database() as database:
        asked = database.execute("SELECT status FROM requests WHERE path LIKE '%service=git-receive-pack'").fetchall()
    assert {int(status) for (status,) in asked} == {200}  # the credentials went with the first request


@pytest.mark.parametrize("options", CIRCUMSTANCES.values(), ids=CIRCUMSTANCES)
def test_every_step_does_its_work(
    options: tuple[str, ...], platform: Containers, sandbox: Sandbox, handed_on: Path
) -> None:
    """The pipeline ends well, without a warning, and each step's outputs reach the platform's file."""
    expect_done(run_all(platform.having(*options), sandbox, handed_on), sandbox)


def test_the_root_variants_do_the_same(platform: Containers, sandbox: Sandbox, handed_on: Path) -> None:
    """Runners that mount files of root's use these."""
    expect_done(run_all(platform.having(variant="-root"), sandbox, handed_on), sandbox)


def test_a_second_run_does_no_harm(containers: Containers, sandbox: Sandbox, workspace: Path, handed_on: Path) -> None:
    """The whole pipeline can be run again in a fresh workspace, when the repository may be adopted."""
    for name in ("first", "second"):
        fresh = writable(workspace / name)
        running = containers.having("--network=host", f"--volume={fresh}:/harness", f"--volume={handed_on}:{HANDED_ON}")

        expect_done(run_all(running, sandbox, handed_on), sandbox)


def test_no_step_needs_more_memory_than_promised(platform: Containers, sandbox: Sandbox, handed_on: Path) -> None:
    """Python and its largest child process together stay below the limit."""
    running = platform.having(f"--entrypoint={PYTHON}")

    peaks = {}
    for image, environ in pipeline(sandbox).items():
        running.run(image, environ, "-P", "-c", MEASURED, f"steps.{MODULES[image]}").well()
        peaks[image] = round(float((handed_on / "peak").read_text(encoding="utf-8")))
        (handed_on / "peak").unlink()

    print(f"peak memory in MB: {peaks}")
    assert max(peaks.values()) < PEAK_LIMIT, peaks


def test_nothing_is_written_outside_the_places_for_it(platform: Containers, sandbox: Sandbox) -> None:
    """A step changes nothing of its container but temporary files and HOME, not even when root lets it."""
    strays: list[str] = []
    for image, environ in pipeline(sandbox).items():
        variables = [part for name, value in environ.items() for part in ("--env", f"{name}={value}")]
        container = engine("create", *platform.options, "--user=0", *variables, tag(image)).strip()
        try:
            engine("start", "--attach", container)
            lines = engine("diff", container).splitlines()
        finally:
            engine("rm", "--force", container)
        strays += [f"{image}: {line}" for line in lines if not line[2:].startswith(PLACES)]

    assert strays == []


def test_the_commands_of_the_readme_work_as_they_are_written(containers: Containers, tmp_path: Path) -> None:
    """A container on Docker's own network reaches a sandbox that listens on the bridge."""
    del containers
    served, typed = re.findall(r"```sh\n(.*?)```", README.partition("## One `docker run`")[2], re.DOTALL)[:2]
    start = served.splitlines()[-1]
    for name in ("examples", ".venv"):
        (tmp_path / name).symlink_to(ROOT / name)
    running = subprocess.Popen(
        ["bash", "-ec", f"PATH={Path(sys.executable).parent}:$PATH; exec {start}"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
    )
    with running:
        assert running.stdout is not None
        assert running.stdout.readline().startswith("The sandbox runs at http://127.0.0.1:")
        while "SLACK_TOKEN=" not in running.stdout.readline():
            assert running.poll() is None
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", typed], cwd=tmp_path, check=False, capture_output=True, text=True
        )
        running.terminate()
        running.wait(20)

    assert done.returncode == 0, done.stderr
    assert "repositoryUrl" in done.stdout
    assert "/acme/ledger/blob/main/catalog-info.yaml" in done.stdout
    assert "warning" not in done.stderr.lower()
