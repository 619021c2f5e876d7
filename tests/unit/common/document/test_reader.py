"""Any text is read or refused with line and column, at the cost of its length; no text ends in a crash."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.diagnostics import Invalid, Location
from common.document import Mapping, Node, Scalar, Sequence, Unreadable, is_nothing, locations_within, reader, scalars
from common.errors import BadInput
from tests.conftest import REPOSITORY_ROOT

BOMB = "a0: &a0 x\n" + "\n".join(f"a{n + 1}: &a{n + 1} [{', '.join([f'*a{n}'] * 10)}]" for n in range(8))
DEEP_ALIAS = "a0: &a0 [x]\n" + "\n".join(f"a{n + 1}: &a{n + 1} [*a{n}]" for n in range(200))


def one(text: str) -> Node:
    root = reader.single(text, "f")
    assert root is not None
    return root


def refused(text: str) -> str:
    with pytest.raises(Unreadable) as caught:
        reader.single(text, "f")
    assert caught.value.exit_code == 2
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400
    return str(caught.value)


def test_each_value_knows_its_location_and_what_was_written() -> None:
    root = one('name: "a\\tb"\nlist:\n  - 1.10\n  - {x: ~}\n')
    assert isinstance(root, Mapping)
    assert root.keys == {"name": Location("f", 1, 1), "list": Location("f", 2, 1)}
    name, listing = root.fields.values()
    assert name == Scalar(Location("f", 1, 7), "a\tb", '"a\\tb"', "str", plain=False)
    assert isinstance(listing, Sequence)
    assert [(node.location.line, node.location.column) for node in listing.items] == [(3, 5), (4, 5)]
    assert [(scalar.text, scalar.value) for scalar in scalars(listing)] == [("1.10", 1.1), ("", None)]


@pytest.mark.parametrize(
    ("written", "value", "tag"),
    [
        ("~", None, "null"),
        ("", None, "null"),
        ("True", True, "bool"),
        ("yes", "yes", "bool"),
        ("-12", -12, "int"),
        ("012", "012", "int"),
        ("1_000", "1_000", "int"),
        ("1e3", 1000.0, "str"),
        ("1e999", "1e999", "str"),
        ("1.5", 1.5, "float"),
        (".inf", ".inf", "float"),
        ("2024-01-01", "2024-01-01", "timestamp"),
        ("'1'", "1", "str"),
        ("!!str 1", "1", "str"),
        ("! 1", "1", "str"),
        ("!own 1", 1, "!own"),
    ],
)
def test_a_scalar_has_the_type_that_the_platform_sees_and_that_of_yaml_1_1(
    written: str, value: object, tag: str
) -> None:
    root = one(f"a: {written}")
    assert isinstance(root, Mapping)
    scalar = root.fields["a"]
    assert isinstance(scalar, Scalar)
    assert (scalar.value, scalar.tag) == (value, tag)
    assert type(scalar.value) is type(value)


def test_several_documents_are_read_where_they_are_wanted() -> None:
    texts = [[scalar.text for scalar in scalars(root)] for root in reader.documents("a\n--- \n---\nb: c\n...\n")]
    assert texts == [["a"], [""], ["c"]]
    assert reader.documents("# nothing\n") == []
    assert reader.single("# nothing\n") is None


def test_an_alias_gives_the_value_itself_and_the_nearest_anchor_counts() -> None:
    root = one("a: &x [1]\nb: *x\nc: &x 2\nd: *x\n")
    assert isinstance(root, Mapping)
    assert root.fields["b"] is root.fields["a"]
    assert root.fields["d"] is root.fields["c"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (BOMB, "f:6:55: This is too large: it has more than 100000 values or 4194304 characters, with its aliases"),
        (f"a: &a {'x' * 50_000}\nb: [{'*a,' * 100}]", "f:2:254: This is too large:"),
        (f"a0: &a0 {{x: 1}}\n{'b: {<<: [*a0]}' * 1}\nc: &c [*c]", "f:3:8: This is endless: the alias '*c' stands"),
        ("? &a {x: *a}\n: y", "f:1:10: This is endless:"),
        (DEEP_ALIAS, "f:100:12: This is nested too deeply: it has more than 100 levels; flatten it."),
        ("[" * 20_000, "f:1:101: This is nested too deeply:"),
        ("[" * 20_000 + "]" * 20_000, "f:1:101: This is nested too deeply:"),
        ("{a: " * 20_000, "f:1:401: This is nested too deeply:"),
        ("- " * 20_000, "f:1:201: This is nested too deeply:"),
        ("? " * 20_000, "f:1:201: This is nested too deeply:"),
        ("\n".join(" " * level + "a:" for level in range(600)), "f:101:101: This is nested too deeply:"),
        ("a: 1\nb: {c: 1, c: 2}\n", "f:2:11: This is ambiguous: the key 'c' was given on line 2 already; keep one."),
        ("1: a\n'1': b\n", "f:2:1: This is ambiguous: the key '1' was given on line 1 already"),
        ("a:\n\t- b", "f:2:1: This is no YAML: found character '\\t' that cannot start any token"),
        ("a: b\r\nc: d: e\r\n", "f:2:5: This is no YAML: mapping values are not allowed here"),
        ("\ufeffa: b: c", "f:1:5: This is no YAML: mapping values are not allowed here"),
        ("a: " + "1" * 1_001, "f:1:4: This is too large: a number has at most 1000 digits;"),
        ("a: -" + "1" * 500_000, "f:1:4: This is too large:"),
        ("a: 1" + ":1" * 1_000, "f:1:4: This is too large:"),
        ("a: 0x" + "f" * 1_000, "f:1:4: This is too large:"),
        ("a: 1e" + "1" * 1_000, "f:1:4: This is too large:"),
        ("x" * (4 * 1024 * 1024 + 1), "f:1:1: This is too large: it has 4194305 characters, and 4194304 are read at"),
        ('a: "\\UFFFFFFFF"', "f:1:7: This is no YAML: an escape or a directive has too large a number; correct it."),
        ('a: "\\ud800"', "f:1:4: This is no YAML: an escape stands for NUL or for half of a character;"),
        ('a: "\\0"', "f:1:4: This is no YAML: an escape stands for NUL or for half of a character;"),
        ("a: b\nc: \x07", "f:2:4: This is no YAML: the character 0x07 is not allowed in YAML; remove it."),
        ("a: \ud800", "f:1:4: This is no YAML: the character 0xd800 is not allowed in YAML; remove it."),
        (f"%YAML 1.{'9' * 5_000}\n---\na", "f:1:9: This is no YAML: an escape or a directive has too large a number;"),
        ("%YAML 2.0\n---\na", "f:1:1: This is no YAML: found incompatible YAML document"),
        ("%TAG ! x:\n%TAG ! y:\n---\na", "f:2:1: This is no YAML: duplicate tag handle '!'"),
        ("!e!x y", "f:1:1: This is no YAML: found undefined tag handle '!e!'"),
        ("*a", "f:1:1: This is no YAML: nothing before it is named as the alias '*a' says;"),
        ("&a x\n---\n*a", "f:3:1: This is no YAML: nothing before it is named as the alias '*a' says;"),
        ("a: {{ b }}", "f:1:5: This is no YAML: a list or map cannot be a key; write quotes around a value"),
        ("a\n---\nb", "f:3:1: This is no YAML: a second document begins here, and only one is taken;"),
        ("'" + "a" * 100_000, "f:1:100002: This is no YAML: found unexpected end of stream"),
        ("*" + "a" * 100_000, f"f:1:1: This is no YAML: nothing before it is named as the alias '*{'a' * 99}'…"),
    ],
)
def test_a_hostile_text_is_refused_with_its_location_and_what_to_do(text: str, said: str) -> None:
    assert said in refused(text)


def test_what_is_large_but_lawful_is_read() -> None:
    root = one(f"a: &a {'x' * 4_000}\nb: [{'*a,' * 1_000}]\nc: {'[' * 98}{']' * 98}\n")
    assert sum(len(scalar.text) for scalar in scalars(root)) == 4_000 * 1_001


def test_a_tag_builds_nothing() -> None:
    root = one("!!python/object/apply:os.abort []")
    assert root == Sequence(Location("f", 1, 1), (), "python/object/apply:os.abort")


def test_a_windows_file_has_the_lines_that_its_editor_shows() -> None:
    assert [scalar.location.line for scalar in scalars(one("\ufeffa: 1\r\nb: 2\r\n"))] == [1, 2]


_PIECES = st.sampled_from(
    ["- ", "? ", ": ", "{", "}", "[", "]", ",", "&a ", "*a", "!x ", "!!int ", "! ", "!<x> ", "|\n", "|+2\n", ">-\n",
     "'", '"', "\\", "\n", " ", "\t", "\r\n", "\r", "#", "%YAML 1.1\n", "%TAG ! x:\n", "--- ", "...\n", "a", "1", "~",
     "<<: ", "=", "\ufeff", "\u2028", "\x85", "\0", "\\UFFFFFFFF", "\\ud800", "0x_", "1:1", ".nan", "null", "@",
     "  k: v\n"]
)  # fmt: skip


@given(st.one_of(st.text(max_size=200), st.text(st.characters(exclude_categories=[]), max_size=50),
                 st.lists(_PIECES, max_size=40).map("".join)))  # fmt: skip
@settings(max_examples=500)
def test_any_text_ends_in_documents_or_in_a_line_and_column(text: str) -> None:
    roots: list[Node] = []
    found = None
    try:
        roots = reader.documents(text)
    except Unreadable as error:
        found = error.location
    lines = text.count("\n") + text.count("\r") + sum(map(text.count, "\x85\u2028\u2029")) + 1
    assert found is None or (1 <= found.line <= lines and 1 <= found.column <= len(text) + 1)
    for root in roots:
        for scalar in scalars(root):
            assert scalar.value is None or isinstance(scalar.value, str | int | float)
            assert is_nothing(scalar) == (scalar.value is None)


@given(st.integers(1, 10_000), st.sampled_from(["[", "{a: ", "- ", "? ", "[{a: [", '{"a":[']))
@settings(max_examples=30)
def test_what_is_nested_too_deeply_is_refused_for_that_before_anything_else(levels: int, opening: str) -> None:
    verdict = None
    try:
        reader.documents(opening * levels)
    except Unreadable as error:
        verdict = error.verdict
    depth = levels * (3 if opening.startswith("[{") else 2 if opening.endswith(":[") else 1)
    assert (verdict == reader.TOO_DEEP) == (depth > reader.DEEPEST)


@given(st.lists(st.sampled_from(["<+a>", "x ", "\n  ", "<+b>"]), max_size=20))
def test_a_fragment_of_a_text_is_found_where_the_file_has_it(parts: list[str]) -> None:
    text = "key: |\n  " + "".join(parts) + "\n"
    root = one(text)
    assert isinstance(root, Mapping)
    scalar = root.fields["key"]
    assert isinstance(scalar, Scalar)
    found = locations_within(scalar, "<+a>")
    lines = text.split("\n")
    for _ in range(scalar.raw.count("<+a>")):
        location = next(found)
        assert lines[location.line - 1].startswith("<+a>", location.column - 1)
    if "<+a>" not in text:
        assert next(found) == scalar.location


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"The file gone\.yaml cannot be read: No such file or directory\."):
        reader.read(tmp_path / "gone.yaml", "gone.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"a: b\nc: \xe9\n")
    with pytest.raises(Invalid, match=r"latin\.yaml:2:1: The file is not UTF-8 text\."):
        reader.read(tmp_path / "latin.yaml")
    (tmp_path / "empty.yaml").write_bytes(b"# later\n")
    with pytest.raises(Invalid, match=r"empty\.yaml:1:1: The file is empty\."):
        reader.read(tmp_path / "empty.yaml")


def test_no_more_of_a_file_is_read_than_is_taken() -> None:
    with pytest.raises(Invalid, match=r"/dev/zero:1:1: The file is larger than 4 MiB; split it"):
        reader.read(Path("/dev/zero"))


@pytest.mark.parametrize(
    "unlike",
    [
        *("", "more: a\tb\n", "more: [a?b]\n", "more: !x y\n", "more: [a, [\n", "more: a: b\n", "more: 'a\tb'\n"),
        *("more: |\n  a\tb\n \t\n", "more: >\n  a\tb\n   \tc\n", "more: 'a\t\n b'\n", "m: |\n  a\n \tb\n"),
    ],
)
def test_a_long_text_is_read_as_a_short_one(monkeypatch: pytest.MonkeyPatch, unlike: str) -> None:
    """Values, places and words are the same, whichever of PyYAML's two parsers reads it."""
    files = [*(REPOSITORY_ROOT / "examples").glob("*/*.yaml"), *(REPOSITORY_ROOT / "tests" / "e2e").glob("*/*/*.yaml")]
    texts = [file.read_text(encoding="utf-8") for file in files]

    def found() -> list[object]:
        answers: list[object] = []
        for text in texts:
            try:
                answers.append(reader.documents(f"{text}\n---\n{unlike}", "file"))
            except Unreadable as error:
                answers.append(str(error))
        return answers

    slow = found()
    monkeypatch.setattr(reader, "LONG", 0)
    assert found() == slow


def test_tabs_within_quotes_and_blocks_do_not_make_a_long_text_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "a: |\n" + "  all:\tbuild\n  x\ty\n" * 5_000 + 'b: "c\td"\n'
    expected = reader.single(text)
    monkeypatch.setattr(reader, "_loader", None)
    assert reader.single(text) == expected
    assert isinstance(expected, Mapping)
    assert expected.text("b") == "c\td"
