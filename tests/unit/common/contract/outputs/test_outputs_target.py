"""Which dialect is chosen, and which places are refused before any work."""

from __future__ import annotations

import os
from io import StringIO
from pathlib import Path

import pytest

from common.contract.outputs import DIALECTS, OutputTarget, open_target
from common.errors import BadInput


def _open(environ: dict[str, str], format: str | None = None, file: Path | str | None = None) -> OutputTarget:
    return open_target(environ, stdout=StringIO(), format=format, file=str(file) if file else None)


@pytest.mark.parametrize(
    ("environ", "dialect", "named_by"),
    [
        ({"GITHUB_OUTPUT": "{}/out"}, "github", "GITHUB_OUTPUT ({}/out)"),
        ({"DRONE_OUTPUT": "{}/out"}, "harness", "DRONE_OUTPUT ({}/out)"),
        ({"HARNESS_OUTPUT_FILE": "{}/out"}, "harness", "HARNESS_OUTPUT_FILE ({}/out)"),
        ({"DRONE_OUTPUT": "{}/a", "HARNESS_OUTPUT_FILE": "{}/b"}, "harness", "DRONE_OUTPUT ({}/a)"),
        ({"GITHUB_OUTPUT": "{}/a", "DRONE_OUTPUT": "{}/b"}, "github", "GITHUB_OUTPUT ({}/a)"),
        ({"GITHUB_OUTPUT": "", "DRONE_OUTPUT": "{}/b"}, "harness", "DRONE_OUTPUT ({}/b)"),
        ({"BITBUCKET_PIPELINES_VARIABLES_PATH": "{}/v"}, "bitbucket", "BITBUCKET_PIPELINES_VARIABLES_PATH ({}/v)"),
        ({"GITLAB_CI": "true", "CI_PROJECT_DIR": "{}"}, "gitlab", "CI_PROJECT_DIR ({}/idp-steps.env)"),
        ({"CI_PROJECT_DIR": "{}"}, "table", "standard output (table)"),
        ({"CIRCLECI": "true", "BASH_ENV": "{}/env"}, "circleci", "BASH_ENV ({}/env)"),
        ({"BASH_ENV": "{}/env"}, "table", "standard output (table)"),
        ({"TF_BUILD": "True"}, "azure", "standard output (azure)"),
        ({"TF_BUILD": "True", "GITHUB_OUTPUT": "{}/out"}, "github", "GITHUB_OUTPUT ({}/out)"),
        ({}, "table", "standard output (table)"),
    ],
)
def test_the_runner_is_recognised_by_its_environment(
    environ: dict[str, str], dialect: str, named_by: str, tmp_path: Path
) -> None:
    target = _open({name: value.format(tmp_path) for name, value in environ.items()})
    assert (target.dialect.name, target.description) == (dialect, named_by.format(tmp_path))


def test_tekton_is_recognised_by_its_results_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    results = tmp_path / "results"
    monkeypatch.setitem(DIALECTS, "tekton", DIALECTS["tekton"]._replace(fixed=str(results)))
    assert _open({}).dialect.name == "table"
    results.mkdir()
    target = _open({})
    target.write({"branch": "main"})
    assert target.description == f"tekton ({results})"
    assert (results / "branch").read_bytes() == b"main"


def test_what_the_user_says_wins_over_what_the_environment_shows(tmp_path: Path) -> None:
    environ = {"GITHUB_OUTPUT": str(tmp_path / "github")}
    assert _open(environ, "json", tmp_path / "own").dialect.name == "json"
    assert _open(environ, None, tmp_path / "own.json").dialect.name == "json"
    assert _open(environ, None, tmp_path / "own.env").dialect.name == "harness"
    assert _open(environ, None, tmp_path).dialect.name == "argo"
    assert _open(environ, "table").dialect.name == "table"
    assert _open(environ, " GitHub ").description == f"GITHUB_OUTPUT ({environ['GITHUB_OUTPUT']})"
    assert _open(environ, "github", tmp_path / "own").description == f"OUTPUT_FILE ({tmp_path / 'own'})"


def test_a_format_takes_its_runners_variable_without_the_runners_flag(tmp_path: Path) -> None:
    assert _open({"BASH_ENV": str(tmp_path / "env")}, "circleci").path == tmp_path / "env"


def test_a_relative_file_stays_where_it_was_meant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    target = _open({}, None, "out.env")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir("elsewhere")
    target.write({"branch": "main"})
    assert (tmp_path / "out.env").read_text() == "branch=main\n"


def test_an_unknown_format_is_refused_with_the_known_ones() -> None:
    with pytest.raises(BadInput) as caught:
        _open({}, "yaml")
    assert "'yaml' is not known" in str(caught.value)
    for name in DIALECTS:
        assert name in caught.value.next_step


@pytest.mark.parametrize(
    ("format", "wanted"),
    [
        ("github", "Set GITHUB_OUTPUT or OUTPUT_FILE."),
        ("harness", "Set DRONE_OUTPUT or HARNESS_OUTPUT_FILE or OUTPUT_FILE."),
        ("argo", "Set OUTPUT_FILE."),
        ("json", "Set OUTPUT_FILE."),
    ],
)
def test_a_format_without_a_place_is_refused(format: str, wanted: str) -> None:
    with pytest.raises(BadInput, match="needs a place to write to") as caught:
        _open({}, format)
    assert caught.value.next_step == wanted


@pytest.mark.parametrize("format", ["azure", "table"])
def test_a_format_of_standard_output_takes_no_file(format: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="takes no OUTPUT_FILE"):
        _open({}, format, tmp_path / "out")


@pytest.mark.parametrize("format", [name for name, dialect in DIALECTS.items() if dialect.problem])
def test_opening_creates_and_changes_nothing(format: str, tmp_path: Path) -> None:
    _open({}, format, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("format", [name for name, dialect in DIALECTS.items() if dialect.problem])
@pytest.mark.parametrize("place", ["missing/out", "file/out"])
def test_a_place_that_cannot_be_written_is_refused_before_any_work(format: str, place: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput) as caught:
        _open({}, format, tmp_path / place)
    assert f"cannot be written to {tmp_path / place} (OUTPUT_FILE) by uid {os.geteuid()}" in str(caught.value)
    assert f"{(tmp_path / place).parent} is not an existing directory" in str(caught.value)
    assert caught.value.next_step


def test_a_directory_is_no_output_file_and_a_file_no_output_directory(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="it is a directory"):
        _open({"GITHUB_OUTPUT": str(tmp_path)})
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="it is not a directory"):
        _open({}, "argo", tmp_path / "file")


@pytest.mark.parametrize("exists", [True, False])
def test_an_output_file_of_another_user_is_refused_with_uid_path_and_cure(
    exists: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "set_output_1"
    if exists:
        file.write_text("kept=1\n")
    monkeypatch.setattr(os, "access", lambda *_args, **_options: False)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(BadInput) as caught:
        _open({"GITHUB_OUTPUT": str(file)})
    blocked = "it" if exists else str(tmp_path)
    assert str(caught.value) == (
        f"The outputs cannot be written to {file} (GITHUB_OUTPUT) by uid 1000: {blocked} is not writable for this user."
        " Use the -root tag of the image: GitHub runs container actions as root. Or set OUTPUT_FILE to a writable path."
    )


@pytest.mark.parametrize("format", [name for name, dialect in DIALECTS.items() if dialect.problem])
def test_a_directory_of_another_user_is_refused(format: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_args, **_options: False)
    file = tmp_path if format in ("tekton", "argo") else tmp_path / "out"
    with pytest.raises(BadInput, match="is not writable for this user"):
        _open({}, format, file)


@pytest.mark.parametrize("name", ["loop", "x" * 300])
def test_a_place_that_cannot_be_reached_is_told_before_any_work(tmp_path: Path, name: str) -> None:
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(BadInput, match="The outputs cannot be written to"):
        open_target({}, stdout=StringIO(), file=str(tmp_path / name))
