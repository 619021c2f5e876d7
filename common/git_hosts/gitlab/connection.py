"""A session for the API of GitLab, with the connector's token."""

from __future__ import annotations

from typing import TYPE_CHECKING

from common.errors import NotAllowed
from common.git_hosts import answers
from common.git_hosts.context import HostContext
from common.git_hosts.gitlab.place import api_url, web
from common.git_hosts.rest import authorized

if TYPE_CHECKING:
    import requests

JOB_USERNAME = "gitlab-ci-token"


def session(context: HostContext) -> requests.Session:
    """Make a session that uses the network as prepared, with the connector's token for its host alone."""
    connector = context.connector
    if connector.password is None:
        raise NotAllowed(
            f"There are no credentials for {web(context)}.",
            next_step="Give the connector's user name and token (DRONE_NETRC_USERNAME, DRONE_NETRC_PASSWORD).",
        )
    if connector.username == JOB_USERNAME:
        raise NotAllowed(
            "The token of a CI job cannot create projects, nor read them.",
            next_step="Use a personal, group or project access token with the scope `api`.",
        )
    # As a bearer GitLab takes access tokens of each kind and OAuth's alike (docs: REST API authentication).
    made = answers.session(context, api_url(context), answers.check)
    return authorized(made, f"Bearer {connector.password.reveal()}")
