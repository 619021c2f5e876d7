"""Calls of GitLab's API by path and body: what needs no object of python-gitlab's."""

from __future__ import annotations

import urllib.parse
from typing import NamedTuple

from common.errors import BadInput
from common.git_hosts.answers import texts
from common.git_hosts.context import HostContext
from common.git_hosts.gitlab.connection import session
from common.git_hosts.gitlab.failures import failures
from common.git_hosts.gitlab.place import api_url, full_path, group
from common.git_hosts.gitlab.words import Call
from common.git_hosts.rest import Rest, over
from common.network import repeat


class Project(NamedTuple):
    """A project by its path, and what it is asked by."""

    rest: Rest[Call]
    path: str

    @property
    def place(self) -> str:
        """Give the path that all its calls begin with."""
        return f"/projects/{quoted(self.path)}"


def project(context: HostContext) -> Project:
    """Connect, and find out the project's path; for a personal one this asks whose the token is."""
    return Project(rest(context), project_path(context))


def rest(context: HostContext) -> Rest[Call]:
    """Give the API with the connector's token. Raises NotAllowed without one."""
    return Rest(
        context,
        over(session(context), api_url(context)),
        lambda call, writes: failures(context, writes=writes, call=call),
    )


def project_path(context: HostContext) -> str:
    """Give the project's whole path; for a personal one this asks whose the token is. Raises StepError."""
    if not context.personal:
        return full_path(context)
    api, asking = rest(context), failures(context, writes=False)
    (login,) = repeat.read(lambda: texts(api.sent("GET", "/user"), "username"), asking, context.deadline)
    if group(context) and group(context).lower() != login.lower():
        raise BadInput(
            f"personalAccount asks for the account of the token, {login}, but organization says {group(context)}.",
            next_step="Leave organization out, or set personalAccount to false.",
        )
    return f"{login}/{full_path(context).rpartition('/')[2]}"


def quoted(name: str) -> str:
    """Give a name as one part of a path."""
    return urllib.parse.quote(name, safe="")
