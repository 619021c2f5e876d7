"""Block Kit JSON is read offline; a hostile text ends in one short sentence."""

from __future__ import annotations

import json

import pytest

from common.slack.message import read_blocks


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[" * 5_000 + "]" * 5_000, "BLOCKS is nested too deeply."),
        ('[{"type":' * 101 + "1" + "}]" * 101, "BLOCKS is nested too deeply."),
        ("[" * 50_000, "BLOCKS is nested too deeply."),
        ('[{"type": ' + "1" * 5_000 + "}]", "BLOCKS is no JSON: Exceeds the limit (4300 digits) for integer string"),
        (json.dumps([1] * 100_000), "BLOCKS has 100000 blocks; Slack takes 50 at most."),
    ],
)
def test_hostile_blocks_are_refused_in_short_sentences(text: str, said: str) -> None:
    faults: list[str] = []
    read_blocks(text, "BLOCKS", faults)
    assert faults[0].startswith(said)
    assert len(" ".join(faults)) < 400
