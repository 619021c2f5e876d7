"""Templates in zip files: what the command line unpacks, and what no zip file may do."""

from __future__ import annotations

import io
import json
import os
import stat
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, redirect, request

from common.template.fetching import archive
from tests.conftest import Result, RunStep, serving

ROOT = "{{cookiecutter.name}}"
TEMPLATE = {
    "top/": "",
    "top/cookiecutter.json": '{"name": "app"}',
    f"top/{ROOT}/text": "{{ cookiecutter.name }} {{ cookiecutter._template }}",
    f"top/{ROOT}/run.sh": "#!/bin/sh\n",
}


def packed(entries: dict[str, str] | list[tuple[zipfile.ZipInfo | str, str]]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for name, text in entries.items() if isinstance(entries, dict) else entries:
            made.writestr(name, text)
    return file.getvalue()


def special(name: str, mode: int) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)
    entry.create_system, entry.external_attr = 3, mode << 16
    return entry


Local = Callable[..., Result]


@pytest.fixture
def local(workspace: Path, run_step: RunStep) -> Local:
    """Render from a zip file in the workspace."""

    def run(content: bytes, **environ: str) -> Result:
        (workspace / "template.zip").write_bytes(content)
        given = {"TEMPLATE_TYPE": "private", "PATH_FOR_TEMPLATE": "template.zip"}
        return run_step("CookieCutter", given | environ)

    return run


def test_a_zip_file_comes_out_as_from_the_command_line(local: Local, workspace: Path, tmp_path: Path) -> None:
    entries: list[tuple[zipfile.ZipInfo | str, str]] = [*TEMPLATE.items()]
    entries.append((special(f"top/{ROOT}/executable", stat.S_IFREG | 0o755), "x"))
    before = os.umask(0o002)
    try:
        assert local(packed(entries)).code == 0
    finally:
        os.umask(before)
    subprocess.run(
        [sys.executable, "-m", "cookiecutter", "template.zip", "--no-input", "--default-config", "-o", str(tmp_path)],
        cwd=workspace, check=True, umask=0o002, env={**os.environ, "HOME": str(tmp_path), "TMPDIR": str(tmp_path)},
    )  # fmt: skip
    ours, theirs = ({path.name: (path.stat().st_mode, path.read_bytes()) for path in folder.iterdir()}
                    for folder in (workspace / "app", tmp_path / "app"))  # fmt: skip
    assert ours == theirs
    assert ours["text"][1] == b"app template.zip"


def test_folders_of_it_are_found_with_and_without_one_around_them(local: Local, workspace: Path) -> None:
    plain = {name.removeprefix("top/"): text for name, text in TEMPLATE.items() if name != "top/"}
    assert local(packed(plain)).code == 0
    without_entry = {name: text for name, text in TEMPLATE.items() if name != "top/"}
    done = local(packed(without_entry))
    assert "was already there, and the same" in done.stderr
    deeper = {"top/": ""} | {name.replace("top/", "top/a/", 1): text for name, text in TEMPLATE.items()}
    done = local(packed(deeper), TEMPLATE_DIRECTORY="a", OUTPUT_DIRECTORY="out")
    assert done.code == 0, done.stderr
    assert "templateCommit" not in done.outputs


def with_password() -> bytes:
    content = bytearray(packed(TEMPLATE))
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = content.find(mark, 200)  # of one that holds something
        content[start + place] |= 1
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (packed({**TEMPLATE, "../evil": "x"}), "'../evil', which leads out of the folder"),
        (packed({**TEMPLATE, "top/../../evil": "x"}), "which leads out of the folder"),
        (packed({**TEMPLATE, "/evil": "x"}), "'/evil', which leads out of the folder"),
        (packed({**TEMPLATE, "top//evil": "x"}), "which leads out of the folder"),
        (packed({**TEMPLATE, "..\\evil": "x"}), "which is no name of a file"),
        (packed({**TEMPLATE, "top/a\nb": "x"}), "which is no name of a file"),
        (packed({**TEMPLATE, "top/" + "x" * 300: "x"}), "which is too long"),
        (packed([*TEMPLATE.items(), (special("top/link", stat.S_IFLNK | 0o777), "/etc/passwd")]), "which is a link"),
        (packed([*TEMPLATE.items(), (special("top/pipe", stat.S_IFIFO | 0o777), "")]), "neither a file nor a folder"),
        (packed({**TEMPLATE, "top/a": "x", "top/a/b": "x"}), "holds a file and a folder of the same name"),
        (packed({}), "template.zip holds no file"),
        (packed({"x": "x"}), "The template has no cookiecutter.json at its root"),
        (with_password(), "template.zip is protected by a password"),
        (packed(TEMPLATE)[:-40], "template.zip is no zip file, or a damaged one"),
        (b"<html>Log in</html>", "template.zip is no zip file, or a damaged one"),
        (packed(TEMPLATE).replace(b"top/cookiecutter.json", b"top/cookiecutter.jsom", 1), "or a damaged one"),
    ],
)
def test_a_zip_file_that_is_hostile_or_damaged_is_one_sentence_and_nothing_is_written(
    local: Local, workspace: Path, tmp_path: Path, content: bytes, words: str
) -> None:
    done = local(content)
    assert done.code == 2, done.stderr
    assert words in done.stderr
    assert [path.name for path in workspace.iterdir()] == ["template.zip"]
    assert not list(tmp_path.rglob("evil"))


def test_a_bomb_is_refused_before_any_of_it_is_unpacked(local: Local, workspace: Path) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for name, text in TEMPLATE.items():
            made.writestr(name, text)
    content = bytearray(file.getvalue())
    start = content.rfind(b"PK\x01\x02")
    content[start + 24 : start + 28] = (archive.LARGEST + 1).to_bytes(4, "little")  # the size that it states
    done = local(bytes(content))
    assert done.code == 2
    assert "holds more than 1 GiB, unpacked" in done.stderr
    assert [path.name for path in workspace.iterdir()] == ["template.zip"]


def test_an_entry_gives_no_more_than_the_size_that_it_states(local: Local) -> None:
    """So the sum of the stated sizes is a limit: the rest of a bomb that lies is not read."""
    content = bytearray(packed({**TEMPLATE, "top/zeros": "0" * 1_000_000}))
    start = content.rfind(b"PK\x01\x02")
    content[start + 24 : start + 28] = (10).to_bytes(4, "little")
    done = local(bytes(content))
    assert done.code == 2
    assert "is no zip file, or a damaged one" in done.stderr


def test_too_many_entries_are_refused(local: Local, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MOST_ENTRIES", 3)
    assert "holds more than 3 files" in local(packed(TEMPLATE)).stderr


@pytest.fixture
def download(run_step: RunStep) -> Callable[..., tuple[Result, dict[str, list[str]], str]]:
    """Render from a URL at a server that moves the file to another origin, and give the logins that reached each."""

    def run(path: str, **environ: str) -> tuple[Result, dict[str, list[str]], str]:
        logins: dict[str, list[str]] = {"first": [], "second": []}
        second, first = Flask("second"), Flask("first")
        content = packed(TEMPLATE)

        @second.get("/file")
        def file() -> Any:
            logins["second"].append(request.headers.get("Authorization", ""))
            return content

        with serving(second.wsgi_app) as there:

            @first.get("/<name>.zip")
            def moved(name: str) -> Any:
                logins["first"].append(request.headers.get("Authorization", ""))
                if name == "private" and not request.authorization:
                    return json.dumps({"message": "who are you"}), 401
                if name == "endless":
                    return redirect(f"/endless.zip?{len(logins['first'])}")
                places = {"file": "file:///etc/passwd", "gone": f"{there}/gone"}
                return redirect(places.get(name, f"{there}/file?signature=s1gned"))

            with serving(first.wsgi_app) as here:
                url = here + path if path.startswith("/") else path.replace("HOST", here.removeprefix("http://"))
                login = {name: text.replace("HERE", here) for name, text in environ.items()}
                done = run_step("CookieCutter", {"PUBLIC_TEMPLATE_URL": url, "RETRY_BUDGET": "0"} | login)
        return done, logins, here

    return run


Download = Callable[..., tuple[Result, dict[str, list[str]], str]]


def test_a_zip_file_may_have_moved_and_a_login_stays_with_its_own_host(download: Download, workspace: Path) -> None:
    done, logins, here = download(
        "/private.zip?token=s1gned",
        DRONE_REMOTE_URL="HERE/x",
        DRONE_NETRC_USERNAME="jane",
        DRONE_NETRC_PASSWORD="s3cr3t",
    )
    assert done.code == 0, done.stderr
    assert logins["first"][0].startswith("Basic ")
    assert logins["second"] == [""]
    assert (workspace / "app" / "text").read_text() == f"app {here}/private.zip"
    assert "s3cr3t" not in done.stderr
    assert "s1gned" not in done.stderr


@pytest.mark.parametrize(
    ("path", "code", "words"),
    [
        ("/private.zip?token=s1gned", 3, "/private.zip: "),
        ("/endless.zip", 1, "redirects more than 5 times"),
        ("/file.zip", 2, "redirects to is 'file:///etc/passwd', which is no http or https URL"),
        ("/gone.zip", 1, "answered 404"),
        ("http://127.0.0.1:9/x.zip", 5, "http://127.0.0.1:9"),
    ],
)
def test_a_zip_file_that_cannot_be_downloaded_is_one_sentence(
    download: Download, workspace: Path, path: str, code: int, words: str
) -> None:
    done, _, _ = download(path)
    assert done.code == code, done.stderr
    assert words in done.stderr
    assert "s1gned" not in done.stderr
    assert not list(workspace.iterdir())


def test_a_zip_file_of_any_size_is_not_downloaded(
    download: Download, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("common.template.fetching.fetch.LARGEST_ZIP", 300)
    done, _, _ = download("/x.zip")
    assert done.code == 2
    assert "is larger than 0 MiB" in done.stderr
    assert not list(workspace.iterdir())
