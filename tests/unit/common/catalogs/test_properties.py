"""What is asked of custom properties is checked offline, and only what an entity has not yet is left to do."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.catalogs.properties import FIXED, Change, appended, check, entity_changes, keys, property_changes, remaining
from common.errors import BadInput

Held = dict[tuple[str, ...], Any]
REF = "component:account/payments"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


def change(path: str = "metadata.team", value: Any = "a", mode: str = "replace", ref: str = REF) -> Change:
    return Change(ref, path, value, mode)


def test_the_platforms_body_for_one_entity_is_read_with_its_nulls() -> None:
    body = {
        "entity_ref": REF,
        "property": None,
        "value": None,
        "mode": None,
        "properties": [
            {"property": "metadata.team", "value": "a", "mode": None},
            {"property": "<+metadata.additionalInfo.lead>", "value": {"x": [1, 2.5]}, "mode": "append"},
        ],
    }
    assert entity_changes(body) == [
        change(),
        change("metadata.additionalInfo.lead", {"x": [1, 2.5]}, "append"),
    ]


def test_one_property_may_stand_alone_for_one_entity() -> None:
    assert entity_changes({"entity_ref": REF, "property": "metadata.team", "value": "a"}) == [change()]


def test_entities_without_a_value_get_the_common_one() -> None:
    body = {
        "entity_ref": None,
        "property": "metadata.team",
        "value": "a",
        "mode": None,
        "entity_refs": [{"entity_ref": REF, "value": None}, {"entity_ref": "component:default/x", "value": False}],
    }
    assert property_changes(body) == [change(), change(value=False, ref="component:default/x")]


@pytest.mark.parametrize(
    "ref", ["payments", "component:payments", "default/payments", "component:default/p.a-y_1", "api:account.o.p/X_1$"]
)
def test_both_generations_of_references_are_taken(ref: str) -> None:
    check([change(ref=ref)])


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(BadInput) as caught:
        check(
            [
                change(ref="account/payments"),
                change(ref="a b"),
                change("metadata..x"),
                change("metadata", value=None),
                change(value="text", mode="append"),
                change(mode="merge"),
            ]
        )
    told = str(caught.value)
    for part in (
        "'account/payments' is no reference of an entity",
        "'a b' is no reference of an entity",
        "property 'metadata..x' of component:account/payments is no dotted path",
        "property 'metadata' of component:account/payments may not be changed; the catalog keeps kind, metadata,",
        "property 'metadata' of component:account/payments has no value",
        "can be appended to only with a list or a map",
        "has the mode 'merge'; it can be replace, append or delete",
    ):
        assert part in told


@pytest.mark.parametrize("path", [*FIXED, '"metadata".name', '"kind"', "metadata.name.x", "kind.x"])
def test_what_the_catalog_keeps_to_itself_is_refused_in_any_spelling(path: str) -> None:
    with pytest.raises(BadInput, match="may not be changed"):
        check([change(path)])


def test_what_is_asked_of_a_property_in_turn_is_one_change() -> None:
    """The last replacement counts, and what is appended after it; a quoted key is the same key."""
    asked = [
        change(value=["lost"], mode="append"),
        change(value=["a"]),
        change("metadata.x", {"a": 1}, "append"),
        change('metadata."team"', ["b"], "append"),
        change("metadata.x", {"a": 2, "b": 3}, "append"),
    ]
    assert check(asked) == [change(value=["a", "b"]), change("metadata.x", {"a": 2, "b": 3}, "append")]


def test_values_that_cannot_be_appended_to_each_other_are_a_fault() -> None:
    with pytest.raises(BadInput, match="is asked for twice, with values that do not go together"):
        check([change(value="text"), change(value=["b"], mode="append")])


def test_what_a_message_quotes_is_cut() -> None:
    with pytest.raises(BadInput) as caught:
        check([change(ref="a b" * 40_000), change(path="." * 120_000), change(mode="m" * 120_000)])
    assert len(str(caught.value)) < 2_000


def test_a_deletion_has_no_value_and_goes_before_what_was_asked_for_earlier() -> None:
    with pytest.raises(BadInput, match="is to be deleted, and has a value"):
        check([change(mode="delete")])
    gone = change(value=None, mode="delete")
    assert check([change(), gone]) == [gone]
    assert remaining(gone, {}) is None
    assert remaining(gone, {("metadata", "team"): None}) == gone


def test_one_entity_in_several_spellings_is_one() -> None:
    spellings = ["payments", "Component:Payments", "component:default/payments", "default/PAYMENTS"]
    assert len(check([change(ref=ref) for ref in spellings])) == 1
    assert len(check([change(ref=ref) for ref in ("api:account/x", "api:account/X", "api:account.o/x")])) == 3


def test_maps_in_a_list_are_appended_to_a_map_as_the_api_documents_it() -> None:
    held: Held = {("metadata", "annotations"): {"a": "1"}}
    asked = change("metadata.annotations", [{"a": "1"}, {"b": "2"}], "append")
    assert remaining(asked, held) == change("metadata.annotations", {"b": "2"}, "append")


def test_nothing_to_change_is_a_fault() -> None:
    with pytest.raises(BadInput, match="No property is given"):
        check([])


def test_quoted_keys_hold_dots() -> None:
    assert keys('metadata.annotations."harness.io/x".y') == ["metadata", "annotations", "harness.io/x", "y"]


@pytest.mark.parametrize("path", ["", ".", "a.", ".a", 'a"b"', '"a"b', '"', 'a."b'])
def test_what_is_no_path_is_none(path: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the path itself is the message
        keys(path)
    assert str(caught.value) == path


@given(st.text(max_size=20))
def test_any_text_is_a_path_or_a_value_error(path: str) -> None:
    try:
        assert all(keys(path))
    except ValueError:
        return


def test_a_value_that_is_there_is_not_sent_again() -> None:
    assert remaining(change(value={"a": 1, "b": [True]}), {("metadata", "team"): {"b": [True], "a": 1}}) is None


def test_true_is_not_the_number_one() -> None:
    assert remaining(change(value=True), {("metadata", "team"): 1}) == change(value=True)
    assert remaining(change(value=[True], mode="append"), {("metadata", "team"): [1]}) == change(
        value=[True], mode="append"
    )


def test_a_number_is_the_same_however_a_server_writes_it() -> None:
    assert remaining(change(value={"a": [3]}), {("metadata", "team"): {"a": [3.0]}}) is None
    assert remaining(change(value=3), {("metadata", "team"): 3.5}) == change(value=3)


def test_of_a_list_only_what_is_missing_is_appended() -> None:
    held: Held = {("metadata", "tags"): ["a", "b"]}
    asked = change("metadata.tags", ["b", "c"], "append")
    assert remaining(asked, held) == change("metadata.tags", ["c"], "append")
    assert remaining(change("metadata.tags", ["b", "a"], "append"), held) is None


def test_of_a_map_only_what_is_missing_or_differs_is_appended() -> None:
    held: Held = {("metadata", "annotations"): {"a": "1", "b": "2"}}
    asked = change("metadata.annotations", {"a": "1", "b": "3", "c": "4"}, "append")
    assert remaining(asked, held) == change("metadata.annotations", {"b": "3", "c": "4"}, "append")


@given(JSON, JSON.filter(lambda value: isinstance(value, list | dict)), st.sampled_from(["replace", "append"]))
def test_nothing_is_left_to_do_once_it_was_done(held: Any, value: Any, mode: str) -> None:
    path = ("metadata", "team")
    left = remaining(change(value=value, mode=mode), {path: held})
    after = held
    if left is not None:
        after = left.value if mode == "replace" else appended(held, left.value)
        if after is None:
            return
    assert remaining(change(value=value, mode=mode), {path: after}) is None
