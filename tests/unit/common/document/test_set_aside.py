"""What an edit does not look at never reaches ruamel.yaml, and is to the byte what it was."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import event, given, settings
from hypothesis import strategies as st

from common.document import Unreadable, plain, reader, roundtrip, set_aside
from common.document.roundtrip import Entry, entries, fill

MANY = "".join(f"    - item {number}  # comment {number}\n" for number in range(1_000))
FIELDS = "".join(f"  # above {number}\n  key.{number}: {{a: 'x',   b: [1]}}   # behind\n\n" for number in range(500))
TEXT = (
    f"# of the file\n\na: 1 # one\nmany:\n  list:\n{MANY}"
    f"# of b\nb:\n{FIELDS}  mine: x # behind mine\n  # the last\n# end\n"
)


def values(text: str) -> Any:
    return [plain.of_node(root) for root in reader.documents(text)]


def only(*places: tuple[str, ...]) -> set_aside.Looks:
    return lambda path: any(path[: len(place)] == place or place[: len(path)] == path for place in places)


def put(path: tuple[str, ...], value: Any) -> Any:
    """Give an edit that sets what is at a path as the steps do, or deletes it when the value is None."""

    def into(root: Any, mapping: Any, keys: tuple[str, ...]) -> None:
        fields = entries(root, mapping)
        column = min((place[1] for place in (mapping.lc.data or {}).values()), default=0)
        at = next((number for number, entry in enumerate(fields) if entry.key == keys[0]), None)
        if at is not None and keys[1:] and isinstance(fields[at].value, dict) and fields[at].value:
            into(root, fields[at].value, keys[1:])
        elif at is None and value is not None:
            new = value
            for key in reversed(keys[1:]):
                new = {key: new}
            fields.append(Entry(keys[0], roundtrip.value_of(new)))
        elif at is not None and value is None and not keys[1:]:
            del fields[at]
        elif at is not None and value is not None:
            fields[at] = roundtrip.with_value(fields[at], roundtrip.value_of(value))
        fill(mapping, fields, column=column)

    def edit(root: Any, _: int) -> Any:
        into(root, root, path)
        return root

    return edit


def changed(document: Any, path: tuple[str, ...], value: Any) -> Any:
    """Give plain values as `put` leaves them."""
    key, below = path[0], path[1:]
    old = document.get(key)
    if below and isinstance(old, dict) and old:
        return {**document, key: changed(old, below, value)}
    if value is None:
        return {name: held for name, held in document.items() if name != key or below}
    if key not in document:
        for name in reversed(below):
            value = {name: value}
    return {**document, key: value}


def seen(text: str, looks: set_aside.Looks) -> str:
    short, _ = set_aside.taken_out(text, looks)
    return short


@pytest.mark.parametrize("line", ["\n", "\r\n"])
@pytest.mark.parametrize("begin", ["", "\ufeff", "--- # marked\n", "x: 1\n---\n"])
def test_what_is_not_looked_at_is_kept_to_the_byte_and_not_read(line: str, begin: str) -> None:
    text = (begin + TEXT).replace("\n", line)
    edit = put(("b", "mine"), "new")
    made = roundtrip.edited(text, lambda root, number: edit(root, number) if "b" in root else None, only(("b", "mine")))
    assert made == text.replace("mine: x", "mine: new")
    assert len(seen(TEXT, only(("b", "mine")))) < 300


def test_items_are_appended_to_a_list_that_is_not_read() -> None:
    def edit(root: Any, _: int) -> Any:
        fields = entries(root, root)
        root["many"]["list"].append("new")
        return fill(root, fields, column=0)

    looks = only(("many", "list", "no key"))
    assert roundtrip.edited(TEXT, edit, looks) == TEXT.replace("# of b", "    - new\n# of b")
    assert "item 500" not in seen(TEXT, looks)


@pytest.mark.parametrize(
    ("part", "why"),
    [
        ("  list: &named\n{}", "an anchor, that something else may name"),
        ("  list: !tag\n{}", "a tag"),
        ("  one: &named x\n  list:\n{}    - *named\n", "an alias"),
        ("  <<: {{}}\n  list:\n{}", "a merge"),
        ("  list:\n{}    - |+\n      x\n\n", "blank lines that belong to a text"),
        ("  ? list\n  :\n{}", "a key of its own form"),
    ],
)
def test_it_is_read_where_it_cannot_be_taken_out_for_sure(part: str, why: str) -> None:
    text = "a: 1\nmany:\n" + part.format(MANY) + "b: 2\n"
    looks = only(("b",), ("many", "one"))
    assert roundtrip.edited(text, put(("b",), "3"), looks) == roundtrip.edited(text, put(("b",), "3")), why


def test_a_map_that_ruamel_writes_further_in_is_read_by_it_after_all() -> None:
    """As the first map of the file tells how far all of them stand in."""
    text = f"a:\n    b: 1\nmany:\n  list:\n{MANY}  c: 1\n"
    edit = put(("many", "c"), "2")
    assert roundtrip.edited(text, edit, only(("many", "c"))) == roundtrip.edited(text, edit)


SCALARS = st.sampled_from(
    ["x", "# no", "a\n# b\nc", "- a\n- b", "*a", "&a", "a: b", "", "|", "é ", " x", "a\n\n\nb\n", "1"]
)
NESTED = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3)
        | st.dictionaries(st.sampled_from("abcd"), inner, min_size=1, max_size=4)
    ),
)
STYLES = st.fixed_dictionaries(
    {
        "default_style": st.sampled_from([None, "'", '"', "|", ">"]),
        "default_flow_style": st.sampled_from([False, None]),
        "indent": st.integers(2, 4),
        "width": st.sampled_from([10, 80]),
    }
)
PATHS = st.lists(st.sampled_from("abcd"), min_size=1, max_size=3).map(tuple)
COMMENTS = st.lists(st.tuples(st.integers(0, 30), st.booleans()), max_size=6)


def commented(text: str, comments: list[tuple[int, bool]]) -> str:
    """Put comments and blank lines between the lines, as far in as what follows, where they change no value."""
    for place, is_blank in comments:
        lines = text.split("\n")
        at = place % len(lines)
        column = next((len(line) - len(line.lstrip()) for line in lines[at:] if line.strip()), 0)
        more = "\n".join([*lines[:at], "" if is_blank else " " * column + "# comment", *lines[at:]])
        if reader_takes(more) and values(more) == values(text):
            text = more
    return text


def reader_takes(text: str) -> bool:
    try:
        reader.documents(text)
    except Unreadable:
        return False
    return True


@settings(max_examples=150)
@given(
    st.dictionaries(st.sampled_from("abcd"), NESTED, min_size=1),
    STYLES,
    COMMENTS,
    st.tuples(PATHS, st.sampled_from(["new", None, ["new"], {"a": "new"}])),
)
def test_an_edit_gives_what_it_gives_when_all_is_read(
    document: Any, style: dict[str, Any], comments: list[tuple[int, bool]], asked: tuple[tuple[str, ...], Any]
) -> None:
    """As if every part were a long one.

    A text is compared that ruamel.yaml writes as it is, for it stays as it is; without lists in brackets, for which it
    keeps comments elsewhere.
    """
    text = commented(yaml.safe_dump(document, allow_unicode=True, **style), comments)
    path, value = asked
    looks = only(path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(set_aside, "LONG", 0)
        patch.setattr(set_aside, "LEAST", 0)
        event("taken out" if seen(text, looks) != text else "nothing is taken out")
        made = roundtrip.edited(text, put(path, value), looks)
    assert values(made) == [changed(values(text)[0], path, value)]
    if style["default_flow_style"] is False and roundtrip.edited(text, lambda root, _: root) == text:
        event("compared to the byte")
        assert made == roundtrip.edited(text, put(path, value))
