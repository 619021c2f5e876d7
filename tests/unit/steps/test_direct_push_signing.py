"""DirectPush's signed commits: git verifies them, and neither the key nor an agent is left anywhere."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest

from tests.conftest import Result, RunStep, World
from tests.keys import PASSPHRASE, SPEC, gpg, gpg_key

pytestmark = pytest.mark.programs("gpg", "ssh-keygen")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder of GPG whose agent ends with each command."""
    folder = tmp_path / "g"
    folder.mkdir(mode=0o700)
    return folder


def agents() -> set[str]:
    """The agents that run, without those that have ended and that nobody has asked after."""
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            name, _, rest = (process / "stat").read_text().partition("(")[2].rpartition(") ")
            if name == "gpg-agent" and not rest.startswith("Z"):
                found.add(process.name)
        except OSError:
            continue
    return found


def ended(before: set[str]) -> bool:
    """Tell whether every agent that came since then ends; one that was killed may take a moment to go."""
    due = time.monotonic() + 10
    left = agents() - before
    while left and time.monotonic() < due:
        time.sleep(0.05)
        left &= agents()  # those that come now are other tests'
    return not left


def push(world: World, workspace: Path, run_step: RunStep, **more: str) -> Result:
    place = {**world.connector, "ORG_NAME": "acme", "REPO_NAME": "payments"}
    assert run_step("CreateRepo", place).code == 0
    (workspace / "app").mkdir()
    (workspace / "app" / "README.md").write_text("x")
    who = {"GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.com", "COMMIT_MESSAGE": "feat: grüße\n\nbody\n"}
    return run_step("DirectPush", {**place, **who, "CODE_DIRECTORY": "app", "BRANCH": "main", **more})


def verify(world: World, *settings: str, home: Path) -> str:
    """What git says of the signature; it ends with an error for one that is not good."""
    command = ["git", "-C", str(world.repository("acme", "payments")), *settings, "verify-commit", "main"]
    environ = {**os.environ, "GNUPGHOME": str(home)}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environ)
    return done.stdout + done.stderr


def message(world: World) -> str:
    command = ["git", "-C", str(world.repository("acme", "payments")), "log", "-1", "--format=%B", "main"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.mark.parametrize("passphrase", [False, True])
@pytest.mark.parametrize("form", ["as it is", "in one line"])
def test_a_key_of_gpg_signs_the_commit(  # noqa: PLR0913, PLR0917 - fixtures and a case
    world: World, workspace: Path, run_step: RunStep, home: Path, passphrase: bool, form: str
) -> None:
    key = gpg_key(home, passphrase=passphrase)
    before = agents()
    more = {"SIGNING_PASSPHRASE": PASSPHRASE} if passphrase else {}
    given = key if form == "as it is" else key.strip().replace("\n", "\\n")
    done = push(world, workspace, run_step, SIGNING_KEY=given, **more)
    assert done.code == 0, done.stderr
    assert ended(before)
    assert 'Good signature from "Ada <ada@example.com>"' in verify(world, home=home)
    assert message(world) == "feat: grüße\n\nbody"


KINDS = {
    "ed25519": "-t ed25519",
    "RSA as PEM": "-t rsa -m PEM",
    "RSA as PKCS8": "-t rsa -m PKCS8",
    "ECDSA": "-t ecdsa -b 256",
    "a long one": "-t ecdsa -b 521",
}


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_key_of_ssh_signs_the_commit(world: World, workspace: Path, run_step: RunStep, home: Path, kind: str) -> None:
    """Git's own program says that it is good. To sign, no program is started."""
    subprocess.run(["ssh-keygen", "-q", *kind.split(), "-N", "", "-f", home / "id"], check=True)
    done = push(world, workspace, run_step, SIGNING_KEY=(home / "id").read_text())
    assert done.code == 0, done.stderr
    allowed = home / "allowed"
    allowed.write_text(f"ada@example.com {(home / 'id.pub').read_text()}")
    said = verify(world, "-c", f"gpg.ssh.allowedSignersFile={allowed}", home=home)
    assert 'Good "git" signature for ada@example.com' in said


@pytest.mark.parametrize(
    ("passphrase", "words"),
    [("wrong passphrase", "signed: gpg: signing failed: Bad pass"), ("", "signed: gpg: signing failed: No pass")],
)
def test_a_passphrase_that_is_wrong_or_missing_is_2_and_nothing_is_pushed(  # noqa: PLR0913, PLR0917 - a case
    world: World, workspace: Path, run_step: RunStep, home: Path, passphrase: str, words: str
) -> None:
    before = agents()
    done = push(world, workspace, run_step, SIGNING_KEY=gpg_key(home, passphrase=True), SIGNING_PASSPHRASE=passphrase)
    assert (done.code, words in done.stderr) == (2, True), done.stderr
    assert "Check SIGNING_KEY, and SIGNING_PASSPHRASE if the key has one." in done.stderr
    assert done.outputs == {}
    assert ended(before)


def test_a_key_that_has_expired_is_told_as_that(world: World, workspace: Path, run_step: RunStep, home: Path) -> None:
    dates = "Creation-Date: 20200101T000000\nExpire-Date: 20200102T000000"
    (home / "spec").write_text(SPEC.format("%no-protection").replace("Expire-Date: 0", dates))
    gpg(home, "--gen-key", str(home / "spec"))
    done = push(world, workspace, run_step, SIGNING_KEY=gpg(home, "--armor", "--export-secret-keys"))
    assert (done.code, "Give as SIGNING_KEY one that has not expired" in done.stderr) == (2, True), done.stderr


@pytest.mark.parametrize(
    "key", ["-----BEGIN OPENSSH PRIVATE KEY-----\nbroken\n", "-----BEGIN PGP PRIVATE KEY BLOCK-----"]
)
def test_a_key_that_cannot_be_read_is_2_and_not_shown(
    world: World, workspace: Path, run_step: RunStep, key: str
) -> None:
    done = push(world, workspace, run_step, SIGNING_KEY=key, VERBOSE="true")
    assert (done.code, "The commit could not be signed: " in done.stderr) == (2, True), done.stderr
    assert "broken" not in done.stderr


def test_a_key_of_ssh_with_a_passphrase_is_refused_up_front(
    world: World, workspace: Path, run_step: RunStep, home: Path
) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", PASSPHRASE, "-f", home / "id"], check=True)
    key = (home / "id").read_text()
    done = push(world, workspace, run_step, SIGNING_KEY=key, SIGNING_PASSPHRASE=PASSPHRASE)
    assert (done.code, "its passphrase cannot be given here." in done.stderr) == (2, True), done.stderr
