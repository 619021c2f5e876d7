"""Git as a child process: no credentials but while it talks, no setting of the machine, and an end in every case."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from common import log
from common.git import command
from common.git.command import Git, GitFailed
from common.git.credentials import Credentials
from common.network.settings import Network
from common.secret import Secret
from tests.faults.proxy import Fault, Rule, endless, in_front_of

TOKEN = "canary-token-1234"
GIT = Git(Network(), Credentials("https://git.test", "me", Secret(TOKEN)))


@pytest.fixture
def fake_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a shell script in the place of git; its body is to be written by the test."""
    script = tmp_path / "bin" / "git"
    script.parent.mkdir()
    script.touch(mode=0o755)
    monkeypatch.setenv("PATH", f"{script.parent}:{os.environ['PATH']}")
    return script


def test_only_a_git_that_talks_to_the_host_has_the_credentials(fake_git: Path) -> None:
    fake_git.write_text("#!/bin/sh\nexec env\n")

    assert TOKEN not in GIT.run("status")
    assert TOKEN in GIT.talk("ls-remote", silent_seconds=60)


def test_no_setting_of_the_machine_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".gitconfig").write_text("[user]\nname = stray\n[http]\nfollowRedirects = true\n")
    monkeypatch.setenv("HOME", str(tmp_path))

    listing = GIT.run("config", "--list")

    assert "stray" not in listing
    assert "http.followredirects=false" in listing


def test_git_whose_processes_wait_for_each_other_is_ended(fake_git: Path, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    fake_git.write_text(f"#!/bin/sh\necho $$ > {pid}\nmkfifo {tmp_path}/never\nread nothing < {tmp_path}/never\n")

    with pytest.raises(TimeoutError, match="stood still"):
        GIT.talk("push", silent_seconds=1)

    assert not Path("/proc", pid.read_text().strip()).exists()


def test_an_answer_without_end_does_not_fill_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Git keeps what it is told about references, also when it could see from the start that it is none of that."""
    monkeypatch.setattr(command, "LARGEST", (command.LARGEST[0], 32 * 1024 * 1024))
    with in_front_of(0) as server:
        server.rules.append(Rule("GET", "/info/refs", Fault("endless", endless, forwarded=False), left=None))
        with pytest.raises(TimeoutError, match="its answer has no end"):
            GIT.talk("ls-remote", f"http://127.0.0.1:{server.port}/x.git", cwd=tmp_path, silent_seconds=60)


def test_git_that_works_is_left_to_work(fake_git: Path) -> None:
    fake_git.write_text("#!/bin/sh\ni=0\nwhile [ $i -lt 8 ]; do i=$((i + 1)); sleep 0.2; done\necho done\n")

    assert GIT.talk("push", silent_seconds=1).strip() == "done"


def test_the_reason_is_the_first_line_that_git_marks(fake_git: Path) -> None:
    fake_git.write_text(
        "#!/bin/sh\necho 'hint: x' >&2\necho 'fatal: no such thing.' >&2\necho 'error: later' >&2\nexit 3\n"
    )

    with pytest.raises(GitFailed) as caught:
        GIT.run("log")

    assert caught.value.reason == "no such thing"


def test_what_git_started_ends_with_it(fake_git: Path, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    fake_git.write_text(f"#!/bin/sh\nsleep 60 &\necho $! > {pid}\nexit 0\n")

    began = time.monotonic()
    GIT.run("gc")

    assert time.monotonic() - began < 60


def test_how_far_a_long_transfer_is_is_shown_now_and_then_and_is_no_part_of_an_error(
    fake_git: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(log, "BETWEEN_TELLINGS", 0.2)
    steps = "".join(
        f'printf "Writing objects: {percent:3}%% (1/9)\\r" >&2; sleep 0.1; ' for percent in range(0, 100, 10)
    )
    fake_git.write_text(f'#!/bin/sh\n{steps}\necho "fatal: no" >&2; exit 1\n')

    with pytest.raises(GitFailed) as failed:
        GIT.talk("push", silent_seconds=60)

    assert failed.value.lines == ["fatal: no"]
    shown = capsys.readouterr().err.splitlines()
    assert 1 <= len(shown) < 10
    assert all(line.startswith("Writing objects: ") for line in shown)
