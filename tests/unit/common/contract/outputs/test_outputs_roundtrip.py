"""What is written reads back identical, some of it from base64; what is refused leaves everything as it was."""

from __future__ import annotations

import json
import subprocess
from base64 import b64encode
from collections.abc import Callable
from html import escape
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.contract.outputs import OutputError, notations
from common.secret import Secret
from tests.conftest import REPOSITORY_ROOT
from tests.unit.common.contract.outputs.conftest import READERS

Fresh = Callable[[str], Any]

DIALECTS = ("argo", "azure", "bitbucket", "circleci", "github", "gitlab", "harness", "json", "tekton")
LINE_ONLY = ("bitbucket", "gitlab")

# value -> the dialects that carry it in base64; all others carry it as it is
MATRIX: dict[str, tuple[str, tuple[str, ...]]] = {
    "URL with a fragment": ("https://app.example.org/ng/#/account/1?a=b&c=%2F", ()),
    "hash": ("a#b", ()),
    "hash after a blank": ("a #b", LINE_ONLY),
    "hash first": ("#b", ("bitbucket",)),
    "dollar": ("a$B${HOME}$(id)$", LINE_ONLY),
    "single quote": ("it's", ("bitbucket",)),
    "double quotes": ('"all"', ("bitbucket",)),
    "both quotes and a hash": ('it\'s#"so".', ("bitbucket",)),
    "both quotes at the ends": ("'a\"", ("bitbucket", "harness")),
    "JSON with a hash": ('{"a":"#1","b":"#2"}', ("bitbucket",)),
    "JSON with quotes, a hash and a backslash": ('{"a":"it\'s#\\n"}', ("bitbucket", "harness")),
    "hashes around one quote mark": ('a#"b#c', ("bitbucket",)),
    "more hashes around one quote mark": ('a#"b#c#d', ("bitbucket", "harness")),
    "colon": ("a:b", ()),
    "equals": ("=a=b==", ()),
    "heredoc mark": ("<<EOF", ()),
    "newline": ("one\ntwo", LINE_ONLY),
    "newline at the end": ("one\n", LINE_ONLY),
    "newlines at the end": ("one\n\n", LINE_ONLY),
    "only a newline": ("\n", LINE_ONLY),
    "carriage return": ("one\r\ntwo\r", LINE_ONLY),
    "newline and dollar": ("one\n$B two", LINE_ONLY),
    "newline and backslash": ("one\ntwo\\three", (*LINE_ONLY, "harness")),
    "backslash": ("C:\\new\\table", ("bitbucket",)),
    "backslash at the end": ("C:\\", ("bitbucket",)),
    "backslash at the end, after a hash": ("#\\", ("bitbucket", "harness")),
    "blank inside": ("a b", ("gitlab",)),
    "blanks at the ends": (" a ", LINE_ONLY),
    "tab at the end": ("a\t", LINE_ONLY),
    "no-break space at the end": ("a\u00a0", LINE_ONLY),
    "line separator": ("a\u2028b", ("gitlab",)),
    "empty": ("", ()),
    "per cent": ("100%25%0A%AZP25%5D;]%3b", ()),
    "non-ASCII": ("Zürich-日本-☕", ()),
    "base64 mark of the Harness engine": ("__B64__aGk=", ("harness",)),
    "export": ("export a=b", ("gitlab",)),
    "3 KiB": ("x" * 3072, ()),
}

# value -> the dialects that refuse it
TOO_MUCH: dict[str, tuple[str, tuple[str, ...]]] = {
    "5 KiB": ("x" * 5 * 1024, ("gitlab", "tekton")),
    "60 KiB with what the Harness engine takes in base64 only": (
        "'\"" * 30 * 1024,
        ("gitlab", "harness", "tekton"),
    ),
    "70 KiB": ("x" * 70 * 1024, ("gitlab", "harness", "tekton")),
    "130 KiB": ("x" * 130 * 1024, ("azure", "bitbucket", "circleci", "gitlab", "harness", "tekton")),
    "NUL": ("a\0b", DIALECTS),
    "half a surrogate pair": ("a\ud800b", DIALECTS),
}


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("case", MATRIX)
def test_each_value_is_carried_and_as_it_is_wherever_that_can_be(
    case: str, dialect: str, fresh: Fresh, capsys: pytest.CaptureFixture[str]
) -> None:
    value, in_base64 = MATRIX[case]
    written = fresh(dialect)
    written.target.write({"first": "1"})
    outputs = {"before": "2", "repositoryUrl": value, "after": "3"}
    written.target.write(outputs)
    assert written.read() == {"first": "1", **outputs}
    told = "warning: The output repositoryUrl is written as repositoryUrl_B64, in base64: "
    assert capsys.readouterr().err.startswith(told) == (dialect in in_base64)
    empty = not value and dialect in LINE_ONLY  # takes back what an earlier step wrote in base64
    assert ("repositoryUrl_B64" in written.names()) == (
        dialect in in_base64 or empty or (not value and dialect == "harness")
    )


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("case", TOO_MUCH)
def test_what_cannot_be_carried_is_an_error_when_a_later_step_needs_it_and_else_left_out(
    case: str, dialect: str, fresh: Fresh, capsys: pytest.CaptureFixture[str]
) -> None:
    value, refusing = TOO_MUCH[case]
    written = fresh(dialect)
    written.target.write({"first": "1"})
    before = written.bytes()
    outputs = {"before": "2", "repositoryUrl": value, "after": "3"}
    if dialect not in refusing:
        written.target.write(outputs)
        assert written.read() == {"first": "1", **outputs}
        return
    with pytest.raises(OutputError) as caught:
        written.target.write(outputs)
    assert "The output repositoryUrl cannot be written" in str(caught.value)
    assert dialect in str(caught.value)
    assert "OUTPUT_FORMAT=json" in str(caught.value)
    assert written.bytes() == before
    assert capsys.readouterr().err == ""
    written.target.write(outputs, informs=["repositoryUrl"])
    assert written.read() == {"first": "1", "before": "2", "after": "3"}
    assert capsys.readouterr().err == f"warning: {caught.value.message} It only informs and is left out.\n"


def test_of_outputs_that_are_too_large_together_those_that_only_inform_go_first(fresh: Fresh) -> None:
    written = fresh("gitlab")
    outputs = {"repositoryUrl": "u" * 3000, "small": "s", "large": "l" * 2200, "commitSha": "c" * 40}
    written.target.write(outputs, informs=["small", "large"])
    assert written.read() == {name: text for name, text in outputs.items() if name != "large"}


@pytest.mark.parametrize("form", ["{}", "https://h/{}", "Basic {}"])
def test_an_output_that_holds_a_secret_is_refused_by_name_in_every_form(dialect: str, fresh: Fresh, form: str) -> None:
    value = "s3cr3t/c&nary"
    Secret(value)
    for text in (
        value,
        quote(value, safe=""),
        b64encode(f"me:{value}".encode()).decode(),
        json.dumps(value),
        escape(value),
    ):
        written = fresh(dialect)
        with pytest.raises(OutputError) as caught:
            written.target.write({"branch": "main", "cloneUrl": form.format(text)}, informs=["branch", "cloneUrl"])
        assert "The output cloneUrl holds a secret" in str(caught.value)
        assert value not in str(caught.value)
        assert not any(written.bytes().values())


def test_a_password_that_is_the_name_of_a_branch_stops_no_run(dialect: str, fresh: Fresh) -> None:
    """It would fail every time, after the work is done, and tell the password's place to all who read the message."""
    Secret("main")
    Secret("payments")
    written = fresh(dialect)
    written.target.write({"branch": "main", "repositoryUrl": "https://h/acme/payments"})
    assert written.read() == {"branch": "main", "repositoryUrl": "https://h/acme/payments"}


@settings(max_examples=40)
@given(value=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30))
@pytest.mark.parametrize("dialect", LINE_ONLY)
def test_the_documented_command_reads_any_text_back(dialect: str, fresh: Fresh, value: str) -> None:
    command = """{ [ -n "$message" ] && printf %s "$message" || printf %s "$message_B64" | base64 -d; }"""
    assert command in (REPOSITORY_ROOT / "docs" / "outputs.md").read_text()
    written = fresh(dialect)
    written.target.write({"message": value})
    variables = READERS[dialect](written.place, "")
    shell = subprocess.run(
        ["sh", "-c", command], env={**variables, "PATH": "/usr/bin:/bin"}, capture_output=True, check=True
    )
    assert shell.stdout.decode() == value


@settings(max_examples=150)
@given(
    value=st.from_regex(
        r"https?://[A-Za-z0-9.-]+(:[0-9]+)?(/[A-Za-z0-9._~!&()*+,;=:@%/-]*)?(\?[A-Za-z0-9=&%]*)?(#[A-Za-z0-9/]*)?|[0-9a-f]{40}",
        fullmatch=True,
    )
)
def test_urls_and_commits_are_written_as_they_are(dialect: str, fresh: Fresh, value: str) -> None:
    written = fresh(dialect)
    written.target.write({"repositoryUrl": value})
    assert written.names() == {"repositoryUrl"}
    assert written.read() == {"repositoryUrl": value}


NAMES = st.sampled_from(["repositoryUrl", "exportUrl", "export", "A", "_b1", "HOST"])
PIECES = st.sampled_from(
    [
        "#",
        "$",
        "'",
        '"',
        ":",
        "\n",
        "\r",
        "\\",
        "=",
        "<<",
        "\t",
        "%",
        ";",
        "]",
        "{",
        "}",
        "(",
        "A",
        "$A",
        "\\n",
        "a",
        "n",
        "ä",
        "☕",
        "\u2028",
        "EOF",
        "%0A",
        "%AZP25",
        "3B",
        "__B64__",
        "`id`",
        "!",
        "\x1b",
        " ",
        "\xa0",
        "\x85",
    ]
)
HOSTILE = st.lists(PIECES, max_size=12).map("".join) | st.text(max_size=40)


@settings(max_examples=150)
@given(first=st.dictionaries(NAMES, HOSTILE, max_size=3), second=st.dictionaries(NAMES, HOSTILE, max_size=3))
def test_whatever_is_accepted_reads_back_identical(
    dialect: str, fresh: Fresh, first: dict[str, str], second: dict[str, str]
) -> None:
    written = fresh(dialect)
    expected: dict[str, str] = {}
    for outputs in (first, second):
        before = written.bytes()
        try:
            written.target.write(outputs)
        except OutputError:
            assert written.bytes() == before
        else:
            expected |= outputs
    assert (written.read() if expected else {}) == expected


@settings(max_examples=300)
@given(value=st.lists(st.sampled_from(["#", "'", '"', "a", "$A"]), max_size=10).map("".join))
def test_harness_line_keeps_every_hash(fresh: Fresh, value: str) -> None:
    """The engine guesses by counting quote marks which hash begins a comment."""
    written = fresh("harness")
    written.target.write({"A": "earlier"})
    written.target.write({"value": value})
    assert written.read() == {"A": "earlier", "value": value}


@settings(max_examples=300)
@given(value=st.from_regex(r"[^'\"\s#$]([^\r\n#$]*[^\s#$])?", fullmatch=True).filter(lambda text: "\0" not in text))
def test_harness_carries_every_line_without_hash_dollar_or_an_end_to_protect(fresh: Fresh, value: str) -> None:
    """Refusing is safe but costs the user the output, so the plain form may not shrink."""
    if value.startswith("__B64__") or value != value.strip():
        value = f"x{value.strip()}"
    written = fresh("harness")
    written.target.write({"A": "earlier", "value": value})
    assert written.read() == {"A": "earlier", "value": value}
    assert "value_B64" not in written.names()


def test_github_draws_another_delimiter_when_the_value_holds_it(fresh: Fresh, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = iter(["EOF_1", "EOF_2", "EOF_3"])
    monkeypatch.setattr(notations, "_delimiter", lambda: next(drawn))
    written = fresh("github")
    written.target.write({"body": "one\nEOF_1\nbody<<EOF_2\ntwo"})
    assert written.read() == {"body": "one\nEOF_1\nbody<<EOF_2\ntwo"}
    assert b"body<<EOF_3\n" in written.place.read_bytes()


def test_github_delimiters_cannot_be_guessed() -> None:
    assert notations.github("a", "b\nc") != notations.github("a", "b\nc")


def test_harness_line_may_be_as_long_as_the_engine_reads_and_no_longer(fresh: Fresh) -> None:
    longest = "x" * (65_536 - len("url=\n"))
    written = fresh("harness")
    written.target.write({"url": longest, "after": "1"})
    assert written.read() == {"url": longest, "after": "1"}
    with pytest.raises(OutputError, match="longer than 65536 bytes"):
        written.target.write({"url": longest + "x"})


def test_gitlab_counts_what_the_report_holds_already(fresh: Fresh) -> None:
    written = fresh("gitlab")
    written.target.write({"first": "x" * 3000})
    with pytest.raises(OutputError, match=r"The output second .* 5119 is the limit"):
        written.target.write({"second": "y" * 3000, "third": "z"})
    assert written.read() == {"first": "x" * 3000}
    largest = 5119 - len("first=\n") - 3000 - len("second=\n")
    with pytest.raises(OutputError, match="would have 5120 bytes"):
        written.target.write({"second": "y" * (largest + 1)})
    written.target.write({"second": "y" * largest})
    assert len(written.place.read_bytes()) == 5119


@pytest.mark.parametrize("name", ["docs/a-b.md", "1a", ".env"])
def test_a_name_may_be_the_path_of_a_file_where_the_runner_reads_it_back(dialect: str, fresh: Fresh, name: str) -> None:
    written = fresh(dialect)
    if dialect in ("harness", "json"):
        written.target.write({name: "dHdvCg--", "after": "1"})
        assert written.read() == {name: "dHdvCg--", "after": "1"}
        return
    with pytest.raises(OutputError, match="a name may hold only"):
        written.target.write({"fine": "1", name: "2"})
    assert not any(written.bytes().values())


@pytest.mark.parametrize("name", ["", "a b", "a=b", "a\nb", "ä"])
def test_a_name_that_no_runner_takes_is_refused(dialect: str, fresh: Fresh, name: str) -> None:
    written = fresh(dialect)
    with pytest.raises(OutputError, match="a name may hold only"):
        written.target.write({"fine": "1", name: "2"})
    assert not any(written.bytes().values())


@pytest.mark.parametrize("dialect", [name for name in DIALECTS if name != "json"])  # JSON has types of its own
def test_booleans_and_numbers_are_written_as_text(dialect: str, fresh: Fresh) -> None:
    written = fresh(dialect)
    written.target.write({"pushed": True, "existed": False, "fileCount": 12})
    assert written.read() == {"pushed": "true", "existed": "false", "fileCount": "12"}


def test_no_outputs_leave_the_place_alone(dialect: str, fresh: Fresh) -> None:
    written = fresh(dialect)
    written.target.write({})
    assert written.bytes() == {"stdout": b""}
