"""How long a transfer of git may stand still: a small retry budget is about repeats, and not about slow services."""

from __future__ import annotations

import pytest

from common.git.command import Git
from common.git.upstream import LONGEST_SILENCE, Upstream
from common.network.deadline import LONGEST_TRY, SHORTEST_FIRST_TRY, Deadline
from common.network.settings import Network


@pytest.mark.parametrize(
    ("budget", "seconds"),
    [(0, LONGEST_SILENCE), (1, SHORTEST_FIRST_TRY), (LONGEST_TRY, LONGEST_TRY), (1000, LONGEST_SILENCE)],
)
def test_the_first_transfer_gets_its_chance(budget: float, seconds: float) -> None:
    upstream = Upstream(Git(Network()), "https://git.example.com/a/b.git", Deadline(budget), "")
    assert upstream.silence == seconds
