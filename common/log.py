"""What a person watching the step sees: facts one by one on stderr, secrets masked, in the words of this runner.

Texts of servers and inputs are shown, never obeyed: neither by the terminal nor by the runner that reads the lines.

Standard output belongs to the outputs; nothing here writes to it except the mask announcements of runners that read it.
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

from common import secret

LONGEST_LINE = 2_000  # characters
BETWEEN_TELLINGS = 5.0  # seconds from one word about how far long work is to the next
INDENT = "  "  # of the second and further lines of a text

mask = secret.mask

# Control characters but tabs and newlines, line separators, and what changes the direction of writing
# (https://trojansource.codes)
_CONTROL = "[\0-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]"
# Commands of GitHub (`::` after blanks, `##[` anywhere), Azure (`##vso[`) and TeamCity (`##teamcity[`). They are parted
# whatever the runner seems to be: one that starts the container by a script hands none of its variables on. GitLab's
# sections begin with a control character.
_COMMAND = r"(?i)^\s*:(?=:)|##(?=[a-z]*\[)"


class Markup(NamedTuple):
    """How a runner folds a group of lines, flags a line, and learns of a secret. Sources: docs of each runner."""

    start: Callable[[str], str] = "{}:".format
    end: Callable[[str], str] | None = None
    error: Callable[[str], str] = "error: {}".format
    warning: Callable[[str], str] = "warning: {}".format
    announce: Callable[[str], str] | None = None


def _gitlab_section(kind: str, title: str, suffix: str = "") -> str:
    name = "".join(c if c.isalnum() else "_" for c in title.lower())
    return f"\x1b[0Ksection_{kind}:{int(time.time())}:{name}\r\x1b[0K{suffix}"


def _github_escape(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _azure_escape(text: str) -> str:
    return text.replace("%", "%AZP25").replace("\r", "%0D").replace("\n", "%0A")


PLAIN = Markup()
RUNNERS: dict[str, Markup] = {  # the variable by which a runner is known -> its markup
    "GITHUB_ACTIONS": Markup(
        start="::group::{}".format,
        end=lambda _: "::endgroup::",
        error=lambda text: f"::error::{_github_escape(text)}",
        warning=lambda text: f"::warning::{_github_escape(text)}",
        announce=lambda value: f"::add-mask::{_github_escape(value)}",
    ),
    "GITLAB_CI": Markup(
        start=lambda title: _gitlab_section("start", title, title),
        end=lambda title: _gitlab_section("end", title),
    ),
    "TF_BUILD": Markup(
        start="##[group]{}".format,
        end=lambda _: "##[endgroup]",
        error="##[error]{}".format,
        warning="##[warning]{}".format,
        announce=lambda value: f"##vso[task.setsecret]{_azure_escape(value)}",
    ),
    "BUILDKITE": Markup(start="--- {}".format),
}

_markup = PLAIN
_verbose = False


def configure(environ: Mapping[str, str], *, verbose: bool) -> None:
    """Choose the runner's markup, and whether details are shown."""
    global _markup, _verbose  # noqa: PLW0603 - the log is one per process, like stderr itself
    _markup = next((markup for name, markup in RUNNERS.items() if environ.get(name)), PLAIN)
    _verbose = verbose


def announce_secrets(values: list[str]) -> None:
    """Tell the runner what to mask, where it offers that. Must come before the first line that could hold one."""
    if _markup.announce is None:
        return
    for value in values:
        for line in value.splitlines():
            if line.strip():
                sys.stdout.write(_markup.announce(line) + "\n")
    sys.stdout.flush()


def info(text: str) -> None:
    """Say a fact that the user wants to know."""
    _emit(_shown(text))


def detail(text: str) -> None:
    """Say a fact that helps to find a fault; shown with VERBOSE=true."""
    if _verbose:
        _emit(_shown(text))


def warning(text: str) -> None:
    """Say what looks wrong but does not stop the step."""
    _emit(_markup.warning(_shown(text)))


def error(text: str) -> None:
    """Say why the step failed."""
    _emit(_markup.error(_shown(text)))


@contextmanager
def group(title: str) -> Iterator[None]:
    """Fold the lines written inside, on runners that fold."""
    title = _shown(" ".join(title.split()))
    _emit(_markup.start(title))
    try:
        yield
    finally:
        if _markup.end is not None:
            _emit(_markup.end(title))


def harmless(line: str) -> str:
    """Give one line in which nothing is left for a terminal or a runner to act upon."""
    visible = re.sub(_CONTROL, lambda found: found[0].encode("unicode_escape").decode("ascii"), line)
    return re.sub(_COMMAND, lambda found: f"{found[0]} ", visible)


def _shown(text: str) -> str:
    lines = re.split(r"\r\n|\n|\r", mask(text).rstrip("\r\n"))
    return f"\n{INDENT}".join(harmless(_cut(line)) for line in lines)


def _cut(line: str) -> str:
    return line if len(line) <= LONGEST_LINE else f"{line[:LONGEST_LINE]}… ({len(line)} characters)"


def _emit(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
