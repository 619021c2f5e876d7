"""How each place is written: whole or not at all, next to what it holds already, and what is said when it fails."""

from __future__ import annotations

import errno
import json
import os
import resource
import stat
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path
from typing import Any

import pytest

from common.contract.outputs import OutputError, OutputTarget, open_target, places
from common.errors import BadInput


def _open(format: str | None, file: Path | str) -> OutputTarget:
    return open_target({}, stdout=StringIO(), format=format, file=str(file))


@pytest.mark.parametrize("format", ["github", "harness", "gitlab", "bitbucket", "circleci"])
def test_existing_content_without_its_last_newline_gets_it_first(format: str, tmp_path: Path) -> None:
    file = tmp_path / "out"
    file.write_text("old=1")
    _open(format, file).write({"new": "2"})
    lines = file.read_text().split("\n")
    assert (lines[0], lines[1].removeprefix("export "), lines[2:]) == ("old=1", "new=2", [""])


def test_a_file_that_may_be_written_but_not_read_gets_a_newline_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "out"
    file.write_text("old=1")

    def denied(*_args: Any, **_options: Any) -> Any:
        raise PermissionError(errno.EACCES, "Permission denied")

    target = _open("github", file)
    with monkeypatch.context() as patched:
        patched.setattr(Path, "open", denied)
        target.write({"new": "2"})
    assert file.read_text() == "old=1\nnew=2\n"


def test_all_outputs_are_appended_in_one_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[bytes] = []
    real = os.write

    def counted(descriptor: int, content: bytes) -> int:
        calls.append(content)
        return real(descriptor, content)

    monkeypatch.setattr(os, "write", counted)
    _open("harness", tmp_path / "out").write({"a": "1", "b": "2"})
    assert calls == [b"a=1\nb=2\n"]


@pytest.mark.parametrize("format", ["github", "json"])
def test_a_full_device_is_a_sentence(format: str) -> None:
    target = _open(format, "/dev/full")
    with pytest.raises(OutputError) as caught:
        target.write({"branch": "main"})
    assert f"could not be written to OUTPUT_FILE (/dev/full) by uid {os.geteuid()}" in str(caught.value)
    assert "No space left on device" in str(caught.value)
    assert "OUTPUT_FILE" in caught.value.next_step


@pytest.mark.parametrize("format", ["github", "json", "argo"])
def test_a_write_that_ends_halfway_leaves_what_was_there(format: str, tmp_path: Path) -> None:
    """The limit on the size of a file makes the kernel take only the first bytes."""
    file = tmp_path / "out"
    target = _open(format, file)
    target.write({"first": "1"})
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        with pytest.raises(OutputError):
            target.write({"second": "x" * 500})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_json_keeps_types_and_what_other_steps_wrote(tmp_path: Path) -> None:
    file = tmp_path / "out.json"
    file.write_text('{"old": [1], "branch": "before"}')
    file.chmod(0o640)
    _open(None, file).write({"branch": "main", "pushed": True, "fileCount": 3, "name": "Zürich"})
    assert json.loads(file.read_text()) == {
        "old": [1],
        "branch": "main",
        "pushed": True,
        "fileCount": 3,
        "name": "Zürich",
    }
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert [path.name for path in tmp_path.iterdir()] == ["out.json"]


@pytest.mark.parametrize("content", ["[1]", "branch=main\n", "{", "\xff"])
def test_json_is_not_written_over_something_else(content: str, tmp_path: Path) -> None:
    file = tmp_path / "out.json"
    file.write_bytes(content.encode("latin-1"))
    with pytest.raises(BadInput, match="it holds "):
        _open(None, file)
    file.write_text("{}")
    target = _open(None, file)
    file.write_bytes(content.encode("latin-1"))
    with pytest.raises(OutputError, match="it holds "):
        target.write({"branch": "main"})
    assert file.read_bytes() == content.encode("latin-1")


def test_json_is_written_through_a_symbolic_link(tmp_path: Path) -> None:
    (tmp_path / "real.json").write_text("{}")
    (tmp_path / "link.json").symlink_to("real.json")
    _open(None, tmp_path / "link.json").write({"branch": "main"})
    assert (tmp_path / "link.json").is_symlink()
    assert json.loads((tmp_path / "real.json").read_text()) == {"branch": "main"}


def test_json_is_overwritten_in_place_where_it_cannot_be_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that is mounted by itself into a container cannot be replaced by renaming another one."""
    file = tmp_path / "out.json"
    file.write_text(json.dumps({"long": "x" * 100}))

    def busy(*_args: Any) -> None:
        raise OSError(errno.EBUSY, "Device or resource busy")

    monkeypatch.setattr(Path, "replace", busy)
    target = _open(None, file)
    target.write({"long": "y"})
    assert json.loads(file.read_text()) == {"long": "y"}
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = file.read_bytes()
    monkeypatch.setattr(places, "write_files", busy)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        with pytest.raises(OutputError):
            target.write({"long": "z" * 500})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert file.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["out.json"]


def test_argo_makes_the_directory_that_is_missing(tmp_path: Path) -> None:
    _open("argo", tmp_path / "outputs").write({"branch": "main", "body": "one\n"})
    assert (tmp_path / "outputs" / "branch").read_bytes() == b"main"
    assert (tmp_path / "outputs" / "body").read_bytes() == b"one\n\n"


@pytest.mark.parametrize("format", ["tekton", "argo"])
def test_a_file_for_each_output_or_none(format: str, tmp_path: Path) -> None:
    (tmp_path / "branch").mkdir()
    target = _open(format, tmp_path)
    with pytest.raises(OutputError, match="Is a directory"):
        target.write({"pushed": True, "branch": "main"})
    assert [path.name for path in tmp_path.iterdir()] == ["branch"]


def test_tekton_refuses_results_that_its_termination_message_cannot_hold(tmp_path: Path) -> None:
    """Its size is that of Tekton's own JSON, as in pkg/termination/write.go."""
    around = '[{"key":"url","value":"","type":1},{"key":"StartedAt","value":"2026-01-01T00:00:00.000Z","type":3}]'
    longest = 4096 - len(around)
    target = _open("tekton", tmp_path)
    with pytest.raises(OutputError, match=r"The output url cannot be written in the tekton format: .* 4097 bytes"):
        target.write({"url": "x" * (longest + 1)})
    with pytest.raises(OutputError, match="4101 bytes"):  # Go writes & as \\u0026
        target.write({"url": "x" * (longest - 1) + "&"})
    assert not list(tmp_path.iterdir())
    target.write({"url": "x" * (longest - 6) + "&"})
    assert len((tmp_path / "url").read_bytes()) == longest - 5


def _stdout(encoding: str) -> tuple[TextIOWrapper, BytesIO]:
    raw = BytesIO()
    return TextIOWrapper(raw, encoding=encoding, write_through=True), raw


def test_the_table_is_readable_and_harmless() -> None:
    stdout, raw = _stdout("utf-8")
    open_target({}, stdout=stdout).write(
        {"repositoryUrl": "https://h/o/r#readme", "pushed": True, "message": "one\ntwo\x1b[31m", "name": "Zürich"}
    )
    assert raw.getvalue().decode() == (
        "repositoryUrl  https://h/o/r#readme\n"
        "pushed         true\n"
        "message        one\n"
        "               two\\x1b[31m\n"
        "name           Zürich\n"
    )


def test_the_table_holds_no_command_for_the_runner_that_reads_it() -> None:
    stdout, raw = _stdout("utf-8")
    open_target({}, stdout=stdout).write({"host": "::1", "message": "one\n::stop-commands::x\n##vso[task.complete]"})
    assert raw.getvalue().decode() == (
        "host     ::1\nmessage  one\n         : :stop-commands::x\n         ## vso[task.complete]\n"
    )


def test_the_table_is_printed_whatever_standard_output_can_show() -> None:
    stdout, raw = _stdout("ascii")
    open_target({}, stdout=stdout).write({"name": "Zürich"})
    assert raw.getvalue() == b"name  Z\\xfcrich\n"


def test_azure_commands_that_standard_output_cannot_show_are_in_base64() -> None:
    stdout, raw = _stdout("ascii")
    open_target({"TF_BUILD": "True"}, stdout=stdout).write({"branch": "main", "name": "Zürich"})
    assert raw.getvalue().decode().splitlines() == [
        "##vso[task.setvariable variable=branch;isoutput=true]main",
        "##vso[task.setvariable variable=name;isoutput=true]",
        "##vso[task.setvariable variable=name_B64;isoutput=true]WsO8cmljaA==",
    ]


def test_azure_encodes_only_per_cent_signs_that_would_be_misread() -> None:
    """So that a URL survives DECODE_PERCENTS=false as well."""
    stdout = StringIO()
    open_target({"TF_BUILD": "True"}, stdout=stdout).write({"url": "https://h/a%20b", "odd": "%0A;"})
    assert stdout.getvalue() == (
        "##vso[task.setvariable variable=url;isoutput=true]https://h/a%20b\n"
        "##vso[task.setvariable variable=odd;isoutput=true]%AZP250A%3B\n"
    )


def test_a_closed_standard_output_is_left_to_the_frame_of_the_step() -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    with os.fdopen(write_end, "w", buffering=1) as stdout:
        with pytest.raises(BrokenPipeError):
            open_target({}, stdout=stdout).write({"branch": "main"})
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), stdout.fileno())  # for what is left in the buffer
