"""The documented pipeline with a container per step, against bare `docker run` of the very same containers."""

from __future__ import annotations

import itertools
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from images.listed import IMAGES, VERSION
from sandbox.server import Sandbox, serve
from tests.bench import seven_steps, side_by_side

ENGINE = os.environ.get("ENGINE") or "docker"
PROJECT = "bench-docker"
RECORDER = """\
#!{python}
import json, os, sys
if sys.argv[1] == "run":
    with open({record!r}, "a", encoding="utf-8") as record:
        record.write(json.dumps([sys.argv[1:], dict(os.environ)]) + "\\n")
os.execv({engine!r}, [{engine!r}, *sys.argv[1:]])
"""


def containers() -> None:
    """Print how much longer each step takes by the runner than its bare `docker run`, or why that is not measured."""
    if reason := missing():
        print(f"The pipeline by {ENGINE} against bare {ENGINE} run: not measured. {reason}")
        return
    with tempfile.TemporaryDirectory() as name, serve(Path(name) / "state") as sandbox:
        folder = Path(name)
        file = seven_steps(folder)
        number = itertools.count()
        commands = _recorded(file, sandbox, folder)

        def by_runner() -> None:
            _run(file, sandbox, f"bench-{next(number)}", dict(os.environ))

        def bare() -> None:
            one = next(number)
            script = folder / f"bare-{one}.sh"
            script.write_text(_script(commands, folder / f"bare-{one}", f"bench-{one}"), encoding="utf-8")
            subprocess.run(["sh", "-e", script], check=True)

        engine, runner = side_by_side(bare, by_runner, rounds=5)
        more = (runner - engine) / len(commands) * 1000
        print(
            f"The seven-step pipeline by `idp-steps run --engine {ENGINE}`: {more:+.0f} ms per step above bare"
            f" {ENGINE} run ({engine / len(commands) * 1000:.0f} ms)"
        )


def missing() -> str:
    """Say what is not there that this needs; '' when all of it is."""
    program = shutil.which(ENGINE)
    if program is None or subprocess.run([program, "info"], check=False, capture_output=True).returncode != 0:
        return f"There is no {ENGINE} here, or it does not answer."
    tags = [f"idp-steps/{image}:{VERSION}" for image in IMAGES]
    looks = (subprocess.run([program, "image", "inspect", tag], check=False, capture_output=True) for tag in tags)
    absent = [tag for tag, look in zip(tags, looks, strict=True) if look.returncode != 0]
    return f"Not built: {', '.join(absent)}; run make images." if absent else ""


def _run(file: Path, sandbox: Sandbox, project: str, environ: dict[str, str]) -> None:
    command = [str(Path(sys.executable).parent / "idp-steps"), "run", str(file), "--sandbox", "--engine", ENGINE]
    asked = ["--state", str(sandbox.state_dir), "--set", f"project_name={project}"]
    subprocess.run([*command, *asked], cwd=file.parent, env=environ, check=True, capture_output=True)


def _recorded(file: Path, sandbox: Sandbox, folder: Path) -> list[tuple[list[str], dict[str, str]]]:
    """Run the pipeline once and note the command line and environment of each container."""
    record, shim = folder / "commands.jsonl", folder / "bin" / ENGINE
    shim.parent.mkdir()
    shim.write_text(RECORDER.format(python=sys.executable, record=str(record), engine=shutil.which(ENGINE)))
    shim.chmod(0o755)
    _run(file, sandbox, PROJECT, {**os.environ, "PATH": f"{shim.parent}:{os.environ['PATH']}"})
    return [tuple(json.loads(line)) for line in record.read_text(encoding="utf-8").splitlines()]


def _script(commands: list[tuple[list[str], dict[str, str]]], folder: Path, project: str) -> str:
    """Write the containers as a user would in a shell script, with folders of their own."""
    every = (word for arguments, _ in commands for word in arguments)
    mounts = dict.fromkeys(
        word.removeprefix("--volume=").partition(":")[0]
        for word in every
        if word.startswith("--volume=") and not word.endswith(":ro")
    )
    own = {mount: str(folder / str(number)) for number, mount in enumerate(mounts)}
    for mount in own.values():
        Path(mount).mkdir(parents=True)

    def moved(text: str) -> str:
        for mount, instead in own.items():
            text = text.replace(mount, instead)
        return text.replace(PROJECT, project)

    lines = []
    for arguments, environ in commands:
        words = [moved(word) for word in arguments if not word.startswith(("--name=", "--label="))]
        given = [f"{name}={moved(value)}" for name, value in environ.items()]
        lines.append(f"env -i {shlex.join(given)} {shlex.join([str(shutil.which(ENGINE)), *words])} >/dev/null 2>&1")
    return "\n".join(lines)
