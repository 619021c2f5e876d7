"""Keys to sign with, made by the programs that people make theirs with; and a GitHub App that has one."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from sandbox.github.apps import FOLDER

SPEC = """\
Key-Type: eddsa
Key-Curve: ed25519
Name-Real: Ada
Name-Email: ada@example.com
Expire-Date: 0
{0}
%commit
"""
PASSPHRASE = "correct horse \\ battery"


def gpg(home: Path, *arguments: str, words: str = PASSPHRASE) -> str:
    """Run gpg on a folder of its own, whose agent ends with it. words: the passphrase of the keys there."""
    environ = {**os.environ, "GNUPGHOME": str(home)}
    command = ["gpg", "--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase-fd", "0", *arguments]
    try:
        return subprocess.run(command, check=True, capture_output=True, text=True, env=environ, input=words).stdout
    finally:
        subprocess.run(["gpgconf", "--kill", "gpg-agent"], check=True, env=environ)


def gpg_key(home: Path, *, passphrase: bool, words: str = PASSPHRASE) -> str:
    """Make a key, with these words as its passphrase or without one, and give its private part as text."""
    (home / "spec").write_text(SPEC.format(f"Passphrase: {words}" if passphrase else "%no-protection"))
    gpg(home, "--gen-key", str(home / "spec"), words=words)
    return gpg(home, "--armor", "--export-secret-keys", words=words)


APP = "4711"


def rsa_key(file: Path) -> str:
    """Make a key as GitHub gives it for an App, in a file, and give its text."""
    subprocess.run(["ssh-keygen", "-q", "-t", "rsa", "-m", "PEM", "-N", "", "-f", file], check=True)
    return file.read_text()


def register_app(state_dir: Path, key: str, **installed: Any) -> dict[str, str]:
    """Have the sandbox know a GitHub App, installed as told; gives the variables of a step that is to be it."""
    folder = state_dir / FOLDER
    folder.mkdir(exist_ok=True)
    (folder / f"{APP}.pem").write_text(key)
    (folder / f"{APP}.json").write_text(json.dumps(installed))
    return {"GITHUB_APP_ID": APP, "GITHUB_APP_PRIVATE_KEY": key}
