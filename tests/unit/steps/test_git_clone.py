"""GitClone: the wanted state and nothing else in its folder, whole or not at all; a second run does no harm."""

from __future__ import annotations

import hashlib
import itertools
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from werkzeug.serving import make_server

from common import log
from sandbox.app import create_app
from tests.conftest import REPOSITORY_ROOT, Result, RunStep, World
from tests.faults.proxy import Fault, Rule, in_front_of
from tests.hosts import Served, serving_step


def git(repository: Path, *arguments: str, stdin: str | None = None) -> str:
    """Run git as an author of its own."""
    author = {"GIT_AUTHOR_NAME": "Ann", "GIT_AUTHOR_EMAIL": "a@x.test", "GIT_COMMITTER_NAME": "C"}
    author |= {"GIT_COMMITTER_EMAIL": "c@x.test", "GIT_CONFIG_GLOBAL": os.devnull, "PATH": os.environ["PATH"]}
    command = ["git", "-C", str(repository), *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True, input=stdin, env=author)
    return done.stdout.strip()


def commit(bare: Path, branch: str, files: dict[str, str], message: str) -> str:
    """Add a commit with these files to a branch of a bare repository."""
    there = git(bare, "for-each-ref", "--format=%(objectname)", f"refs/heads/{branch}")
    parents = ["-p", there] if there else []
    git(bare, "read-tree", there or "--empty")
    for name, text in files.items():
        blob = git(bare, "hash-object", "-w", "--stdin", stdin=text)
        git(bare, "update-index", "--add", "--cacheinfo", f"100644,{blob},{name}")
    made = git(bare, "commit-tree", git(bare, "write-tree"), *parents, "-m", message)
    git(bare, "update-ref", f"refs/heads/{branch}", made)
    return made


@pytest.fixture(params=serving_step("GitClone"), ids=str)
def every_host(request: pytest.FixtureRequest, world: World, tmp_path: Path, run_step: RunStep) -> Iterator[Served]:
    """Each host in turn, with the test's repository, which is empty."""
    with request.param.serve(world, tmp_path / "host") as host:
        if "CreateRepo" in request.param.steps:
            done = run_step("CreateRepo", host.variables)
            assert done.code == 0, done.stderr
        yield host


@pytest.fixture
def host(world: World, tmp_path: Path, run_step: RunStep) -> Iterator[Served]:
    """The first host, with three commits: two on main, one on a branch."""
    with serving_step("GitClone")[0].serve(world, tmp_path / "host") as host:
        assert run_step("CreateRepo", host.variables).code == 0
        commit(host.folder(), "main", {"README.md": "one\n", "docs/a.md": "a\n", "src/b.py": "b\n"}, "First")
        commit(host.folder(), "main", {"README.md": "two\n"}, "Second\n\nwith more words")
        git(host.folder(), "branch", "side", "main~1")
        commit(host.folder(), "side", {"side.txt": "s\n"}, "On the side")
        yield host


def variables(host: Served, **more: str) -> dict[str, str]:
    """What the platform sets for GitClone: the connector with the repository in its URL, and no location."""
    return {**host.connector, "DRONE_REMOTE_URL": host.clone_url, **more}


def clone(run_step: RunStep, host: Served, **more: str) -> Result:
    done = run_step("GitClone", variables(host, **more))
    assert done.code == 0, done.stderr
    return done


def texts(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in folder.rglob("*")
        if path.is_file() and ".git" not in path.relative_to(folder).parts
    }


def history(folder: Path) -> int:
    return int(git(folder, "rev-list", "--count", "HEAD"))


def test_a_branch_is_cloned_with_all_its_history_and_no_other_branch(
    every_host: Served, run_step: RunStep, workspace: Path
) -> None:
    first = commit(every_host.folder(), "main", {"README.md": "one\n"}, "First")
    commit(every_host.folder(), "other", {"x": "y"}, "Other")
    done = clone(run_step, every_host, DRONE_COMMIT_BRANCH="main")
    assert done.outputs == {
        "commitSha": first,
        "branch": "main",
        "commitAuthor": "Ann",
        "commitMessage": "First",
        "cloneDirectory": "payments",
    }
    folder = workspace / "payments"
    assert texts(folder) == {"README.md": "one\n"}
    assert git(folder, "status", "--porcelain") == ""
    assert "other" not in git(folder, "for-each-ref", "--format=%(refname)")
    assert git(folder, "rev-parse", "--abbrev-ref", "main@{upstream}") == "origin/main"
    assert [path.name for path in workspace.iterdir()] == ["payments"], "nothing else is left in the workspace"


def test_a_location_that_is_said_to_the_step_goes_before_the_url(
    every_host: Served, run_step: RunStep, workspace: Path
) -> None:
    """As with `docker run` and the variables of the other steps, whose URL need not be that of the repository."""
    commit(every_host.folder(), "main", {"README.md": "one\n"}, "First")
    given = every_host.variables
    flags = [f"--organization={given['ORG_NAME']}"] if "ORG_NAME" in given else []
    done = run_step("GitClone", given, *flags)
    assert done.code == 0, done.stderr
    assert (workspace / "payments" / "README.md").is_file()


def test_without_any_build_it_is_the_default_branch(host: Served, run_step: RunStep, workspace: Path) -> None:
    assert clone(run_step, host).outputs["branch"] == "main"
    assert texts(workspace / "payments")["README.md"] == "two\n"


def test_a_tag_is_cloned_also_where_a_branch_has_its_name(host: Served, run_step: RunStep, workspace: Path) -> None:
    git(host.folder(), "tag", "-m", "annotated", "v1", "main~1")
    git(host.folder(), "branch", "v1", "side")
    done = clone(run_step, host, DRONE_TAG="v1", DRONE_BUILD_EVENT="tag", DRONE_COMMIT_BRANCH="main")
    assert done.outputs["commitMessage"] == "First"
    assert "branch" not in done.outputs
    assert texts(workspace / "payments")["README.md"] == "one\n"
    done = clone(run_step, host, DRONE_COMMIT_BRANCH="v1", DRONE_WORKSPACE="b")
    assert done.outputs["commitMessage"] == "On the side"


@pytest.mark.parametrize("depth", ["0", "1"])
@pytest.mark.parametrize("digits", [40, 10])
def test_a_commit_is_cloned_whole_or_abbreviated(
    host: Served, run_step: RunStep, workspace: Path, depth: str, digits: int
) -> None:
    wanted = git(host.folder(), "rev-parse", "main~1")
    done = clone(run_step, host, DRONE_COMMIT_SHA=wanted[:digits], PLUGIN_DEPTH=depth)
    assert done.outputs["commitSha"] == wanted
    assert texts(workspace / "payments")["README.md"] == "one\n"
    assert "every branch is fetched" not in done.stderr


def test_a_commit_can_be_put_on_its_branch(host: Served, run_step: RunStep, workspace: Path) -> None:
    wanted = git(host.folder(), "rev-parse", "main~1")
    done = clone(run_step, host, DRONE_COMMIT_SHA=wanted, DRONE_COMMIT_BRANCH="main")
    assert (done.outputs["commitSha"], done.outputs["branch"]) == (wanted, "main")
    assert git(workspace / "payments", "symbolic-ref", "--short", "HEAD") == "main"


@pytest.mark.parametrize("form", ["refs/pull/7/head", "refs/merge-requests/7/head", "refs/pullreq/7/head"])
def test_the_head_of_a_pull_request_is_cloned_by_its_number(host: Served, run_step: RunStep, form: str) -> None:
    git(host.folder(), "update-ref", form, "side")
    git(host.folder(), "update-ref", "refs/pull/7/merge", "main")
    build = '{"type": "PR", "spec": {"number": "7"}}'
    assert clone(run_step, host, PLUGIN_BUILD=build).outputs["commitMessage"] == "On the side"


@pytest.mark.parametrize("event", [{}, {"DRONE_BUILD_EVENT": "pull_request"}])
def test_a_full_reference_tells_what_it_is_also_without_the_event(
    host: Served, run_step: RunStep, event: dict[str, str]
) -> None:
    git(host.folder(), "update-ref", "refs/pull/7/head", "side")
    given = {"DRONE_COMMIT_REF": "refs/pull/7/head", "DRONE_COMMIT_BRANCH": "main"} | event
    assert clone(run_step, host, **given).outputs["commitMessage"] == "On the side"
    git(host.folder(), "tag", "v1", "main~1")
    given = {"DRONE_COMMIT_REF": "refs/tags/v1", "DRONE_WORKSPACE": "tagged"}
    assert clone(run_step, host, **given).outputs["commitMessage"] == "First"


def test_the_content_of_files_is_put_out_as_the_platforms_image_does(
    host: Served, run_step: RunStep, workspace: Path
) -> None:
    """By path, base64 with - for =, also from a clone that is there already."""
    for _ in range(2):
        found = clone(run_step, host, PLUGIN_OUTPUT_FILE_PATHS_CONTENT="README.md,docs/a.md").outputs
        assert (found["README.md"], found["docs/a.md"]) == ("dHdvCg--", "YQo-")


def test_a_pull_request_that_the_server_does_not_show_is_bad_input(host: Served, run_step: RunStep) -> None:
    done = run_step("GitClone", variables(host, DRONE_PULL_REQUEST="9"))
    assert done.code == 2
    assert "shows no reference of a pull request 9" in done.stderr


def test_depth_bounds_the_history(host: Served, run_step: RunStep, workspace: Path) -> None:
    clone(run_step, host, DRONE_COMMIT_BRANCH="main", PLUGIN_DEPTH="1")
    assert history(workspace / "payments") == 1
    clone(run_step, host, DRONE_COMMIT_BRANCH="main", PLUGIN_DEPTH="0", DRONE_WORKSPACE="all")
    assert history(workspace / "all") == 2


def test_tags_come_only_when_they_are_asked_for(host: Served, run_step: RunStep, workspace: Path) -> None:
    git(host.folder(), "tag", "v1", "main~1")
    clone(run_step, host)
    assert git(workspace / "payments", "tag") == ""
    clone(run_step, host, DRONE_NETRC_FETCH_TAGS="true", DRONE_WORKSPACE="tagged")
    assert git(workspace / "tagged", "tag") == "v1"


def test_a_sparse_checkout_has_the_named_folders_or_patterns(host: Served, run_step: RunStep, workspace: Path) -> None:
    clone(run_step, host, PLUGIN_SPARSE_CHECKOUT="docs")
    assert set(texts(workspace / "payments")) == {"README.md", "docs/a.md"}, "cone mode keeps the files at the root"
    clone(run_step, host, DRONE_NETRC_SPARSE_CHECKOUT="docs\nsrc", DRONE_WORKSPACE="folders")
    assert set(texts(workspace / "folders")) == {"README.md", "docs/a.md", "src/b.py"}
    clone(run_step, host, PLUGIN_SPARSE_CHECKOUT="*.py", DRONE_WORKSPACE="patterns")
    assert set(texts(workspace / "patterns")) == {"src/b.py"}


def test_submodules_come_when_they_are_asked_for(
    host: Served, world: World, run_step: RunStep, workspace: Path
) -> None:
    assert run_step("CreateRepo", host.variables | {"REPO_NAME": "library"}).code == 0
    inner = commit(world.repository("acme", "library"), "main", {"lib.txt": "lib\n"}, "Library")
    outer = host.folder()
    commit(outer, "main", {".gitmodules": '[submodule "lib"]\n\tpath = lib\n\turl = ../library.git\n'}, "Modules")
    git(outer, "read-tree", "main")
    git(outer, "update-index", "--add", "--cacheinfo", f"160000,{inner},lib")
    git(outer, "update-ref", "refs/heads/main", git(outer, "commit-tree", git(outer, "write-tree"), "-m", "Lib"))
    clone(run_step, host)
    assert "lib/lib.txt" not in texts(workspace / "payments")
    for strategy in ("true", "recursive"):
        clone(run_step, host, DRONE_NETRC_SUBMODULE_STRATEGY=strategy, DRONE_WORKSPACE=strategy, PLUGIN_DEPTH="1")
        assert (workspace / strategy / "lib" / "lib.txt").read_text() == "lib\n"


@pytest.mark.programs("git-lfs")
def test_lfs_files_come_with_their_content_when_asked_for_and_else_as_pointers(
    host: Served, run_step: RunStep, workspace: Path
) -> None:
    content = b"large\0" * 1000
    oid = hashlib.sha256(content).hexdigest()
    kept = host.folder() / "lfs" / "objects" / oid[:2] / oid[2:4] / oid
    kept.parent.mkdir(parents=True)
    kept.write_bytes(content)
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {len(content)}\n"
    attributes = "*.bin filter=lfs diff=lfs merge=lfs -text\n"
    commit(host.folder(), "main", {".gitattributes": attributes, "a.bin": pointer}, "Large")
    done = clone(run_step, host)
    assert (workspace / "payments" / "a.bin").read_text() == pointer
    assert "Set lfs to true" in done.stderr
    clone(run_step, host, DRONE_NETRC_LFS_ENABLED="true", DRONE_WORKSPACE="whole")
    assert (workspace / "whole" / "a.bin").read_bytes() == content
    assert git(workspace / "whole", "status", "--porcelain") == ""


@pytest.mark.parametrize("sparse", [{}, {"DRONE_NETRC_SPARSE_CHECKOUT": "large"}], ids=["clone", "fetch"])
def test_how_far_a_clone_is_is_told_while_it_goes_on_and_not_more_often_than_every_few_seconds(
    host: Served, run_step: RunStep, workspace: Path, monkeypatch: pytest.MonkeyPatch, sparse: dict[str, str]
) -> None:
    """The server sends the second half only when a line has been shown, or after a minute, when the test has failed."""
    between, told = 0.3, threading.Event()
    shown: list[tuple[float, str]] = []
    info = log.info

    def hear(line: str) -> None:
        shown.append((time.monotonic(), line))
        info(line)
        if line.startswith("Receiving objects: "):
            told.set()

    def slowly(client: socket.socket, whole: bytes) -> None:
        half = len(whole) // 2 if len(whole) > 100_000 else 0  # a list of references comes at once
        for start in range(0, half, 4096):
            client.sendall(whole[start : min(half, start + 4096)])
            time.sleep(0.02)
        in_time.append(half == 0 or told.wait(60))
        client.sendall(whole[half:])

    files = {f"large/{number}": os.urandom(2048).hex() for number in range(100)}
    commit(host.folder(), "main", files, "Large")
    monkeypatch.setattr(log, "BETWEEN_TELLINGS", between)
    monkeypatch.setattr(log, "info", hear)
    in_time: list[bool] = []
    parts = urllib.parse.urlsplit(host.clone_url)
    with in_front_of(parts.port or 0) as proxy:
        proxy.rules.append(Rule("POST", "/git-upload-pack", Fault("slow", slowly, forwarded=True), None))
        url = host.clone_url.replace(str(parts.port), str(proxy.port))
        near = {"DRONE_REMOTE_URL": url, "DRONE_NETRC_PORT": str(proxy.port), "RETRY_BUDGET": "60"}
        done = run_step("GitClone", variables(host) | near | sparse)
    assert done.code == 0, done.stderr
    assert in_time[-1:] == [True], shown
    counted = [when for when, line in shown if "%" in line]
    assert all(after - before >= between for before, after in itertools.pairwise(counted)), shown


def test_no_credential_is_in_the_clone(host: Served, run_step: RunStep, workspace: Path) -> None:
    url = host.clone_url.replace("//", "//someone:canary-in-url@")
    given = variables(host) | {"DRONE_REMOTE_URL": url}
    assert run_step("GitClone", given).code == 3, "the URL's own credentials are used, and are wrong"
    clone(run_step, host)
    token = host.connector["DRONE_NETRC_PASSWORD"].encode()
    assert not [path for path in workspace.rglob("*") if path.is_file() and token in path.read_bytes()]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"PLUGIN_CLONE_DIRECTORY": "/harness"}, "which is the workspace itself"),
        ({"PLUGIN_CLONE_DIRECTORY": "."}, "which is the workspace itself"),
        ({"PLUGIN_CLONE_DIRECTORY": "a/.git/b"}, "a folder of git's own"),
        ({"PLUGIN_CLONE_DIRECTORY": "../out"}, "leads out of the workspace"),
        ({"DRONE_COMMIT_BRANCH": "no..name"}, "is no name for a branch"),
        ({"DRONE_COMMIT_BRANCH": "-x"}, "is no name for a branch"),
        ({"DRONE_COMMIT_BRANCH": "refs/heads/main"}, "given with its full reference"),
        ({"DRONE_COMMIT_BRANCH": "nowhere"}, "has no branch nowhere"),
        ({"DRONE_TAG": "nowhere"}, "has no tag nowhere"),
        ({"DRONE_COMMIT_SHA": "0" * 40}, "has no commit 0000"),
        ({"DRONE_COMMIT_SHA": "0" * 10}, "has no commit 0000"),
        ({"DRONE_COMMIT_SHA": "main"}, "is no commit"),
        ({"DRONE_PULL_REQUEST": "7/head"}, "is no number of a pull request"),
        ({"PLUGIN_BUILD": '{"type": "branch"}'}, "says no state"),
        ({"PLUGIN_BUILD": '{"type": "PR", "spec": {"branch": "x"}}'}, "says no state"),
        ({"PLUGIN_DEPTH": "-1"}, "it can be 0 or more"),
        ({"PLUGIN_OUTPUT_FILE_PATHS_CONTENT": "a.txt"}, "names 'a.txt', which is no file of the repository"),
        ({"PLUGIN_OUTPUT_FILE_PATHS_CONTENT": "../a"}, "leads out of the workspace"),
        ({"DRONE_REMOTE_URL": "git@github.com:acme/payments.git"}, "SSH is not supported"),
    ],
)
def test_bad_input_is_told_and_leaves_the_workspace_empty(
    host: Served, run_step: RunStep, workspace: Path, given: dict[str, str], words: str
) -> None:
    done = run_step("GitClone", variables(host) | given)
    assert done.code == 2, done.stderr
    assert words in done.stderr
    assert list(workspace.iterdir()) == []


def test_the_workspace_that_every_step_is_told_of_is_not_taken_for_the_clone_directory(
    host: Served, run_step: RunStep, workspace: Path
) -> None:
    """The platform sets DRONE_WORKSPACE for every step."""
    assert clone(run_step, host, DRONE_WORKSPACE="/harness").outputs["cloneDirectory"] == "payments"


def test_a_directory_below_harness_is_one_of_the_workspace(host: Served, run_step: RunStep, workspace: Path) -> None:
    assert clone(run_step, host, DRONE_WORKSPACE="/harness/a/b").outputs["cloneDirectory"] == "a/b"
    assert (workspace / "a" / "b" / "README.md").is_file()


def test_an_empty_folder_is_filled(host: Served, run_step: RunStep, workspace: Path) -> None:
    (workspace / "payments").mkdir()
    clone(run_step, host)
    assert (workspace / "payments" / "README.md").is_file()


def test_a_second_run_finds_the_clone_and_leaves_it_as_it_is(host: Served, run_step: RunStep, workspace: Path) -> None:
    first = clone(run_step, host)
    (workspace / "payments" / "README.md").write_text("changed by a later step\n")
    second = clone(run_step, host)
    assert second.outputs == first.outputs
    assert "was already there" in second.stderr
    assert (workspace / "payments" / "README.md").read_text() == "changed by a later step\n"


def test_an_untouched_clone_of_an_older_state_is_replaced(host: Served, run_step: RunStep, workspace: Path) -> None:
    clone(run_step, host)
    newer = commit(host.folder(), "main", {"new.txt": "n"}, "Third")
    assert clone(run_step, host).outputs["commitSha"] == newer
    assert (workspace / "payments" / "new.txt").is_file()
    assert [path.name for path in workspace.iterdir()] == ["payments"]
    clone(run_step, host, PLUGIN_DEPTH="1")
    assert history(workspace / "payments") == 1


@pytest.mark.parametrize("change", ["edit", "untracked", "commit"])
def test_a_clone_that_was_changed_is_never_replaced(
    host: Served, run_step: RunStep, workspace: Path, change: str
) -> None:
    clone(run_step, host)
    folder = workspace / "payments"
    (folder / ("README.md" if change != "untracked" else "notes.txt")).write_text("mine\n")
    if change == "commit":
        git(folder, "commit", "-qam", "Mine")
    commit(host.folder(), "main", {"new.txt": "n"}, "Third")
    before = texts(folder)
    done = run_step("GitClone", variables(host))
    assert done.code == 4, done.stderr
    assert "was changed since it was cloned" in done.stderr
    assert texts(folder) == before


@pytest.mark.parametrize("there", ["file", "folder", "other", "user's"])
def test_what_no_earlier_run_made_is_a_conflict(host: Served, run_step: RunStep, workspace: Path, there: str) -> None:
    place = workspace / "payments"
    if there == "file":
        place.write_text("x")
    elif there == "folder":
        place.mkdir()
        (place / "x").write_text("x")
    elif there == "user's":
        subprocess.run(["git", "clone", "-q", host.folder(), place], check=True)
    else:
        clone(run_step, host)
        git(place, "remote", "set-url", "origin", "https://other.test/x.git")
    done = run_step("GitClone", variables(host))
    assert done.code == 4, done.stderr
    assert "Remove it, or choose another cloneDirectory" in done.stderr
    assert place.exists()


def test_the_pre_fetch_command_is_refused_unless_it_is_allowed(
    host: Served, run_step: RunStep, workspace: Path
) -> None:
    command = {"DRONE_NETRC_PRE_FETCH": "git config core.commentChar ';' && env > ../seen"}
    done = run_step("GitClone", variables(host) | command)
    assert done.code == 3
    assert "ALLOW_PRE_FETCH_COMMAND" in done.stderr
    assert list(workspace.iterdir()) == []
    clone(run_step, host, ALLOW_PRE_FETCH_COMMAND="true", **command)
    assert git(workspace / "payments", "config", "core.commentChar") == ";"
    failed = {"PLUGIN_PRE_FETCH_COMMAND": "echo no; exit 3", "ALLOW_PRE_FETCH_COMMAND": "true"}
    done = run_step("GitClone", variables(host, DRONE_WORKSPACE="b") | failed)
    assert done.code == 1
    assert "preFetchCommand ended with 3" in done.stderr
    assert not (workspace / "b").exists()


def test_the_pre_fetch_command_sees_no_credential(host: Served, run_step: RunStep) -> None:
    allowed = {"ALLOW_PRE_FETCH_COMMAND": "true", "PLUGIN_PRE_FETCH_COMMAND": "env | sed 's/./& /g'"}
    done = clone(run_step, host, **allowed)
    assert " ".join(host.connector["DRONE_NETRC_PASSWORD"]) not in done.stderr


def test_a_dry_run_names_the_commit_and_writes_nothing(host: Served, run_step: RunStep, workspace: Path) -> None:
    git(host.folder(), "tag", "-m", "annotated", "v1", "main~1")
    done = clone(run_step, host, DRONE_TAG="v1", DRY_RUN="true")
    assert done.outputs == {"cloneDirectory": "payments", "commitSha": git(host.folder(), "rev-parse", "main~1")}
    assert list(workspace.iterdir()) == []


@pytest.mark.parametrize("unchecked", [{"PLUGIN_SSL_VERIFY": "false"}, {"GIT_SSL_NO_VERIFY": "true"}], ids=str)
def test_a_certificate_that_is_not_trusted_is_taken_on_request_alone_with_a_warning(
    host: Served, world: World, run_step: RunStep, unchecked: dict[str, str]
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    server = make_server("127.0.0.1", 0, create_app(world.state_dir), threaded=True, ssl_context=context)
    server.log = lambda *_: None  # type: ignore[method-assign] # a refused certificate is no news here
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        there = variables(host) | {"DRONE_NETRC_PORT": str(server.port), "RETRY_BUDGET": "0"}
        there["DRONE_REMOTE_URL"] = host.clone_url.replace(world.url, f"https://127.0.0.1:{server.port}")
        refused = run_step("GitClone", there)
        taken = run_step("GitClone", there | unchecked)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert (refused.code, "is not trusted" in refused.stderr) == (5, True), refused.stderr
    assert taken.code == 0, taken.stderr
    assert "certificate is not checked" in taken.stderr


def test_the_owner_of_the_folders_does_not_matter(
    host: Served, run_step: RunStep, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Git would call a clone of another uid's dubious; as root alone this can be tried for real."""
    clone(run_step, host)
    if os.getuid() == 0:
        for path in (workspace / "payments", *(workspace / "payments").rglob("*")):
            os.chown(path, 12345, 0, follow_symlinks=False)
    commit(host.folder(), "main", {"new.txt": "n"}, "Third")
    clone(run_step, host)
    assert (workspace / "payments" / "new.txt").is_file()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_killed_clone_leaves_its_place_empty_and_the_next_run_clears_the_rest(
    host: Served, run_step: RunStep, workspace: Path, number: signal.Signals, tmp_path: Path
) -> None:
    waits = "touch here; sleep 300"
    environ = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(REPOSITORY_ROOT),
        "TMPDIR": str(tmp_path),
        **variables(host, ALLOW_PRE_FETCH_COMMAND="true", PLUGIN_PRE_FETCH_COMMAND=waits),
    }
    argv = [sys.executable, "-P", "-m", "steps.git_clone"]
    with subprocess.Popen(argv, cwd=workspace, env=environ, stderr=subprocess.DEVNULL) as process:
        while not list(workspace.rglob("here")):
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(number)
        process.wait(20)
    assert not (workspace / "payments").exists()
    clone(run_step, host)
    assert [path.name for path in workspace.iterdir()] == ["payments"]
    shutil.rmtree(workspace / "payments")
