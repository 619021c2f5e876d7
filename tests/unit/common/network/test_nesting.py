"""JSON that is nested without end is told as no JSON, and no object ends while it is read."""

from __future__ import annotations

import gc
import json

import pytest

from common.network.nesting import bounded


def test_nesting_without_end_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="it is nested too deeply"), bounded():
        json.loads("[" * 100_000)
    assert gc.isenabled()


def test_nothing_is_collected_meanwhile_and_all_is_as_it_was_afterwards() -> None:
    with bounded():
        assert not gc.isenabled()
        with bounded():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()
