"""What the terminal shows: nothing that comes from elsewhere steers it, and no secret is in it."""

from __future__ import annotations

import io

import pytest

from common.secret import Secret
from runner.execution.report import LONGEST_SHOWN, Report, complain

HOSTILE = "a\x1b[2Jb\x1b]0;title\x07c\rd\x9be\u2028f\x00g\th"


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


def _steers(text: str) -> set[str]:
    return {character for character in text if character != "\n" and not character.isprintable() and character != "\t"}


def test_no_text_of_others_steers_the_terminal(stream: io.StringIO, capsys: pytest.CaptureFixture[str]) -> None:
    """Lines of steps, names from the YAML, outputs, warnings, and what stands on stderr."""
    report = Report(stream, colour=False)
    report.step_starts(1, 2, f"Render{HOSTILE}\n[2/2] Forged", "Cookie\x1b[31mCutter")
    report.step_line(HOSTILE)
    report.warning(HOSTILE)
    report.outputs(
        {f"step{HOSTILE}": {"name\x1b[1m": f"{HOSTILE}\nmore"}, "other": {"url": f"https://x.test/{HOSTILE}"}}
    )
    report.failure(HOSTILE, [HOSTILE])
    complain([HOSTILE, f"first\nsecond {HOSTILE}"])
    told = stream.getvalue() + capsys.readouterr().err
    assert _steers(told) == set()
    assert "ab]0;titlecdefg\th" in told
    assert "\n[2/2] Forged" not in told
    assert "\\n[2/2] Forged" in told
    assert "\nfirst\nsecond ab" in told, "lines that the runner itself made stay lines"


def test_a_secret_is_masked_also_where_it_is_whole_only_without_what_steers(stream: io.StringIO) -> None:
    Secret("s3cr3t-canary")
    report = Report(stream, colour=False)
    report.step_line("it is s3cr3t-\x1b[0mcanary, or s3cr3t-canary")
    assert stream.getvalue() == "      it is ***, or ***\n"


def test_a_long_output_is_cut_and_its_length_told(stream: io.StringIO) -> None:
    Report(stream, colour=False).outputs({"step": {"name": "x" * 120_000}})
    assert f"{'x' * LONGEST_SHOWN}… (120000 characters)" in stream.getvalue()
    assert len(stream.getvalue()) < 2 * LONGEST_SHOWN
