"""Edits of YAML that leave everything around them as it was written."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from common.document import Unreadable, reader, roundtrip
from common.document.roundtrip import Entry, entries, fill, text_of, value_of

TEXT = """\
# of the file

# above a
a: 'one'   # behind a
b: &shared
  # above x
  x: 1.10
  y: ~
  # the last of b
# above c
c:
  - yes  # behind yes
  # above no
  - !custom no
d: *shared
e: |
  block

  text
# above f
f: >-
  folded
  text
# the end
"""


def reversed_maps(root: Any, _: int) -> Any:
    """Turn the order of the root, and of each map in it."""
    fields = []
    for entry in entries(root, root):
        value = entry.value
        if isinstance(value, dict) and entry.key == "b":
            value = fill(value, entries(root, value)[::-1], column=2)
        fields.append(Entry(entry.key, value, entry.above, entry.after))
    return fill(root, fields[::-1], column=0)


def same(root: Any, _: int) -> Any:
    return root


def untouched(_: Any, __: int) -> None:
    return None


@pytest.mark.parametrize("text", [TEXT, TEXT.replace("\n", "\r\n"), f"\ufeff{TEXT}", f"%YAML 1.1\n---\n{TEXT}...\n"])
def test_what_is_not_edited_is_kept_to_the_byte(text: str) -> None:
    assert roundtrip.edited(text, same) == text
    assert roundtrip.edited(text, untouched) == text


@pytest.mark.parametrize("long", [0, reader.LONG])
def test_each_document_is_edited_alone_and_marks_and_empty_ones_stay(
    monkeypatch: pytest.MonkeyPatch, long: int
) -> None:
    monkeypatch.setattr(reader, "LONG", long)
    text = "# first\na: 1\n---\n# nothing here\n--- # second\nb: 2\n...\n---\nc: 3"
    seen = []

    def edit(root: Any, number: int) -> Any:
        seen.append((number, dict(root)))
        if number != 1:
            return None
        root["more"] = text_of("yes")
        return root

    expected = text.replace("b: 2\n", 'b: 2\nmore: "yes"\n')
    assert roundtrip.edited(text, edit) == expected
    assert seen == [(0, {"a": "1"}), (1, {"b": "2"}), (2, {"c": "3"})]


@pytest.mark.parametrize("begin", ["", "# begin\n"])
@pytest.mark.parametrize("last", ["b: 0\n", "b: []\n", "b: {a: 1}\n", "b:\n  c: 1\n", "b:\n- c\n", "b: |\n  x\n"])
@pytest.mark.parametrize("end", ["# end\n", "\n# end\n\n# of all\n"])
def test_comments_at_the_end_stay_there_when_a_field_is_added(begin: str, last: str, end: str) -> None:
    def add(root: Any, _: int) -> Any:
        return fill(root, [*entries(root, root), Entry("new", text_of("x"))], column=0)

    assert roundtrip.edited(f"{begin}{last}{end}", add) == f"{begin}{last}new: x\n{end}"


def test_comments_go_with_the_field_that_they_stand_above_or_behind() -> None:
    assert roundtrip.edited(TEXT.replace("d: *shared\n", ""), reversed_maps) == (
        "# of the file\n\n# above a\n# above f\nf: >-\n  folded\n  text\ne: |\n  block\n\n  text\n# above c\nc:\n"
        "  - yes  # behind yes\n  # above no\n  - !custom no\nb: &shared\n  y: ~\n  # the last of b\n  # above x\n"
        "  x: 1.10\na: 'one'   # behind a\n# the end\n"
    )


@settings(max_examples=150)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab: -#", min_size=1), inner, max_size=3),
        max_leaves=8,
    )
)
def test_a_value_that_is_written_is_read_as_itself_by_yaml_1_1_and_1_2(value: Any) -> None:
    from ruamel.yaml import YAML

    text = roundtrip.written(value_of({"value": value}))
    assert json.loads(json.dumps(YAML(typ="safe", pure=True).load(text))) == {"value": value}
    assert yaml.safe_load(text) == {"value": value}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: 1\n\tb: 2", "indent"),
        ("a: &a [*a]", "inside of the value"),
        ("a: " + "[" * 200 + "]" * 200, "levels"),
        ("a: x" + "y" * roundtrip.LARGEST, "edited at most"),
        ("a: \x00", "not allowed"),
    ],
)
def test_what_the_reader_refuses_is_refused(text: str, told: str) -> None:
    with pytest.raises(Unreadable, match=told):
        roundtrip.edited(text, same)


def test_aliases_that_come_to_billions_are_refused_at_once() -> None:
    lines = ["a0: &a0 [x]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    with pytest.raises(Unreadable, match="written out"):
        roundtrip.edited("\n".join(lines), same)
