"""Hostile catalog files: checker, converter and merge take them, or refuse them with a sentence, at once."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from common.catalogs.conversion import converted
from common.catalogs.entity import parse
from common.catalogs.merging import annotated, merged
from common.catalogs.words import Format
from common.errors import BadInput

GOOD = (
    "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: pay\n  description: x\n"
    "spec:\n  type: service\n  lifecycle: production\n  owner: team\n"
)


def check(text: str) -> str:
    parse(text, what="it")
    return text


def convert(text: str) -> str:
    (found,) = converted(text, Format.HARNESS, what="it")
    return found.text


def merge_into(text: str) -> str:
    return merged(text, GOOD.replace("description: x", "title: new"), what="it")


def merge(text: str) -> str:
    return merged(GOOD.replace("description: x", "title: old"), text, what="it")


LAUGHS = "\n".join(["  l0: &l0 [ha]", *(f"  l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]" for n in range(1, 10))])
REFUSED = {
    "laughs": (GOOD.replace("spec:", f"spec:\n{LAUGHS}"), "too large"),
    "endless alias": (GOOD.replace("spec:", "spec: &s\n  x: *s"), "endless"),
    "a key twice": (GOOD.replace("spec:", "spec:\n  owner: other"), "the key 'owner' was given on line 7 already"),
    "tab": (GOOD.replace("  owner", "\towner"), "indent with blanks"),
    "depth": (GOOD.replace("spec:", f"spec:\n  x: {'[' * 5000}{']' * 5000}"), "nested too deeply"),
    "NUL": (GOOD.replace("description: x", 'description: "\\0"'), "NUL"),
    "half a character": (GOOD.replace("description: x", 'description: "\\ud800"'), "half of a character"),
    "size": (GOOD.replace("description: x", f"description: {'x' * 5_000_000}"), "too large"),
    "a tag of Python": (GOOD.replace("name: pay", "name: !!python/object/apply:os.system [x]"), "metadata.name"),
    "a list as key": (GOOD.replace("spec:", "spec:\n  ? [a]\n  : b"), "cannot be a key"),
    "nothing": ("# nothing\n", "there is no entity"),
}
TAKEN: dict[str, tuple[Callable[[str], str], str]] = {
    "BOM": (lambda text: f"\ufeff{text}", r"\A\ufeff"),
    "CRLF": (lambda text: text.replace("\n", "\r\n"), r"\A(?:[^\n]*\r\n)+\Z"),
    "Unicode": (lambda text: text.replace("description: x", "description: 漢字 🎉 Ä\u0301"), "漢字 🎉 Ä\u0301"),
    "right to left": (lambda text: text.replace("description: x", 'description: "\u202eabc"'), "u202e|\u202e"),
    "a tag": (lambda text: text.replace("spec:", "spec:\n  x: !Ref other"), "!Ref other"),
    "anchors": (lambda text: text.replace("spec:", "spec:\n  x: &a [1]\n  y: *a"), r"&a \[1\](?s:.*)\*a"),
    "a merge key": (lambda text: text.replace("spec:", "spec:\n  x: &a {b: c}\n  y:\n    <<: *a"), r"<<: \*a"),
    "1 MB": (lambda text: text.replace("description: x", "description: |\n" + "    long line\n" * 75_000), "long line"),
}


@pytest.mark.parametrize("work", [check, convert, merge_into, merge])
@pytest.mark.parametrize("case", REFUSED)
def test_it_is_refused_with_a_sentence_that_says_what_is_wrong(work: Callable[[str], str], case: str) -> None:
    text, told = REFUSED[case]
    with pytest.raises(BadInput) as caught:
        work(text)
    assert told in str(caught.value)
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize("work", [check, convert, merge_into, merge])
@pytest.mark.parametrize("case", TAKEN)
def test_it_is_taken_and_what_it_holds_is_kept(work: Callable[[str], str], case: str) -> None:
    turn, kept = TAKEN[case]
    result = work(turn(GOOD))
    if not (work is merge and case in ("BOM", "CRLF")):  # those belong to the file that is there
        assert re.search(kept, result)
    parse(result, what="it")


@pytest.mark.parametrize("work", [convert, merge_into, merge])
@pytest.mark.parametrize("written", ["'a\x85b'", "'a\u2028b'", "'a\u2029b'", '"a\x85b"'])
def test_a_line_of_yaml_1_1_within_quotes_is_not_broken_anew(work: Callable[[str], str], written: str) -> None:
    """YAML 1.2 knows no such lines, so the blanks before the next one would belong to the text."""
    with pytest.raises(BadInput, match=r"has a fault, line 5, column 16: ambiguous \(a character that ends a line"):
        work(GOOD.replace("description: x", f"description: {written}"))


@pytest.mark.parametrize("work", [convert, merge_into, merge])
def test_in_double_quotes_it_becomes_an_escape(work: Callable[[str], str]) -> None:
    made = work(GOOD.replace("description: x", 'description: "a\u2028b\u2029c"'))
    assert r'description: "a\Lb\Pc"' in made


def test_what_only_yaml_1_2_refuses_is_told_with_the_name_of_the_file() -> None:
    for work in (convert, merge_into):
        with pytest.raises(BadInput, match=r"^it has a fault, line 1, column 39: no YAML \(YAML 1\.2 does not"):
            work(GOOD.replace("\n", "\x85"))


ITEMS = "".join(f"  - component:default/a{number}\n" for number in range(30_000))


def test_a_long_list_is_no_matter_to_an_edit_of_something_else() -> None:
    """The library that keeps comments would need half a minute for it."""
    text = GOOD.replace("spec:", f"spec:\n  others:\n{ITEMS}  mine: [ a ]  # as it is\n")
    assert merge_into(text) == text.replace("description: x", "description: x\n  title: new")
    assert "identifier: pay" in convert(text)
    assert ITEMS in convert(text)
    annotated_text = annotated(text, {"a/b": "c"})
    assert annotated_text == text.replace("description: x", "description: x\n  annotations:\n    a/b: c")


@pytest.mark.parametrize("work", [convert, merge])
def test_an_edit_that_has_to_look_at_a_list_of_any_length_is_refused(work: Callable[[str], str]) -> None:
    with pytest.raises(BadInput, match=r"too large \(300\d\d of its values have to be looked at, and 20000 are at"):
        work(GOOD.replace("spec:", f"spec:\n  dependsOn:\n{ITEMS}"))
