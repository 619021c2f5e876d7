"""DirectPush: commits exactly what is in the folder, keeps what the branch holds, and gladly runs twice."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from common.git_hosts.table import HOSTS
from tests.conftest import REPOSITORY_ROOT, Result, RunStep, World
from tests.faults.proxy import Fault, Rule, answering, in_front_of
from tests.hosts import Served, serving_step


def git(repository: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", "-C", repository, *arguments], check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.fixture(params=serving_step("DirectPush"), ids=str)
def empty(request: pytest.FixtureRequest, world: World, tmp_path: Path, run_step: RunStep) -> Iterator[Served]:
    """Each host in turn, with the test's repository, which is empty."""
    with request.param.serve(world, tmp_path / "host") as host:
        if "CreateRepo" in request.param.steps:
            done = run_step("CreateRepo", host.variables)
            assert done.code == 0, done.stderr
        yield host


@pytest.fixture
def app(workspace: Path) -> Path:
    """The folder that is pushed."""
    folder = workspace / "app"
    folder.mkdir()
    (folder / "README.md").write_text("# payments\n")
    return folder


Push = dict[str, str]


def target(host: Served, **more: str) -> Push:
    return {**host.variables, "CODE_DIRECTORY": "app", "BRANCH": "main", **more}


def push(run_step: RunStep, host: Served, **more: str) -> Result:
    done = run_step("DirectPush", target(host, **more))
    assert done.code == 0, done.stderr
    return done


def files(host: Served, branch: str = "main") -> list[str]:
    return git(host.folder(), "ls-tree", "-r", "--name-only", branch).splitlines()


def test_the_first_push_makes_the_branch_and_names_the_commit(empty: Served, app: Path, run_step: RunStep) -> None:
    done = push(run_step, empty)
    head = git(empty.folder(), "rev-parse", "main")
    page = {"commitUrl": empty.commit_page.format(commit=head)} if empty.commit_page else {}
    assert done.outputs == {"branch": "main", "pushed": True, "commitSha": head, **page}
    assert files(empty) == ["README.md"]


def test_modes_links_unicode_names_and_line_ends_are_kept_and_no_git_folder_is_left(
    empty: Served, app: Path, run_step: RunStep
) -> None:
    (app / "run.sh").write_bytes(b"#!/bin/sh\r\n")
    (app / "run.sh").chmod(0o755)
    (app / "link").symlink_to("README.md")
    (app / "broken").symlink_to("nowhere")
    (app / "grüße 日本.txt").write_text("x")
    (app / "-option").write_text("x")
    (app / "binary").write_bytes(bytes(range(256)))
    push(run_step, empty)
    repository = empty.folder()
    listing = git(repository, "-c", "core.quotePath=false", "ls-tree", "main", "--format=%(objectmode) %(path)")
    modes = {path: mode for mode, path in (line.split(" ", 1) for line in listing.splitlines())}
    assert modes == {
        "-option": "100644", "README.md": "100644", "binary": "100644", "broken": "120000", "grüße 日本.txt": "100644",
        "link": "120000", "run.sh": "100755",
    }  # fmt: skip
    shown = subprocess.run(["git", "-C", repository, "show", "main:run.sh"], check=True, capture_output=True).stdout
    assert shown == b"#!/bin/sh\r\n"
    assert not (app / ".git").exists()


def test_a_git_folder_of_the_directory_itself_is_neither_used_nor_touched(
    empty: Served, app: Path, run_step: RunStep
) -> None:
    git(app.parent, "init", "-q", str(app))
    before = sorted(path.name for path in (app / ".git").iterdir())
    push(run_step, empty)
    assert files(empty) == ["README.md"]
    assert sorted(path.name for path in (app / ".git").iterdir()) == before


def test_what_gitignore_excludes_is_not_pushed_and_said(empty: Served, app: Path, run_step: RunStep) -> None:
    (app / ".gitignore").write_text("*.log\n")
    (app / "debug.log").write_text("x")
    done = push(run_step, empty)
    assert files(empty) == [".gitignore", "README.md"]
    assert "Not pushed, because .gitignore says so: debug.log." in done.stderr


def test_a_second_run_has_nothing_to_commit_and_succeeds(empty: Served, app: Path, run_step: RunStep) -> None:
    first = push(run_step, empty)
    second = push(run_step, empty)
    assert second.outputs == first.outputs | {"pushed": False}
    assert "Nothing to commit" in second.stderr


def test_files_are_laid_over_an_existing_branch_as_a_fast_forward(empty: Served, app: Path, run_step: RunStep) -> None:
    first = push(run_step, empty)
    (app / "README.md").rename(app / "other.md")
    second = push(run_step, empty)
    assert files(empty) == ["README.md", "other.md"]
    parent = git(empty.folder(), "rev-parse", "main^")
    assert (parent, second.outputs["pushed"]) == (first.outputs["commitSha"], True)


def test_a_new_branch_starts_at_the_default_branch(empty: Served, app: Path, run_step: RunStep) -> None:
    first = push(run_step, empty)
    (app / "more.md").write_text("x")
    push(run_step, empty, BRANCH="feature/x")
    assert files(empty, "feature/x") == ["README.md", "more.md"]
    assert git(empty.folder(), "rev-parse", "feature/x^") == first.outputs["commitSha"]
    assert files(empty) == ["README.md"]


def test_force_replaces_the_branch_and_a_second_force_does_nothing(empty: Served, app: Path, run_step: RunStep) -> None:
    push(run_step, empty)
    (app / "README.md").rename(app / "other.md")
    push(run_step, empty, FORCE_PUSH="true")
    assert files(empty) == ["other.md"]
    assert git(empty.folder(), "rev-list", "--count", "main") == "1"
    assert push(run_step, empty, FORCE_PUSH="true").outputs["pushed"] is False


def test_author_committer_and_message_are_inputs(empty: Served, app: Path, run_step: RunStep) -> None:
    who = {"GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.com", "GIT_COMMITTER_NAME": "Bot"}
    push(run_step, empty, COMMIT_MESSAGE="feat: first\n\nbody # kept", **who)
    shown = git(empty.folder(), "log", "-1", "--format=%an|%ae|%cn|%ce|%B", "main")
    assert shown == "Ada|ada@example.com|Bot|ada@example.com|feat: first\n\nbody # kept"


def test_a_declined_push_shows_the_hooks_own_words(empty: Served, app: Path, run_step: RunStep) -> None:
    hook = empty.folder() / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho 'POLICY: ticket number missing' >&2\nexit 1\n")
    hook.chmod(0o755)
    done = run_step("DirectPush", target(empty))
    assert done.code == 1
    assert "remote: POLICY: ticket number missing" in done.stderr
    assert "the server declined it (pre-receive hook declined)" in done.stderr
    assert done.outputs == {}


def test_the_name_of_a_branch_is_not_taken_for_the_words_of_the_server(
    empty: Served, app: Path, run_step: RunStep
) -> None:
    hook = empty.folder() / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho 'POLICY: ticket number missing' >&2\nexit 1\n")
    hook.chmod(0o755)
    done = run_step("DirectPush", target(empty, BRANCH="exceed-the-size-limit-GH001"))
    assert "Do as it says, or have whoever keeps the repository change the rule" in done.stderr


def test_a_push_that_meets_a_newer_branch_is_laid_over_its_new_state(
    empty: Served, app: Path, run_step: RunStep, tmp_path: Path
) -> None:
    push(run_step, empty)
    (app / "more.md").write_text("x")
    repository = empty.folder()
    hook = repository / "hooks" / "pre-receive"
    hook.write_text(
        "#!/bin/sh\n"
        f"rm {hook}\n"
        "unset GIT_QUARANTINE_PATH GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES\n"
        "export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b\n"
        "new=$(git commit-tree -p main -m concurrent 'main^{tree}')\n"
        "git update-ref refs/heads/main $new\n"
    )
    hook.chmod(0o755)
    done = push(run_step, empty)
    assert "moved while this was pushed" in done.stderr
    assert git(repository, "log", "--format=%s", "main").splitlines()[1] == "concurrent"
    assert files(empty) == ["README.md", "more.md"]


@pytest.mark.parametrize("status", [500, 502, 503])
def test_an_answer_that_got_lost_is_looked_up_and_nothing_is_pushed_twice(
    empty: Served, app: Path, run_step: RunStep, status: int
) -> None:
    empty.faults.after[("POST", f"{empty.git_path}/git-receive-pack")] = [status]
    done = run_step("DirectPush", target(empty, RETRY_BUDGET="20"))
    assert done.code == 0, done.stderr
    assert git(empty.folder(), "rev-list", "--count", "main") == "1"
    assert empty.asked(("POST", f"{empty.git_path}/git-receive-pack")) == 1


def test_a_repository_that_git_cannot_serve_yet_is_waited_for(empty: Served, app: Path, run_step: RunStep) -> None:
    empty.faults.before[("GET", f"{empty.git_path}/info/refs")] = [404, 404]
    assert run_step("DirectPush", target(empty, RETRY_BUDGET="20")).code == 0


def test_a_dry_run_pushes_nothing_but_asks_the_server(empty: Served, app: Path, run_step: RunStep) -> None:
    done = push(run_step, empty, DRY_RUN="true")
    assert done.outputs == {"branch": "main", "pushed": False}
    assert "Dry run: would push" in done.stderr
    assert git(empty.folder(), "for-each-ref") == ""


@pytest.mark.parametrize(
    ("environ", "code", "words"),
    [
        ({"CODE_DIRECTORY": "nowhere"}, 2, "does not exist"),
        ({"CODE_DIRECTORY": "../outside"}, 2, "leads out of the workspace"),
        ({"CODE_DIRECTORY": "hollow"}, 2, "holds no file to push"),
        ({"CODE_DIRECTORY": "nested"}, 2, "is a git repository of its own"),
        ({"BRANCH": "a..b"}, 2, "'a..b' is no name for a branch"),
        ({"BRANCH": ""}, 2, "branch (set BRANCH)"),
        ({"FORCE_PUSH": "maybe"}, 2, "FORCE_PUSH is 'maybe', which is no boolean"),
        ({"CONNECTOR_TYPE": "Svn"}, 2, f"The connector type 'Svn' is not supported. Supported: {', '.join(HOSTS)}."),
        ({"DRONE_NETRC_PASSWORD": "wrong-token"}, 3, "they are wrong or have expired"),
        ({"DRONE_NETRC_PASSWORD": ""}, 3, "Give the connector's user name and token"),
    ],
)
def test_bad_input_is_one_sentence_and_nothing_is_pushed(  # noqa: PLR0913, PLR0917 - fixtures and a case
    empty: Served, app: Path, run_step: RunStep, environ: Push, code: int, words: str
) -> None:
    (app.parent / "hollow" / "folder").mkdir(parents=True)
    git(app.parent, "init", "-q", str(app.parent / "nested" / "inner"))
    done = run_step("DirectPush", target(empty, **environ))
    assert (done.code, words in done.stderr) == (code, True), done.stderr
    assert done.outputs == {}
    assert git(empty.folder(), "for-each-ref") == ""


def test_a_repository_that_is_not_there_is_2(empty: Served, app: Path, run_step: RunStep) -> None:
    done = run_step("DirectPush", target(empty, **empty.elsewhere))
    assert (done.code, "there is no such repository" in done.stderr) == (2, True), done.stderr


def test_credentials_that_may_only_read_are_3_with_the_servers_words(
    empty: Served, app: Path, run_step: RunStep
) -> None:
    done = run_step("DirectPush", target(empty, **empty.read_only))
    assert done.code == 3
    assert empty.may_not_push in done.stderr
    assert empty.right in done.stderr


def test_a_server_that_is_down_is_5(empty: Served, app: Path, run_step: RunStep) -> None:
    gone, _ = empty.gone
    done = run_step("DirectPush", target(empty, **gone))
    assert done.code == 5
    assert " is not available" in done.stderr


def test_the_files_go_into_a_folder_of_the_repository_and_a_second_run_changes_nothing(
    empty: Served, app: Path, run_step: RunStep
) -> None:
    push(run_step, empty)
    (app / "grüße.txt").write_text("x")
    push(run_step, empty, TARGET_DIRECTORY="/services/payments/")
    listing = ["-c", "core.quotePath=false", "ls-tree", "-r", "--name-only", "main"]
    assert git(empty.folder(), *listing).splitlines() == [
        "README.md", "services/payments/README.md", "services/payments/grüße.txt",
    ]  # fmt: skip
    assert push(run_step, empty, TARGET_DIRECTORY="services/payments").outputs["pushed"] is False
    push(run_step, empty, TARGET_DIRECTORY="README.md")  # a folder takes the place of the file
    assert "README.md/README.md" in files(empty)


def test_a_folder_that_git_leaves_out_in_silence_is_refused(empty: Served, app: Path, run_step: RunStep) -> None:
    empty.faults.requests.clear()
    done = run_step("DirectPush", target(empty, TARGET_DIRECTORY="git~1"))
    assert (done.code, "Git takes no folder of the name git~1" in done.stderr) == (2, True), done.stderr
    assert empty.writes() == []


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"TARGET_DIRECTORY": "a/../b"}, "'a/../b' is no folder of a repository."),
        ({"TARGET_DIRECTORY": ".GIT"}, "'.GIT' is no folder of a repository."),
        ({"TARGET_DIRECTORY": "services\\payments"}, "is no folder of a repository. Set TARGET_DIRECTORY to one below"),
        ({"TARGET_DIRECTORY": "a\nb"}, "is no folder of a repository."),
        ({"TARGET_DIRECTORY": "a", "FORCE_PUSH": "true"}, "and TARGET_DIRECTORY keeps it. Give one of them."),
        ({"SIGNING_KEY": "-----BEGIN CERTIFICATE-----"}, "SIGNING_KEY holds no private key of GPG or SSH."),
    ],
)
def test_what_cannot_work_is_refused_before_anything_is_asked(
    empty: Served, app: Path, run_step: RunStep, environ: Push, words: str
) -> None:
    empty.faults.requests.clear()
    done = run_step("DirectPush", target(empty, **environ))
    assert (done.code, words in done.stderr) == (2, True), done.stderr
    assert empty.faults.requests == []


def test_the_folder_is_also_found_below_the_output_directory(empty: Served, app: Path, run_step: RunStep) -> None:
    (app.parent / "out").mkdir()
    app.rename(app.parent / "out" / "app")
    push(run_step, empty, CODE_OUTPUT_DIRECTORY="out")
    assert files(empty) == ["README.md"]


def test_sigterm_during_a_push_ends_git_too_and_leaves_nothing_behind(empty: Served, app: Path, tmp_path: Path) -> None:
    started = tmp_path / "started"
    hook = empty.folder() / "hooks" / "pre-receive"
    hook.write_text(f"#!/bin/sh\necho $$ >{started}.new && mv {started}.new {started}\nexec sleep 30\n")
    hook.chmod(0o755)
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(REPOSITORY_ROOT), "TMPDIR": str(temporary)}
    with subprocess.Popen(
        [sys.executable, "-P", "-m", "steps.direct_push"], cwd=app.parent, env=environ | target(empty),
        stderr=subprocess.PIPE, text=True,
    ) as step:  # fmt: skip
        deadline = time.monotonic() + 20
        while not started.exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        step.send_signal(signal.SIGTERM)
        _, shown = step.communicate(timeout=20)
    assert step.returncode == 143
    assert "The step was terminated; running it again is safe." in shown
    pushing = [process for process in Path("/proc").iterdir() if _is_push_to(process / "cmdline", empty.clone_url)]
    assert pushing == []
    assert list(temporary.iterdir()) == []
    with contextlib.suppress(ProcessLookupError):
        os.kill(int(started.read_text()), signal.SIGKILL)


def _is_push_to(cmdline: Path, url: str) -> bool:
    try:
        words = cmdline.read_bytes().split(b"\0")
    except OSError:
        return False
    return b"push" in words and any(word.startswith(url.encode()) for word in words)


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({"GIT_AUTHOR_NAME": "<>"}, "2 name consists only of disallowed characters"),
        ({"BRANCH": "refs/heads/main"}, "2 Set BRANCH to the name alone: main."),
        ({"BRANCH": "HEAD"}, "2 'HEAD' is no name for a branch"),
        ({"BRANCH": "main/x"}, "4 The branch main exists, and git cannot have main/x next to it."),
        ({"CODE_DIRECTORY": "empty"}, "2 holds no file to push"),
        ({"CODE_DIRECTORY": "ignored", "FORCE_PUSH": "true"}, "2 holds no file to push that .gitignore lets through"),
        ({"CODE_DIRECTORY": "badly-named"}, "2 invalid path '.GIT/config'"),
    ],
)
def test_what_git_cannot_commit_or_push_is_told_in_words_though_the_branch_has_files(
    empty: Served, app: Path, run_step: RunStep, environ: dict[str, str], told: str
) -> None:
    push(run_step, empty)
    (app / "new").write_text("x")
    for name in ("empty/.git/config", "ignored/.gitignore", "badly-named/.GIT/config"):
        (app.parent / name).parent.mkdir(parents=True)
        (app.parent / name).write_text("*")
    done = run_step("DirectPush", target(empty, **environ))
    code, _, words = told.partition(" ")
    assert done.code == int(code), done.stderr
    assert words in done.stderr
    assert files(empty) == ["README.md"]


AS_NOBODY = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", sys.executable, "-P"]
SOURCES = {"PATH": os.environ["PATH"], "PYTHONPATH": str(REPOSITORY_ROOT)}


def _others_can_run_the_steps() -> bool:
    """Tell whether another user may become one here, and reach this source tree and its Python."""
    if os.getuid() != 0 or shutil.which("setpriv") is None:
        return False
    probe = [*AS_NOBODY, "-c", "import steps.direct_push"]
    return subprocess.run(probe, env=SOURCES, capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not _others_can_run_the_steps(), reason="needs root, and a source tree that other users can read")
def test_a_folder_that_may_not_be_read_is_never_left_out_of_a_push(empty: Served, app: Path, tmp_path: Path) -> None:
    (app / "closed").mkdir(mode=0o700)
    (app / "closed" / "file").write_text("x")
    for folder in (app, *app.parents):
        folder.chmod(0o755)
        if folder == tmp_path.parents[2]:
            break
    command, environ = [*AS_NOBODY, "-m", "steps.direct_push"], {**target(empty), **SOURCES}
    done = subprocess.run(command, env=environ, cwd=app.parent, capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    assert f"{app}/closed cannot be read by uid 65534: Permission denied." in done.stderr


def test_a_host_that_forbids_to_overwrite_is_not_taken_for_a_branch_that_moved(
    empty: Served, app: Path, run_step: RunStep
) -> None:
    push(run_step, empty)
    git(empty.folder(), "config", "receive.denyNonFastForwards", "true")
    (app / "new").write_text("x")
    done = run_step("DirectPush", target(empty, FORCE_PUSH="true"))
    assert done.code == 1
    assert "the server declined it (non-fast-forward). Nobody may replace what a branch holds there" in done.stderr
    assert "moving" not in done.stderr


@pytest.mark.parametrize("service", ["git-upload-pack", "git-receive-pack"])
def test_a_redirect_to_another_host_is_refused_and_gets_neither_code_nor_credentials(
    empty: Served, app: Path, run_step: RunStep, service: str
) -> None:
    port = int(empty.url.rpartition(":")[2])
    with in_front_of(port) as elsewhere, in_front_of(port) as proxy:
        answer = answering(302, b"", f"Location: http://127.0.0.1:{elsewhere.port}{empty.git_path}/info/refs")
        proxy.rules.append(Rule("GET", "/info/refs", Fault("redirect", answer, forwarded=False), None, service))
        through = {name: value.replace(str(port), str(proxy.port)) for name, value in target(empty).items()}
        done = run_step("DirectPush", through)
        assert elsewhere.requests == []
    assert done.code == 1, done.stderr
    assert "redirects to another address. Give the final address" in done.stderr
    assert git(empty.folder(), "branch", "--list") == ""


def test_what_git_has_no_form_for_is_named(empty: Served, app: Path, run_step: RunStep) -> None:
    os.mkfifo(app / "pipe")
    git(app, "init", "--quiet")
    done = push(run_step, empty)
    assert "Not pushed: pipe, which is a pipe, socket or device." in done.stderr
    assert "Not pushed: " in done.stderr.partition("/.git, the folder's own repository.")[0]
    assert files(empty) == ["README.md"]


def test_pushes_to_one_branch_at_the_same_time_are_all_laid_over_each_other(empty: Served, tmp_path: Path) -> None:
    """Each finds that the branch has moved, and tries again within its budget."""
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(REPOSITORY_ROOT), **target(empty)}
    steps = []
    for number in range(6):
        folder = tmp_path / str(number) / "app"
        folder.mkdir(parents=True)
        (folder / f"{number}.txt").write_text("x")
        steps.append(
            subprocess.Popen(
                [sys.executable, "-P", "-m", "steps.direct_push"], cwd=folder.parent, env=environ,
                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            )
        )  # fmt: skip
    told = [step.communicate(timeout=120)[1] for step in steps]
    assert [step.returncode for step in steps] == [0] * 6, told
    assert files(empty) == [f"{number}.txt" for number in range(6)]
