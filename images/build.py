"""Build, list and push the images with whichever engine is there. `make images` and its siblings call it.

    build.py base              make the Debian base image with mmdebstrap, for a site without a registry
    build.py build [NAME...]   build images and their root twins, all by default
    build.py check             build all without keeping anything, as for another platform
    build.py digests           print what was built: name, tag, digest
    build.py sbom FOLDER       write the bill of materials of each image into a folder
    build.py push REGISTRY     push everything to REGISTRY/idp-steps/...

Settings come from the environment: ENGINE (docker, podman, buildah), BASE_IMAGE, PLATFORMS, NO_CACHE, SOURCE_URL,
SOURCE_DATE_EPOCH, DEBIAN_MIRROR, CA_BUNDLE and PIP_CONF (files for the build stage only; they are in no image).
"""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
DEBIAN = "trixie"
MODULES = {  # image -> the module whose contract its labels hold
    "cookiecutter": "cookie_cutter",
    "createrepo": "create_repo",
    "createcatalog": "create_catalog",
    "directpush": "direct_push",
    "registercatalog": "register_catalog",
    "slacknotify": "slack_notify",
    "updatecatalogproperty": "update_catalog_property",
}
TWINS = ("", "-root")
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
VERSION: str = PROJECT["version"]
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
SECRETS = {"CA_BUNDLE": "ca-bundle", "PIP_CONF": "pip-conf"}


def setting(name: str, default: str = "") -> str:
    """Give an environment variable; empty counts as not set."""
    return os.environ.get(name) or default


ENGINE = setting("ENGINE", "docker")
PLATFORMS = setting("PLATFORMS").replace(" ", "")
LOCAL_BASE = f"idp-steps/debian:{DEBIAN}"
BASE_IMAGE = setting("BASE_IMAGE", f"debian:{DEBIAN}-slim")


def source_date() -> int:
    """Give the date that every file and label carries: SOURCE_DATE_EPOCH, else that of the last commit."""
    given = setting("SOURCE_DATE_EPOCH")
    return int(given or _read("git", "log", "-1", "--pretty=%ct") or "0")


def labels(image: str) -> dict[str, str]:
    """Give the labels of an image, which are its annotations too."""
    contract = json.loads(_read(sys.executable, "-P", "-m", f"steps.{MODULES[image]}", "--describe"))
    created = dt.datetime.fromtimestamp(source_date(), tz=dt.UTC)
    urls = {name.lower(): url for name, url in PROJECT.get("urls", {}).items()}
    home = setting("SOURCE_URL", urls.get("source", ""))
    found = {
        "title": f"idp-steps {image}",
        "description": contract["summary"],
        "version": VERSION,
        "revision": _read("git", "rev-parse", "HEAD"),
        "created": created.isoformat().replace("+00:00", "Z"),
        "licenses": PROJECT["license"],
        "vendor": PROJECT["name"],
        "source": home,
        "url": urls.get("homepage", home),
        "documentation": urls.get("documentation", home),
    }
    named = {f"org.opencontainers.image.{name}": value for name, value in found.items() if value}
    return named | {"io.idp-steps.describe": json.dumps(contract, separators=(",", ":"))}


def build(images: Sequence[str], repository: str = "idp-steps", *, push: bool = False, keep: bool = True) -> None:
    """Build images and twins under `repository`; with push they go to its registry, with keep=False nowhere."""
    targets = {f"{image}{twin}": labels(image) for image in images for twin in TWINS}
    if ENGINE == "docker":
        output = "type=registry,oci-mediatypes=true" if push else "" if keep else "type=cacheonly"
        _bake(targets, repository, output)
        return
    for target, values in targets.items():
        image, twin = (target.removesuffix("-root"), "-root") if target.endswith("-root") else (target, "")
        name = f"{repository}/{image}:{VERSION}{twin}"
        _build_one(target, name, values)
        if push:
            _run(ENGINE, "push", name)


def _bake(targets: Mapping[str, Mapping[str, str]], repository: str, output: str) -> None:
    levels = ("index", "manifest") if "," in PLATFORMS else ("manifest",)
    more = {
        "target": {
            target: {
                "labels": values,
                "annotations": [
                    f"{level}:{key}={value}" for level in levels for key, value in values.items() if _is_annotation(key)
                ],
                "args": {name: setting(name) for name in PROXIES if setting(name)},
                **({"platforms": PLATFORMS.split(",")} if PLATFORMS else {}),
            }
            for target, values in targets.items()
        }
    }
    variables = {
        "BASE_IMAGE": BASE_IMAGE,
        "REPOSITORY": repository,
        "VERSION": VERSION,
        "SOURCE_DATE_EPOCH": str(source_date()),
        **{name: setting(name) for name in SECRETS},
    }
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(more, file)
        file.flush()
        _run(
            *("docker", "buildx", "bake", "--file", "images/docker-bake.hcl", "--file", file.name),
            *(["--no-cache"] if setting("NO_CACHE") else []),
            *(["--set", f"*.output={output}"] if output else []),
            *targets,
            env=os.environ | variables,
        )


def _build_one(target: str, name: str, values: Mapping[str, str]) -> None:
    arguments = {"BASE_IMAGE": BASE_IMAGE, "VERSION": VERSION, "SOURCE_DATE_EPOCH": str(source_date())}
    arguments |= {key: setting(key) for key in PROXIES if setting(key)}
    secrets = [f"--secret=id={key},src={setting(name)}" for name, key in SECRETS.items() if setting(name)]
    _run(
        *(ENGINE, "build", "--file=images/Dockerfile", "--ignorefile=images/Dockerfile.dockerignore"),
        *(f"--target={target}", f"--tag={name}", f"--timestamp={source_date()}", "--pull=never", *secrets),
        *(["--no-cache"] if setting("NO_CACHE") else ["--layers"]),
        *([f"--platform={PLATFORMS}"] if PLATFORMS else []),
        *(f"--build-arg={key}={value}" for key, value in arguments.items()),
        *(f"--label={key}={value}" for key, value in values.items()),
        *(f"--annotation={key}={value}" for key, value in values.items() if _is_annotation(key)),
        ".",
    )


def _is_annotation(key: str) -> bool:
    return key.startswith("org.opencontainers.")


def base() -> None:
    """Make the base image from Debian packages and give it the name that BASE_IMAGE then has."""
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "debian.tar"
        mirror = [setting("DEBIAN_MIRROR")] if setting("DEBIAN_MIRROR") else []
        variables = os.environ | {"SOURCE_DATE_EPOCH": str(source_date())}
        _run("mmdebstrap", "--quiet", "--variant=minbase", DEBIAN, archive, *mirror, env=variables)
        if ENGINE == "buildah":
            container = _read("buildah", "from", "scratch")
            _run("buildah", "add", "--quiet", container, archive, "/")
            _run("buildah", "commit", "--quiet", "--rm", container, LOCAL_BASE)
        else:
            _run(ENGINE, "import", archive, LOCAL_BASE)


def digests() -> dict[str, str]:
    """Give the digest of every image and twin that the engine has."""
    formats = {"docker": "{{.Id}}", "podman": "{{.Digest}}", "buildah": "{{.FromImageDigest}}"}
    kind = () if ENGINE == "buildah" else ("image",)
    names = [f"idp-steps/{image}:{VERSION}{twin}" for image in MODULES for twin in TWINS]
    return {name: _read(ENGINE, *kind, "inspect", "--format", formats[ENGINE], name) for name in names}


def sbom(folder: Path) -> None:
    """Copy the bill of materials out of each image, so that it can be published beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    for image in MODULES:
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
        case ["build", *names] if set(names) <= set(MODULES):
            build(names or list(MODULES))
        case ["check"]:
            build(list(MODULES), keep=False)
        case ["digests"]:
            sys.stdout.writelines(f"{name} {digest}\n" for name, digest in digests().items())
        case ["sbom", folder]:
            sbom(Path(folder))
        case ["push", registry] if re.fullmatch(r"[\w.:/-]+", registry):
            build(list(MODULES), f"{registry.rstrip('/')}/idp-steps", push=True)
        case _:
            raise SystemExit(__doc__)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except FileNotFoundError as missing:
        raise SystemExit(f"{missing.filename} is not installed; set ENGINE to docker, podman or buildah.") from None
    except subprocess.CalledProcessError as failed:
        raise SystemExit(f"{failed.cmd[0]} failed with exit code {failed.returncode}.") from None
