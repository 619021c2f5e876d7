"""DirectPush and CookieCutter's clone with Git LFS: the content is beside the repository, and comes back whole."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from common.git import lfs, lfs_push
from tests.canaries import forms, watched_processes
from tests.conftest import RunStep, World, serving
from tests.hosts import Served, serving_step

CONTENT = b"\0large\r\n" * 1000
OID = hashlib.sha256(CONTENT).hexdigest()
POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{OID}\nsize {len(CONTENT)}\n"

needs_git_lfs = pytest.mark.programs("git-lfs")


@pytest.fixture(params=serving_step("DirectPush"), ids=str)
def host(request: pytest.FixtureRequest, world: World, tmp_path: Path, run_step: RunStep) -> Iterator[Served]:
    with request.param.serve(world, tmp_path / "host") as served:
        if "CreateRepo" in request.param.steps:
            assert run_step("CreateRepo", served.variables).code == 0
        yield served


@pytest.fixture
def app(workspace: Path) -> Path:
    folder = workspace / "app"
    folder.mkdir()
    (folder / ".gitattributes").write_text("*.bin filter=lfs diff=lfs merge=lfs -text\n")
    (folder / "large.bin").write_bytes(CONTENT)
    (folder / "README.md").write_text("x")
    return folder


def target(host: Served, **more: str) -> dict[str, str]:
    return {**host.variables, "CODE_DIRECTORY": "app", "BRANCH": "main", **more}


def kept(host: Served) -> list[str]:
    return lfs_push.objects(host.folder())


def shown(host: Served, file: str) -> str:
    command = ["git", "-C", str(host.folder()), "show", f"main:{file}"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@needs_git_lfs
def test_a_file_that_gitattributes_asks_for_is_kept_beside_the_repository(
    host: Served, app: Path, run_step: RunStep
) -> None:
    done = run_step("DirectPush", target(host))
    assert done.code == 0, done.stderr
    assert "Sending 1 file by Git LFS." in done.stderr
    assert (shown(host, "large.bin"), shown(host, "README.md")) == (POINTER, "x")
    assert kept(host) == [OID]
    assert run_step("DirectPush", target(host)).outputs["pushed"] is False
    assert host.asked(("PUT", f"{host.lfs_path}/objects/{OID}")) == 1


@needs_git_lfs
def test_credentials_are_in_no_command_line_and_no_configuration_of_git(
    host: Served, app: Path, run_step: RunStep
) -> None:
    commands: set[str] = set()
    configurations: set[str] = set()
    with watched_processes(commands, Path(tempfile.gettempdir()), configurations):
        done = run_step("DirectPush", target(host))
    assert done.code == 0, done.stderr
    told = "\n".join([*commands, *configurations])
    assert ("git push --progress" in told, "lfs push --object-id" in told, bool(configurations)) == (True, True, True)
    assert [form for form in forms(host.connector["DRONE_NETRC_PASSWORD"]) if form in told] == []


@needs_git_lfs
def test_the_attributes_of_the_branch_count_too(host: Served, app: Path, run_step: RunStep) -> None:
    assert run_step("DirectPush", target(host)).code == 0
    (app / ".gitattributes").unlink()
    (app / "large.bin").rename(app / "other.bin")
    assert run_step("DirectPush", target(host)).code == 0
    assert shown(host, "other.bin") == POINTER


@needs_git_lfs
def test_a_dry_run_sends_nothing(host: Served, app: Path, run_step: RunStep) -> None:
    done = run_step("DirectPush", target(host, DRY_RUN="true"))
    assert "Dry run: would send 1 file by Git LFS." in done.stderr
    assert kept(host) == []


@needs_git_lfs
@pytest.mark.parametrize("path", ["batch", OID])
@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_transfer_that_fails_once_is_repeated(
    host: Served, app: Path, run_step: RunStep, path: str, status: int
) -> None:
    method = "POST" if path == "batch" else "PUT"
    host.faults.before[(method, f"{host.lfs_path}/objects/{path}")] = [status] * 3
    done = run_step("DirectPush", target(host, RETRY_BUDGET="20"))
    assert done.code == 0, done.stderr
    assert kept(host) == [OID]


@needs_git_lfs
@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (401, 3, "Check the connector's user name and token"),
        (403, 3, "Give it the right to write to this repository."),
        (404, 1, "has no Git LFS"),
        (406, 1, "no room for it"),
        (413, 1, "it is larger than"),
        (422, 1, "does not take the request"),
        (501, 1, "has no Git LFS"),
        (503, 5, "is not available"),
        (507, 1, "no room for it"),
    ],
)
def test_a_transfer_that_the_host_refuses_is_told_in_words_and_no_commit_names_it(  # noqa: PLR0913, PLR0917 - a case
    host: Served, app: Path, run_step: RunStep, status: int, code: int, words: str
) -> None:
    host.faults.before[("POST", f"{host.lfs_path}/objects/batch")] = [status] * 99
    host.faults.headers.append(("WWW-Authenticate", 'Basic realm="LFS"'))
    done = run_step("DirectPush", target(host))
    assert (done.code, words in done.stderr) == (code, True), done.stderr
    assert status == 401 or "Git LFS: batch response: " in done.stderr
    assert status not in {403, 404, 422, 507} or "injected" in done.stderr  # the server's own words
    branches = ["git", "-C", str(host.folder()), "for-each-ref"]
    assert subprocess.run(branches, check=True, capture_output=True).stdout == b""


@needs_git_lfs
def test_an_object_that_is_refused_with_422_is_no_success(host: Served, app: Path, run_step: RunStep) -> None:
    host.faults.before[("PUT", f"{host.lfs_path}/objects/{OID}")] = [422]
    done = run_step("DirectPush", target(host))
    assert (done.code, "does not take the content of a file" in done.stderr) == (1, True), done.stderr
    assert 'does not take a file\'s content: {"message": "injected"}' in done.stderr
    branches = ["git", "-C", str(host.folder()), "for-each-ref"]
    assert subprocess.run(branches, check=True, capture_output=True).stdout == b""
    assert run_step("DirectPush", target(host)).code == 0
    assert kept(host) == [OID]


@needs_git_lfs
@pytest.mark.parametrize("host", serving_step("DirectPush")[:1], indirect=True, ids=str)
@pytest.mark.parametrize(
    ("statuses", "crashes", "code", "words"),
    [
        ("200 422", 9, 1, "does not take the content of a file"),
        ("200 413", 9, 1, "it is larger than"),
        ("200 503", 1, 0, ""),
        ("200", 1, 0, ""),
        ("200", 9, 5, "Run the step again, or with a newer git-lfs"),
    ],
)
def test_a_git_lfs_that_crashes_is_told_by_the_answer_it_got_and_without_its_stacks(  # noqa: PLR0913, PLR0917 - a case
    host: Served, app: Path, run_step: RunStep, tmp_path: Path, statuses: str, crashes: int, code: int, words: str
) -> None:
    """git-lfs 3.3 counts a transfer twice where the answer comes before it has read the file: a race of its own."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "crashes").touch()
    program = folder / "git-lfs"
    program.write_text(
        f"""#!/bin/sh
        if [ "$1" = push ] && [ "$(wc -l < {folder}/crashes)" -lt {crashes} ]; then
            echo >> {folder}/crashes
            for status in {statuses}; do echo "12:00:00.000000 trace git-lfs: HTTP: $status" >> "$GIT_TRACE"; done
            printf '%s\\n' 'panic: sync: negative WaitGroup counter' '' 'goroutine 35 [running]:' \\
                'sync.(*WaitGroup).Done(...)' '\t/usr/lib/go/src/sync/waitgroup.go:105' >&2
            exit 2
        fi
        exec {shutil.which("git-lfs")} "$@"
        """
    )
    program.chmod(0o755)
    budget = "3" if code == 5 else "20"
    done = run_step("DirectPush", target(host, PATH=f"{folder}:{os.environ['PATH']}", RETRY_BUDGET=budget))
    assert (done.code, words in done.stderr) == (code, True), done.stderr
    assert "Git LFS: git-lfs crashed: panic: sync: negative WaitGroup counter" in done.stderr
    assert [word for word in ("goroutine", "sync.(*", "waitgroup.go") if word in done.stderr] == []
    assert kept(host) == ([OID] if code == 0 else [])


def answering(host: Served, told: dict[str, Any]) -> None:
    """Have the host answer with this for each object that is to be sent."""
    real = host.faults.app

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if not environ["PATH_INFO"].endswith("/objects/batch"):
            return real(environ, start_response)
        start_response("200 OK", [("Content-Type", "application/vnd.git-lfs+json")])
        return [json.dumps({"transfer": "basic", "objects": [{"oid": OID, "size": len(CONTENT), **told}]}).encode()]

    host.faults.app = app


@needs_git_lfs
@pytest.mark.parametrize("host", serving_step("DirectPush")[:1], indirect=True, ids=str)
@pytest.mark.parametrize(
    ("told", "code", "words"),
    [
        ({"error": {"code": 507, "message": "Out of quota"}}, 1, "no room for it. Have its quota raised"),
        (
            {"error": {"code": 507, "message": "Full: https://docs.test/lfs"}},
            1,
            "no room for it. Have its quota raised",
        ),
        ({"error": {"code": 404, "message": "Object does not exist"}}, 1, "does not take the request"),
        (
            {"actions": {"upload": {"href": "{other}/x"}}},
            1,
            "keeps them at {other}, which refuses them. The connector",
        ),
        (
            {"actions": {"upload": {"href": "http://127.0.0.2:9/x"}}},
            5,
            "keeps them at http://127.0.0.2:9, which is not av",
        ),
    ],
)
def test_what_is_wrong_with_an_object_is_told_of_where_it_is_wrong(  # noqa: PLR0913, PLR0917 - a case
    host: Served, app: Path, run_step: RunStep, told: dict[str, Any], code: int, words: str
) -> None:
    seen: list[str] = []

    def stranger(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        seen.append(str(environ.get("HTTP_AUTHORIZATION", "")))
        start_response("401 Unauthorized", [("WWW-Authenticate", "Basic"), ("Content-Length", "0")])
        return []

    with serving(stranger) as other:
        answering(host, json.loads(json.dumps(told).replace("{other}", other)))
        done = run_step("DirectPush", target(host))
    assert (done.code, words.replace("{other}", other) in done.stderr) == (code, True), done.stderr
    assert not any(seen)


def test_without_git_lfs_such_a_folder_is_refused(
    host: Served, app: Path, run_step: RunStep, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lfs, "is_installed", lambda: False)
    done = run_step("DirectPush", target(host))
    assert done.code == 5
    assert "there is no git-lfs on this machine. Install git-lfs, or use the image of this step." in done.stderr


@needs_git_lfs
def test_a_template_comes_with_the_content_of_its_files(world: World, workspace: Path, run_step: RunStep) -> None:
    created = run_step("CreateRepo", {**world.connector, "ORG_NAME": "acme", "REPO_NAME": "t", "REPO_TYPE": "public"})
    assert created.code == 0, created.stderr
    template = workspace / "t" / "{{cookiecutter.app}}"
    template.mkdir(parents=True)
    (workspace / "t" / "cookiecutter.json").write_text('{"app": "payments"}')
    (workspace / "t" / ".gitattributes").write_text("*.bin filter=lfs diff=lfs merge=lfs -text\n")
    (template / "large.bin").write_bytes(CONTENT)
    place = {**world.connector, "ORG_NAME": "acme", "REPO_NAME": "t", "CODE_DIRECTORY": "t", "BRANCH": "main"}
    assert run_step("DirectPush", place).code == 0
    done = run_step("CookieCutter", {"PUBLIC_TEMPLATE_URL": f"{world.url}/acme/t.git", "OUTPUT_DIRECTORY": "out"})
    assert done.code == 0, done.stderr
    assert (workspace / "out" / "payments" / "large.bin").read_bytes() == CONTENT


@needs_git_lfs
@pytest.mark.parametrize("host", serving_step("GitClone")[:1], indirect=True, ids=str)
@pytest.mark.parametrize(
    ("request_line", "statuses", "code", "words"),
    [
        (("POST", "batch"), [500], 0, ""),
        (("POST", "batch"), [403] * 9, 3, "Git LFS: batch response: injected"),
        (("POST", "batch"), [404] * 9, 1, "has no Git LFS"),
        (("POST", "batch"), [503] * 99, 5, "is not available"),
        (("GET", OID), [502], 0, ""),
        (("GET", OID), [403] * 99, 3, "the token is not allowed to. Give it the right to read this repository"),
    ],
)
def test_a_clone_tells_what_git_lfs_failed_at_and_repeats_what_may_pass(  # noqa: PLR0913, PLR0917 - a case
    host: Served,
    app: Path,
    run_step: RunStep,
    request_line: tuple[str, str],
    statuses: list[int],
    code: int,
    words: str,
) -> None:
    assert run_step("DirectPush", target(host)).code == 0
    method, path = request_line
    host.faults.before[(method, f"{host.lfs_path}/objects/{path}")] = statuses
    clone = {**host.variables, "DRONE_REMOTE_URL": host.clone_url, "DRONE_NETRC_LFS_ENABLED": "true"}
    done = run_step("GitClone", {**clone, "RETRY_BUDGET": "3" if code else "20"})
    assert (done.code, words in done.stderr) == (code, True), done.stderr
    left = [path for path in app.parent.rglob("lfs.*") if path.is_file()]
    assert left == []
