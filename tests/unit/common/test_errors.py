"""What a message quotes is short, on one line, harmless to a terminal, and holds no secret."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import LONGEST_SHOWN, shown
from common.secret import Secret


@pytest.mark.parametrize(
    ("text", "quoted", "bare"),
    [
        ("plain words", "'plain words'", "plain words"),
        ("a'b\\c", '"a\'b\\\\c"', "a'b\\c"),
        ("red \x1b[31m\r\nnext", "'red \\x1b[31m\\r\\nnext'", "red \\x1b[31m\\r\\nnext"),
        ("\u202eabc\udcff", "'\\u202eabc\\udcff'", "\\u202eabc\\udcff"),
        ("x" * 120_000, f"'{'x' * 100}'… (120000 characters)", f"{'x' * 100}… (120000 characters)"),
        ("x" * LONGEST_SHOWN, f"'{'x' * 100}'", "x" * 100),
    ],
)
def test_a_text_is_quoted_or_shown_bare(text: str, quoted: str, bare: str) -> None:
    assert (shown(text), shown(text, quotes=False)) == (quoted, bare)


@given(st.text(st.characters(exclude_categories=[])))
def test_whatever_was_written_can_be_printed(text: str) -> None:
    for told in (shown(text), shown(text, quotes=False)):
        assert told.isprintable()
        assert len(told) < 12 * LONGEST_SHOWN


def test_no_part_of_a_secret_is_left_where_a_text_is_cut() -> None:
    Secret("canary-6f1d2b7e")
    assert "can" not in shown("x" * (LONGEST_SHOWN - 4) + "canary-6f1d2b7e")
