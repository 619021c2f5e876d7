"""Hooks: bounded in time, listened to line by line, and without a way to the step's secrets."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from common.template import isolation
from sandbox.seeding import seed
from tests.conftest import REPOSITORY_ROOT, RunStep, World
from tests.hostile.test_kills import processes

PRIVATE = {"TEMPLATE_TYPE": "private", "PATH_FOR_TEMPLATE": "template"}
PRE, POST = "pre_gen_project", "post_gen_project"


def template(root: Path, hooks: dict[str, str]) -> Path:
    """A template of one file with these hooks."""
    (root / "{{cookiecutter.slug}}").mkdir(parents=True)
    (root / "{{cookiecutter.slug}}" / "file").write_text("x")
    (root / "cookiecutter.json").write_text('{"slug": "app"}')
    for name, text in hooks.items():
        (root / "hooks").mkdir(exist_ok=True)
        (root / "hooks" / name).write_text(text)
    return root


def test_a_hook_that_takes_too_long_is_ended_and_the_limit_is_told(workspace: Path, run_step: RunStep) -> None:
    template(workspace / "template", {f"{PRE}.sh": "#!/bin/sh\necho waiting; sleep 300 & sleep 300\n"})
    done = run_step("CookieCutter", PRIVATE | {"HOOK_TIMEOUT": "1"})
    assert done.code == 1
    assert f"The template's hook {PRE}.sh ran for more than 1 s and was ended." in done.stderr
    assert "with HOOK_TIMEOUT" in done.stderr
    assert [path.name for path in workspace.iterdir()] == ["template"]


def test_what_a_hook_leaves_running_ends_with_it(workspace: Path, run_step: RunStep) -> None:
    text = "#!/bin/sh\n(sleep 1; echo late > late; sleep 300) & \n"
    template(workspace / "template", {f"{PRE}.sh": text, f"{POST}.py": "import time; time.sleep(2)\n"})
    done = run_step("CookieCutter", PRIVATE)
    assert done.code == 0, done.stderr
    assert [path.name for path in (workspace / "app").iterdir()] == ["file"]


def test_what_a_hook_leaves_running_ends_too_when_it_ends_the_process_that_renders(
    workspace: Path, run_step: RunStep
) -> None:
    """In a session of its own, and with nobody left of those who started it."""
    text = "#!/bin/sh\nsetsid sh -c 'echo > up; sleep 300' &\nwhile [ ! -e up ]; do sleep 0.01; done; kill -9 $PPID\n"
    template(workspace / "template", {f"{PRE}.sh": text})
    done = run_step("CookieCutter", PRIVATE)
    assert done.code == 2
    assert "own code ended the rendering (exit code -9)" in done.stderr
    assert processes(workspace) == []


STOPPING = """\
import os, signal
from jinja2.ext import Extension
class X(Extension): pass
os.kill(os.getpid(), signal.SIGSTOP)
"""


@pytest.mark.parametrize("by", ["hook", "extension"])
def test_code_that_stops_the_process_that_renders_is_ended_at_once(workspace: Path, run_step: RunStep, by: str) -> None:
    """Such a process does not end, and can end none of its hooks when their time is up."""
    root = template(workspace / "template", {f"{PRE}.sh": "#!/bin/sh\nkill -STOP $PPID\nsleep 300\n"})
    if by == "extension":
        (root / "own.py").write_text(STOPPING)
        (root / "cookiecutter.json").write_text('{"slug": "app", "_extensions": ["own.X"]}')
    done = run_step("CookieCutter", PRIVATE | {"STEP_TIMEOUT": "60"})
    assert done.code == 2, done.stderr
    assert f"own code ended the rendering (stopped by signal {signal.SIGSTOP:d})" in done.stderr
    assert [path.name for path in workspace.iterdir()] == ["template"]
    assert processes(workspace) == []


STAYING = """\
import atexit, threading, time
from jinja2.ext import Extension
class X(Extension): pass
atexit.register(time.sleep, 300)
threading.Thread(target=time.sleep, args=(300,)).start()
print("started")
"""


def test_what_an_extension_leaves_running_is_not_waited_for(workspace: Path, run_step: RunStep) -> None:
    root = template(workspace / "template", {})
    (root / "own.py").write_text(STAYING)
    (root / "cookiecutter.json").write_text('{"slug": "app", "_extensions": ["own.X"]}')
    done = run_step("CookieCutter", PRIVATE | {"STEP_TIMEOUT": "60"})
    assert done.code == 0, done.stderr
    assert "started" in done.stderr.splitlines()
    assert processes(workspace) == []


def test_each_line_of_a_hook_is_shown_but_obeyed_by_no_runner(workspace: Path, run_step: RunStep) -> None:
    text = "import sys\nprint('one'); print('::set-output name=a::b', file=sys.stderr); print('caf\\xe9')\n"
    template(workspace / "template", {f"{PRE}.py": text})
    done = run_step("CookieCutter", PRIVATE | {"GITHUB_ACTIONS": "true"})
    assert done.code == 0
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert {"one", "café"} <= set(lines)
    assert not [line for line in lines if line.startswith("::set-output")]
    assert [line for line in lines if "set-output name=a" in line]


def test_a_secret_that_a_hook_prints_is_masked(
    workspace: Path, run_step: RunStep, world: World, tmp_path: Path
) -> None:
    """One that it has from elsewhere: it cannot have it from the step."""
    user, token = world.credentials["github"].user, world.credentials["github"].token
    seed(world.state_dir, "templates", "own", template(tmp_path / "own", {f"{PRE}.sh": f"#!/bin/sh\necho '<{token}>'"}))
    address = world.url.replace("://", f"://{user}:{token}@")
    done = run_step("CookieCutter", {"PUBLIC_TEMPLATE_URL": f"{address}/templates/own"})
    assert done.code == 0, done.stderr
    assert "<***>" in done.stderr
    assert token not in done.stderr


READER = """\
import os, re
def ask(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""
def memory(pid):
    try:
        file = open(f"/proc/{pid}/mem", "rb", 0)
    except OSError:
        return b""
    found = b""
    for line in ask(f"/proc/{pid}/maps").splitlines():
        start, end = (int(number, 16) for number in line.split()[0].split(b"-"))
        if line.split()[1].startswith(b"rw"):
            try:
                file.seek(start)
                found += file.read(end - start)
            except (OSError, ValueError, OverflowError):
                pass
    return found
planted = "plan" + "ted-canary"
canary = "".join(reversed("YRANAC"))
renderer = os.getppid()
step = int(ask(f"/proc/{renderer}/stat").rpartition(b")")[2].split()[1])
with open("seen", "w") as seen:
    print("own", planted.encode() in memory(os.getpid()), file=seen)
    for name, pid in ("renderer", renderer), ("step", step):
        print(name, canary.encode() in memory(pid) + ask(f"/proc/{pid}/environ"), file=seen)
    print("environment", canary in str(os.environ), file=seen)
"""


def test_a_hook_finds_no_secret_in_the_memory_of_the_step(workspace: Path, world: World, tmp_path: Path) -> None:
    """Nor in that of the process that renders. The one planted in its own memory it does find."""
    reader = READER.replace("YRANAC", world.credentials["github"].token[::-1])
    seed(world.state_dir, "templates", "own", template(tmp_path / "own", {f"{POST}.py": reader}), private=True)
    user, token = world.credentials["github"].user, world.credentials["github"].token
    environ = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(REPOSITORY_ROOT),
        "PUBLIC_TEMPLATE_URL": f"{world.url.replace('://', f'://{user}:{token}@')}/templates/own",
        "DRONE_NETRC_PASSWORD": token,
    }
    command = [sys.executable, "-P", "-m", "steps.cookie_cutter"]
    done = subprocess.run(command, cwd=workspace, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    seen = (workspace / "app" / "seen").read_text().splitlines()
    assert seen == ["own True", "renderer False", "step False", "environment False"]


def test_an_extension_finds_no_secret_in_the_memory_of_the_step(workspace: Path) -> None:
    """It runs in the process that renders, which may be root's: that gives up the right to read others' memory."""
    root, token = template(workspace / "template", {}), "s3cr3t-" + "canary-of-the-step"
    reader = READER.replace("YRANAC", token[::-1]).replace("renderer = os.getppid()", "renderer = os.getpid()")
    reader = reader.replace('for name, pid in ("renderer", renderer), (', "for name, pid in ((").replace(
        "step):", "step),):"
    )
    reader = reader.replace('open("seen"', f'open("{workspace}/seen"')
    (root / "reader.py").write_text(f"{reader}\nfrom jinja2.ext import Extension\nclass Reader(Extension): pass\n")
    (root / "cookiecutter.json").write_text('{"slug": "app", "_extensions": ["reader.Reader"]}')
    environ = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(REPOSITORY_ROOT),
        "DRONE_NETRC_MACHINE": "git.example.test",
        "DRONE_NETRC_USERNAME": "u",
        "DRONE_NETRC_PASSWORD": token,
    }
    command = [sys.executable, "-P", "-m", "steps.cookie_cutter"]
    done = subprocess.run(command, cwd=workspace, env=environ | PRIVATE, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (workspace / "seen").read_text().splitlines() == ["own True", "step False", "environment False"]


def test_hooks_get_the_proxy_without_its_password(workspace: Path, run_step: RunStep) -> None:
    text = "import os; open('proxies', 'w').write(repr([os.environ['https_proxy'], os.environ['NO_PROXY']]))\n"
    template(workspace / "template", {f"{POST}.py": text})
    proxy = {"HTTPS_PROXY": "http://user:s3cr3t-canary@proxy.example.test:3128", "NO_PROXY": "a.test,b.test"}
    done = run_step("CookieCutter", PRIVATE | proxy)
    assert done.code == 0, done.stderr
    assert (workspace / "app" / "proxies").read_text() == "['http://proxy.example.test:3128', 'a.test,b.test']"


@pytest.mark.skipif(sys.platform != "linux", reason="asks the Linux kernel")
def test_the_step_is_closed_to_others_only_while_a_template_is_rendered() -> None:
    before = isolation._prctl(isolation.PR_GET_DUMPABLE)
    with isolation.unreadable():
        assert isolation._prctl(isolation.PR_GET_DUMPABLE) == 0
    assert isolation._prctl(isolation.PR_GET_DUMPABLE) == before


def test_a_hook_before_the_variables_are_read_may_change_them_and_not_the_template(
    workspace: Path, run_step: RunStep
) -> None:
    text = "import pathlib; pathlib.Path('cookiecutter.json').write_text('{\"slug\": \"changed\"}')\n"
    root = template(workspace / "template", {"pre_prompt.py": text})
    assert run_step("CookieCutter", PRIVATE).outputs["projectDirectory"] == "changed"
    assert (root / "cookiecutter.json").read_text() == '{"slug": "app"}'


def test_what_a_hook_makes_read_only_is_cleared_too(workspace: Path, run_step: RunStep) -> None:
    text = "#!/bin/sh\nmkdir -p a/b; touch a/b/c; chmod 500 a/b a; exit 3\n"
    template(workspace / "template", {f"{PRE}.sh": text})
    done = run_step("CookieCutter", PRIVATE)
    assert done.code == 1
    assert f"{PRE}.sh ended with exit code 3" in done.stderr
    assert [path.name for path in workspace.iterdir()] == ["template"]


COMMITTING = (
    "#!/bin/sh\nset -e\ngit init -q\ngit add .\ngit commit -q -m x\ngit log -1 --format='%an <%ae> %cn' > who\n"
)


def test_a_hook_commits_with_git_by_the_signature_of_the_inputs(workspace: Path, run_step: RunStep) -> None:
    template(workspace / "template", {f"{POST}.sh": COMMITTING})
    done = run_step("CookieCutter", PRIVATE | {"GIT_AUTHOR_NAME": 'A "B" \\ D', "GIT_COMMITTER_NAME": "C"})
    assert done.code == 0, done.stderr
    assert (workspace / "app" / "who").read_text() == 'A "B" \\ D <idp-steps@noreply.invalid> C\n'


def test_what_a_hook_in_python_prints_comes_in_its_order(workspace: Path, run_step: RunStep) -> None:
    text = "import sys\nfor n in range(4):\n    print(n, file=(sys.stdout, sys.stderr)[n % 2])\n"
    template(workspace / "template", {f"{PRE}.py": text})
    lines = run_step("CookieCutter", PRIVATE).stderr.splitlines()
    assert [line for line in lines if line.isdigit()] == ["0", "1", "2", "3"]


@pytest.mark.parametrize(
    ("wanted", "ran"), [("all", {"pre", "post"}), ("none", set()), ("pre", {"pre"}), ("post", {"post"})]
)
def test_which_hooks_are_run_is_the_users_choice(
    workspace: Path, run_step: RunStep, wanted: str, ran: set[str]
) -> None:
    hooks = {f"{PRE}.sh": "#!/bin/sh\ntouch pre\n", f"{POST}.sh": "#!/bin/sh\ntouch post\n"}
    template(workspace / "template", hooks)
    done = run_step("CookieCutter", PRIVATE | {"HOOKS": wanted})
    assert done.code == 0, done.stderr
    assert {path.name for path in (workspace / "app").iterdir()} == {"file"} | ran
    for name in {"pre", "post"} - ran:
        assert f"{name}_gen_project.sh" in done.stderr


def test_a_dry_run_runs_no_hook_and_says_so(workspace: Path, run_step: RunStep, tmp_path: Path) -> None:
    template(workspace / "template", {f"{PRE}.sh": f"#!/bin/sh\ntouch {tmp_path}/acted\n"})
    done = run_step("CookieCutter", PRIVATE | {"DRY_RUN": "true"})
    assert done.code == 0, done.stderr
    assert f"Hooks of the template that are not run: {PRE}.sh." in done.stderr
    assert done.outputs == {"projectDirectory": "app"}
    assert not (tmp_path / "acted").exists()


@pytest.mark.parametrize(
    ("name", "text", "code", "words"),
    [
        (f"{PRE}.sh", "exit 0", 2, f"it does not say what runs it (hooks/{PRE}.sh, line 1)"),
        (f"{PRE}.sh", "#!/no/such/shell\n", 2, f"there is no program /no/such/shell (hooks/{PRE}.sh, line 1)"),
        (
            f"{POST}.sh",
            "#!/usr/bin/env nosuch\n",
            1,
            f"(nosuch): it ended with exit code 127 (hooks/{POST}.sh, line 1)",
        ),
        (f"{POST}.sh", "#!/bin/sh\nnosuch\n", 1, f"{POST}.sh needs a program that is not there"),
        ("pre_prompt.py", "import sys; sys.exit('not today')", 1, "pre_prompt.py ended with exit code 1"),
    ],
)
def test_a_hook_that_cannot_do_its_work_is_named_with_the_cause(  # noqa: PLR0913, PLR0917 - a row of the table
    workspace: Path, run_step: RunStep, name: str, text: str, code: int, words: str
) -> None:
    template(workspace / "template", {name: text})
    done = run_step("CookieCutter", PRIVATE)
    assert done.code == code
    assert words in done.stderr
    assert [path.name for path in workspace.iterdir()] == ["template"]
