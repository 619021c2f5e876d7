"""Signs a commit as git does: with a key of SSH, or by gpg with a key that is on no disk but in the step's own folder.

The signature is put into the commit here and not by `git commit -S`, which asks a program for it that has to be a file
that can be executed: a tmpfs is often mounted noexec. gpg's agent is a process of the same group, and ends with it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from common.contract import child
from common.errors import BadInput, Unavailable
from common.secret import Secret, lines_of

GPG, SSH = "GPG", "SSH"
BEGINNINGS = {
    "-----BEGIN PGP PRIVATE KEY BLOCK-----": GPG,
    "-----BEGIN OPENSSH PRIVATE KEY-----": SSH,
    "-----BEGIN RSA PRIVATE KEY-----": SSH,
    "-----BEGIN EC PRIVATE KEY-----": SSH,
    "-----BEGIN PRIVATE KEY-----": SSH,
    "-----BEGIN ENCRYPTED PRIVATE KEY-----": SSH,
}
WRITE_KEY = "Give it as `gpg --export-secret-keys --armor` or ssh-keygen writes it."
LONGEST_PLACE = 86  # bytes; S.gpg-agent.browser is a socket in it, and the path of one has 107 at most (unix(7))
SECONDS = 60.0
NO_KEY = "No secret key"  # what gpg says of a key that was given, and that cannot sign
EXPIRED = "Give as SIGNING_KEY one that has not expired and may sign; see `gpg --list-secret-keys`."
BY_AGENT = "gpg-agent["  # what it says is of its own programs, as of cards; why gpg failed, gpg says
PROGRAMS = ("gpg", "gpg-agent", "gpgconf")
BY_GPG = """\
gpg --batch --quiet --no-autostart --import "$1" &&
gpg --batch --quiet --no-autostart --pinentry-mode loopback --passphrase-fd 0 --armor --detach-sign --output - "$2"
code=$?
gpgconf --kill gpg-agent
exit $code
"""


class Signer(NamedTuple):
    """A private key. One of GPG is written into a temporary folder of its own, for the time of a signature."""

    key: Secret
    passphrase: Secret | None

    def check(self) -> None:
        """Raise BadInput for what is no private key, or one that cannot be used here."""
        if self._kind == SSH and find_spec("cryptography") is None:  # the image of UpdateCatalogProperty lacks it
            raise BadInput(
                "SIGNING_KEY is a key of SSH, which takes the Python library cryptography, and that is not here.",
                next_step="Leave SIGNING_KEY out, or run the step where pip install 'idp-steps[git-access]' was done.",
            )
        if self._kind == SSH and self.passphrase is not None:
            raise BadInput(
                "SIGNING_KEY is a key of SSH, and its passphrase cannot be given here.",
                next_step="Give the key without one (ssh-keygen -p), and leave SIGNING_PASSPHRASE out.",
            )

    @property
    def _kind(self) -> str:
        text = lines_of(self.key.reveal())
        found = next((kind for beginning, kind in BEGINNINGS.items() if text.startswith(beginning)), "")
        if not found:
            raise BadInput("SIGNING_KEY holds no private key of GPG or SSH.", next_step=WRITE_KEY)
        return found

    def signed(self, commit: str) -> str:
        """Give the commit object, as `git cat-file` shows it, with a signature of its own."""
        if self._kind == SSH:
            from common.git.ssh_signature import signature

            return _with_header(commit, signature(lines_of(self.key.reveal()), commit))
        import tempfile

        with tempfile.TemporaryDirectory(prefix="k") as name:  # short, for the paths of the agent's sockets
            place = Path(name)
            key, payload = place / "key", place / "commit"
            for file, content in ((key, lines_of(self.key.reveal())), (payload, commit)):
                file.touch(mode=0o600)
                file.write_text(content, encoding="utf-8")
            return _with_header(commit, self._by_gpg(place))

    def _by_gpg(self, place: Path) -> str:
        if len(os.fsencode(place)) > LONGEST_PLACE:
            raise BadInput(f"The folder for temporary files, {place}, has too long a name for gpg's agent.",
                           next_step="Set TMPDIR to a shorter one.")  # fmt: skip
        script = ["sh", "-c", BY_GPG, "sh", str(place / "key"), str(place / "commit")]
        agent = ["gpg-agent", "--quiet", "--no-detach", "--allow-loopback-pinentry", "--daemon", "--", *script]
        passphrase = self.passphrase.reveal() if self.passphrase is not None else ""
        return _run(agent, place, stdin=f"{passphrase}\n")


def _run(argv: Sequence[str], place: Path, *, stdin: str) -> str:
    import shutil

    missing = next((program for program in PROGRAMS if shutil.which(program) is None), "")
    if missing:
        raise Unavailable(
            f"There is no {missing} here, which a SIGNING_KEY of GPG needs.",
            next_step="Give a key of SSH, which needs none, or run the step where gpg and gpg-agent are installed.",
        )
    said: list[str] = []
    environ = {**os.environ, "GNUPGHOME": str(place), "LC_ALL": "C.UTF-8"}
    ended = child.run(argv, environ=environ, folder=place, stdin=stdin, line=said.append, seconds=SECONDS)
    if ended.code != 0:
        by_gpg = [line for line in said if not line.startswith(BY_AGENT)]
        told = next(
            (line for line in by_gpg if any(word in line for word in ("failed", "bad", "rror", "incorrect"))), ""
        )
        raise BadInput(
            f"The commit could not be signed: {told.strip() or 'the program gave no reason'}.".replace("..", "."),
            next_step=EXPIRED if NO_KEY in told else "Check SIGNING_KEY, and SIGNING_PASSPHRASE if the key has one.",
            detail="\n".join(said),
        )
    return ended.stdout


def _with_header(commit: str, signature: str) -> str:
    """Put the signature behind the other headers; its further lines begin with a blank (gitformat-signature(5))."""
    head, _, message = commit.partition("\n\n")
    return f"{head}\ngpgsig {signature.rstrip().replace(chr(10), chr(10) + ' ')}\n\n{message}"
