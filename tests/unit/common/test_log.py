"""The log: one line per fact on stderr, masked, in the markup of the runner."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common import log, secret
from common.secret import Secret


def test_lines_go_to_stderr_and_standard_output_stays_free(capsys: pytest.CaptureFixture[str]) -> None:
    log.info("a fact")
    log.warning("a doubt")
    log.error("a failure")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "a fact\nwarning: a doubt\nerror: a failure\n"


def test_details_are_shown_only_when_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    log.detail("hidden")
    log.configure({}, verbose=True)
    log.detail("shown")
    assert capsys.readouterr().err == "shown\n"


def test_secrets_are_masked_in_every_kind_of_line(capsys: pytest.CaptureFixture[str]) -> None:
    Secret("s3cr3t-canary")
    for say in (log.info, log.warning, log.error):
        say("token s3cr3t-canary")
    with log.group("group s3cr3t-canary"):
        pass
    assert "s3cr3t-canary" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("variable", "error", "start", "end"),
    [
        ("GITHUB_ACTIONS", "::error::no", "::group::Push", "::endgroup::"),
        ("TF_BUILD", "##[error]no", "##[group]Push", "##[endgroup]"),
        ("BUILDKITE", "error: no", "--- Push", None),
        ("NOTHING", "error: no", "Push:", None),
    ],
)
def test_groups_and_errors_are_in_the_markup_of_the_runner(
    variable: str, error: str, start: str, end: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    log.configure({variable: "true"}, verbose=False)
    with log.group("Push"):
        log.info("inside")
    log.error("no")
    assert capsys.readouterr().err.splitlines() == [start, "inside", *([end] if end else []), error]


def test_gitlab_sections_carry_a_name_and_close(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure({"GITLAB_CI": "true"}, verbose=False)
    with log.group("Push it"):
        pass
    start, end = capsys.readouterr().err.split("\n")[:2]
    assert start.startswith("\x1b[0Ksection_start:")
    assert ":push_it\r\x1b[0KPush it" in start
    assert end.startswith("\x1b[0Ksection_end:")


@pytest.mark.parametrize(
    ("variable", "announced"),
    [("GITHUB_ACTIONS", "::add-mask::s3cr3t%25canary\n"), ("TF_BUILD", "##vso[task.setsecret]s3cr3t%AZP25canary\n")],
)
def test_secrets_are_announced_to_runners_that_mask(
    variable: str, announced: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Secret("s3cr3t%canary")
    log.configure({variable: "true"}, verbose=False)
    log.announce_secrets(secret.revealed())
    assert capsys.readouterr().out == announced


def test_secrets_are_not_announced_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    Secret("s3cr3t-canary")
    log.announce_secrets(secret.revealed())
    assert capsys.readouterr() == ("", "")


RUNNERS = ["GITHUB_ACTIONS", "GITLAB_CI", "TF_BUILD", "BUILDKITE", "NOTHING"]


@pytest.mark.parametrize("variable", RUNNERS)
@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("::set-output name=a::b", ": :set-output name=a::b"),
        ("a\n ::stop-commands::x", "a\n   : :stop-commands::x"),
        ("a\r::stop-commands::x", "a\n  : :stop-commands::x"),
        ("##[add-mask]x", "## [add-mask]x"),
        ("say ##vso[task.setvariable variable=x]y", "say ## vso[task.setvariable variable=x]y"),
        ("##VSO[task.complete]", "## VSO[task.complete]"),
        ("##teamcity[message text='x']", "## teamcity[message text='x']"),
        ("\x1b[0Ksection_start:1:x\r\x1b[0Kx", "\\x1b[0Ksection_start:1:x\n  \\x1b[0Kx"),
    ],
)
def test_a_text_of_somebody_else_is_no_command_to_the_runner(
    variable: str, text: str, shown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whichever runner it seems to be: one that starts the container by a script hands none of its variables on."""
    log.configure({variable: "true"}, verbose=False)
    log.info(text)
    assert capsys.readouterr().err == f"{shown}\n"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J\x1b]0;title\x07", "\\x1b[2J\\x1b]0;title\\x07"),
        ("a\tb \u2615 \u00e9", "a\tb \u2615 \u00e9"),
        ("one\rtwo\r\nthree\n", "one\n  two\n  three"),
        ("\u202egpj.exe \u2028x \x85y \x00", "\\u202egpj.exe \\u2028x \\x85y \\x00"),
        ("x" * 2_000, "x" * 2_000),
        ("x" * 2_001, "x" * 2_000 + "\u2026 (2001 characters)"),
        ("", ""),
    ],
)
def test_a_text_is_shown_and_not_obeyed_by_the_terminal(
    text: str, shown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    log.info(text)
    assert capsys.readouterr().err == f"{shown}\n"


def test_a_secret_is_masked_before_a_line_is_cut_or_parted(capsys: pytest.CaptureFixture[str]) -> None:
    Secret("s3cr3t-canary")
    Secret("##[s3cr3t")
    log.info("x" * 1_995 + "s3cr3t-canary")
    log.info("##[s3cr3t")
    assert "s3cr" not in capsys.readouterr().err


@pytest.mark.parametrize("variable", RUNNERS)
@given(text=st.text(st.characters(exclude_categories=["Cs"])))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_text_makes_a_line_that_a_runner_obeys_or_that_steers_a_terminal(
    variable: str, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    log.configure({variable: "true"}, verbose=False)
    log.info(text)
    for line in capsys.readouterr().err.split("\n"):
        assert not line.strip().startswith("::")
        assert not re.search(r"##\w*\[", line)
        assert line.replace("\t", "").isprintable() or not re.search("[\\x00-\\x08\\x0a-\\x1f\\x7f-\\x9f]", line)


@pytest.mark.parametrize("variable", RUNNERS)
def test_the_title_of_a_group_is_one_line(variable: str, capsys: pytest.CaptureFixture[str]) -> None:
    log.configure({variable: "true"}, verbose=False)
    with log.group("Push\n::x::\x1b[0K"):
        pass
    first = capsys.readouterr().err.split("\n")[0]
    assert "Push ::x::\\x1b[0K" in first


def test_an_error_of_many_lines_or_with_a_percent_sign_stays_one_command(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure({"GITHUB_ACTIONS": "true"}, verbose=False)
    log.error("x%0Ay\nz")
    assert capsys.readouterr().err == "::error::x%250Ay%0A  z\n"
