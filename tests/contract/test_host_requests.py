"""Every request that CreateRepo sends to each git host, and every 2xx answer, is valid by the host's description."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sandbox.app import create_app
from sandbox.services import open_state
from tests.conftest import Faults, RunStep, World, serving
from tests.hosts import Host, serving_step

ALLOWED: dict[str, dict[str, str]] = {
    "Gitlab": {
        r"_access\.(access|notification)_level: \d+ is not of type 'string'": (
            "GitLab gives access levels as numbers; its generated description calls them texts"
        ),
        r"shared_with_groups\[\d+\]: .* is not of type 'string'": (
            "GitLab gives groups as objects (docs.gitlab.com); its generated description calls them texts"
        ),
        r"/(users|members|share)\b.*: the description has no such operation": (
            "members, users and shares are documented at docs.gitlab.com, and left out of this cut of the description"
        ),
    },
}
"""By row: a pattern for a fault's line, and why it is none. GitHub's are in test_step_requests.py."""

ROWS = [row for row in serving_step("CreateRepo") if row.type != "Github"]


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_host_is_asked_what_its_description_has(
    row: Host, record: Callable[..., Any], tmp_path: Path, run_step: RunStep
) -> None:
    state_dir = tmp_path / "sandbox"
    allowed = ALLOWED.get(str(row), {})
    recorder = record(create_app(state_dir), allowed)
    with serving(recorder) as url:
        world = World(url, state_dir, open_state(state_dir).credentials, Faults(recorder))
        with row.serve(world, tmp_path / "host") as host:

            def run(code: int, **more: str) -> None:
                done = run_step("CreateRepo", {**host.variables, **more})
                assert done.code == code, done.stderr

            for visibility in host.visibilities:
                run(0, REPO_TYPE=visibility, REPO_NAME=f"x-{visibility}", REPO_DESCRIPTION="Takes payments")
            for _ in range(2):
                run(0, DEFAULT_BRANCH="trunk", REPO_SETTINGS=json.dumps(host.settings))
            run(0, REPO_NAME="plain")
            run(0, REPO_NAME="plain", DEFAULT_BRANCH="trunk")
            run(4, IF_EXISTS="fail")
            run(0, DRY_RUN="true", REPO_NAME="planned")
            assert recorder.seen, "no request reached what a description describes"
    assert recorder.faults == [], recorder.faults
    assert set(recorder.excused.values()) == set(allowed.values()), "an excuse that nothing needs is to be removed"
