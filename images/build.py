"""Build, list and push the images with whichever engine is there; `make images` and the targets next to it call it.

    build base              make the Debian base image with mmdebstrap, for a site without a registry
    build build [NAME...]   build images and their root variants, all by default
    build check             build all without keeping anything, as for another platform
    build digests           print what was built: name, tag, digest
    build lists             write docker-bake.json
    build sbom FOLDER       write the bill of materials of each image into a folder
    build push REGISTRY     push everything to REGISTRY/idp-steps/...

Settings come from the environment: ENGINE (docker, podman, buildah), BASE_IMAGE, PLATFORMS, NO_CACHE, SOURCE_URL,
HOME_URL, DOCUMENTATION_URL, SOURCE_DATE_EPOCH, DEBIAN_MIRROR, CA_BUNDLE and PIP_CONF (files for the build stage only;
they are in no image).
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from images.listed import BAKE_LIST, IMAGES, ROOT, VARIANTS, VERSION, bake_list, contracts, labels, setting, variables

DEBIAN = "trixie"
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
SECRETS = {"CA_BUNDLE": "ca-bundle", "PIP_CONF": "pip-conf"}
ENGINE = setting("ENGINE", "docker")
PLATFORMS = setting("PLATFORMS").replace(" ", "")
LOCAL_BASE = f"idp-steps/debian:{DEBIAN}"
BASE_IMAGE = setting("BASE_IMAGE", f"debian:{DEBIAN}-slim")


def build(images: Sequence[str], repository: str = "idp-steps", *, push: bool = False, keep: bool = True) -> None:
    """Build images and their variants; with push they go to the registry of `repository`, with keep=False nowhere."""
    if ENGINE == "docker":
        output = "type=registry,oci-mediatypes=true" if push else "" if keep else "type=cacheonly"
        _bake([f"{image}{variant}" for image in images for variant in VARIANTS], repository, output)
        return
    declared = contracts()
    for image in images:
        for variant, user in VARIANTS.items():
            name = f"{repository}/{image}:{VERSION}{variant}"
            _build_one(image, user, name, labels(declared[image]))
            if push:
                _run(ENGINE, "push", name)


def _bake(targets: Sequence[str], repository: str, output: str) -> None:
    settings = {name: setting(name) for name in (*PROXIES, *SECRETS)}
    settings |= {"BASE_IMAGE": BASE_IMAGE, "PLATFORMS": PLATFORMS, "REPOSITORY": repository}
    _run(
        *("docker", "buildx", "bake", "--file", "docker-bake.json", "--file", "docker-bake.hcl"),
        *(["--no-cache"] if setting("NO_CACHE") else []),
        *(["--set", f"*.output={output}"] if output else []),
        *targets,
        env=os.environ | variables() | settings,
    )


def _build_one(image: str, user: str, name: str, values: Mapping[str, str]) -> None:
    date = variables()["SOURCE_DATE_EPOCH"]
    arguments = {"IMAGE": image, "BASE": IMAGES[image]["base"], "RUN_AS": user, "BASE_IMAGE": BASE_IMAGE}
    arguments |= {"VERSION": VERSION, "SOURCE_DATE_EPOCH": date}
    arguments |= {key: setting(key) for key in PROXIES if setting(key)}
    secrets = [f"--secret=id={key},src={setting(name)}" for name, key in SECRETS.items() if setting(name)]
    _run(
        *(ENGINE, "build", "--file=images/Dockerfile", "--ignorefile=images/Dockerfile.dockerignore"),
        *(f"--tag={name}", f"--timestamp={date}", "--pull=never", *secrets),
        *(["--no-cache"] if setting("NO_CACHE") else ["--layers"]),
        *([f"--platform={PLATFORMS}"] if PLATFORMS else []),
        *(f"--build-arg={key}={value}" for key, value in arguments.items()),
        *(f"--label={key}={value}" for key, value in values.items()),
        *(f"--annotation={key}={value}" for key, value in values.items() if key.startswith("org.opencontainers.")),
        ".",
    )


def base() -> None:
    """Make the base image from Debian packages and give it the name that BASE_IMAGE then has."""
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "debian.tar"
        mirror = [setting("DEBIAN_MIRROR")] if setting("DEBIAN_MIRROR") else []
        dated = os.environ | {"SOURCE_DATE_EPOCH": variables()["SOURCE_DATE_EPOCH"]}
        _run("mmdebstrap", "--quiet", "--variant=minbase", DEBIAN, archive, *mirror, env=dated)
        if ENGINE == "buildah":
            container = _read("buildah", "from", "scratch")
            _run("buildah", "add", "--quiet", container, archive, "/")
            _run("buildah", "commit", "--quiet", "--rm", container, LOCAL_BASE)
        else:
            _run(ENGINE, "import", archive, LOCAL_BASE)


def digests() -> dict[str, str]:
    """Give the digest of every image and variant that the engine has."""
    formats = {"docker": "{{.Id}}", "podman": "{{.Digest}}", "buildah": "{{.FromImageDigest}}"}
    kind = () if ENGINE == "buildah" else ("image",)
    names = [f"idp-steps/{image}:{VERSION}{variant}" for image in IMAGES for variant in VARIANTS]
    return {name: _read(ENGINE, *kind, "inspect", "--format", formats[ENGINE], name) for name in names}


def sbom(folder: Path) -> None:
    """Copy the bill of materials out of each image, so that it can be published with it."""
    folder.mkdir(parents=True, exist_ok=True)
    for image in IMAGES:
        text = _cat(f"idp-steps/{image}:{VERSION}", "/usr/share/idp-steps/sbom.cdx.json")
        (folder / f"{image}-{VERSION}.cdx.json").write_text(text + "\n", encoding="utf-8")


def _cat(name: str, path: str) -> str:
    if ENGINE != "buildah":
        return _read(ENGINE, "run", "--rm", "--network=none", "--entrypoint=cat", name, path)
    container = _read("buildah", "from", "--pull=never", name)
    try:
        return _read("buildah", "run", container, "--", "cat", path)
    finally:
        _read("buildah", "rm", container)


def _run(*command: str | Path, env: Mapping[str, str] | None = None) -> None:
    subprocess.run([str(part) for part in command], check=True, cwd=ROOT, env=env)


def _read(*command: str | Path) -> str:
    done = subprocess.run([str(part) for part in command], check=True, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    return done.stdout.strip()


def main(arguments: Sequence[str]) -> None:
    """Do one of the things above."""
    match list(arguments):
        case ["base"]:
            base()
        case ["build", *names] if set(names) <= set(IMAGES):
            build(names or list(IMAGES))
        case ["check"]:
            build(list(IMAGES), keep=False)
        case ["digests"]:
            sys.stdout.writelines(f"{name} {digest}\n" for name, digest in digests().items())
        case ["lists"]:
            BAKE_LIST.write_text(bake_list(), encoding="utf-8")
        case ["sbom", folder]:
            sbom(Path(folder))
        case ["push", registry] if re.fullmatch(r"[\w.:/-]+", registry):
            build(list(IMAGES), f"{registry.rstrip('/')}/idp-steps", push=True)
        case _:
            raise SystemExit(__doc__)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except FileNotFoundError as missing:
        raise SystemExit(f"{missing.filename} is not installed; set ENGINE to docker, podman or buildah.") from None
    except subprocess.CalledProcessError as failed:
        raise SystemExit(f"{failed.cmd[0]} failed with exit code {failed.returncode}.") from None
