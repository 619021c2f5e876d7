"""Calls of GitHub's API by path and body: what needs no object of PyGithub's.

Its objects would ask for what they lack by themselves, and know other paths than the documented ones for some settings.
"""

from __future__ import annotations

import urllib.parse
from typing import NamedTuple

from common.errors import BadInput
from common.git_hosts.answers import texts
from common.git_hosts.context import HostContext
from common.git_hosts.github.connection import api_url, session
from common.git_hosts.github.failures import failures
from common.git_hosts.github.words import Call
from common.git_hosts.rest import Rest, over
from common.network import repeat


class Own(NamedTuple):
    """A repository, as owner/name, and what it is asked by."""

    rest: Rest[Call]
    name: str

    @property
    def owner(self) -> str:
        return self.name.partition("/")[0]

    @property
    def place(self) -> str:
        """Give the path that all its calls begin with."""
        return f"/repos/{self.name}"


def own(context: HostContext) -> Own:
    """Connect, and find out the repository's name; for a personal one this asks whose the token is."""
    return Own(rest(context), full_name(context))


def rest(context: HostContext) -> Rest[Call]:
    """Give the API with the connector's token. Raises NotAllowed without one."""
    return Rest(
        context,
        over(session(context), api_url(context.connector)),
        lambda call, writes: failures(context, writes=writes, call=call),
    )


def full_name(context: HostContext) -> str:
    """Give owner/name; for a personal repository this asks whose the token is. Raises StepError."""
    owner = context.location.organization
    if context.personal:
        account = repeat.read(lambda: login(context), failures(context, writes=False), context.deadline)
        if owner and owner.lower() != account.lower():
            raise BadInput(
                f"personalAccount asks for the account of the token, {account}, but organization says {owner}.",
                next_step="Leave organization out, or set personalAccount to false.",
            )
        owner = account
    return f"{owner}/{context.location.repository}"


def login(context: HostContext) -> str:
    """Give the name of the account that the token belongs to. Raises as the session does."""
    return texts(rest(context).sent("GET", "/user"), "login")[0]


def quoted(*parts: str) -> str:
    """Give names as parts of a path."""
    return "/".join(urllib.parse.quote(part, safe="") for part in parts)
