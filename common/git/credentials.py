"""Credentials as git gets them: for one origin, only while it talks to that, and from its environment alone.

Git asks a helper that prints two variables: nothing is in a URL, in argv or in .git/config, and no executable file is
needed (a tmpfs is often mounted noexec).
"""

from __future__ import annotations

import urllib.parse
from typing import NamedTuple

from common.secret import Secret

REFUSED = "IDP_STEPS_GIT_REFUSED"
"""The variable, which may be absent, with the name of a file that is made when the host refuses the credentials: after
that they are given no more. git-lfs would send them for ever."""
HELPER = (
    '!f() { if test "$1" = erase -a -n "$IDP_STEPS_GIT_REFUSED"; then : >"$IDP_STEPS_GIT_REFUSED"; fi; '
    'test "$1" = get || return 0; '
    'if test -n "$IDP_STEPS_GIT_REFUSED" -a -e "$IDP_STEPS_GIT_REFUSED"; then echo quit=1; '
    'else printf "username=%s\\npassword=%s\\n" "$IDP_STEPS_GIT_USERNAME" "$IDP_STEPS_GIT_PASSWORD"; fi; }; f'
)


class Credentials(NamedTuple):
    """What git sends to one origin (scheme://host[:port]) and to no other.

    at_once: with the first request already, in the basic form, and not only after the host has refused that (git 2.46
    and later; before, it is as if this were not set).
    """

    origin: str
    username: str
    password: Secret
    at_once: bool = False

    def settings(self) -> dict[str, str]:
        """Give the configuration that has git ask the helper for this origin."""
        asked = {f"credential.{self.origin}.helper": HELPER}
        return asked | ({f"http.{self.origin}.proactiveAuth": "basic"} if self.at_once else {})

    def variables(self) -> dict[str, str]:
        """Give what the helper prints."""
        return {"IDP_STEPS_GIT_USERNAME": self.username, "IDP_STEPS_GIT_PASSWORD": self.password.reveal()}


def in_url(url: str) -> Credentials | None:
    """Give the login that stands in a URL, if there is one."""
    from common.network.url import origin  # here: --help need not wait for what checks addresses

    parts = urllib.parse.urlsplit(url)
    if not parts.username:
        return None
    unquoted = urllib.parse.unquote
    return Credentials(origin(url), unquoted(parts.username), Secret(unquoted(parts.password or "")))
