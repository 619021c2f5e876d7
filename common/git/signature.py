"""Who a commit is by, and the key that it is signed with, as inputs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from common.contract.inputs import option
from common.secret import Secret

if TYPE_CHECKING:
    from common.git.signing import Signer


@dataclass(frozen=True, kw_only=True)
class Signature:
    """Who the commit is by. The names are git's own variables."""

    author_name: str = option(
        "authorName", env=["GIT_AUTHOR_NAME"], default="idp-steps", spec=False, help="Author of the commit."
    )
    author_email: str = option(
        "authorEmail",
        env=["GIT_AUTHOR_EMAIL"],
        default="idp-steps@noreply.invalid",
        spec=False,
        help="E-mail address of the author.",
    )
    committer_name: str = option(
        "committerName", env=["GIT_COMMITTER_NAME"], default="", spec=False, help="Committer; the author when absent."
    )
    committer_email: str = option(
        "committerEmail",
        env=["GIT_COMMITTER_EMAIL"],
        default="",
        spec=False,
        help="E-mail address of the committer; the author's when absent.",
    )

    def variables(self) -> dict[str, str]:
        """Give the signature as git reads it."""
        return {
            "GIT_AUTHOR_NAME": self.author_name,
            "GIT_AUTHOR_EMAIL": self.author_email,
            "GIT_COMMITTER_NAME": self.committer_name or self.author_name,
            "GIT_COMMITTER_EMAIL": self.committer_email or self.author_email,
        }


@dataclass(frozen=True, kw_only=True)
class Signing:
    """The key that the commit is signed with."""

    key: Secret | None = option(
        "signingKey",
        env=["SIGNING_KEY"],
        default=None,
        multiline=True,
        spec=False,
        help="Private key of GPG or SSH to sign the commit with, as text.",
    )
    passphrase: Secret | None = option(
        "signingPassphrase", env=["SIGNING_PASSPHRASE"], default=None, spec=False, help="Passphrase of a key of GPG."
    )

    def signer(self) -> Signer | None:
        """Give what signs the commit. Raises BadInput for a key that cannot."""
        if self.key is None:
            return None
        from common.git.signing import Signer

        made = Signer(self.key, self.passphrase)
        made.check()
        return made
