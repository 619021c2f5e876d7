"""Every request of CreateRepo and DirectPush to each git host, and every 2xx answer, is valid by its description."""

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
    "AzureRepo": {
        r"/(pullrequests|policy/configurations): the description has no such operation": (
            "pull requests and policies are documented by the host, and left out of our cut of its description"
        ),
    },
    "Harness": {
        r"/(pullreq|rules): the description has no such operation": (
            "pull requests and rules are in the host's open source, and left out of our cut of its description"
        ),
    },
    "cloud": {
        r"/pullrequests: the description has no such operation": (
            "pull requests are documented by the host, and left out of our cut of its description"
        ),
        r"/permissions-config/(users|groups)/[^/]+: the description has no such operation": (
            "permissions-config is documented by the host, and left out of our cut of its description"
        ),
    },
    "data_center": {
        r"/(pull-requests|restrictions): the description has no such operation": (
            "pull requests and restrictions are documented by the host, and left out of our cut of its description"
        ),
        r"\$\.(description|public): Tried to write read-only property": (
            "marked read-only since an older version; the server takes them, and what it does not show is set again"
        ),
        r"/default-branch answer 204": "a repository without a commit, by the documentation's text",
        r"/(settings/pull-requests|permissions/(users|groups)): the description has no such operation": (
            "documented by the host, and left out of our cut of its description"
        ),
    },
    "Gitlab": {
        r"/merge_requests: the description has no such operation": (
            "merge requests are documented at docs.gitlab.com, and left out of this cut of the description"
        ),
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
    row: Host, record: Callable[..., Any], tmp_path: Path, workspace: Path, run_step: RunStep
) -> None:
    (workspace / "app").mkdir()
    state_dir = tmp_path / "sandbox"
    allowed = ALLOWED.get(str(row), {})
    recorder = record(create_app(state_dir), allowed)
    with serving(recorder) as url:
        world = World(url, state_dir, open_state(state_dir).credentials, Faults(recorder))
        with row.serve(world, tmp_path / "host") as host:

            def run(code: int, step: str = "CreateRepo", **more: str) -> None:
                done = run_step(step, {**host.variables, **more})
                assert done.code == code, done.stderr

            def push(text: str, **more: str) -> None:
                (workspace / "app" / "README.md").write_text(text)
                for _ in range(2):
                    run(0, "DirectPush", CODE_DIRECTORY="app", BRANCH="trunk", **more)

            for visibility in host.visibilities:
                run(0, REPO_TYPE=visibility, REPO_NAME=f"x-{visibility}", REPO_DESCRIPTION="Takes payments")
            for _ in range(2):
                run(0, DEFAULT_BRANCH="trunk", REPO_SETTINGS=json.dumps(host.settings))
            run(0, REPO_NAME="plain")
            run(0, REPO_NAME="plain", DEFAULT_BRANCH="trunk")
            run(4, IF_EXISTS="fail")
            run(0, DRY_RUN="true", REPO_NAME="planned")
            push("first", PROTECT_BRANCH="true")
            push("second", PUSH_MODE="pull_request")
            assert recorder.seen, "no request reached what a description describes"
    assert recorder.faults == [], "\n".join(dict.fromkeys(recorder.faults))
    assert set(recorder.excused.values()) == set(allowed.values()), "an excuse that nothing needs is to be removed"
