"""An output file is read by the platform's rules, and one bad line loses all of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.contract.outputs import godotenv
from common.contract.outputs.carried import NotCarried
from runner.execution import dotenv


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("a=b\n", {"a": "b"}),
        ("url=https://github.com/o/r\n", {"url": "https://github.com/o/r"}),
        ("a: b\n", {"a": "b"}),
        ("export a=b", {"a": "b"}),
        ("exported=b", {"exported": "b"}),
        ("a= b  # comment", {"a": "b"}),
        ("# comment\n\n  \na=1", {"a": "1"}),
        ("a='x # y'", {"a": "x # y"}),
        ('a="x\\ny"', {"a": "x\ny"}),
        ('a="say \\"hi\\""', {"a": 'say "hi"'}),
        ("a=1\nb=$a-${a}", {"a": "1", "b": "1-1"}),
        ("a=1\nb='$a'", {"a": "1", "b": "$a"}),
        ('a=1\nb="\\$a"', {"a": "1", "b": "$a"}),
        ("a=", {"a": ""}),
        ("a=b=c", {"a": "b=c"}),
        ("a=x\r\n", {"a": "x"}),
    ],
)
def test_a_line_reads_as_on_the_platform(content: str, expected: dict[str, str]) -> None:
    assert expected == dotenv.parse(content)


def test_a_fragment_outside_quotes_is_lost_as_on_the_platform() -> None:
    assert dotenv.parse("u=http://x/#y") == {"u": "http://x/"}


@pytest.mark.parametrize(
    ("content", "reason"), [("a=1\nno separator\n", "line 2"), ("a=" + "x" * 65536, "longer than 65536")]
)
def test_a_bad_line_loses_everything(content: str, reason: str) -> None:
    with pytest.raises(dotenv.BadOutputs, match=reason):
        dotenv.parse(content)


def test_a_missing_file_means_no_outputs_and_bytes_that_are_no_text_are_bad(tmp_path: Path) -> None:
    assert dotenv.read(tmp_path / "none") == {}
    (tmp_path / "bad").write_bytes(b"a=\xff")
    with pytest.raises(dotenv.BadOutputs, match="UTF-8"):
        dotenv.read(tmp_path / "bad")


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("\n\"'#$\\:= "), max_size=60))
def test_what_the_steps_write_is_read_back(value: str) -> None:
    """The writer may refuse a value; what it writes comes back the same."""
    try:
        line = godotenv.line("key", value)
    except NotCarried:
        return

    assert dotenv.parse(line) == {"key": value}
