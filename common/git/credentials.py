"""Credentials as git gets them: for one origin, only while it talks to that, and from its environment alone.

Git asks a helper that prints two variables: nothing is in a URL, in argv or in .git/config, and no executable file is
needed (a tmpfs is often mounted noexec).
"""

from __future__ import annotations

from dataclasses import dataclass

from common.secret import Secret

HELPER = (
    '!f() { test "$1" = get && '
    'printf "username=%s\\npassword=%s\\n" "$IDP_STEPS_GIT_USERNAME" "$IDP_STEPS_GIT_PASSWORD"; }; f'
)


@dataclass(frozen=True)
class Credentials:
    """What git sends to one origin (scheme://host[:port]) and to no other."""

    origin: str
    username: str
    password: Secret

    def settings(self) -> dict[str, str]:
        """Give the configuration that has git ask the helper for this origin."""
        return {f"credential.{self.origin}.helper": HELPER}

    def variables(self) -> dict[str, str]:
        """Give what the helper prints."""
        return {"IDP_STEPS_GIT_USERNAME": self.username, "IDP_STEPS_GIT_PASSWORD": self.password.reveal()}
