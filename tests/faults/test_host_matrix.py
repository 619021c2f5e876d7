"""The fault matrix of the git hosts: each call with each fault once, some for ever, some answers without end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.faults.host_calls import CALLS
from tests.faults.host_matrix import REFUSED, cells, clean, endless_sample, works_of, wrong
from tests.faults.host_works import behind
from tests.hosts import HOSTS, Host

LASTING = frozenset({"503", REFUSED})
PAIRS = [(row, work) for row in HOSTS for work in works_of(row)]


def chosen(calls: Sequence[str]) -> set[int]:
    """Choose what is spoiled: of calls that are sent several times the first and the last; the script spoils all."""
    last = {call: number for number, call in enumerate(calls)}
    return {calls.index(call) for call in last} | set(last.values())


def complaints(row: Host, work: str, folder: Path) -> Iterator[str]:
    calls = CALLS[str(row)][work]
    with behind(row, folder) as here:
        assert clean(here, work) == list(calls), "the table of the calls, host_calls.py, is not what is sent"
        for number, fault in cells(work, calls):
            if number in chosen(calls) and (complaint := wrong(here, work, number, fault)):
                yield f"{number} {calls[number]}: {fault}: {complaint}"
        writes = [number for number, call in enumerate(calls) if not call.startswith("GET ")]
        for number in (0, writes[-1]):
            for fault in LASTING:
                if complaint := wrong(here, work, number, fault, lasting=True):
                    yield f"{number} {calls[number]}: {fault}, for ever: {complaint}"
        for number, fault in endless_sample(row, work, calls):
            if complaint := wrong(here, work, number, fault, lasting=True):
                yield f"{number} {calls[number]}: {fault}: {complaint}"


@pytest.mark.parametrize(("row", "work"), PAIRS, ids=lambda value: str(value).replace(" ", "-"))
def test_a_spoiled_call_ends_in_the_right_code_and_the_host_holds_the_work_once(
    row: Host, work: str, tmp_path: Path
) -> None:
    assert list(complaints(row, work, tmp_path)) == []


def test_the_table_has_the_calls_of_every_host() -> None:
    assert {host: list(works) for host, works in CALLS.items()} == {str(row): works_of(row) for row in HOSTS}
