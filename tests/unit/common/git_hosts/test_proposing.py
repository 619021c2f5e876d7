"""What git is told when it is to push to a host."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.conftest import RunStep, World
from tests.hosts import Host, serving_step

NOTING = """\
#!/bin/sh
test "$1" = push && env | sort | grep -e proactiveAuth -e =basic$ >{noted}
exec {git} "$@"
"""


@pytest.mark.parametrize("host", serving_step("DirectPush"), ids=str)
def test_credentials_go_with_the_first_request_to_a_host_that_is_known_to_take_them(
    host: Host, world: World, run_step: RunStep, workspace: Path, tmp_path: Path
) -> None:
    """A plain git server is asked first, for it may want another form of login than the basic one."""
    (workspace / "app").mkdir()
    (workspace / "app" / "README.md").write_text("hello\n", encoding="utf-8")
    program, noted = tmp_path / "bin" / "git", tmp_path / "noted"
    program.parent.mkdir()
    program.write_text(NOTING.format(noted=noted, git=shutil.which("git")), encoding="utf-8")
    program.chmod(0o755)
    with host.serve(world, tmp_path / "host") as served:
        if "CreateRepo" in host.steps:
            assert run_step("CreateRepo", served.variables).code == 0
        given = {"CODE_DIRECTORY": "app", "BRANCH": "main", "PATH": f"{program.parent}:{os.environ['PATH']}"}
        done = run_step("DirectPush", {**served.variables, **given})
    assert done.code == 0, done.stderr
    told = [line.partition("=")[2] for line in noted.read_text(encoding="utf-8").splitlines()]
    origin = served.origin or "/".join(served.clone_url.split("/")[:3])
    assert told == ([] if host.type == "Git" else [f"http.{origin}.proactiveAuth", "basic"])
