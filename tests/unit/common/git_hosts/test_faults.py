"""CreateRepo's calls under faults, for every host that has an API: one repository, or the right exit code."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import Result, RunStep, World
from tests.faults.proxy import Fault, FaultProxy, Rule, answering, faults, in_front_of
from tests.hosts import Served, serving_step

WRONG_TYPES = b'{"name": 5, "html_url": [], "clone_url": {}, "visibility": true, "login": 1}'
TRANSIENT = ("reset", "cut", "500", "502", "503", "504")
NOT_THE_API = ("html", "empty-object", "list", "number", "deep", "not-utf8", "nothing", "wrong-types")
NAMES = (*TRANSIENT, *NOT_THE_API)
FAULTS = {fault.name: fault for fault in faults("http://127.0.0.1:9") if not fault.forwarded} | {
    "wrong-types": Fault("wrong-types", answering(200, WRONG_TYPES), forwarded=False)
}


@dataclass(frozen=True)
class Behind:
    """A host behind the fault proxy."""

    host: Served
    proxy: FaultProxy
    run_step: RunStep

    def spoil(self, request: tuple[str, str], name: str, *, after: bool, left: int | None = 1) -> None:
        self.proxy.rules.append(Rule(*request, Fault(name, FAULTS[name].answer, forwarded=after), left))

    def create(self, **more: str) -> Result:
        """Run CreateRepo. The repository is to be this run's own: one that exists is a failure."""
        here = f"http://127.0.0.1:{self.proxy.port}"
        moved = {name: value.replace(self.host.url, here) for name, value in self.host.variables.items()}
        port = {"DRONE_NETRC_PORT": str(self.proxy.port)} if "DRONE_NETRC_PORT" in moved else {}
        own = {**port, "IF_EXISTS": "fail", "RETRY_BUDGET": "20"}
        return self.run_step("CreateRepo", {**moved, **own, **more})

    def asked(self) -> list[str]:
        """The calls of the API in their order: find and create."""
        names = {self.host.find: "find", self.host.create: "create"}
        calls = (names.get((request.method, request.path)) for request in self.proxy.requests)
        return [call for call in calls if call]


@pytest.fixture(params=serving_step("CreateRepo"), ids=str)
def behind(request: pytest.FixtureRequest, world: World, tmp_path: Path, run_step: RunStep) -> Iterator[Behind]:
    with request.param.serve(world, tmp_path / "host") as host, in_front_of(int(host.url.rpartition(":")[2])) as proxy:
        yield Behind(host, proxy, run_step)


@pytest.mark.parametrize("name", NAMES)
def test_a_create_that_worked_without_saying_so_is_found_and_counts_as_this_runs(behind: Behind, name: str) -> None:
    behind.spoil(behind.host.create, name, after=True)
    done = behind.create()
    assert done.code == 0, done.stderr
    assert done.outputs["repositoryCreated"] is True
    assert behind.asked() == ["find", "create", "find"]


@pytest.mark.parametrize("name", NAMES)
def test_a_create_that_did_not_work_is_repeated_after_a_look(behind: Behind, name: str) -> None:
    behind.spoil(behind.host.create, name, after=False)
    done = behind.create()
    assert done.code == 0, done.stderr
    assert done.outputs["repositoryCreated"] is True
    assert behind.asked() == ["find", "create", "find", "create"]


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_a_look_that_fails_is_repeated_only_when_it_may_pass(behind: Behind, name: str, after: bool) -> None:
    behind.spoil(behind.host.find, name, after=after or name == "cut")  # there is something to cut only then
    done = behind.create()
    assert done.code == (0 if name in TRANSIENT else 1), done.stderr
    assert behind.asked() == (["find", "find", "create"] if name in TRANSIENT else ["find"])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("call", ["find", "create"])
def test_a_fault_for_ever_ends_in_a_sentence_and_the_right_code(behind: Behind, call: str, name: str) -> None:
    """Asking for ever what a write that says nothing left behind is bounded by the budget."""
    request, after = {"find": (behind.host.find, name == "cut"), "create": (behind.host.create, False)}[call]
    behind.spoil(request, name, after=after, left=None)
    done = behind.create(RETRY_BUDGET="1")
    assert done.code == (1 if call == "find" and name in NOT_THE_API else 5), done.stderr
    assert done.stderr.strip().endswith(".")
    assert done.outputs == {}
