"""git-lfs that stands still: whether the host is slow, or its answer left out what git-lfs then waits for."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from common.errors import Refused, Unavailable
from common.git import lfs_command
from common.git.command import Git, GitFailed
from common.git.failures import failures

ASKED = "12:00:00.000000 trace git-lfs: api: batch 3 files\n12:00:00.000000 trace git-lfs: HTTP: 200\n"
SENT = "12:00:00.000000 trace git-lfs: HTTP: PUT https://git.corp/x.git/info/lfs/objects/1\n"


def answer(body: str) -> str:
    return f"{ASKED}12:00:00.000000 trace git-lfs: creds: approved\n12:00:00.000000 trace git-lfs: HTTP: {body}\n"


ALL = answer('{"objects": [{"oid": "1"}, {"oid": "2"}, {"oid": "3"}]}')


class Standing:
    """A git whose git-lfs traced this, and then stood still."""

    def __init__(self, trace: str) -> None:
        self.trace = trace

    def talk(self, *_: str, extra: dict[str, str], **__: object) -> str:
        Path(extra["GIT_TRACE"]).write_text(self.trace)
        raise TimeoutError("git stood still, or took too long")


@pytest.mark.parametrize(
    ("trace", "error", "said"),
    [
        (answer('{"transfer": "basic"}'), Refused, "says of some files neither where they are to go nor that it has"),
        (answer('{"objects": null}'), Refused, "says of some files"),
        (answer('{"objects": [{"oid": "1"}]}') + SENT, Refused, "says of some files"),
        (answer('{"objects": []}') + ALL, Refused, "says of some files"),
        (ALL + SENT, Unavailable, "is not available, for git stood still"),
        (ASKED, Unavailable, "is not available"),
        (answer('{"objects": ['), Unavailable, "is not available"),
        ("", Unavailable, "is not available"),
    ],
)
def test_an_answer_that_leaves_files_out_is_told_from_a_slow_host(
    tmp_path: Path, trace: str, error: type[Exception], said: str
) -> None:
    with pytest.raises((GitFailed, TimeoutError)) as stood:
        lfs_command.talk(cast("Git", Standing(trace)), "push", cwd=tmp_path, aside=tmp_path, silent_seconds=1)
    told = failures(doing="push to x", url="https://git.corp/x.git", login_advice="")(stood.value)
    assert told is not None
    assert (type(told.error), said in told.error.message) == (error, True), told
    assert list(tmp_path.iterdir()) == []
