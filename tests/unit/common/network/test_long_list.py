"""A list in an answer is read item by item, and as json reads it as a whole."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.network import long_list
from common.network.long_list import PART, NoList, items

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


PARTS = st.integers(1, 12) | st.just(PART)


def check_as_json(text: str, part: int) -> None:
    """Hold that the items are those that json reads, or that both refuse the text."""
    try:
        expected = json.loads(text).get("list")
    except ValueError:
        expected = ValueError
    if isinstance(expected, list):
        assert list(items(text.encode(), "list", part=part)) == expected
    else:
        with pytest.raises(NoList if expected is None else (ValueError, NoList)):
            list(items(text.encode(), "list", part=part))


@given(st.dictionaries(st.sampled_from(["a", "list", '"', "b"]) | st.text(), VALUES), st.sampled_from([None, 1]), PARTS)
def test_the_items_are_those_that_json_gives(document: dict[str, object], indent: int | None, part: int) -> None:
    check_as_json(json.dumps(document, indent=indent, ensure_ascii=part % 2 == 0), part)


@given(st.dictionaries(st.just("list") | st.text(), VALUES), PARTS, st.data())
def test_what_json_refuses_is_refused(document: dict[str, object], part: int, data: st.DataObject) -> None:
    whole = json.dumps(document)
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    check_as_json(cut + data.draw(st.sampled_from(["", ",", "]", "}", "x"])), part)


@pytest.mark.parametrize("text", ["", "[]", "[1]", "1", '{"list": [1,]}', '{"list": [1]} x', '{"list": [1],}', "{,}"])
def test_what_is_no_object_with_a_list_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        list(items(text.encode(), "list"))


def test_one_long_item_is_read_in_time_in_proportion_to_its_length(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also one that never ends: it is read again with each part, so the parts grow."""
    seen = 0

    class Counting(json.JSONDecoder):
        def raw_decode(self, s: str, idx: int = 0) -> tuple[object, int]:
            nonlocal seen
            seen += len(s) - idx
            return super().raw_decode(s, idx)

    monkeypatch.setattr(long_list, "DECODER", Counting())
    for end in ('"]}', ""):
        text = b'{"list": ["' + 4_000_000 * b"x" + end.encode()
        seen = 0
        with contextlib.nullcontext() if end else pytest.raises(ValueError, match="Unterminated"):
            assert list(items(text, "list")) == ["x" * 4_000_000]
        assert seen < 4 * len(text)
