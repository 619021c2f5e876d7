"""Keys in the images: a GitHub App's, and one of SSH that signs a commit, for a user whom no passwd knows."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from sandbox.server import Sandbox
from tests.images.conftest import Containers, connector
from tests.keys import register_app, rsa_key

pytestmark = [pytest.mark.images, pytest.mark.programs("ssh-keygen")]

NOBODY = ("--user=123456:123456", "--read-only", "--tmpfs=/tmp")


def test_an_app_creates_pushes_proposes_and_clones_with_a_signed_commit(
    platform: Containers, sandbox: Sandbox, workspace: Path, tmp_path: Path
) -> None:
    """Git's own program says that the signature is good; nothing warns of the key or of the libraries below it."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "id"], check=True)
    app = {**connector(sandbox), "DRONE_NETRC_PASSWORD": "", "CODE_DIRECTORY": "app", "BRANCH": "main"}
    app |= register_app(sandbox.state_dir, rsa_key(tmp_path / "app.pem"), repositories=["another"])
    signed = {"SIGNING_KEY": (tmp_path / "id").read_text(), "GIT_AUTHOR_EMAIL": "ada@example.com"}
    running = platform.having(*NOBODY)
    (workspace / "app").mkdir()
    (workspace / "app" / "README.md").write_text("x")

    running.run("createrepo", app).well()
    running.run("directpush", {**app, **signed}).well()
    (workspace / "app" / "README.md").write_text("y")
    running.run("directpush", {**app, **signed, "PUSH_MODE": "pull_request"}).well()
    running.run("gitclone", {**app, "DRONE_WORKSPACE": "clone"}).well()

    assert (workspace / "clone" / "README.md").read_text() == "x"
    allowed = tmp_path / "allowed"
    allowed.write_text(f"ada@example.com {(tmp_path / 'id.pub').read_text()}")
    (repository,) = sandbox.state_dir.rglob("payments.git")
    for branch in ("main", "idp-steps/main"):
        command = [
            "git",
            "-c",
            "safe.directory=*",
            "-c",
            f"gpg.ssh.allowedSignersFile={allowed}",
            "-C",
            str(repository),
        ]
        done = subprocess.run([*command, "verify-commit", branch], check=True, capture_output=True, text=True)
        assert 'Good "git" signature for ada@example.com' in done.stderr


def test_a_key_of_gpg_is_told_to_need_another_place(platform: Containers, sandbox: Sandbox, workspace: Path) -> None:
    """The image has no gpg, which would make it larger than it may be."""
    (workspace / "app").mkdir()
    (workspace / "app" / "README.md").write_text("x")
    place = {**connector(sandbox), "CODE_DIRECTORY": "app", "BRANCH": "main"}
    platform.run("createrepo", place).well()

    done = platform.run("directpush", {**place, "SIGNING_KEY": "-----BEGIN PGP PRIVATE KEY BLOCK-----\nx\n"})

    assert done.code == 5
    assert "There is no gpg here, which a SIGNING_KEY of GPG needs. Give a key of SSH, which needs none" in done.stderr
