"""Build, list and push the images with whichever engine is there; `make images` and the targets next to it call it.

    build base              make the Debian base image with mmdebstrap, for a site without a registry
    build build [NAME...]   build images and their root variants, all by default
    build check             build all without keeping anything, as for another platform
    build digests           print what was built: name, tag, digest
    build lists             write docker-bake.json
    build sbom FOLDER       write the bill of materials of each image into a folder
    build push REGISTRY     push everything to REGISTRY/idp-steps/..., and print the digests
    build scan              have SCANNER (trivy, grype, osv-scanner) look at what the images hold

Settings come from the environment: ENGINE (docker, podman, buildah), BASE_IMAGE, PLATFORMS, NO_CACHE, SOURCE_URL,
HOME_URL, DOCUMENTATION_URL, SOURCE_DATE_EPOCH, DEBIAN_MIRROR, TOFU_IMAGE (one with OpenTofu, for createresource), TAGS
(more tags to push), SIGN_KEY, CA_BUNDLE and PIP_CONF (files for the build stage only; they are in no image).
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from images import needed, publish
from images.listed import BAKE_LIST, IMAGES, ROOT, VARIANTS, VERSION, bake_list, contracts, labels, setting, variables

DEBIAN = "trixie"
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
SECRETS = {"CA_BUNDLE": "ca-bundle", "PIP_CONF": "pip-conf"}
ENGINE = setting("ENGINE", "docker")
PLATFORMS = setting("PLATFORMS").replace(" ", "")
TAGS = setting("TAGS").replace(",", " ").split()
SIGN_KEY = setting("SIGN_KEY")
TOFU_IMAGE = setting("TOFU_IMAGE")
LOCAL_BASE = f"idp-steps/debian:{DEBIAN}"
BASE_IMAGE = setting("BASE_IMAGE", f"debian:{DEBIAN}-slim")


def build(images: Sequence[str], *, keep: bool = True) -> None:
    """Build images and their variants; with keep=False only to see that it can be done."""
    needed.base_image(ENGINE, BASE_IMAGE)
    if ENGINE == "docker":
        _bake(_targets(images), *([] if keep else ["--set=*.output=type=cacheonly"]))
        return
    declared = contracts()
    for image in images:
        for variant in VARIANTS:
            _build_one(image, variant, labels(declared[image]))


def push(registry: str) -> dict[str, str]:
    """Push every image and variant to REGISTRY/idp-steps/ and give the digest of each, by its full name."""
    repository = f"{registry}/idp-steps"
    if ENGINE == "docker":
        pushed = _push_baked(repository)
    else:
        build(list(IMAGES))
        pushed = _push_built(repository)
    if SIGN_KEY:
        with tempfile.TemporaryDirectory() as folder:
            bills = sbom(Path(folder), repository)
            publish.sign(pushed, {name: bills[_image_of(name)] for name in pushed}, SIGN_KEY)
    return pushed


def _image_of(name: str) -> str:
    return name.rpartition(":")[0].rpartition("/")[2]


def _push_baked(repository: str) -> dict[str, str]:
    needed.base_image(ENGINE, BASE_IMAGE)
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "metadata.json"
        _bake(
            _targets(IMAGES),
            "--set=*.output=type=registry,oci-mediatypes=true",
            "--set=*.attest=type=provenance,mode=max",
            f"--metadata-file={told}",
            REPOSITORY=repository,
            TAGS=",".join(TAGS),
        )
        metadata = json.loads(told.read_text(encoding="utf-8"))
    return {
        f"{repository}/{image}:{VERSION}{variant}": metadata[f"{image}{variant}"]["containerimage.digest"]
        for image in IMAGES
        for variant in VARIANTS
    }


def _push_built(repository: str) -> dict[str, str]:
    pushed = {}
    for image in IMAGES:
        for variant in VARIANTS:
            for tag in (VERSION, *TAGS):
                with tempfile.NamedTemporaryFile("r") as digest:
                    name = f"{repository}/{image}:{tag}{variant}"
                    _run(ENGINE, "push", f"--digestfile={digest.name}", f"idp-steps/{image}:{VERSION}{variant}", name)
                    if tag == VERSION:
                        pushed[name] = digest.read().strip()
    return pushed


def _targets(images: Iterable[str]) -> list[str]:
    return [f"{image}{variant}" for image in images for variant in VARIANTS]


def _bake(targets: Sequence[str], *options: str, **more: str) -> None:
    settings = {name: setting(name) for name in (*PROXIES, *SECRETS)}
    settings |= {
        "TOFU_IMAGE": TOFU_IMAGE,
        "BASE_IMAGE": BASE_IMAGE,
        "PLATFORMS": PLATFORMS,
        "REPOSITORY": "idp-steps",
        "TAGS": "",
    }
    settings["BUILDX_BAKE_ENTITLEMENTS_FS"] = "0"  # newer ones ask whether CA_BUNDLE may be read; you named it yourself
    _build(
        *("docker", "buildx", "bake", "--progress=plain", "--file=docker-bake.json", "--file=docker-bake.hcl"),
        *(["--no-cache"] if setting("NO_CACHE") else []),
        *options,
        *targets,
        env=os.environ | variables() | settings | more,
    )


def _build_one(image: str, variant: str, values: Mapping[str, str]) -> None:
    date = variables()["SOURCE_DATE_EPOCH"]
    row = IMAGES[image]
    base_name = row.get("with", row["base"]) if TOFU_IMAGE else row["base"]
    arguments = {"IMAGE": image, "BASE": base_name, "BASE_IMAGE": BASE_IMAGE}
    arguments |= {"TOFU_IMAGE": TOFU_IMAGE} if TOFU_IMAGE else {}
    arguments |= {"VERSION": VERSION, "SOURCE_DATE_EPOCH": date}
    arguments |= {key: setting(key) for key in PROXIES if setting(key)}
    secrets = [f"--secret=id={key},src={setting(name)}" for name, key in SECRETS.items() if setting(name)]
    _build(
        *(ENGINE, "build", "--file=images/Dockerfile", "--ignorefile=images/Dockerfile.dockerignore"),
        *(
            f"--target=step{variant}",
            f"--tag=idp-steps/{image}:{VERSION}{variant}",
            f"--timestamp={date}",
            "--pull=never",
            *secrets,
        ),
        *(["--no-cache"] if setting("NO_CACHE") else ["--layers"]),
        *([f"--platform={PLATFORMS}"] if PLATFORMS else []),
        *(f"--build-arg={key}={value}" for key, value in arguments.items()),
        *(f"--label={key}={value}" for key, value in values.items()),
        *(f"--annotation={key}={value}" for key, value in values.items() if key.startswith("org.opencontainers.")),
        ".",
    )


def base() -> None:
    """Make the base image from Debian packages and give it the name that BASE_IMAGE then has."""
    needed.base_tools()
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


def sbom(folder: Path, repository: str = "idp-steps") -> dict[str, Path]:
    """Copy the bill of materials out of each image, so that it can be published with it; give the files by image."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {image: folder / f"{image}-{VERSION}.cdx.json" for image in IMAGES}
    for image, file in files.items():
        text = _cat(f"{repository}/{image}:{VERSION}", "/usr/share/idp-steps/sbom.cdx.json")
        file.write_text(text + "\n", encoding="utf-8")
    return files


def scan(scanner: str) -> None:
    """Have a scanner look at the bills of materials. Raises SystemExit when it finds something."""
    if scanner not in publish.SCANNERS:
        raise needed.Missing(f"SCANNER is {scanner!r}; it can be {', '.join(publish.SCANNERS)}.")
    needed.program(scanner, "SCANNER", "is to look at the images")
    with tempfile.TemporaryDirectory() as folder:
        if found := publish.scan(scanner, sbom(Path(folder))):
            raise SystemExit(f"{scanner} found something in {', '.join(found)}; what and where stands above.")


def _cat(name: str, path: str) -> str:
    """Read a file of an image. Not by what a container prints: an engine under load can lose that of a short one."""
    if ENGINE != "buildah":
        container = _read(ENGINE, "create", "--pull=never", name)
        try:
            with tempfile.TemporaryDirectory() as folder:
                _read(ENGINE, "cp", f"{container}:{path}", f"{folder}/file")
                return (Path(folder) / "file").read_text(encoding="utf-8").strip()
        finally:
            _read(ENGINE, "rm", container)
    container = _read("buildah", "from", "--pull=never", name)
    try:
        return _read("buildah", "run", container, "--", "cat", path)
    finally:
        _read("buildah", "rm", container)


def _build(*command: str, env: Mapping[str, str] | None = None) -> None:
    """Run a build and show what it prints. Raises SystemExit with the reason when it fails."""
    lines = []
    with subprocess.Popen(
        command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as building:
        for line in building.stdout or ():
            sys.stderr.write(line)
            lines.append(line.rstrip())
    if building.returncode != 0:
        words = needed.explained(lines) or f"{' '.join(command[:3])} failed; its last lines above say why."
        raise SystemExit(f"The images are not built: {words}")


def _run(*command: str | Path, env: Mapping[str, str] | None = None) -> None:
    subprocess.run([str(part) for part in command], check=True, cwd=ROOT, env=env)


def _read(*command: str | Path) -> str:
    done = subprocess.run([str(part) for part in command], check=True, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    return done.stdout.strip()


def _push_checked(registry: str) -> None:
    if not re.fullmatch(r"[\w.-]+(:\d+)?(/[\w./-]+)?", registry):
        raise needed.Missing(f"REGISTRY is {registry!r}; give a host and a path, as in registry.example.com/team.")
    if SIGN_KEY:
        needed.program("cosign", "SIGN_KEY", "signs with SIGN_KEY")
    sys.stdout.writelines(f"{name} {digest}\n" for name, digest in push(registry.rstrip("/")).items())


def main(arguments: Sequence[str]) -> None:
    """Do one of the things above."""
    if arguments and arguments[0] != "lists":
        needed.engine(ENGINE)
    match list(arguments):
        case ["base"]:
            base()
        case ["build", *names]:
            needed.images(names, IMAGES)
            build(names or list(IMAGES))
        case ["check"]:
            build(list(IMAGES), keep=False)
        case ["digests"]:
            sys.stdout.writelines(f"{name} {digest}\n" for name, digest in digests().items())
        case ["lists"]:
            BAKE_LIST.write_text(bake_list(), encoding="utf-8")
        case ["sbom", folder]:
            sbom(Path(folder))
        case ["push", registry]:
            _push_checked(registry)
        case ["scan"]:
            scan(setting("SCANNER", "trivy"))
        case _:
            raise SystemExit(__doc__)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except needed.Missing as missing:
        raise SystemExit(str(missing)) from None
    except subprocess.CalledProcessError as failed:
        raise SystemExit(f"{failed.cmd[0]} failed with exit code {failed.returncode}.") from None
