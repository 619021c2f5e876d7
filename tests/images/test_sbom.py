"""The bill of materials, made of trees with known packages: what a scanner needs to find an old one. No engine."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from images import sbom
from images.sbom_debian import licences

OLD_DEBIAN = """\
Package: libssl3t64
Source: openssl (3.0.1-1)
Version: 3.0.1-1+b2
Architecture: amd64
Maintainer: Debian OpenSSL Team <team@example.org>
"""
OLD_PYTHON = "Metadata-Version: 2.4\nName: Old_Library\nVersion: 1.0\nLicense-Expression: MIT\n"
GO = """\
Package: git-lfs
Version: 3.6.1-1
Architecture: amd64
Maintainer: Somebody <somebody@example.org>
Built-Using: golang-1.24 (= 1.24.4-1), golang-github-spf13-cobra (= 1.8.1-1), golang-go.crypto (= 1:0.25.0-1),
 golang-github-rubyist-tracerx (= 0.0~git20170927.0.7879593-2), golang-gopkg-jcmturner-rpc.v0 (= 0.0.2+dfsg-2)
"""
BUILT_IN = {"type": "library", "name": "openssl", "version": "3.0.0", "purl": "pkg:generic/openssl@3.0.0"}
COPYRIGHT = """\
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/

Files: *
License: Apache-2.0

Files: debian/*
License: GPL-2+ and Expat
 This package is free software; you can redistribute it.
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A layer with an old Debian package, an old distribution with a library inside, and a Go program."""
    files = {
        "usr/lib/os-release": 'ID=debian\nVERSION_ID="13"\n',
        "var/lib/dpkg/status.d/libssl3t64": OLD_DEBIAN,
        "var/lib/dpkg/status.d/git-lfs": GO,
        "usr/share/doc/libssl3t64/copyright": COPYRIGHT,
        "usr/bin/git-lfs": "github.com/spf13/cobra.X\0github.com/rubyist/tracerx/x\0gopkg.in/jcmturner/rpc.v0/x",
        "usr/lib/old_library-1.0.dist-info/METADATA": OLD_PYTHON,
        "usr/lib/old_library-1.0.dist-info/sboms/sbom.json": json.dumps(
            {
                "components": [
                    {"type": "library", "name": "openssl", "version": "3.0.0", "purl": "pkg:generic/openssl@3.0.0"}
                ]
            }
        ),
    }
    for name, text in files.items():
        path = tmp_path / "layer" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path / "layer"


def parts(tree: Path, code: Path) -> dict[str, dict[str, Any]]:
    """Make the bill and give its parts by name."""
    code.mkdir(exist_ok=True)
    (code / "module.pyc").write_bytes(b"code")
    text = sbom.document(
        image="sample",
        version="1.2.3",
        date=0,
        architecture="amd64",
        trees=[tree],
        code=code,
        hashes=defaultdict(lambda: "0" * 64),
    )
    return {part["name"]: part for part in json.loads(text)["components"]}


def test_an_old_debian_package_is_found_by_its_source(tree: Path, tmp_path: Path) -> None:
    """Debian's notices are by source package and its version, which differ from those of the binary package."""
    part = parts(tree, tmp_path / "code")["libssl3t64"]

    assert part["purl"] == (
        "pkg:deb/debian/libssl3t64@3.0.1-1%2Bb2?arch=amd64&distro=debian-13&upstream=openssl%403.0.1-1"
    )
    assert part["licenses"] == [{"license": {"id": name}} for name in ("Apache-2.0", "GPL-2.0-or-later", "MIT")]
    assert part["hashes"] == [{"alg": "SHA-256", "content": "0" * 64}]


def test_an_old_distribution_and_the_library_inside_it_are_found(tree: Path, tmp_path: Path) -> None:
    found = parts(tree, tmp_path / "code")

    assert found["old-library"]["purl"] == "pkg:pypi/old-library@1.0"
    assert found["openssl"]["purl"] == "pkg:generic/openssl@3.0.0"
    assert {"name": "python:built-into", "value": "old-library"} in found["openssl"]["properties"]


def test_the_modules_of_a_go_program_are_found(tree: Path, tmp_path: Path) -> None:
    """By the path that Go's notices name, and the version as Go writes it."""
    urls = {part["purl"] for part in parts(tree, tmp_path / "code").values() if "golang" in part.get("purl", "")}

    assert urls == {
        "pkg:golang/stdlib@1.24.4",
        "pkg:golang/github.com/spf13/cobra@v1.8.1",
        "pkg:golang/golang.org/x/crypto@v0.25.0",
        "pkg:golang/github.com/rubyist/tracerx@v0.0.0-20170927000000-7879593",
        "pkg:golang/gopkg.in/jcmturner/rpc.v0@v0.0.2",
    }


def test_our_own_files_are_listed_with_their_hashes(tree: Path, tmp_path: Path) -> None:
    (file,) = parts(tree, tmp_path / "code")["idp-steps"]["components"]

    assert file["name"] == "/module.pyc"
    assert file["hashes"][0]["content"] == "5694d08a2e53ffcae0c3103e5ad6f6076abd960eb1f8a56577040bc1028f702b"


def test_an_older_copyright_file_tells_the_common_licences_that_it_refers_to() -> None:
    text = "This package was put together by hand.\nSee /usr/share/common-licenses/GPL-2.\n"

    assert licences(text) == ["GPL-2"]
