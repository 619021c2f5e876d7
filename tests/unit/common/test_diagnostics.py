"""Complaints are told in the order of the file, each once, with the nearest known name."""

from __future__ import annotations

import pytest

from common.diagnostics import Diagnostic, Invalid, Location, choice, listed, suggestion


def test_complaints_are_told_once_in_the_order_of_the_file_and_those_without_a_location_last() -> None:
    later, earlier = Diagnostic("b", Location("f", 10, 1)), Diagnostic("a", Location("f", 9, 3))
    error = Invalid([Diagnostic("no file"), later, earlier, later])
    assert str(error) == "f:9:3: a\nf:10:1: b\nno file"
    assert (error.exit_code, error.diagnostics) == (2, [earlier, later, Diagnostic("no file")])


def test_a_location_in_the_value_of_an_input_has_a_line_and_no_file() -> None:
    assert str(Diagnostic("wrong", Location("", 4, 2))) == "line 4, column 2: wrong"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("repositry", " Did you mean 'repository'?"),
        ("REPOSITORY", " Did you mean 'repository'?"),
        ("zzz", ""),
        ("repository" * 50_000, ""),
    ],
)
def test_the_nearest_known_name_is_suggested(name: str, said: str) -> None:
    assert suggestion(name, ["branch", "repository", "repository" * 50_000]) == said


def test_names_are_listed_as_in_a_sentence() -> None:
    assert (listed([]), listed(["a"]), listed(["a", "b", "c"])) == ("none", "a", "a, b and c")
    assert choice(["a", "b", "c"]) == "a, b or c"
