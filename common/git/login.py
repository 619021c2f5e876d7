"""Who is known at a git host, as inputs that several steps share. Which kind of host it is counts for an App alone."""

from __future__ import annotations

import urllib.parse
from dataclasses import dataclass

from common.contract.inputs import option
from common.git.credentials import Credentials
from common.secret import Secret

ANY_NAME = "x-access-token"  # GitHub, GitLab and Azure look at the token alone, and want some name


@dataclass(frozen=True, kw_only=True)
class GitLogin:
    """A git host, and who is known there: what a connector comes to in a step's environment."""

    machine: str = option(
        "gitHost",
        env=["DRONE_NETRC_MACHINE"],
        default="",
        spec=False,
        help="Host name of the git host, as in github.com.",
    )
    port: str = option(
        "gitPort", env=["DRONE_NETRC_PORT"], default="", spec=False, help="Its port, when not the usual one."
    )
    username: str = option(
        "gitUsername",
        env=["DRONE_NETRC_USERNAME"],
        default="",
        spec=False,
        help="User name for git and the host's API.",
    )
    password: Secret | None = option(
        "gitToken",
        env=["DRONE_NETRC_PASSWORD"],
        default=None,
        spec=False,
        help="Token or password for git and the host's API.",
    )
    remote_url: str = option(
        "remoteUrl",
        env=["DRONE_REMOTE_URL"],
        default="",
        spec=False,
        help="The connector's URL. Only a host of the type Git takes it for the repository's address.",
    )

    @property
    def host(self) -> str:
        """The host with its port, from the netrc variables, else from the connector's URL; empty when unknown."""
        if self.machine:
            return f"{self.machine}:{self.port}" if self.port else self.machine
        return _host_of(self.remote_url)

    @property
    def scheme(self) -> str:
        """The scheme of the connector's URL when that is on the same host, else https."""
        return "http" if self._on_same_host and self.remote_url.startswith("http://") else "https"

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return f"{self.scheme}://{self.host}"

    @property
    def path(self) -> str:
        """The whole path of the connector's URL when that is on the same host: a server may live below one.

        What is in it differs (contract, B.2): the path of an account, of a repository, or of both in one.
        """
        return urllib.parse.urlsplit(self.remote_url).path.rstrip("/") if self._on_same_host else ""

    def credentials(self) -> Credentials | None:
        """Give what git sends to this host; None without a token. A token alone goes with a name that hosts take."""
        if self.password is None or not self.host:
            return None
        return Credentials(self.origin, self.username or ANY_NAME, self.password)

    @property
    def _on_same_host(self) -> bool:
        return bool(self.host) and _host_of(self.remote_url) == self.host


@dataclass(frozen=True, kw_only=True)
class GitHubApp:
    """A GitHub App in the place of a token."""

    app_id: str = option(
        "githubAppId",
        env=["GITHUB_APP_ID"],
        default="",
        spec=False,
        help="Id of a GitHub App that is installed on the owner's account; it takes the place of a token, which the"
        " platform makes by itself.",
    )
    app_key: Secret | None = option(
        "githubAppPrivateKey",
        env=["GITHUB_APP_PRIVATE_KEY"],
        default=None,
        multiline=True,
        spec=False,
        help="Private key of that App: the text of the PEM file that GitHub made.",
    )

    @property
    def is_app(self) -> bool:
        return bool(self.app_id) or self.app_key is not None


def _host_of(url: str) -> str:
    return url.partition("://")[2].partition("/")[0].rpartition("@")[2]
