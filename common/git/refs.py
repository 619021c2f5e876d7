"""What a git server serves, asked over smart HTTP without git: whether it has the repository, and a branch in it.

Protocol: git's gitprotocol-http(5), version 0. An image that only creates repositories needs no git for this.
"""

from __future__ import annotations

import base64

import requests

from common.errors import Unavailable
from common.git.credentials import Credentials
from common.network.deadline import Deadline
from common.network.http import client, refusal
from common.network.settings import Network
from common.network.url import origin
from common.secret import Secret

BRANCH = b" refs/heads/"


def holds_branches(url: str, credentials: Credentials | None, *, network: Network, deadline: Deadline) -> bool:
    """Wait until git can serve the repository, and tell whether it has any branch.

    A host says "not found" for a moment after it created a repository, so that is asked again within the budget.
    """
    headers: dict[str, str | Secret] = {"User-Agent": "git/2.0 (idp-steps)"}
    if credentials is not None:
        pair = f"{credentials.username}:{credentials.password.reveal()}"
        headers["Authorization"] = Secret("Basic " + base64.b64encode(pair.encode()).decode())
    server = client(origin(url), network=network, deadline=deadline, headers=headers)
    answer = server.send("GET", f"{url}/info/refs", params={"service": "git-upload-pack"}, retry_not_found=True)
    if answer.status_code == requests.codes.not_found:
        raise Unavailable(
            f"The repository exists, but git cannot fetch {url} yet.",
            next_step="Run the step again in a while, or raise RETRY_BUDGET; what exists is taken as it is.",
        )
    if answer.status_code != requests.codes.ok:
        raise refusal(answer, doing=f"read {url} with git", credentials="the connector's token")
    return BRANCH in answer.content
