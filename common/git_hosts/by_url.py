"""The login for a repository that is named by its URL alone, as a template is: a token, or a GitHub App."""

from __future__ import annotations

import dataclasses
import urllib.parse

from common.contract.step import Context
from common.git.credentials import Credentials
from common.git.login import GitHubApp, GitLogin
from common.git_hosts.connector import Connector, RepositoryLocation
from common.git_hosts.context import HarnessAccount, HostInputs
from common.network.url import origin

GITHUB = "github.com"  # where an App is, when nothing names another host


def login_for(url: str, login: GitLogin, app: GitHubApp, context: Context, *, step_type: str) -> Credentials | None:
    """Give the login for its host; of an App a token for this repository alone, when it is on the App's host."""
    if not app.is_app:
        return login.credentials()
    there = urllib.parse.urlsplit(url)
    host = f"{login.scheme}://{login.host}" if login.host else f"https://{GITHUB}"
    if origin(url).lower() != host.lower():
        return None
    from common import git_hosts

    owner_and_name = "/".join(there.path.split("/")[:3])  # the address of a zip file goes on behind these
    connector = Connector(
        **{field.name: getattr(login, field.name) for field in dataclasses.fields(GitLogin)}
        | {field.name: getattr(app, field.name) for field in dataclasses.fields(GitHubApp)}
        | {"type": "Github", "remote_url": f"{origin(url)}{owner_and_name}"}
    )
    inputs = HostInputs(connector=connector, location=RepositoryLocation(), harness=HarnessAccount())
    opened, where = git_hosts.open_host(inputs, context, step_type=step_type, located=False)
    return opened.git_credentials(git_hosts.signed_in(opened, where, step_type))
