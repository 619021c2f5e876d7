"""Pushing to a real registry: digests, tags, provenance, signatures; and what can be built without make.

cosign is a stand-in that notes its command lines: that it is called for each digest is held here, not that it signs.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from images.listed import DESCRIBE, IMAGES, VARIANTS, VERSION, contracts
from tests.images.conftest import ENGINE, ROOT, Containers, engine, inspected

pytestmark = [
    pytest.mark.images,
    pytest.mark.usefixtures("containers"),
    pytest.mark.skipif(ENGINE != "docker", reason="provenance and bake are docker's"),
]

INDEX = "application/vnd.oci.image.index.v1+json"


def built_at(image: str) -> str:
    """Give the date of a built image as seconds, with which a build finds its layers again."""
    created = inspected(image)["Config"]["Labels"]["org.opencontainers.image.created"]
    return str(int(dt.datetime.fromisoformat(created).timestamp()))


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[str]:
    """Debian's docker-registry on a free port of the loopback address, which docker lets be plain http."""
    program = shutil.which("docker-registry")
    if program is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("docker-registry is not installed (Debian's package).")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    config = tmp_path / "registry.yml"
    config.write_text(
        f"version: 0.1\nlog: {{accesslog: {{disabled: true}}}}\nhttp: {{addr: '{address}'}}\n"
        # Its store of files writes a tag in two steps: a request for that tag in between was answered 500.
        "storage: {inmemory: {}}\n",
        encoding="utf-8",
    )
    with (
        (tmp_path / "registry.log").open("w") as log,
        subprocess.Popen([program, "serve", config], stdout=log, stderr=log) as serving,
    ):
        try:
            _wait_for(f"http://{address}/v2/")
            yield address
        finally:
            serving.terminate()


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            with urllib.request.urlopen(url):  # noqa: S310 - our own registry
                return
        except urllib.error.URLError:
            assert time.monotonic() < deadline, f"{url} never answered"
            time.sleep(0.1)


def manifest(registry: str, image: str, reference: str) -> tuple[str, dict[str, Any]]:
    """Give the digest and the content of what a registry has under a tag or digest."""
    asked = urllib.request.Request(
        f"http://{registry}/v2/team/idp-steps/{image}/manifests/{reference}",
        headers={"Accept": f"{INDEX}, application/vnd.oci.image.manifest.v1+json"},
    )
    with urllib.request.urlopen(asked) as answer:  # noqa: S310
        return answer.headers["Docker-Content-Digest"], dict(json.load(answer))


def test_a_push_ends_with_the_digests_of_what_is_there_and_signed(registry: str, tmp_path: Path) -> None:
    """Each image and variant under all its tags, with provenance, signed by its digest, its SBOM attested."""
    calls = tmp_path / "calls"
    cosign = tmp_path / "bin/cosign"
    cosign.parent.mkdir()
    cosign.write_text(f'#!/bin/sh\necho "$*" >>{calls}\n', encoding="utf-8")
    cosign.chmod(0o755)
    environ = {
        **os.environ,
        "PATH": f"{cosign.parent}:{os.environ['PATH']}",
        "SOURCE_DATE_EPOCH": built_at("createcatalog"),
        "SIGN_KEY": "cosign.key",
        "TAGS": "0.1 latest",
    }

    done = subprocess.run(
        [sys.executable, "-m", "images.build", "push", f"{registry}/team"],
        check=False,
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stderr[-2000:]
    listed = dict(line.split() for line in done.stdout.splitlines())
    signed = calls.read_text(encoding="utf-8").splitlines()
    assert len(listed) == len(IMAGES) * len(VARIANTS)
    for image in IMAGES:
        for variant in VARIANTS:
            digest = listed[f"{registry}/team/idp-steps/{image}:{VERSION}{variant}"]
            pushed = f"{registry}/team/idp-steps/{image}@{digest}"
            assert f"sign --yes --recursive --key=cosign.key {pushed}" in signed
            assert [line for line in signed if line.startswith("attest") and line.endswith(pushed)]
            for tag in (VERSION, "0.1", "latest"):
                assert manifest(registry, image, f"{tag}{variant}")[0] == digest
    _, index = manifest(registry, "createcatalog", VERSION)
    (attestation,) = (one for one in index["manifests"] if "vnd.docker.reference.type" in one.get("annotations", {}))
    _, provenance = manifest(registry, "createcatalog", attestation["digest"])
    assert "slsa.dev/provenance" in str(provenance["layers"])


def test_docker_alone_builds_an_image_with_its_tag_and_labels() -> None:
    """`docker buildx bake NAME` needs no make and no Python; the date makes it find the layers of the last build."""
    environ = {**os.environ, "SOURCE_DATE_EPOCH": built_at("createcatalog"), "REPOSITORY": "idp-steps-by-bake"}
    name = f"idp-steps-by-bake/createcatalog:{VERSION}"

    done = subprocess.run(
        ["docker", "buildx", "bake", "createcatalog"],
        check=False,
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
    )
    try:
        assert done.returncode == 0, done.stderr[-2000:]
        labels = json.loads(engine("image", "inspect", name))[0]["Config"]["Labels"]
        assert json.loads(labels[DESCRIBE]) == contracts()["createcatalog"]
        assert labels["org.opencontainers.image.version"] == VERSION
    finally:
        engine("rmi", name)


def test_a_source_archive_builds(containers: Containers, tmp_path: Path) -> None:
    """Without .git the date is given, and everything is built."""
    source = tmp_path / "source"
    skipped = shutil.ignore_patterns(".git", ".venv", "__pycache__", ".*_cache", ".hypothesis")
    shutil.copytree(ROOT, source, ignore=skipped)

    done = subprocess.run(
        [sys.executable, "-m", "images.build", "check"],
        check=False,
        cwd=source,
        env={**os.environ, "SOURCE_DATE_EPOCH": built_at("createcatalog")},
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stderr[-2000:]


def test_a_scanner_is_given_each_bill_of_materials(containers: Containers, tmp_path: Path) -> None:
    """One that finds something ends the scan with the image's name."""
    trivy = tmp_path / "trivy"
    trivy.write_text('#!/bin/sh\ngrep -q CycloneDX "$4" && ! grep -q idp-steps/createrepo "$4"\n', encoding="utf-8")
    trivy.chmod(0o755)

    done = subprocess.run(
        [sys.executable, "-m", "images.build", "scan"],
        check=False,
        cwd=ROOT,
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
    )

    assert done.stderr == "trivy found something in createrepo; what and where stands above.\n"
    assert done.returncode == 1
