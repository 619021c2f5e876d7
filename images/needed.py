"""What must be there before images are built, checked first: what is missing is told in one sentence with its remedy.

Debian 12 has podman and buildah, and a docker without buildx; Debian 13 has all of them.
"""

from __future__ import annotations

import difflib
import re
import shutil
import subprocess
from collections.abc import Collection, Sequence
from pathlib import Path

ENGINES = {  # -> its packages of Debian
    "docker": "docker.io docker-buildx (Debian 13), or choose ENGINE=podman, whose package podman Debian 12 has too",
    "podman": "podman",
    "buildah": "buildah",
}
BUILDX = (0, 13)
BUILDKIT = (0, 13)  # it sets the dates of files, and knows annotations
DOCKER = (26,)  # the first with that BuildKit in it
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


class Missing(Exception):
    """Something is not there; the text says what, and how to get it."""


def engine(name: str) -> None:
    """Check that the engine is installed, answers, and can build the images. Raises Missing."""
    if name not in ENGINES:
        raise Missing(f"ENGINE is {name!r}; it can be docker, podman or buildah.")
    if shutil.which(name) is None:
        raise Missing(f"{name} is not installed; on Debian: apt-get install {ENGINES[name]}.")
    if name == "docker":
        _docker()


def _docker() -> None:
    answer = _asked("docker", "version", "--format={{.Server.Version}}")
    if answer.returncode != 0:
        said = _last_line(answer.stderr)
        raise Missing(
            f"docker's daemon does not answer ({said}); start it, as with systemctl start docker, set DOCKER_HOST to"
            " where it listens, or join its group."
        )
    buildx = _asked("docker", "buildx", "version")
    if buildx.returncode != 0:
        raise Missing(
            "docker has no buildx, which builds the images; install docker-buildx (Debian 13) or docker-buildx-plugin"
            " (Docker's own packages), or choose ENGINE=podman, which Debian 12 has."
        )
    _at_least(buildx.stdout, BUILDX, "docker's buildx", "docker-buildx")
    builder = _asked("docker", "buildx", "inspect").stdout
    if re.search(r"^Driver:\s*docker$", builder, re.MULTILINE):
        _at_least(answer.stdout, DOCKER, "docker's daemon", "docker.io")
    elif found := re.search(r"^BuildKit version: *(.*)$", builder, re.MULTILINE):
        _at_least(found[1], BUILDKIT, "the builder's BuildKit", "image moby/buildkit")


def _at_least(answer: str, wanted: tuple[int, ...], what: str, package: str) -> None:
    found = re.search(r"(\d+)\.(\d+)", answer)
    if found and tuple(map(int, found.groups())) < wanted:
        version = ".".join(map(str, wanted))
        raise Missing(
            f"{what} is {found[0]}, which is too old to set the dates of what it builds; install {package} {version} or"
            " newer (Debian 13 has it), or choose ENGINE=podman."
        )


def base_image(engine_name: str, name: str) -> None:
    """Check that the image to build in is there, or can be pulled. Raises Missing."""
    look = [engine_name, "inspect", "--type=image", name]
    if _asked(*look).returncode == 0:
        return
    pulled = _asked(engine_name, "pull", name)
    if pulled.returncode != 0:
        raise Missing(
            f"The image to build in, {name}, cannot be pulled ({_last_line(pulled.stderr)[:200]}); set BASE to a Debian"
            " 13 slim image of a registry that you reach, or BASE=local to make one here with mmdebstrap."
        )


def base_tools() -> None:
    """Check what BASE=local needs. Raises Missing."""
    if shutil.which("mmdebstrap") is None or not KEYRING.is_file():
        raise Missing(
            "mmdebstrap or Debian's keys are not installed, which make the image of BASE=local; on Debian: apt-get"
            " install mmdebstrap debian-archive-keyring."
        )


def program(name: str, variable: str, what: str) -> None:
    """Check that a program is there that a variable asked for. Raises Missing."""
    if shutil.which(name) is None:
        raise Missing(f"{name} is not installed, which {what}; install it, or leave {variable} away.")


def images(names: Collection[str], known: Collection[str]) -> None:
    """Check the names of images. Raises Missing."""
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            meant = f" (did you mean {near[0]}?)" if near else ""
            raise Missing(f"There is no image {name!r}{meant}; there are {', '.join(known)}.")


def explained(lines: Sequence[str]) -> str:
    """Give what a build that failed says of itself: the sentence of images/assemble.py, when it wrote one."""
    found = [line.partition("error: ")[2] for line in lines if "error: " in line and "ERROR:" not in line]
    return next((line for line in reversed(found) if line.endswith(".")), "")


def _asked(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, check=False, capture_output=True, text=True)


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return (lines[-1] if lines else "no word").rstrip(".")
