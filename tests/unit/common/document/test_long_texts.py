"""Long texts are kept from ruamel.yaml: what they hold and how they are written stays, wherever they go."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from common.document import long_texts, plain, reader, roundtrip
from common.document.roundtrip import Entry, entries, fill

WORDS = ("lorem ipsum dolor: sit 'amet' \"consectetur\" #adipiscing " * 400).strip()
LINES = "\n".join(f"    {number} {WORDS[:60]}" for number in range(400))
FORMS = {
    "plain": WORDS.replace(": ", ", ").replace(" #", " "),
    "plain, of several lines": "\n    ".join(["lorem ipsum dolor sit amet"] * 800),
    "single quotes": "'" + WORDS.replace("'", "''") + "'",
    "double quotes": '"' + WORDS.replace('"', '\\"').replace("lorem", "l\\u00f6rem") + '"',
    "double quotes, of several lines": '"' + "\\\n      ".join(["lorem ipsum\\n"] * 1_200) + '"',
    "literal": f"|\n{LINES}",
    "literal, stripped": f"|-\n{LINES}",
    "literal, indented by a number": f"|2\n{LINES}",
    "folded": f">-\n{LINES}",
    "literal, kept": f"|+\n{LINES}\n",
    "a comment in the head": f"| # why\n{LINES}",
    "an anchor": f"&long {WORDS[:11] * 1_000}",
    "on a line of its own": "\n    " + "\n    ".join(["lorem ipsum"] * 1_000),
}
TEXT = "a: 1 # one\nmeta:\n  # above\n  text: {}\n  # below\n  b: 2\nlast: x\n"


def values(text: str) -> Any:
    return [plain.of_node(root) for root in reader.documents(text)]


@pytest.mark.parametrize("form", FORMS)
def test_a_long_text_is_as_it_was_when_something_else_changes(form: str) -> None:
    text = TEXT.format(FORMS[form])

    def add(root: Any, _: int) -> Any:
        root["more"] = "x"
        return root

    made = roundtrip.edited(text, add)
    assert values(made) == [{**values(text)[0], "more": "x"}]
    if form not in {"literal, kept", "a comment in the head", "an anchor", "on a line of its own"}:  # ruamel.yaml's own
        assert made == f"{text}more: x\n"
        assert long_texts.shortened(text)[1]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("place", ["further in", "further out", "in a list"])
def test_a_long_text_may_go_to_another_place(form: str, place: str) -> None:
    text = TEXT.format(FORMS[form])
    held = values(text)[0]["meta"]["text"]

    def move(root: Any, _: int) -> Any:
        value = root["meta"]["text"]
        fields = [field for field in entries(root, root["meta"]) if field.key != "text"]
        fill(root["meta"], fields, column=2)
        where = {"further in": {"x": {"y": value}}, "further out": value, "in a list": [[{"z": value}, value]]}
        root["moved"] = roundtrip.value_of(where[place])
        return root

    found = values(roundtrip.edited(text, move))[0]
    where = {"further in": {"x": {"y": held}}, "further out": held, "in a list": [[{"z": held}, held]]}
    assert found == {"a": 1, "meta": {"b": 2}, "last": "x", "moved": where[place]}


@pytest.mark.parametrize("head", ["|2", "|2-", ">2-", "|-2"])
@pytest.mark.parametrize("step", [2, 3, 4])
def test_a_text_that_begins_with_blanks_keeps_them_however_far_in_maps_stand(head: str, step: int) -> None:
    """ruamel.yaml moves such a block, and not the number in its head."""
    text = f"a:\n{' ' * step}b: {head}\n{' ' * step}     x\n{' ' * step}    y\n"
    made = roundtrip.edited(text, lambda root, _: root.update(c="d") or root)
    assert made == f"{text}c: d\n"


TEXTS = st.text(st.sampled_from("ab \n#:'\"-é"), max_size=30) | st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0")
)
NESTED = st.recursive(
    TEXTS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("xyz"), inner, max_size=3)
)


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(st.sampled_from("abc"), NESTED, min_size=1),
    st.sampled_from([None, "'", '"', "|", ">"]),
    st.integers(2, 5),
    st.sampled_from([10, 80]),
    st.booleans(),
)
def test_any_text_is_kept_and_may_be_moved(
    document: Any, style: str | None, indent: int, width: int, turned: bool
) -> None:
    """As if every text of three characters were a long one."""
    text = yaml.safe_dump(
        document, default_style=style, indent=indent, width=width, allow_unicode=True, default_flow_style=False
    )
    expected = values(text)[0]

    def edit(root: Any, _: int) -> Any:
        fields = entries(root, root)[:: -1 if turned else 1]
        return fill(root, [*fields, Entry("more", roundtrip.value_of({"deep": [root[fields[0].key]]}))], column=0)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(long_texts, "LONG", 3)
        made = roundtrip.edited(text, edit)
    first = next(reversed(expected) if turned else iter(expected))
    assert values(made) == [{**expected, "more": {"deep": [expected[first]]}}]


def test_a_text_that_looks_like_the_word_for_another_stays() -> None:
    """The words are drawn for each run, so a file cannot name them."""
    text = TEXT.format(FORMS["plain"]).replace("last: x", f"last: kept{'0' * 24}")
    assert roundtrip.edited(text, lambda root, _: root) == text
