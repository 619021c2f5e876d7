"""What a git server serves, asked over smart HTTP without git: whether it has the repository, and its branches.

Protocol: git's gitprotocol-http(5) and gitprotocol-pack(5), version 0. An image that only creates repositories needs no
git for this.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from typing import NamedTuple

import requests

from common.errors import Refused, Unavailable
from common.git.credentials import Credentials
from common.network.deadline import Deadline
from common.network.http import Client, client, refusal
from common.network.settings import Network
from common.network.url import origin
from common.secret import Secret

BRANCHES = "refs/heads/"
LENGTH = re.compile(rb"[0-9a-fA-F]{4}")
SHORTEST = 3  # packets: the service, the end of that section, the end of the (empty) list
TIMES = 2  # how often what is no answer of git's is asked for: one that broke off may come whole


class NoPacket(ValueError):
    """What was sent is not in git's packets."""


class Server(NamedTuple):
    """A repository on a git server, and the client that may reach it."""

    url: str
    client: Client


def server(url: str, credentials: Credentials | None, *, network: Network, deadline: Deadline) -> Server:
    """Make the client for a repository; the credentials are sent with every request."""
    headers: dict[str, str | Secret] = {"User-Agent": "git/2.0 (idp-steps)"}
    if credentials is not None:
        pair = f"{credentials.username}:{credentials.password.reveal()}"
        headers["Authorization"] = Secret("Basic " + base64.b64encode(pair.encode()).decode())
    return Server(url, client(origin(url), network=network, deadline=deadline, headers=headers))


def branches(asked: Server, *, service: str = "git-upload-pack") -> dict[str, str]:
    """Wait until git can serve the repository, and give its branches with their commits.

    A host says "not found" for a moment after it created a repository, so that is asked again within the budget.
    service: git-receive-pack asks as a push does.
    """
    url = asked.url
    for _ in range(TIMES):
        answer = asked.client.send("GET", f"{url}/info/refs", params={"service": service}, retry_not_found=True)
        if answer.status_code == requests.codes.not_found:
            raise Unavailable(
                f"The repository exists, but git cannot fetch {url} yet.",
                next_step="Run the step again in a while, or raise RETRY_BUDGET; what exists is taken as it is.",
            )
        if answer.status_code != requests.codes.ok:
            doing = f"read {url} with git" if service == "git-upload-pack" else f"push to {url}"
            raise refusal(answer, doing=doing, credentials="the connector's token")
        try:
            return _advertised(answer.content, service)
        except NoPacket:
            continue
    if answer.content[4:].startswith(f"# service={service}".encode()):
        raise Unavailable(
            f"What {url} answers to git breaks off.",
            next_step="See what stands between here and the host, then run the step again.",
        )
    raise Refused(
        f"What answers at {url} is no git server.",
        next_step="Check the address, and that no log-in page stands before it.",
    )


def packets(content: bytes) -> Iterator[bytes | None]:
    """Give the packets one by one, None for one that ends a section. Raises NoPacket for anything else."""
    place = 0
    while place < len(content):
        if not LENGTH.match(content, place):
            raise NoPacket
        length = int(content[place : place + 4], 16)
        if length == 0:
            yield None
            place += 4
            continue
        end = place + length
        if length < len("0000") or end > len(content):
            raise NoPacket
        yield content[place + 4 : end]
        place = end


def _advertised(content: bytes, service: str) -> dict[str, str]:
    read = list(packets(content))
    if len(read) < SHORTEST or read[:2] != [f"# service={service}\n".encode(), None] or read[-1] is not None:
        raise NoPacket
    found = {}
    for line in filter(None, read[2:]):
        commit, _, name = line.partition(b"\0")[0].decode(errors="replace").rstrip("\n").partition(" ")
        if name.startswith(BRANCHES):
            found[name.removeprefix(BRANCHES)] = commit
    return found
