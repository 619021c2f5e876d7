"""A JSON or YAML text gives the values that JSON has, or is refused."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.document import Unreadable, plain

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: 1\nb: x", {"a": 1, "b": "x"}),
        ("[yes, no, on, 012, 0x1F, 1_000, 1:30, 1.5, ~, '1', !!str 1]",
         [True, False, True, 10, 31, 1000, 90, 1.5, None, "1", "1"]),
        ("[2024-01-01, 2024-01-01 10:00:00, =, words]", ["2024-01-01", "2024-01-01 10:00:00", "=", "words"]),
        ("1: a\nyes: b\n1.10: c", {"1": "a", "yes": "b", "1.10": "c"}),
        ("a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}", {"a": {"x": 1, "y": 2}, "b": {"x": 1, "y": 3}}),
        ("a: &a {x: 1}\nb: &b {x: 2, z: 0}\nc: {<<: [*a, *b]}",
         {"a": {"x": 1}, "b": {"x": 2, "z": 0}, "c": {"x": 1, "z": 0}}),
        ("<<: no map", {"<<": "no map"}),
        ("a: &a [1]\nb: *a", {"a": [1], "b": [1]}),
        ("# nothing", None),
        ('\ufeff{"a": 1}', {"a": 1}),
        ("! [! {a: 1}]", [{"a": 1}]),
        ("[" * 100 + "]" * 100, json.loads("[" * 100 + "]" * 100)),
        (json.dumps("[{" * 200), "[{" * 200),
        (json.dumps(['\\"[' * 200, "]"]), ['\\"[' * 200, "]"]),
    ],
)  # fmt: skip
def test_a_text_gives_plain_values(text: str, value: Any) -> None:
    assert plain.of_text(text) == value


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("!!binary aGk=", "nothing that JSON has a form for: it has the tag 'binary'; remove the tag"),
        ("a: !!set {x}", "nothing that JSON has a form for: it has the tag 'set'"),
        ("!!python/object/apply:os.abort []", "it has the tag 'python/object/apply:os.abort'"),
        ("!own [a]", "it has the tag '!own'"),
        ("!!int x", "'x' is no int; write it in quotes if it is a text"),
        ("!!int ''", "'' is no int"),
        ("!!bool maybe", "'maybe' is no bool"),
        ("0x_", "'0x_' is no int"),
        ("{a: 1, a: 2}", "ambiguous: the key 'a' was given on line 1 already"),
        ('{"a":' * 5_000 + "1" + "}" * 5_000, "nested too deeply"),
        ("[" * 5_000 + "]" * 5_000, "nested too deeply"),
        ("[" * 101 + "]" * 101, "nested too deeply"),
    ],
)
def test_what_json_has_no_form_for_is_refused(text: str, said: str) -> None:
    with pytest.raises(Unreadable) as caught:
        plain.of_text(text)
    assert said in str(caught.value)


@pytest.mark.parametrize("text", ["[" * 101 + "]" * 101, '{"a":' * 5_000, "[" * 100_000])
def test_json_nested_deeply_is_refused_alike_by_every_python(text: str) -> None:
    with pytest.raises(RecursionError):
        plain.of_json(text)


@pytest.mark.parametrize("text", ['["' + "[" * 200_000 + '"]', '"' + '\\"[' * 200_000 + '"'])
def test_brackets_in_the_texts_of_json_do_not_count(text: str) -> None:
    assert plain.of_json(text) == json.loads(text)


@pytest.mark.parametrize("text", ['"' + '\\"[' * 200_000, "[" * 99 + '"\\' * 50_000, '"' * 200_001 + "[" * 101])
def test_a_text_of_json_that_never_ends_is_refused_at_the_cost_of_its_length(text: str) -> None:
    with pytest.raises(json.JSONDecodeError):
        plain.of_json(text)


@given(JSON)
def test_json_is_read_as_json_reads_it(value: Any) -> None:
    assert plain.of_text(json.dumps(value)) == value
    assert plain.of_text(json.dumps(value, ensure_ascii=False)) == value


@given(st.one_of(st.text(max_size=200), st.text("[]{}:,&*a<>!| \n-'\"\\1", max_size=60)))
@settings(max_examples=300)
def test_any_text_is_a_plain_value_or_refused(text: str) -> None:
    with contextlib.suppress(Unreadable):
        json.dumps(plain.of_text(text))
