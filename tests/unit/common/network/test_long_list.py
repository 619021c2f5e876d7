"""A list in an answer is read item by item, and as json reads it as a whole."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.network.long_list import NoList, items

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["a", "list", '"', "b"]) | st.text(), VALUES), st.sampled_from([None, 1]))
def test_the_items_are_those_that_json_gives(document: dict[str, object], indent: int | None) -> None:
    text, expected = json.dumps(document, indent=indent), document.get("list")
    if isinstance(expected, list):
        assert list(items(text, "list")) == expected
    else:
        with pytest.raises(NoList if expected is None else ValueError):
            list(items(text, "list"))


@given(st.dictionaries(st.just("list") | st.text(), VALUES), st.data())
def test_what_json_refuses_is_refused(document: dict[str, object], data: st.DataObject) -> None:
    whole = json.dumps(document)
    text = whole[: data.draw(st.integers(0, len(whole) - 1))] + data.draw(st.sampled_from(["", ",", "]", "}", "x"]))
    try:
        expected = json.loads(text)
    except ValueError:
        with pytest.raises((ValueError, NoList)):
            list(items(text, "list"))
    else:
        assert expected == document


@pytest.mark.parametrize("text", ["", "[]", "[1]", "1", '{"list": [1,]}', '{"list": [1]} x', '{"list": [1],}', "{,}"])
def test_what_is_no_object_with_a_list_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        list(items(text, "list"))
