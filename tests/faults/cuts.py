"""Connections that break off at random bytes: of the request, or of the answer to what was done.

    python -m tests.faults.cuts [RUNS [SEED]]     so many runs, 200 unless told, with figures; a few are in the suite

A run is right when it ends in success or in exit code 5 and a sentence, and a run without cuts after it succeeds and
leaves the work there once. Sleep is skipped (clock.py).
"""

from __future__ import annotations

import contextlib
import importlib
import io
import itertools
import random
import socket
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from common.network import deadline
from runner import cli
from sandbox.app import create_app
from sandbox.catalog import locations
from sandbox.git import bare, repositories
from sandbox.services import open_state
from tests.catalogs import BACKSTAGE, CATALOGS, CatalogUnderTest
from tests.conftest import Faults, World, serving
from tests.faults import host_matrix, matrix
from tests.faults.clock import skipped_sleep
from tests.faults.host_works import WORKS, behind
from tests.faults.matrix import SUBJECTS, Subject, ground
from tests.faults.proxy import HEAD_END, Fault, FaultProxy, Request, in_front_of, reset
from tests.hosts import HOSTS, Host

COMMAND = importlib.import_module("runner.cli.catalog")  # loaded before any clock is put in the place of the real one
CHANCE = 0.3  # that a request is cut; the first one is
ENDS = frozenset({0, 5})
PROGRESS = 20  # runs
Run = Callable[[], tuple[int, str]]


@dataclass
class Cuts:
    """Breaks connections of a proxy off: one request in so many, at bytes that chance chooses."""

    proxy: FaultProxy
    chance: random.Random
    made: int = 0
    _chosen: threading.local = field(default_factory=threading.local)  # a thread serves one request

    @property
    def fault(self) -> Fault:
        fault: Fault = self._chosen.fault
        return fault

    def takes(self, request: Request) -> bool:
        if self.made and self.chance.random() >= CHANCE:
            return False
        self.made += 1
        share, by_reset = self.chance.random(), self.chance.random() < 0.5
        part = self.chance.choice((self._of_request, _of_head, _of_body))

        def broken_off(client: socket.socket, whole: bytes) -> None:
            client.sendall(part(request, whole, share))
            if by_reset:
                reset(client, b"")

        self._chosen.fault = Fault("a cut", broken_off, forwarded=part != self._of_request)
        return True

    def _of_request(self, request: Request, _: bytes, share: float) -> bytes:
        """Hand on a part of the request, and answer nothing."""
        with socket.create_connection(("127.0.0.1", self.proxy.target), timeout=30) as server:
            server.sendall(request.raw[: int(len(request.raw) * share)])
        return b""


def _of_head(_: Request, whole: bytes, share: float) -> bytes:
    return whole[: int((whole.find(HEAD_END) + len(HEAD_END)) * share)]


def _of_body(_: Request, whole: bytes, share: float) -> bytes:
    head = whole.find(HEAD_END) + len(HEAD_END)
    return whole[: head + int((len(whole) - head) * share)]


def _cut(proxy: FaultProxy, chance: random.Random, run: Run) -> tuple[int, str]:
    """Run something with cuts. Gives how many there were, and what is wrong with how it ended."""
    cuts = Cuts(proxy, chance)
    proxy.rules[:] = [cuts]
    code, said = run()
    proxy.rules.clear()
    known = code in ENDS and "Traceback" not in said and (code == 0 or said.rstrip().endswith("."))
    return cuts.made, "" if known else f"exit code {code}:\n{said[-3000:]}"


def of_host(row: Host, work: str, chance: random.Random, folder: Path) -> tuple[int, str]:
    """Cut a work at a git host."""
    with behind(row, folder) as here:
        host_matrix.clean(here, work)
        name = here.named()
        WORKS[work].prepare(here, name)
        cuts, complaint = _cut(here.proxy, chance, lambda: host_matrix.run(here, work, name)[:2])
        code, said, _ = host_matrix.run(here, work, name)
        if code != 0 or here.held(name) != here.expected[work]:
            complaint += f"\nafter a second run: exit code {code}, held {here.held(name)}:\n{said[-1500:]}"
    return cuts, complaint


def of_step(step: str, subject: Subject, chance: random.Random, folder: Path) -> tuple[int, str]:
    """Cut a step that is one of the matrix of steps."""
    with ground(folder) as here, skipped_sleep(), contextlib.chdir(here.workspace):
        subject.prepare(here)
        cuts, complaint = _cut(here.proxy, chance, lambda: matrix.run(step, subject.inputs(here))[:2])
        code, said, _ = matrix.run(step, subject.inputs(here) | {"RETRY_BUDGET": "20"})
        if code != 0 or subject.count(here) != 1:
            complaint += f"\nafter a second run: exit code {code}, done {subject.count(here)} times:\n{said[-1500:]}"
    return cuts, complaint


def of_import(catalog: CatalogUnderTest, chance: random.Random, folder: Path) -> tuple[int, str]:
    """Cut an import of three repositories, of which one holds a catalog file."""
    names = {"orders": "README.md", "payments": "catalog-info.yaml", "refunds": "README.md"}
    template = BACKSTAGE.replace("name: payments", "name: {{ repository }}")
    (folder / "template.yaml").write_text(template, encoding="utf-8")
    faults = Faults(create_app(folder / "sandbox"))
    state = open_state(folder / "sandbox")
    folders = [repositories.create(state, "github", "acme", name, visibility="private").folder for name in names]
    for each, file in zip(folders, names.values(), strict=True):
        bare.commit_files(each, "main", {file: ("100644", BACKSTAGE.encode())}, "First\n")
    with (
        serving(faults) as url,
        in_front_of(int(url.rpartition(":")[2])) as proxy,
        skipped_sleep(),
        contextlib.chdir(folder),
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(COMMAND, "Deadline", deadline.Deadline)
        patch.setattr(locations, "DELAY", 0.01)
        world = World(f"http://127.0.0.1:{proxy.port}", folder / "sandbox", state.credentials, faults)
        for name, value in {**catalog.forms[0](world), "REPO_NAME": "", "RETRY_BUDGET": "60"}.items():
            patch.setenv(name, value)

        def run() -> tuple[int, str]:
            said = io.StringIO()
            with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
                code = cli.main(["catalog", "import", "--apply", "--template", "template.yaml"])
            return code, said.getvalue()

        cuts, complaint = _cut(proxy, chance, run)
        code, said = run()
        held = [bare.count(each, "main") for each in folders], sorted(catalog.registered(world))
        if code != 0 or held != ([2, 1, 2], [catalog.ref.replace("payments", name) for name in names]):
            complaint += f"\nafter a second run: exit code {code}, held {held}:\n{said[-1500:]}"
    return cuts, complaint


def every() -> dict[str, Callable[[random.Random, Path], tuple[int, str]]]:
    """Give what can be cut."""
    return {
        **{f"{row} {work}": partial(of_host, row, work) for row in HOSTS for work in host_matrix.works_of(row)},
        **{step: partial(of_step, step, subject) for step, subject in SUBJECTS.items()},
        **{f"import into {catalog}": partial(of_import, catalog) for catalog in CATALOGS},
    }


def main(runs: int, seed: int) -> int:
    """Cut so many runs, and print the figures."""
    found = cuts = 0
    for number, name in enumerate(itertools.islice(itertools.cycle(every()), runs), 1):
        with tempfile.TemporaryDirectory(prefix="cuts-", ignore_cleanup_errors=True) as folder:
            made, complaint = every()[name](random.Random(f"{seed} {number}"), Path(folder))  # noqa: S311 - no secret
        cuts += made
        if complaint:
            found += 1
            print(f"{name}, run {number} of seed {seed}: {complaint}", flush=True)
        if number % PROGRESS == 0:
            print(f"{number} of {runs} runs, {cuts} cuts, {found} wrong", file=sys.stderr, flush=True)
    print(f"{runs} runs with {cuts} cuts: {found} wrong")
    return 1 if found else 0


if __name__ == "__main__":
    given = [int(argument) for argument in sys.argv[1:]]
    raise SystemExit(main(*given, *(200, 1)[len(given) :]))
