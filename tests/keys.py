"""Keys to sign commits with, made by the programs that people make theirs with."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

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


def gpg(home: Path, *arguments: str) -> str:
    """Run gpg on a folder of its own, whose agent ends with it."""
    environ = {**os.environ, "GNUPGHOME": str(home)}
    command = ["gpg", "--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", PASSPHRASE, *arguments]
    try:
        return subprocess.run(command, check=True, capture_output=True, text=True, env=environ).stdout
    finally:
        subprocess.run(["gpgconf", "--kill", "gpg-agent"], check=True, env=environ)


def gpg_key(home: Path, *, passphrase: bool) -> str:
    """Make a key, and give its private part as text."""
    (home / "spec").write_text(SPEC.format(f"Passphrase: {PASSPHRASE}" if passphrase else "%no-protection"))
    gpg(home, "--gen-key", str(home / "spec"))
    return gpg(home, "--armor", "--export-secret-keys")
