"""The log: one line per fact on stderr, masked, in the markup of the runner."""

from __future__ import annotations

import pytest

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


@pytest.mark.parametrize(
    ("variable", "text", "shown"),
    [
        ("GITHUB_ACTIONS", "a\n ::stop-commands::x", "a\n : :stop-commands::x\n"),
        ("GITHUB_ACTIONS", "##[add-mask]x", "## [add-mask]x\n"),
        ("TF_BUILD", "say ##vso[task.setvariable variable=x]y", "say ## vso[task.setvariable variable=x]y\n"),
        ("NOTHING", "::x ##vso[y]", "::x ##vso[y]\n"),
    ],
)
def test_a_text_of_somebody_else_is_no_command_to_the_runner(
    variable: str, text: str, shown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    log.configure({variable: "true"}, verbose=False)
    log.info(text)
    assert capsys.readouterr().err == shown


def test_an_error_of_many_lines_or_with_a_percent_sign_stays_one_command(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure({"GITHUB_ACTIONS": "true"}, verbose=False)
    log.error("x%0Ay\nz")
    assert capsys.readouterr().err == "::error::x%250Ay%0Az\n"
