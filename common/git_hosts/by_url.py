"""The login for a repository that its URL alone names: that of a connector, or what a step without one is told."""

from __future__ import annotations

import dataclasses
import urllib.parse

from common import git_hosts
from common.contract.step import Context
from common.git.credentials import Credentials
from common.git.login import GitHubApp, GitLogin
from common.git_hosts.connector import Connector, RepositoryLocation
from common.git_hosts.context import HarnessAccount, HostInputs
from common.network.url import origin

GITHUB = "github.com"  # where an App is, when nothing names another host


def login_of(
    connector: Connector, context: Context, *, step_type: str, harness: HarnessAccount | None = None
) -> Credentials | None:
    """Give what git logs in with by a connector whose URL is that of the repository.

    No other field says where that is, for those in the environment may be about another.
    """
    inputs = HostInputs(connector=connector, location=RepositoryLocation(), harness=harness or HarnessAccount())
    host, where = git_hosts.open_host(inputs, context, step_type=step_type, located=False)
    return host.git_credentials(git_hosts.signed_in(host, where, step_type))


def login_for(url: str, login: GitLogin, app: GitHubApp, context: Context, *, step_type: str) -> Credentials | None:
    """Give what is told of a git host whose kind is not, for a repository that may be elsewhere.

    Of an App it is a token for this repository alone, when that is on the App's host.
    """
    if not app.is_app:
        return login.credentials()
    there = urllib.parse.urlsplit(url)
    host = f"{login.scheme}://{login.host}" if login.host else f"https://{GITHUB}"
    if origin(url).lower() != host.lower():
        return None
    owner_and_name = "/".join(there.path.split("/")[:3])  # the address of a zip file goes on behind these
    connector = Connector(
        **{field.name: getattr(login, field.name) for field in dataclasses.fields(GitLogin)}
        | {field.name: getattr(app, field.name) for field in dataclasses.fields(GitHubApp)}
        | {"type": "Github", "remote_url": f"{origin(url)}{owner_and_name}"}
    )
    return login_of(connector, context, step_type=step_type)
