"""Which address Bitbucket Cloud's API has, and how each kind of credential is told and used.

| Credential | Begins | REST | git user |
|---|---|---|---|
| API token | ATATT | Basic, the account's e-mail address | the user name, or x-bitbucket-api-token-auth |
| access token of a repository, project or workspace | ATCTT | Bearer | x-token-auth |
| OAuth access token | | Bearer | x-token-auth |
"""

from __future__ import annotations

from common.errors import NotAllowed
from common.git.credentials import Credentials
from common.git_hosts.bitbucket import rest
from common.git_hosts.bitbucket.cloud import words
from common.git_hosts.context import HostContext

MACHINE = "bitbucket.org"
TOKEN_USER = "x-token-auth"  # noqa: S105 - a user name
API_TOKEN_USER = "x-bitbucket-api-token-auth"  # noqa: S105 - a user name
ACCESS_TOKEN = "ATCTT"  # noqa: S105 - what one begins with


def web(context: HostContext) -> str:
    return f"{context.connector.scheme}://{MACHINE}"


def api_url(context: HostContext) -> str:
    return f"{context.connector.scheme}://api.{MACHINE}/2.0"


def connect(context: HostContext) -> rest.Rest:
    """Give the API with the connector's credentials. Raises NotAllowed."""
    return rest.connect(context, _login(context))


def connect_by_library(context: HostContext) -> rest.Rest:
    """Give the same by atlassian-python-api."""
    return rest.connect_by_library(context, _login(context))


def _login(context: HostContext) -> rest.Login:
    url, user = api_url(context), context.connector.username
    bearer = _is_bearer(context)
    if user == API_TOKEN_USER and not bearer:
        raise NotAllowed(
            f"{words.NAME}'s API takes an API token with the e-mail address of its account, not with {API_TOKEN_USER}.",
            next_step="Give that address as the connector's user name (DRONE_NETRC_USERNAME); git works with it too.",
        )
    return rest.Login(base=url, user=user, bearer=bearer, describe=lambda call: words.api(context, url, call))


def check_may_create(context: HostContext) -> None:
    """Refuse the kind of token that can never create a repository (BCLOUD-22568), before anything is asked."""
    password = context.connector.password
    if password is not None and password.reveal().startswith(ACCESS_TOKEN):
        raise NotAllowed(
            f"An access token of a repository, project or workspace cannot create repositories on {words.NAME}.",
            next_step="Use an API token, with its account's e-mail address as the user name, or an OAuth consumer.",
        )


def git_credentials(context: HostContext) -> Credentials | None:
    connector = context.connector
    if connector.password is None:
        return None
    own = API_TOKEN_USER if "@" in connector.username else connector.username  # git takes no e-mail address
    return Credentials(web(context), TOKEN_USER if _is_bearer(context) else own, connector.password)


def _is_bearer(context: HostContext) -> bool:
    connector = context.connector
    token = connector.password.reveal() if connector.password is not None else ""
    return connector.username in {"", TOKEN_USER} or token.startswith(ACCESS_TOKEN)
