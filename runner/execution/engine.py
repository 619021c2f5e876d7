"""A container engine by its command line: whether it answers, the images of a run, and what a run leaves behind.

docker and podman take the same words for all that is used here.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal, get_args

from common.errors import BadInput
from runner.language.step_types import StepKind
from runner.platform.images import REPOSITORY

Name = Literal["docker", "podman"]
ENGINES: tuple[str, ...] = get_args(Name)
Pull = Literal["missing", "always", "never"]
PULLS: tuple[str, ...] = get_args(Pull)
LABEL = "idp-steps.run"
OWN = ("DOCKER_", "BUILDKIT_", "CONTAINER_", "CONTAINERS_", "XDG_")  # variables that the command line reads itself
INSTALL = {
    "docker": "Install docker.io and start the service, or run the steps as processes (--engine process).",
    "podman": "Install podman, or run the steps as processes (--engine process).",
}
START = {
    "docker": "Start it (systemctl start docker), and make sure that your user may use it.",
    "podman": "Find out with: podman info",
}
# Removes what is left of a run when the runner ends, in whatever way: its end of the pipe closes then. It looks several
# times, for an engine may still be starting a container.
_GUARD = """
import signal, subprocess, sys, time
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
sys.stdin.buffer.read()
program, label, times = sys.argv[1], sys.argv[2], int(sys.argv[3])
for turn in range(times):
    listed = subprocess.run([program, "ps", "--all", "--quiet", "--filter", "label=" + label], capture_output=True)
    left = listed.stdout.decode().split()
    if left:
        subprocess.run([program, "rm", "--force", *left], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    if turn + 1 < times:
        time.sleep(1)
"""
LOOKS = 3  # how often the guard looks when the runner has not come to its end


@dataclass(frozen=True)
class Choice:
    """The engine that somebody chose, when it fetches images, and which image a type of step has."""

    program: str
    pull: str
    image: Callable[[StepKind], str]


@dataclass(frozen=True)
class Engine:
    """An engine that answers. `environ` is what its command line needs of the environment.

    remote: it runs in a machine of its own, as Docker Desktop and podman machine do, whose network is not this one's.
    """

    program: str
    environ: Mapping[str, str]
    remote: bool


def opened(program: str, environ: Mapping[str, str]) -> Engine:
    """Give the engine when it answers. Raises BadInput with what to do."""
    environ = {name: value for name, value in environ.items() if name in ("PATH", "HOME") or name.startswith(OWN)}
    asked = "{{.OperatingSystem}}" if program == "docker" else "{{.Host.ServiceIsRemote}}"
    try:
        answer = _ask(program, environ, "info", "--format", asked)
    except FileNotFoundError as error:
        raise BadInput(f"There is no program {program} here.", next_step=INSTALL[program]) from error
    if answer.returncode != 0:
        raise BadInput(f"{program} does not answer: {_last_line(answer.stderr)}", next_step=START[program])
    told = answer.stdout.strip()
    return Engine(program, environ, sys.platform != "linux" or told in {"Docker Desktop", "true"})


def have_images(engine: Engine, images: Mapping[str, str], pull: str, line: Callable[[str], None]) -> None:
    """See to it that the images are there before anything runs. Raises BadInput that names all that cannot be had.

    images: with when the step that needs one has it fetched, '' when it does not say. pull: for those; "never" for all.
    The steps' own images are built, and never fetched: their short name may be somebody else's in a public registry,
    and they are handed an organization's tokens.
    """
    missing = []
    all_there = len(images) > 1 and _are_there(engine, *images)  # in one call: each takes a while to start
    for image, asked in images.items():
        when = pull if pull == "never" else asked or pull
        there = all_there or _are_there(engine, image)
        is_built = image.startswith(f"{REPOSITORY}/")
        if there and (is_built or when != "always"):
            continue
        if is_built:
            missing.append(f"{image} is not built")
            continue
        if when == "never":
            forbids = "--pull never" if pull == "never" else "the step's imagePullPolicy"
            missing.append(f"{image} is not there, and {forbids} forbids to fetch it")
            continue
        line(f"Pulling {image} ...")
        answer = _ask(engine.program, engine.environ, "pull", "--quiet", image)
        if answer.returncode != 0:
            missing.append(f"{image} cannot be pulled: {_last_line(answer.stderr).rstrip('.')}")
    if missing:
        raise BadInput(
            f"Images are missing: {'; '.join(missing)}.",
            next_step=f"Build the steps' own with `make images ENGINE={engine.program}`, or name others by --images.",
        )


def _are_there(engine: Engine, *images: str) -> bool:
    return _ask(engine.program, engine.environ, "image", "inspect", *images).returncode == 0


@contextmanager
def guarded(engine: Engine, run: str) -> Iterator[None]:
    """Remove every container of a run at its end, also when this process is killed."""
    command = [sys.executable, "-I", "-S", "-c", _GUARD, engine.program, f"{LABEL}={run}", str(LOOKS)]
    guard = subprocess.Popen(command, stdin=subprocess.PIPE, env=dict(engine.environ), start_new_session=True)
    assert guard.stdin is not None  # noqa: S101 - a pipe, as asked for
    try:
        yield
    except BaseException:
        remove(engine, f"label={LABEL}={run}")
        guard.stdin.close()  # it looks again, for the engine may still be making a container; nobody waits for that
        threading.Thread(target=guard.wait, daemon=True).start()
        raise
    guard.kill()  # everything that was started has ended by now
    guard.stdin.close()
    guard.wait()


def remove(engine: Engine, which: str) -> None:
    """Remove the containers that a filter names, whatever they are doing."""
    left = _ask(engine.program, engine.environ, "ps", "--all", "--quiet", "--filter", which).stdout.split()
    if left:
        _ask(engine.program, engine.environ, "rm", "--force", *left)


def _ask(program: str, environ: Mapping[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [program, *arguments],
        env=dict(environ),
        stdin=subprocess.DEVNULL,
        check=False,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
    )


def _last_line(text: str) -> str:
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "it gave no reason.")
