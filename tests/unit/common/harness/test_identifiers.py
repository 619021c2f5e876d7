"""Identifiers as the platform makes them of names, and what is no identifier."""

from __future__ import annotations

import pytest

from common.errors import BadInput
from common.harness.identifiers import checked, given_or_made, of_name


@pytest.mark.parametrize(
    ("name", "identifier"),
    [
        ("default  Org", "default_Org"),
        ("-1Test-_12 Project Demo", "Test_12_Project_Demo"),
        ("Zahlungen für alle", "Zahlungen_fr_alle"),
        ("_x", "_x"),
        ("12", ""),
        ("a" * 200, "a" * 128),
    ],
)
def test_an_identifier_is_made_of_a_name_as_on_the_platform(name: str, identifier: str) -> None:
    assert of_name(name) == identifier


@pytest.mark.parametrize("identifier", ["", "1a", "a-b", "a b", "ä", "a" * 129, "true", "org", "a\n"])
def test_what_the_portal_would_not_take_is_refused(identifier: str) -> None:
    with pytest.raises(BadInput, match="X is"):
        checked(identifier, what="X")


def test_a_name_that_gives_no_identifier_is_told() -> None:
    with pytest.raises(BadInput, match="made of the name '12'"):
        given_or_made("", "12", variable="X")
