"""Secrets: hidden in every form that a tool may print them in, and in nothing else."""

from __future__ import annotations

import base64
import json
import urllib.parse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common import secret
from common.secret import Secret

CANARY = "gh+p/S3cr=t val"


def test_a_secret_shows_itself_to_nobody() -> None:
    one = Secret(CANARY)
    assert CANARY not in f"{one} {one!r} {[one]} { ({'token': one}) }"
    assert one.reveal() == CANARY


@pytest.mark.parametrize(
    "text",
    [
        CANARY,
        urllib.parse.quote(CANARY, safe=""),
        urllib.parse.quote_plus(CANARY),
        base64.b64encode(CANARY.encode()).decode(),
        base64.b64encode(f"x-access-token:{CANARY}".encode()).decode(),
        base64.b64encode(f":{CANARY}".encode()).decode(),
    ],
)
def test_each_form_of_a_secret_is_masked(text: str) -> None:
    Secret(CANARY)
    hidden = secret.mask(f"before {text} after")
    assert CANARY not in hidden
    assert "***" in hidden
    assert hidden.startswith("before ")
    assert hidden.endswith(" after")


def test_each_line_of_a_secret_is_masked() -> None:
    Secret("first-line\nsecond-line\n")
    assert secret.mask("x second-line y") == "x *** y"


def test_a_secret_with_quotes_is_masked_in_a_repr() -> None:
    value = "it's\\a\tsecret"
    Secret(value)
    assert "secret" not in secret.mask(f"KeyError({value!r})")


def test_a_word_too_short_to_be_a_secret_is_not_masked() -> None:
    Secret("abc")
    assert secret.mask("abc abc") == "abc abc"


@given(st.text(min_size=8, alphabet=st.characters(exclude_categories=["Cs", "Cc", "Z"])), st.binary(max_size=9))
def test_no_long_secret_survives_masking_behind_any_prefix_in_base64(value: str, prefix: bytes) -> None:
    Secret(value)
    encoded = base64.b64encode(prefix + value.encode()).decode()
    assert "***" in secret.mask(encoded)
    assert value not in secret.mask(json.dumps({"a": value}, ensure_ascii=False))
