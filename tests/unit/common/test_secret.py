"""Secrets: hidden in every form that a tool may print them in, and in nothing else."""

from __future__ import annotations

import base64
import html
import itertools
import json
import shlex
import string
import subprocess
import urllib.parse
from collections.abc import Callable
from xml.sax import saxutils

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from common import secret
from common.secret import Secret

CANARY = "gh+p/S3cr=t val"
AWKWARD = """a"b'c&d<e>f\\g/h+i=j k%l$m`n#o;p:q?r@s!t\u00e9u\u20acv\U0001f600w"""


UNRESERVED = f"{string.ascii_letters}{string.digits}-._~"  # RFC 3986, 2.3


def _json(text: str) -> str:
    return json.dumps(text)[1:-1]


def _quoted_for_bash(text: str) -> str:
    return subprocess.run(
        ["bash", "-c", 'printf %q "$1"', "bash", text], capture_output=True, text=True, check=True, env={}
    ).stdout


# Each leaves letters and digits as they are, so that what stands around a secret shows where the mask begins and ends.
ESCAPES: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "URL": lambda text: urllib.parse.quote(text, safe=""),
    "URL in lower case": lambda text: "".join(
        chr(byte) if chr(byte) in UNRESERVED else f"%{byte:02x}" for byte in text.encode()
    ),
    "path of a URL": urllib.parse.quote,
    "form": urllib.parse.quote_plus,
    "JSON": _json,
    "JSON in UTF-8": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "JSON with slashes escaped": lambda text: _json(text).replace("/", "\\/"),
    "JSON that is safe in HTML": lambda text: _json(text).translate(
        {ord(character): f"\\u{ord(character):04X}" for character in "<>&'="}
    ),
    "HTML": html.escape,
    "HTML of markupsafe": lambda text: html.escape(text).replace("&quot;", "&#34;").replace("&#x27;", "&#39;"),
    "XML": lambda text: saxutils.escape(text, {"'": "&apos;", '"': "&quot;"}),
    "ASCII XML": lambda text: html.escape(text).encode("ascii", "xmlcharrefreplace").decode(),
    "shell of Python": lambda text: shlex.quote(f"{text} ")[1:-2],
    "shell": lambda text: text.replace("'", "'\\''"),
    "repr": lambda text: repr(f"\"'{text}")[4:-1],
    "repr of bytes": lambda text: repr(b"\"'" + text.encode())[5:-1],
}
COMBINED = [*itertools.product(ESCAPES, ["as it is"]), *itertools.product(["URL", "JSON", "HTML"], ESCAPES)]


def test_a_secret_shows_itself_to_nobody() -> None:
    token = Secret(CANARY)
    assert CANARY not in f"{token} {token!r} {[token]} { ({'token': token}) }"
    assert token.reveal() == CANARY


@pytest.mark.parametrize("value", [CANARY, AWKWARD, 'C:\\\\new\\\\table\\"x"', "it's\\a\tsecret"])
@pytest.mark.parametrize(("first", "second"), COMBINED)
def test_a_secret_is_masked_however_it_is_escaped(value: str, first: str, second: str) -> None:
    Secret(value)
    text = ESCAPES[second](ESCAPES[first](f"before{value}after"))
    assert secret.mask(text) == "before***after"


def test_a_secret_is_masked_as_bash_quotes_it() -> None:
    for value in (CANARY, AWKWARD, "tab\tand'quote"):
        Secret(value)
        hidden = secret.mask(_quoted_for_bash(f"before{value}after"))
        assert hidden.removeprefix("$'").removesuffix("'") == "before***after"


@settings(max_examples=60)
@given(
    value=st.text(min_size=4, max_size=8).filter(lambda text: text == text.strip() and len(text.splitlines()) == 1),
    escapes=st.sampled_from(COMBINED),
)
@example(value="000&", escapes=("HTML", "URL"))
def test_no_secret_survives_any_escapes(value: str, escapes: tuple[str, str]) -> None:
    try:
        text = ESCAPES[escapes[1]](ESCAPES[escapes[0]](f"<{value}>"))
    except UnicodeEncodeError:  # half a surrogate pair has no form in UTF-8
        return
    secret._masked.clear()
    Secret(value)
    hidden = secret.mask(text)
    assert secret.MASK in hidden
    assert len(hidden) - len(secret.MASK) <= len(ESCAPES[escapes[1]](ESCAPES[escapes[0]]("<>")))


@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
@pytest.mark.parametrize("before", ["", "x", "x-access-token:", "me:"])
@pytest.mark.parametrize("value", [CANARY, AWKWARD, "~~~???>>>~~~???>>>"])
@pytest.mark.parametrize("escape", ["as it is", "URL", "JSON"])
def test_a_secret_is_masked_in_base64(value: str, before: str, encode: Callable[[bytes], bytes], escape: str) -> None:
    Secret(value)
    content = f"{before}{ESCAPES[escape](value)}".encode()
    for form in ("as it is", "URL", "JSON with slashes escaped"):
        left = secret.mask(ESCAPES[form](encode(content + b"after").decode())).split("***")
        assert len(left) == 2
        assert len("".join(left)) <= len(base64.b64encode(f"{before}after".encode())) + 12


@settings(max_examples=60)
@given(st.text(min_size=8, alphabet=st.characters(exclude_categories=["Cs", "Cc", "Z"])), st.binary(max_size=9))
def test_no_long_secret_survives_masking_behind_any_prefix_in_base64(value: str, prefix: bytes) -> None:
    secret._masked.clear()
    Secret(value)
    encoded = base64.b64encode(prefix + value.encode()).decode()
    assert "***" in secret.mask(encoded)
    assert value not in secret.mask(json.dumps({"a": value}, ensure_ascii=False))


def test_each_line_of_a_secret_is_masked() -> None:
    Secret("first-line\nsecond-line\n")
    assert secret.mask("x second-line y") == "x *** y"
    assert secret.mask(_json("first-line\nsecond-line")) == "***"


def test_of_two_secrets_that_overlap_neither_is_left_in_halves() -> None:
    Secret("abcdef")
    Secret("defghi")
    Secret("aaaa")
    assert secret.mask("-abcdefghi-aaaaaa-") == "-***-***-"


def test_a_word_too_short_to_be_a_secret_is_not_masked() -> None:
    Secret("abc")
    assert secret.mask("abc abc") == "abc abc"


@pytest.mark.parametrize("text", ["\\", "%25", "%5C", "&amp;", "'", 'x\\"', "&#92;"])
def test_no_text_makes_the_search_for_a_secret_wander(text: str) -> None:
    """Were the repetitions in the pattern not bounded, each of these would take hours and not parts of a second."""
    for number in range(20):
        Secret(f"t0ken-{number}/\\\"'&+=")
    Secret("\\\\\"''\"\\'")
    assert secret.mask(text * 30_000) == text * 30_000


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("s3cr3t-canary", "https://h/s3cr3t-canary"),
        ("s3cr3t-canary", base64.b64encode(b"me:s3cr3t-canary").decode()),
        ("abcdefghijklmnop", "abcdefghijklmnop"),
    ],
)
def test_a_public_text_that_holds_a_secret_is_found(value: str, text: str) -> None:
    Secret(value)
    assert secret.is_held_by(text)


@pytest.mark.parametrize("value", ["main", "payments", "20261126", "a/b-1"])
def test_a_secret_that_is_a_plain_word_does_not_make_a_public_text_suspect(value: str) -> None:
    Secret(value)
    assert not secret.is_held_by(f"https://h/{value}")
