"""CreateRepo's calls under faults, for every host that has an API: one repository, or the right exit code."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Result, RunStep, World, serving
from tests.faults import ANSWERS, PASSING, FaultProxy
from tests.hosts import Served, serving_step

FOR_EVER = 10_000


@pytest.fixture(params=serving_step("CreateRepo"), ids=str)
def host(request: pytest.FixtureRequest, world: World, tmp_path: Path) -> Iterator[Served]:
    with request.param.serve(world, tmp_path / "host") as served:
        yield served


def create(run_step: RunStep, host: Served, proxy: FaultProxy, **more: str) -> Result:
    """Run CreateRepo behind the proxy. The repository is to be this run's own: one that exists is a failure."""
    with serving(proxy) as url:
        moved = {name: value.replace(host.url, url) for name, value in host.variables.items()}
        port = {"DRONE_NETRC_PORT": url.rpartition(":")[2]}
        return run_step("CreateRepo", {**moved, **port, "IF_EXISTS": "fail", "RETRY_BUDGET": "20", **more})


def created(host: Served) -> int:
    return len(list(host.folder().parent.glob("payments.git")))


@pytest.mark.parametrize("fault", ANSWERS)
def test_a_create_that_worked_without_saying_so_is_found_and_counts_as_this_runs(
    host: Served, run_step: RunStep, fault: str
) -> None:
    proxy = FaultProxy(host.faults, host.create, ANSWERS[fault], after=True, times=1)
    done = create(run_step, host, proxy)
    assert done.code == 0, done.stderr
    assert done.outputs["repositoryCreated"] is True
    assert (proxy.seen.count(" ".join(host.create)), created(host)) == (1, 1)


@pytest.mark.parametrize("fault", ANSWERS)
def test_a_create_that_did_not_work_is_repeated_after_a_look(host: Served, run_step: RunStep, fault: str) -> None:
    proxy = FaultProxy(host.faults, host.create, ANSWERS[fault], after=False, times=1)
    done = create(run_step, host, proxy)
    assert done.code == 0, done.stderr
    assert done.outputs["repositoryCreated"] is True
    writes = [number for number, line in enumerate(proxy.seen) if line == " ".join(host.create)]
    assert len(writes) == 2
    assert " ".join(host.find) in proxy.seen[writes[0] : writes[1]]


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("fault", ANSWERS)
def test_a_look_that_fails_is_repeated_only_when_it_may_pass(
    host: Served, run_step: RunStep, fault: str, after: bool
) -> None:
    proxy = FaultProxy(host.faults, host.find, ANSWERS[fault], after=after, times=1)
    done = create(run_step, host, proxy)
    assert done.code == (0 if fault in PASSING else 1), done.stderr
    assert proxy.seen.count(" ".join(host.find)) == (2 if fault in PASSING else 1)
    assert proxy.seen.count(" ".join(host.create)) == (1 if fault in PASSING else 0)


@pytest.mark.parametrize("fault", ANSWERS)
def test_a_look_that_fails_for_ever_ends_in_a_sentence(host: Served, run_step: RunStep, fault: str) -> None:
    proxy = FaultProxy(host.faults, host.find, ANSWERS[fault], after=False, times=FOR_EVER)
    done = create(run_step, host, proxy, RETRY_BUDGET="1")
    assert done.code == (5 if fault in PASSING else 1), done.stderr
    assert done.stderr.strip().endswith(".")
    assert " ".join(host.create) not in proxy.seen
