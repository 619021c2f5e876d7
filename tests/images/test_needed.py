"""What a build needs is checked first, and each thing that is missing is told in one sentence. This needs no engine."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from images import assemble, needed
from images.listed import IMAGES
from tests.images.conftest import ROOT


def docker(**answers: str) -> str:
    """Make a docker that answers some of its commands, and to all others that it knows them not."""
    cases = "".join(f"'{command.replace('_', ' ')}'*) printf '{answer}\\n';; " for command, answer in answers.items())
    return f'#!/bin/sh\ncase "$*" in {cases}*) echo "goroutine 1: unknown" >&2; exit 1;; esac'


NEW = {"version": "26.1.5", "buildx_version": "v0.13.1"}
DOCKERS = {  # what a docker answers -> what is told
    "no daemon": (docker(), "systemctl start docker"),
    "no buildx": (docker(version="26.1.5"), "docker-buildx"),
    "old buildx": (docker(version="26.1.5", buildx_version="github.com/docker/buildx v0.10.4"), "buildx is 0.10"),
    "old daemon": (docker(**NEW | {"version": "20.10.24"}, buildx_inspect="Driver: docker"), "daemon is 20.10"),
    "old builder": (docker(**NEW, buildx_inspect="Driver: remote\\nBuildKit version: v0.11.6"), "BuildKit is 0.11"),
    "a base that cannot be pulled": (docker(**NEW, buildx_inspect="Driver: docker"), "BASE=local"),
}


def built(path: Path, *arguments: str, **environ: str) -> tuple[int, str]:
    """Run images/build.py with only that folder of programs, and give its exit code and what it says."""
    done = subprocess.run(
        [sys.executable, "-m", "images.build", *arguments],
        check=False,
        cwd=ROOT,
        env={"PATH": str(path), "SOURCE_DATE_EPOCH": "1", **environ},
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout + done.stderr


def programs(folder: Path, texts: Mapping[str, str]) -> Path:
    """Make stand-ins of programs, next to the few that they use."""
    folder.mkdir()
    (folder / "sh").symlink_to("/bin/sh")
    for name, text in texts.items():
        (folder / name).write_text(text + "\n", encoding="utf-8")
        (folder / name).chmod(0o755)
    return folder


def expect_one_sentence(told: tuple[int, str], words: str) -> None:
    """Assert that the build ended with one line, which holds the words."""
    code, text = told
    assert code == 1
    assert words in text
    assert len(text.strip().splitlines()) == 1
    assert text.endswith(".\n")


@pytest.mark.parametrize(("answering", "words"), DOCKERS.values(), ids=DOCKERS)
def test_a_docker_that_cannot_build_is_told(answering: str, words: str, tmp_path: Path) -> None:
    expect_one_sentence(built(programs(tmp_path / "bin", {"docker": answering}), "build"), words)


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({}, "apt-get install docker.io docker-buildx"),
        ({"ENGINE": "podman"}, "apt-get install podman"),
        ({"ENGINE": "nerdctl"}, "docker, podman or buildah"),
    ],
    ids=["no docker", "no podman", "unknown engine"],
)
def test_an_engine_that_is_not_there_is_told(environ: dict[str, str], words: str, tmp_path: Path) -> None:
    expect_one_sentence(built(programs(tmp_path / "bin", {}), "build", **environ), words)


PODMAN = {"podman": "#!/bin/sh\nexit 0"}


@pytest.mark.parametrize(
    ("arguments", "environ", "words"),
    [
        (["build", "creatrepo"], {}, "did you mean createrepo?"),
        (["base"], {}, "apt-get install mmdebstrap"),
        (["build"], {"SOURCE_DATE_EPOCH": "today"}, "SOURCE_DATE_EPOCH is 'today'"),
        (["push", "https://registry.example.com"], {}, "give a host and a path"),
        (["push", "registry.example.com/team"], {"SIGN_KEY": "cosign.key"}, "cosign is not installed"),
        (["scan"], {}, "trivy is not installed"),
        (["scan"], {"SCANNER": "clamav"}, "it can be trivy, grype, osv-scanner"),
    ],
)
def test_what_was_asked_for_and_cannot_be_done_is_told(
    arguments: list[str], environ: dict[str, str], words: str, tmp_path: Path
) -> None:
    """A name of an image, a tool, a date, a registry."""
    told = built(programs(tmp_path / "bin", PODMAN), *arguments, ENGINE="podman", **environ)

    expect_one_sentence(told, words)
    if "creatrepo" in arguments:
        assert all(image in told[1] for image in IMAGES)


def test_a_source_archive_asks_for_the_date_that_no_git_can_tell(tmp_path: Path) -> None:
    copied = tmp_path / "source"
    for name in ("images", "steps", "common", "pyproject.toml"):
        (copied / name).parent.mkdir(exist_ok=True)
        (copied / name).symlink_to(ROOT / name)
    script = "import images.listed as listed, pathlib; listed.ROOT = pathlib.Path.cwd(); print(listed.source_date())"
    command = [sys.executable, "-c", script]
    plain = {name: value for name, value in os.environ.items() if name != "SOURCE_DATE_EPOCH"}

    refused = subprocess.run(command, check=False, cwd=copied, env=plain, capture_output=True, text=True)
    dated = subprocess.run(
        command, check=False, cwd=copied, env={**plain, "SOURCE_DATE_EPOCH": "7"}, capture_output=True, text=True
    )

    assert refused.stderr.splitlines()[-1].endswith("set SOURCE_DATE_EPOCH, as to $(date +%s).")
    assert dated.stdout == "7\n"


def test_a_build_by_docker_alone_needs_no_date(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the argument, docker gives the builder an empty variable; the bill of materials is then of 1970."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "")

    assert assemble._date() == 0


def test_a_build_that_fails_ends_with_its_reason() -> None:
    """The builder's sentence is found in the engine's output, where it stands far above the last line."""
    lines = [
        "#14 9.2 error: The certificate of the Python index is not trusted; give CA_BUNDLE.",
        "ERROR: exit code: 1.",
    ]

    assert needed.explained(lines) == "The certificate of the Python index is not trusted; give CA_BUNDLE."
    assert needed.explained(["ERROR: failed to solve: no space left."]) == ""


@pytest.mark.parametrize(
    ("said", "words"), [("[SSL: CERTIFICATE_VERIFY_FAILED]", "CA_BUNDLE"), ("Killed", "exit code 9")]
)
def test_the_builder_says_what_to_do(said: str, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Pip's own words are shown, and one line that begins with 'error:' and can be found again."""
    failed = subprocess.CalledProcessError(9, ["python3"], b"", said.encode())

    sentence = assemble._why(failed)

    assert re.fullmatch("error: [^\n]*[.]", sentence)
    assert words in sentence
    assert said in capsys.readouterr().err
