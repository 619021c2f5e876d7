"""What git makes of answers that broke off within their heads does not count, whatever it says and ends with."""

from __future__ import annotations

import functools
import socket
import subprocess
import urllib.parse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from common.errors import NotAllowed, Unavailable
from common.git import state
from common.git.clone import clone, names
from common.git.command import Git
from common.git.credentials import Credentials
from common.git.heads import broke_off
from common.git.upstream import Upstream, branches, fetch
from common.network import deadline
from common.network.settings import Network
from common.secret import Secret
from sandbox.git import bare, repositories
from sandbox.services import open_state
from tests.conftest import World
from tests.faults.clock import skipped_sleep
from tests.faults.proxy import HEAD_END, Fault, Rule, in_front_of

ASKED = ("=> Send header: GET /x HTTP/1.1", "=> Send header: Host: x", "=> Send header:")
UNKNOWN = ("<= Recv header: HTTP/1.1 401 Who", "<= Recv header: WWW-Authenticate: Basic", "<= Recv header:")
OK = ("<= Recv header: HTTP/2 200 ", "<= Recv header: content-type: x", "<= Recv header:")
CONTINUE = ("<= Recv header: HTTP/1.1 100 Continue", "<= Recv header:")


@pytest.mark.parametrize(
    ("said", "broken"),
    [
        ((), False),
        ((*ASKED, *OK), False),
        ((*ASKED, *UNKNOWN, *ASKED, *OK), False),
        ((*ASKED, *UNKNOWN), False),
        ((*ASKED, *UNKNOWN[:1], *ASKED, *OK), False),
        ((*ASKED, *CONTINUE, *OK), False),
        ((*ASKED, *OK, "<= Recv header: x-trailer: 1"), False),
        (ASKED, True),
        ((*ASKED, *UNKNOWN[:2]), True),
        ((*ASKED, *UNKNOWN, *ASKED), True),
        ((*ASKED, *OK[:2], *ASKED, *UNKNOWN), True),
        ((*ASKED, *CONTINUE), True),
    ],
)
def test_a_request_without_the_whole_head_of_an_answer_is_seen(said: tuple[str, ...], broken: bool) -> None:
    trace = "".join(f"20:49:28.830721 http.c:672              {line}\n" for line in said)
    assert broke_off(trace + "20:49:28.830721 http.c:725              == Info: Closing connection 0\n") is broken


def cloned(revision: str) -> Callable[[Upstream, Path], Any]:
    return lambda upstream, folder: clone(upstream, folder / "into", revision=revision)


def fetched(upstream: Upstream, folder: Path) -> None:
    """Fetch as a push does before it builds on a branch."""
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)
    fetch(upstream, "main", "refs/fetched", cwd=folder, extra={"GIT_DIR": str(folder / ".git")})


READS: dict[str, Callable[[Upstream, Path], Any]] = {
    "clone": cloned(""),
    "clone a branch": cloned("main"),
    "names": lambda upstream, folder: names(upstream, folder)["main"],
    "branches": lambda upstream, folder: branches(upstream, "main", cwd=folder).tip("main"),
    "references": lambda upstream, folder: state.references(upstream, "refs/heads/main", cwd=folder)["refs/heads/main"],
    "fetch": fetched,
}


@pytest.fixture
def upstream(world: World) -> Upstream:
    """A private repository with one commit."""
    place = (open_state(world.state_dir), "github", "acme", "service")
    folder = repositories.create(*place, visibility="private", settings={}).folder
    bare.commit_files(folder, "main", {"text": ("100644", b"one\n")}, "First\n")
    return Upstream(Git(Network()), f"{world.url}/acme/service.git", deadline.Deadline(0), "Check the token.")


def part(client: socket.socket, whole: bytes, *, share: float) -> None:
    client.sendall(whole[: int(share * (whole.index(HEAD_END) + 1))])


@pytest.mark.parametrize("reads", READS)
def test_a_head_that_breaks_off_is_neither_a_refusal_nor_a_missing_branch(
    upstream: Upstream, world: World, tmp_path: Path, reads: str
) -> None:
    url = urllib.parse.urlsplit(upstream.url)
    known = world.credentials["github"]
    with in_front_of(url.port or 0) as proxy, skipped_sleep():
        here = f"http://127.0.0.1:{proxy.port}"
        git = Git(Network(), Credentials(here, known.user, Secret(known.token)))
        behind = upstream._replace(git=git, url=f"{here}{url.path}")
        for share in (0.2, 0.5, 1.0):
            broken = Fault("broken", functools.partial(part, share=share), forwarded=True)
            proxy.rules[:] = [Rule("GET", "/info/refs", broken, None)]
            with pytest.raises(Unavailable):
                READS[reads](behind, _empty(tmp_path / f"{share}"))
            for number in range(1, 4):
                proxy.rules[:] = [Rule("GET", "/info/refs", broken, number)]
                READS[reads](behind._replace(deadline=deadline.Deadline(60)), _empty(tmp_path / f"{share} {number}"))


def _empty(folder: Path) -> Path:
    folder.mkdir()
    return folder


def test_a_refusal_that_came_whole_counts_at_once(upstream: Upstream, world: World, tmp_path: Path) -> None:
    wrong = Git(Network(), Credentials(world.url, "x", Secret("wrong-canary")))
    with pytest.raises(NotAllowed):
        branches(upstream._replace(git=wrong, deadline=deadline.Deadline(60)), "main", cwd=tmp_path)
    assert len([line for line in world.faults.requests if "info/refs" in line]) == 2, "without credentials, and with"
