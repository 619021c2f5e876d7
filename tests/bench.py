"""Figures as ratios, measured side by side in one run: machines are noisy, and a second on this one says nothing.

`make bench` prints: how long each step takes to say --help against an empty Python; how soon CreateRepo sends its first
request against importing its library; DirectPush against the plain git command line; the whole pipeline by the runner
against the same step commands in a shell script, and with containers against bare `docker run`; and templates against
the cookiecutter command line.

Where a disk's file system makes new files slowly for minutes after many were deleted (ext4 does), run it with TMPDIR on
a tmpfs: `TMPDIR=/dev/shm make bench`.
"""

from __future__ import annotations

import contextlib
import http.server
import io
import json
import os
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import yaml

from runner import cli
from sandbox.git import repositories
from sandbox.seeding import seed
from sandbox.server import Sandbox, serve
from sandbox.services import open_state
from steps import STEPS, load

ROOT = Path(__file__).resolve().parents[1]
ROUNDS = 7


def timed(work: Callable[[], None]) -> float:
    """Give the seconds that the work took, without the writing back of what the one before has left in memory."""
    os.sync()
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def side_by_side(*works: Callable[[], None], rounds: int = ROUNDS) -> list[float]:
    """Give the median of each, the rounds interleaved so that noise falls on all alike."""
    for work in works:
        work()
    taken = [[timed(work) for work in works] for _ in range(rounds)]
    return [statistics.median(column) for column in zip(*taken, strict=True)]


def python(*arguments: str, **environ: str) -> Callable[[], None]:
    """Make a run of Python that must succeed."""

    def run() -> None:
        subprocess.run(
            [sys.executable, *arguments], cwd=ROOT, check=True, capture_output=True, env={**os.environ, **environ}
        )

    return run


def start_up() -> None:
    """Print the start-up of each step."""
    names = [module.rpartition(".")[2] for module in STEPS.values()]
    works = [python("-m", f"steps.{name}", "--help") for name in names]
    bare, *steps = side_by_side(python("-c", "pass"), *works)
    for name, seconds in zip(names, steps, strict=True):
        print(f"python -m steps.{name} --help: {seconds / bare:.1f} x python -c pass")


class FirstRequest(http.server.BaseHTTPRequestHandler):
    """Answers 401 to everything: the client stops after its first request."""

    def do_GET(self) -> None:
        body = b'{"message": "Bad credentials"}'
        self.send_response(401)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def first_request() -> None:
    """Print how long CreateRepo needs until its first request has its answer."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), FirstRequest)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    port = str(server.server_port)
    environ = {
        "CONNECTOR_TYPE": "Github",
        "DRONE_NETRC_MACHINE": "127.0.0.1",
        "DRONE_NETRC_PORT": port,
        "DRONE_NETRC_PASSWORD": "bench-token",
        "DRONE_REMOTE_URL": f"http://127.0.0.1:{port}",
        "ORG_NAME": "acme",
        "REPO_NAME": "payments",
    }

    def ask() -> None:
        done = subprocess.run(
            [sys.executable, "-m", "steps.create_repo"], cwd=ROOT, check=False, env={**os.environ, **environ},
            capture_output=True,
        )  # fmt: skip
        if done.returncode != 3:  # not authenticated: the one answer there is
            raise RuntimeError(done.stderr.decode())

    library, step = side_by_side(python("-c", "import github"), ask)
    server.shutdown()
    server.server_close()
    print(f"CreateRepo until its first request is answered: {step / library:.2f} x import github")


UPDATE = {
    "type": "UpdateCatalogProperty",
    "name": "Note the tier",
    "identifier": "tier",
    "spec": {
        "type": "Entity",
        "entityRef": "component:account/<+pipeline.variables.project_name>",
        "properties": [{"property": "metadata.tier", "value": "1"}],
    },
}


def seven_steps(folder: Path) -> Path:
    """Write the example with the step that it lacks, beside its own inputs and template."""
    example = ROOT / "examples" / "service-onboarding"
    pipeline = yaml.safe_load((example / "pipeline.yaml").read_text(encoding="utf-8"))
    pipeline["pipeline"]["stages"][0]["stage"]["spec"]["execution"]["steps"].append({"step": UPDATE})
    for name in ("inputs.yaml", "sandbox.yaml", "template"):
        (folder / name).symlink_to(example / name)
    file = folder / "pipeline.yaml"
    file.write_text(yaml.safe_dump(pipeline, sort_keys=False), encoding="utf-8")
    return file


PUSHES = {
    "12 files": (12, 2_000),
    "1,000 files": (1_000, 2_000),
    "5,000 files": (5_000, 500),
    "200 MB": (1, 200_000_000),
}
BY_GIT = """\
git init -q . && git add . && git -c user.name=a -c user.email=a@b commit -q -m first && git push -q {0} HEAD:main
"""


def pushes() -> None:
    """Print DirectPush's time and memory against the plain git command line's, for the same files and server."""
    with tempfile.TemporaryDirectory() as name, serve(Path(name) / "state") as sandbox:
        number = iter(range(1000))
        for title, (count, size) in PUSHES.items():
            folder = Path(name) / title.replace(" ", "-")
            _fill(folder, count, size)
            kept: dict[str, list[int]] = {"git": [], "step": []}

            def by_git(folder: Path = folder, kept: dict[str, list[int]] = kept) -> None:
                url = _new_repository(sandbox, next(number)).replace(
                    "://", f"://x:{sandbox.credentials['github'].token}@"
                )
                kept["git"].append(_measured(["sh", "-ec", BY_GIT.format(url)], folder, {}))
                shutil.rmtree(folder / ".git")

            def by_step(folder: Path = folder, kept: dict[str, list[int]] = kept) -> None:
                url = _new_repository(sandbox, next(number))
                environ = {
                    "CONNECTOR_TYPE": "Github",
                    "DRONE_NETRC_MACHINE": "127.0.0.1",
                    "DRONE_NETRC_PORT": sandbox.url.rpartition(":")[2],
                    "DRONE_NETRC_PASSWORD": sandbox.credentials["github"].token,
                    "DRONE_REMOTE_URL": sandbox.url,
                    "ORG_NAME": "acme",
                    "REPO_NAME": url.rpartition("/")[2].removesuffix(".git"),
                    "CODE_DIRECTORY": folder.name,
                    "BRANCH": "main",
                    "PYTHONPATH": str(ROOT),
                }
                kept["step"].append(
                    _measured([sys.executable, "-P", "-m", "steps.direct_push"], folder.parent, environ)
                )

            git, step = side_by_side(by_git, by_step, rounds=3 if size > count * 10_000 else ROUNDS)
            memory = statistics.median(kept["step"]) / statistics.median(kept["git"])
            print(f"DirectPush of {title}: {step / git:.2f} x git, {step - git:+.2f} s; memory {memory:.2f} x git's")


def _fill(folder: Path, count: int, size: int) -> None:
    folder.mkdir()
    for file in range(count):
        place = folder / f"part{file % 20}"
        place.mkdir(exist_ok=True)
        (place / f"{file}.txt").write_bytes(os.urandom(size // 2).hex().encode())


def _new_repository(sandbox: Sandbox, number: int) -> str:
    seed(sandbox.state_dir, "acme", f"bench{number}", None)
    return f"{sandbox.url}/acme/bench{number}.git"


def _measured(command: Sequence[str], folder: Path, environ: Mapping[str, str]) -> int:
    """Run a command; gives the largest memory that one of its processes had, in KB."""
    script = "import resource, subprocess, sys; code = subprocess.run(sys.argv[1:]).returncode; "
    script += "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss); sys.exit(code)"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", script, *command],
        cwd=folder, env={**os.environ, **environ}, check=True, capture_output=True, text=True,
    )  # fmt: skip
    return int(done.stdout.split()[-1])


RECORDER = """\
import json, os, sys
with open({record!r}, "a", encoding="utf-8") as record:
    record.write(json.dumps([sys.argv[1:], dict(os.environ)]) + "\\n")
os.execv({python!r}, [{python!r}, *sys.argv[1:]])
"""


def pipeline() -> None:
    """Print the runner's time for the pipeline against a shell script of the very same step processes."""
    with tempfile.TemporaryDirectory() as name, serve(Path(name) / "state") as sandbox:
        folder = Path(name)
        file = seven_steps(folder)
        record = folder / "commands.jsonl"
        number = iter(range(1000))

        def by_runner() -> None:
            project = f"bench-{next(number)}"
            command = [str(Path(sys.executable).parent / "idp-steps"), "run", str(file), "--sandbox"]
            subprocess.run(
                [*command, "--state", str(sandbox.state_dir), "--set", f"project_name={project}"],
                cwd=folder,
                check=True,
                capture_output=True,
            )

        def by_script() -> None:
            project = f"bench-{next(number)}"
            workspace = folder / project
            workspace.mkdir()
            script = shell_script(commands, workspace, commands_project, project)
            subprocess.run(["sh", "-e", "-c", script], cwd=workspace, check=True, capture_output=True)

        commands, commands_project = recorded(file, sandbox.state_dir, folder, record)
        script, runner = side_by_side(by_script, by_runner, rounds=5)
        print(
            f"The seven-step pipeline by `idp-steps run`: {runner / script:.2f} x the seven commands in a shell script"
        )


def recorded(
    file: Path, state: Path, folder: Path, record: Path
) -> tuple[list[tuple[list[str], Mapping[str, str]]], str]:
    """Run the pipeline once and note the command and environment of each step."""
    shim = folder / "python"
    shim.write_text(f"#!{sys.executable}\n" + RECORDER.format(record=str(record), python=sys.executable))
    shim.chmod(0o755)
    real, sys.executable = sys.executable, str(shim)
    project = "bench-recorded"
    before = Path.cwd()
    os.chdir(folder)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            code = cli.main(["run", str(file), "--sandbox", "--state", str(state), "--set", f"project_name={project}"])
    finally:
        os.chdir(before)
        sys.executable = real
    if code != 0:
        raise SystemExit(code)
    lines = [json.loads(line) for line in record.read_text(encoding="utf-8").splitlines()]
    return [(arguments, environ) for arguments, environ in lines], project


OF_THE_RUN = frozenset({"IDP_STEPS_PARENT", "TMPDIR"})  # they end with the run that was recorded


def shell_script(
    commands: Sequence[tuple[Sequence[str], Mapping[str, str]]], workspace: Path, old: str, new: str
) -> str:
    """Write the commands as a user would in a shell script: the environment before each, one after another."""
    lines = []
    for arguments, environ in commands:
        moved = {name: value.replace(old, new) for name, value in environ.items() if name not in OF_THE_RUN}
        moved |= {name: str(workspace / "out.env") for name in ("DRONE_OUTPUT", "HARNESS_OUTPUT_FILE") if name in moved}
        assignments = " ".join(shlex.quote(f"{name}={value}") for name, value in moved.items())
        lines.append(f"env -i {assignments} {shlex.join([sys.executable, *arguments])}")
    return "\n".join(lines)


def clones() -> None:
    """Print GitClone's time against `git clone` with the same options, over HTTP from the same server.

    The function of the step alone, in a process that has started: what Python costs, start_up() tells.
    """
    with tempfile.TemporaryDirectory() as name, served_apart(Path(name) / "state") as sandbox:
        folder = Path(name)
        for repository, files, commits, depth in (("files", 5_000, 1, 0), ("commits", 20, 2_000, 1)):
            grow(sandbox.state_dir, repository, files, commits)
            url = f"{sandbox.url}/acme/{repository}.git"
            number = iter(f"{repository}-{one}" for one in range(1000))
            options = ["--single-branch", "--branch=main", "--no-tags", *([f"--depth={depth}"] if depth else [])]
            environ = {"DRONE_REMOTE_URL": url, "DRONE_COMMIT_BRANCH": "main", "PLUGIN_DEPTH": str(depth)}
            environ |= {"PATH": os.environ["PATH"], "OUTPUT_FILE": str(folder / "out.json"), "CONNECTOR_TYPE": "Github"}

            def by_git(options: Sequence[str] = options, url: str = url, number: Iterator[str] = number) -> None:
                command = ["git", "clone", "--quiet", *options, url, str(folder / f"git-{next(number)}")]
                subprocess.run(command, check=True, capture_output=True)

            def by_step(environ: Mapping[str, str] = environ, number: Iterator[str] = number) -> None:
                with contextlib.redirect_stderr(io.StringIO()):
                    code = load("GitClone").main([], {**environ, "DRONE_WORKSPACE": f"step-{next(number)}"})
                if code != 0:
                    raise SystemExit(code)

            before = Path.cwd()
            os.chdir(folder)
            try:
                plain, step = side_by_side(by_git, by_step)
            finally:
                os.chdir(before)
            told = f"{files} files" if depth == 0 else f"depth {depth} of {commits} commits"
            print(f"GitClone of {told}: {step / plain:.2f} x git clone ({plain * 1000:.0f} ms)")


SERVER = """\
import sys
from pathlib import Path
from sandbox.server import serve
with serve(Path(sys.argv[1])):
    print("ready", flush=True)
    sys.stdin.read()
"""


@contextlib.contextmanager
def served_apart(state: Path) -> Iterator[Sandbox]:
    """Serve a sandbox by a process of its own: a step has its process to itself, without threads of a server."""
    command = [sys.executable, "-c", SERVER, str(state)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        if process.stdout is None or process.stdout.readline() != "ready\n":
            raise SystemExit("The sandbox did not start.")
        with serve(state) as sandbox:
            yield sandbox
        process.communicate()


def grow(state: Path, name: str, files: int, commits: int) -> None:
    """Make a public repository of so many files and commits, by git's fast-import."""
    hosted = repositories.create(open_state(state), "github", "acme", name, visibility="public")
    lines = []
    for number in range(commits):
        message = f"Commit {number}"
        lines += ["commit refs/heads/main", f"committer A <a@x.test> {1_700_000_000 + number} +0000"]
        lines += [f"data {len(message)}", message]
        for file in range(files if number == 0 else 1):
            text = f"{number} {file} " + "words that a file holds " * 40
            lines += [f"M 100644 inline folder{number % 50}/file{number}-{file}.txt", f"data {len(text)}", text]
        lines.append("")
    stream = "\n".join(lines).encode()
    subprocess.run(["git", "-C", hosted.folder, "fast-import", "--quiet"], input=stream, check=True)


if __name__ == "__main__":
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # the images hold byte-code, so no start is to make it anew
    start_up()
    first_request()
    clones()
    pushes()
    pipeline()
    # Here, for they use what stands above.
    from tests import bench_catalog, bench_catalogs, bench_docker, bench_templates

    bench_docker.containers()
    bench_templates.templates()
    bench_templates.onboarding()
    bench_catalogs.properties()
    bench_catalog.imports()
