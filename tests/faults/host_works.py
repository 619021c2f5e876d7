"""What is done at a git host behind a proxy, by which step, and what the host then holds."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from common import git_hosts
from common.contract.inputs import option
from common.contract.step import Context, Outputs, Step, step
from common.git_hosts import NewPullRequest, settings
from common.git_hosts.context import HostInputs
from sandbox.app import create_app
from sandbox.git import bare, pull_requests, repositories
from sandbox.services import open_state
from sandbox.state import State
from steps import load
from tests.conftest import Faults, World, serving
from tests.faults.clock import Clock, skipped_sleep
from tests.faults.proxy import (
    FaultProxy,
    in_front_of,
)  # fmt: skip
from tests.hosts import Host, Served

NAME = "payments"
SOURCE = "feature"
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, kw_only=True)
class ApiInputs:
    host: HostInputs


@dataclass(frozen=True, kw_only=True)
class SettingsInputs:
    host: HostInputs
    settings: dict[str, Any] = option("settings", env=["REPO_SETTINGS"], default={}, help="As CreateRepo's.")


@step(type="SetUp", image="", outputs={"changed": "What was changed."})
def set_up(inputs: SettingsInputs, context: Context) -> Outputs:
    """Bring a repository to its settings, as CreateRepo does after it made it."""
    host, where = git_hosts.open_host(inputs.host, context, step_type="CreateRepo")
    return {"changed": " ".join(host.apply_settings(where, settings.parsed(inputs.settings), write=True))}


@step(type="Propose", image="", outputs={"url": "Page of the pull request."})
def propose(inputs: ApiInputs, context: Context) -> Outputs:
    """Find or open a pull request, as DirectPush does after its push."""
    host, where = git_hosts.open_host(inputs.host, context, step_type="DirectPush")
    found = host.find_pull_request(where, source=SOURCE, target="main")
    wanted = NewPullRequest(source=SOURCE, target="main", title="A change", body="")
    return {"url": found or host.open_pull_request(where, wanted)[0]}


@step(type="Protect", image="", outputs={"protected": "Whether this run did it."})
def protect(inputs: ApiInputs, context: Context) -> Outputs:
    """Protect a branch, as DirectPush does after its push."""
    host, where = git_hosts.open_host(inputs.host, context, step_type="DirectPush")
    return {"protected": host.protect_branch(where, "main")}


@dataclass
class Behind:
    """A host behind a proxy, with another server that nobody is sent to. Each cell has a repository of its own."""

    row: Host
    host: Served
    state: State
    proxy: FaultProxy
    elsewhere: FaultProxy
    clock: Clock
    number: int = 0
    expected: dict[str, Any] = field(default_factory=dict)

    def named(self) -> str:
        """Give a new name for a repository."""
        self.number += 1
        return f"{NAME}{self.number}x"

    def variables(self, name: str) -> dict[str, str]:
        here = f"http://127.0.0.1:{self.proxy.port}"
        given = {key: value.replace(self.host.url, here) for key, value in self.host.variables.items()}
        port = {"DRONE_NETRC_PORT": str(self.proxy.port)} if "DRONE_NETRC_PORT" in given else {}
        return {key: value.replace(NAME, name) for key, value in given.items()} | port

    def repository(self, name: str) -> Path:
        """Make a repository as the host's own, without asking it."""
        (like,) = repositories.find_all(self.state, name=NAME)
        place = (self.state, like.host, like.owner, name)
        return repositories.create(*place, visibility=like.visibility, settings=like.settings).folder

    def held(self, name: str) -> list[Any]:
        """Give what the host holds under a name, as far as it is the same whenever it is made."""
        return [
            {
                "visibility": found.visibility,
                "default branch": found.default_branch,
                "branches": _trees(found.folder),
                "settings": UUID.sub("", json.dumps(found.settings).replace(name, NAME)),
                "pull requests": [(one.source, one.target) for one in pull_requests.find_all(self.state, found)],
            }
            for found in repositories.find_all(self.state, name=name)
        ]


def _trees(folder: Path) -> list[tuple[str, str, int]]:
    listed = subprocess.run(
        ["git", "-C", folder, "for-each-ref", "--format=%(refname:short) %(tree)", "refs/heads"],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    pairs = [line.split() for line in listed.splitlines()]
    return [(branch, tree, bare.count(folder, branch)) for branch, tree in pairs]


@dataclass(frozen=True)
class Work:
    """What is done at a host: by which step, with what, on what."""

    step: Callable[[], Step[Any]]
    inputs: Callable[[Served], Mapping[str, str]] = lambda _: {}
    prepare: Callable[[Behind, str], object] = lambda *_: None


def _empty(behind: Behind, name: str) -> None:
    behind.repository(name)


def _two_branches(behind: Behind, name: str) -> None:
    folder = behind.repository(name)
    bare.commit_files(folder, "main", {"README.md": ("100644", b"# payments\n")}, "First\n")
    bare.commit_files(folder, SOURCE, {"more": ("100644", b"more\n")}, "Second\n")


WORKS = {
    "CreateRepo": Work(lambda: load("CreateRepo"), lambda _: {"DEFAULT_BRANCH": "trunk"}),
    "settings": Work(lambda: set_up, lambda host: {"REPO_SETTINGS": json.dumps(host.settings)}, _empty),
    "DirectPush": Work(lambda: load("DirectPush"), lambda _: {"CODE_DIRECTORY": "app", "BRANCH": "main"}, _empty),
    "pull request": Work(lambda: propose, prepare=_two_branches),
    "protection": Work(lambda: protect, prepare=_two_branches),
}


@contextlib.contextmanager
def behind(row: Host, folder: Path) -> Iterator[Behind]:
    """Serve a host with the proxy in front of it, and a folder to push as the working directory."""
    app = folder / "workspace" / "app"
    app.mkdir(parents=True)
    (app / "README.md").write_text("# payments\n" * 2000, encoding="utf-8")
    faults = Faults(create_app(folder / "sandbox"))
    state = open_state(folder / "sandbox")
    with contextlib.ExitStack() as stack:
        url = stack.enter_context(serving(faults))
        world = World(url, folder / "sandbox", state.credentials, faults)
        host = stack.enter_context(row.serve(world, folder / "host"))
        port = int(url.rpartition(":")[2])
        proxy = stack.enter_context(in_front_of(port))
        elsewhere = stack.enter_context(in_front_of(port, "127.0.0.2"))
        clock = stack.enter_context(skipped_sleep())
        stack.enter_context(contextlib.chdir(app.parent))
        yield Behind(row, host, state, proxy, elsewhere, clock)
