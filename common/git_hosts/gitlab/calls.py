"""Calls of GitLab's API by path and body, through python-gitlab's own connection."""

from __future__ import annotations

import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar

from common.git_hosts.answers import Answered
from common.git_hosts.context import HostContext
from common.git_hosts.gitlab.api import connect, project_path
from common.git_hosts.gitlab.failures import failures
from common.git_hosts.gitlab.words import Call
from common.network import repeat
from common.network.repeat import FailureOf

if TYPE_CHECKING:
    from gitlab import Gitlab

ReadT = TypeVar("ReadT")


@dataclass(frozen=True)
class Project:
    """A project, what it is asked by, and its path."""

    api: Gitlab
    context: HostContext
    path: str

    @property
    def place(self) -> str:
        """Give the path that all its calls begin with."""
        return f"/projects/{quoted(self.path)}"

    def read(self, call: Call, path: str, of: Callable[[Any], ReadT], **query: str) -> ReadT:
        """Read what is there; `of` makes of the answer what is wanted, and may raise Unreadable. Raises StepError."""
        return repeat.read(
            lambda: of(self.api.http_get(path, query)), self.failures(call, writes=False), self.context.deadline
        )

    def read_if_there(self, call: Call, path: str, of: Callable[[Any], ReadT]) -> ReadT | None:
        """Read what is there; None when GitLab says that it is not."""

        def found() -> ReadT | None:
            try:
                return of(self.api.http_get(path))
            except Answered as answer:
                if answer.status == HTTPStatus.NOT_FOUND and answer.told is not None:
                    return None
                raise

        return repeat.read(found, self.failures(call, writes=False), self.context.deadline)

    def failures(self, call: Call, *, writes: bool = True) -> FailureOf:
        return failures(self.context, writes=writes, call=call)


def project(context: HostContext) -> Project:
    """Connect, and find out the project's path; for a personal one this asks whose the token is."""
    api = connect(context)
    path = repeat.read(lambda: project_path(api, context), failures(context, writes=False), context.deadline)
    return Project(api, context, path)


def quoted(name: str) -> str:
    """Give a name as one part of a path."""
    return urllib.parse.quote(name, safe="")
