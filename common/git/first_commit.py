"""An empty first commit, which makes a branch: on hosts that cannot name a default branch before it has a commit.

It is pushed without git, as refs.py asks. It is the same commit wherever and whenever it is made (its date is fixed):
a repeated push changes nothing, and a repository that holds nothing else is known by the commit's name alone.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Callable, Iterable

import requests

from common.errors import Refused
from common.git import refs
from common.git.failures import Rejection, judged
from common.git.refs import BRANCHES, NoPacket, Server
from common.network import repeat
from common.network.deadline import Deadline
from common.network.http import refusal
from common.network.repeat import Failure, Outcome, Uncertain

NOTHING = "0" * 40
WHO = "idp-steps <idp-steps@noreply.invalid> 1704067200 +0000"
MESSAGE = "Empty first commit\n\nIt makes the default branch. Its date is the same everywhere.\n"
COMMIT, TREE = (1, b"commit"), (2, b"tree")
MESSAGES, FATAL = 2, 3  # bands of an answer (gitprotocol-pack(5), side-band-64k)


def _named(kind: tuple[int, bytes], content: bytes) -> str:
    return hashlib.sha1(b"%s %d\0%s" % (kind[1], len(content), content), usedforsecurity=False).hexdigest()


CONTENT = f"tree {_named(TREE, b'')}\nauthor {WHO}\ncommitter {WHO}\n\n{MESSAGE}".encode()
FIRST_COMMIT = _named(COMMIT, CONTENT)


def holds_nothing_else(branches: dict[str, str]) -> bool:
    """Tell whether a repository with these branches has no commit, or this one alone."""
    return set(branches.values()) <= {FIRST_COMMIT}


def push(server: Server, branch: str, *, judge: Callable[[str], Rejection], deadline: Deadline) -> None:
    """Make the branch of the empty commit; it must not exist. judge: what the host lacks when it declines."""
    doing = f"push an empty first commit to {branch} of {server.url}"

    def sent() -> bool:
        answer = server.client.send(
            "POST",
            f"{server.url}/git-receive-pack",
            content=("application/x-git-receive-pack-request", _request(branch)),
        )
        if answer.status_code != requests.codes.ok:
            raise refusal(answer, doing=doing, credentials="the connector's token")
        report, said = _report(answer.content)
        if f"ok {BRANCHES}{branch}" in report:
            return True
        if "unpack ok" not in report and not said:
            raise Uncertain(f"Could not {doing}: what the server said of it cannot be read.")
        reason = next((line.partition(f"{branch} ")[2] for line in report if line.startswith("ng ")), "")
        text = "\n".join([*said, *report])
        verdict = judged(judge(text), text)
        told = "; ".join(filter(None, [reason, *said])) or "; ".join(report)
        raise verdict.error(f"Could not {doing}: the server declined it ({told}).", next_step=verdict.advice)

    def look() -> bool | None:
        return True if refs.branches(server).get(branch) == FIRST_COMMIT else None

    def failure(error: Exception) -> Failure | None:
        return Failure(Outcome.UNKNOWN, error) if isinstance(error, Uncertain) else None

    there = refs.branches(server, service="git-receive-pack")
    if branch in there:
        raise Refused(f"{branch} of {server.url} was made by somebody else meanwhile.", next_step="Run the step again.")
    repeat.write(sent, look, failure, deadline)


def _request(branch: str) -> bytes:
    command = f"{NOTHING} {FIRST_COMMIT} {BRANCHES}{branch}\0 report-status side-band-64k agent=git/idp-steps".encode()
    pack = b"PACK" + struct.pack(">II", 2, 2) + _packed(COMMIT, CONTENT) + _packed(TREE, b"")
    return b"%04x%s0000%s%s" % (len(command) + 4, command, pack, hashlib.sha1(pack, usedforsecurity=False).digest())


def _packed(kind: tuple[int, bytes], content: bytes) -> bytes:
    """Write an object of a pack (gitformat-pack(5)): type and size by groups of bits, then the content."""
    size, head = len(content) >> 4, [kind[0] << 4 | len(content) & 0xF]
    while size:
        head[-1] |= 0x80
        head.append(size & 0x7F)
        size >>= 7
    return bytes(head) + zlib.compress(content)


def _report(content: bytes) -> tuple[list[str], list[str]]:
    """Give the lines of the report, and what the server or its hooks said; nothing of what cannot be read."""
    report, said = b"", b""
    try:
        for packet in filter(None, refs.packets(content)):
            if packet[0] in {MESSAGES, FATAL}:
                said += packet[1:]
            else:
                report += packet[1:]
        return list(_lines(filter(None, refs.packets(report)))), said.decode(errors="replace").split("\n")[:-1]
    except NoPacket:
        return [], []


def _lines(packets: Iterable[bytes]) -> Iterable[str]:
    return (packet.decode(errors="replace").rstrip("\n") for packet in packets)
