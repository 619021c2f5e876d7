"""What a server answers to git is read to its end, or told as what it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from common.errors import Refused, StepError, Unavailable
from common.git import refs
from common.network.deadline import Deadline
from common.network.settings import Network
from tests.conftest import serving

WHOLE = b"001e# service=git-upload-pack\n0000003d" + b"a" * 40 + b" refs/heads/main\n0000"


@pytest.mark.parametrize(
    ("content", "error", "words"),
    [
        (b"<html>Log in</html>", Refused, "is no git server"),
        (b"", Refused, "is no git server"),
        (WHOLE[:36], Unavailable, "breaks off"),
        (WHOLE[:60], Unavailable, "breaks off"),
        (WHOLE[:-4], Unavailable, "breaks off"),
    ],
)
def test_an_answer_that_is_not_whole_is_told_as_what_it_is(content: bytes, error: type[StepError], words: str) -> None:
    with serving(_giving(content)) as url, pytest.raises(error, match=words):
        refs.branches(refs.server(f"{url}/x.git", None, network=Network(), deadline=Deadline(0)))


def test_a_whole_answer_names_the_branches() -> None:
    with serving(_giving(WHOLE)) as url:
        found = refs.branches(refs.server(f"{url}/x.git", None, network=Network(), deadline=Deadline(0)))
    assert found == {"main": "a" * 40}


def _giving(content: bytes) -> Callable[..., Iterable[bytes]]:
    def app(_: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Type", "application/x-git-upload-pack-advertisement")])
        return [content]

    return app
