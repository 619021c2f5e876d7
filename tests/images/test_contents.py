"""What is in the images, what is not, what they say of themselves, and how much they weigh."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import subprocess
import tarfile
from typing import Any

import pytest

from images.assemble import BASES, FILE_DATE
from images.listed import IMAGES, contracts, labels
from tests.images.conftest import ENGINE, ROOT, Containers, inspected, tag

pytestmark = [pytest.mark.images, pytest.mark.usefixtures("containers")]

CEILINGS = {
    "cookiecutter": 34,
    "createrepo": 25,
    "directpush": 32,
    "gitclone": 35,
    "createorganization": 25,
    "createproject": 25,
    "updatecatalogproperty": 25,
    "createresource": 18,  # without OpenTofu, whose binary has some 25
}  # MB, gzip as a registry stores the layers
CEILING = 17  # of all others
ALL_CEILING = 60
OF_THE_CHECKOUT = {"org.opencontainers.image.created", "org.opencontainers.image.revision"}
GZIP_MAGIC = b"\x1f\x8b"
PROGRAMS = {"git", "git-lfs", "python3", "python3.13"}  # of usr/bin, besides tools.txt
# Names that a program which is many at once, as busybox is, holds for each of them.
UNWANTED = """
    wget telnet httpd ftpget tftp dpkg rpm sulogin insmod
"""
LOOK_AROUND = """
import importlib.metadata, importlib.util, json, os, re, stat, sys
sources, special, caches, programs, applets, dates = [], [], [], [], [], []
unwanted = re.compile(rb"\\0(" + "|".join(sys.argv[1:]).encode() + rb")\\0|BusyBox|[Tt]oybox|multi-call")
for folder, _, names in os.walk("/", onerror=lambda error: None):
    if folder.startswith(("/proc", "/sys", "/dev")):
        continue
    if folder.rstrip("/").rpartition("/")[2] in (".cache", "__pycache__", "tests", ".git") or "/var/cache/" in folder:
        caches.append(folder)
    for name in names:
        path = os.path.join(folder, name)
        mode = os.lstat(path).st_mode
        if path.startswith("/usr/"):
            dates.append(os.lstat(path).st_mtime)
        if mode & (stat.S_ISUID | stat.S_ISGID):
            special.append(path)
        if name.endswith(".py"):
            sources.append(path)
        if not stat.S_ISLNK(mode) and not mode & 0o111 or ".so" in name or os.path.isdir(path):
            continue
        content = open(os.path.realpath(path), "rb").read() if os.path.exists(path) else b""
        if content.startswith((b"\\x7fELF", b"#!")) and os.access(path, os.X_OK):
            programs.append(path)
            if not path.startswith(("/usr/bin/python3", "/usr/bin/git", "/usr/lib/git-core/")):
                applets += [f"{path}: {found[0]}" for found in [unwanted.search(content)] if found]
print(json.dumps({
    "sources": sources, "special": special, "caches": caches, "programs": programs, "applets": applets,
    "dates": sorted(set(dates)),
    "modules": [name for name in ("pip", "setuptools", "ensurepip", "venv", "tkinter", "runner", "sandbox", "pygments")
                if importlib.util.find_spec(name)],
    "distributions": {one.name.lower(): one.version for one in importlib.metadata.distributions()},
}))
"""


def looked_at(containers: Containers, image: str) -> dict[str, Any]:
    """Give what a script finds inside the image, as root, so that no folder is closed to it."""
    running = containers.having("--user=0", "--entrypoint=/usr/bin/python3")
    done = running.run(image, None, "-P", "-c", LOOK_AROUND, *UNWANTED.split()).well()
    return dict(json.loads(done.stdout))


def locked(image: str) -> str:
    """Give the text of the image's lock."""
    return (ROOT / "requirements/images" / f"{IMAGES[image]['extra']}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("image", IMAGES)
def test_image_holds_what_its_lock_names_and_no_tool_of_an_intruder(image: str, containers: Containers) -> None:
    """No package manager, compiler, downloader, set-user-id file or cache; Python packages exactly as locked.

    What can be started is what tools.txt lists, and no program has another one in it, whatever name it is called by.
    """
    found = looked_at(containers, image)
    lock = locked(image)

    lines = (ROOT / "images/tools.txt").read_text(encoding="utf-8").splitlines()
    tools = {line for line in lines if not line.startswith("#")} | PROGRAMS | {image, "step"}
    tools -= {"git", "git-lfs"} - set(BASES[IMAGES[image]["base"]])
    outside_git = {path for path in found["programs"] if not path.startswith("/usr/lib/git-core/")}
    assert {path.rpartition("/")[2] for path in outside_git} - {"ld-linux-x86-64.so.2"} == tools
    assert {path.rpartition("/")[0] for path in outside_git} == {"/usr/bin", "/usr/local/bin"}
    assert found["applets"] == []
    assert found["modules"] == []
    assert found["dates"] == [FILE_DATE]  # of every commit, so that what does not change is pulled once
    assert found["special"] == []
    assert found["caches"] == []
    assert found["sources"] == []
    normal = {re.sub(r"[-_.]+", "-", name): version for name, version in found["distributions"].items()}
    assert normal == dict(re.findall(r"^([\w.-]+)==([^ ]+)", lock, re.MULTILINE))


@pytest.mark.parametrize("image", IMAGES)
def test_image_says_what_it_is(image: str, containers: Containers) -> None:
    """Labels tell origin and licence, and hold the contract that the step itself prints."""
    config = inspected(image)["Config"]
    contract = json.loads(containers.run(image, None, "--describe").well().stdout)
    expected = {name: value for name, value in labels(contracts()[image]).items() if name not in OF_THE_CHECKOUT}

    assert {name: config["Labels"].get(name) for name in expected} == expected
    assert json.loads(config["Labels"]["io.idp-steps.describe"]) == contract
    assert contract["image"] == image


@pytest.mark.parametrize("image", IMAGES)
def test_image_starts_as_the_platforms_expect(image: str, containers: Containers) -> None:
    """Entrypoint absolute and in exec form, numeric user in group 0, /harness, SIGTERM; help on standard output."""
    config = inspected(image)["Config"]

    assert config["Entrypoint"] == ["/usr/local/bin/step"]
    assert re.fullmatch(r"[1-9]\d*:0", config["User"])
    assert config["WorkingDir"] == "/harness"
    assert config["StopSignal"] == "SIGTERM"
    assert not config.get("Cmd")
    assert containers.run(image, None, "--help").well().stdout.startswith(f"Usage: {image} [OPTIONS]\n")


@pytest.mark.parametrize("image", IMAGES)
def test_root_variant_differs_in_its_user_only(image: str) -> None:
    """It is made of the same layers, so a node that has one has the other."""
    plain, root = inspected(image), inspected(image, "-root")

    assert plain["RootFS"]["Layers"] == root["RootFS"]["Layers"]
    assert root["Config"]["User"] == "0:0"
    assert {**plain["Config"], "User": ""} == {**root["Config"], "User": ""}


@pytest.mark.parametrize("image", IMAGES)
def test_bill_of_materials_lists_every_part(image: str, containers: Containers) -> None:
    """Every Debian package with source, licence and hash, every distribution of the lock, what is built into them."""
    bill = json.loads(containers.script(image, "print(open('/usr/share/idp-steps/sbom.cdx.json').read())"))
    packages = containers.script(image, "import os; print(*os.listdir('/var/lib/dpkg/status.d'))").split()
    parts = bill["components"]
    debian = [part for part in parts if part.get("purl", "").startswith("pkg:deb/")]
    python = [part for part in parts if part.get("purl", "").startswith("pkg:pypi/")]

    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert {part["name"] for part in debian} == set(packages)
    assert all(re.search(r"@.+\?arch=.+&distro=debian-13&upstream=.+", part["purl"]) for part in debian)
    assert {part["purl"] for part in python} == {
        f"pkg:pypi/{name}@{version}"
        for name, version in re.findall(r"^([\w.-]+)==([^ ]+)", locked(image), re.MULTILINE)
    }
    for part in [*debian, *python]:
        assert re.fullmatch("[0-9a-f]{64}", part["hashes"][0]["content"]), part["name"]
        assert part["licenses"], part["name"]
    built_in = {part["name"] for part in parts if "built-into" in str(part.get("properties"))}
    assert "openssl" not in built_in  # Debian's cryptography is built over the OpenSSL that Python has
    assert ("python3-cryptography" in packages) == ("cryptography" in BASES[IMAGES[image]["base"]])
    assert ({"stdlib", "golang.org/x/crypto"} <= built_in) == (IMAGES[image]["base"] == "git-lfs")
    assert len({part["bom-ref"] for part in parts}) == len(parts)


@pytest.mark.parametrize("image", IMAGES)
def test_bill_of_materials_holds_our_own_files(image: str, containers: Containers) -> None:
    """Each module of the step is there with the hash that it has in the image."""
    check = (
        "import hashlib, json; bill = json.load(open('/usr/share/idp-steps/sbom.cdx.json'));"
        "(own,) = [part['components'] for part in bill['components'] if part['name'] == 'idp-steps'];"
        "hashed = lambda name: hashlib.sha256(open(name, 'rb').read()).hexdigest();"
        "print(all(hashed(file['name']) == file['hashes'][0]['content'] for file in own));"
        "print(*(file['name'] for file in own))"
    )

    same, *names = containers.script(image, check).split()

    assert same == "True"
    assert any(name.endswith(f"/steps/{IMAGES[image]['module']}.pyc") for name in names)
    assert any(name.endswith("/common/contract/step.pyc") for name in names)


def layers(image: str) -> dict[str, int]:
    """Give the image's layers and their compressed sizes in bytes, as a registry stores them."""
    command = [ENGINE, "save", *(["--format=oci-archive"] if ENGINE == "podman" else []), tag(image)]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE) as saving,
        tarfile.open(fileobj=saving.stdout, mode="r|") as archive,
    ):
        files = {
            member.name: content.read()
            for member in archive
            if member.isfile() and (content := archive.extractfile(member)) is not None
        }
    contents = _of_classic_store(files) if "index.json" not in files else _of_layout(files)
    return {hashlib.sha256(content).hexdigest(): _compressed(content) for content in contents}


def _of_layout(files: dict[str, bytes]) -> list[bytes]:
    manifest = json.loads(files["index.json"])
    while "layers" not in manifest:
        manifest = json.loads(files[_blob(manifest["manifests"][0]["digest"])])
    return [files[_blob(layer["digest"])] for layer in manifest["layers"]]


def _of_classic_store(files: dict[str, bytes]) -> list[bytes]:
    (described,) = json.loads(files["manifest.json"])
    return [files[name] for name in described["Layers"] if name in files]


def _blob(digest: str) -> str:
    return f"blobs/{digest.replace(':', '/')}"


def _compressed(content: bytes) -> int:
    return len(content if content.startswith(GZIP_MAGIC) else gzip.compress(content, 6, mtime=0))


def test_images_stay_below_their_ceilings() -> None:
    """Compressed sizes, alone and all together with shared layers counted once."""
    sizes = {image: layers(image) for image in IMAGES}
    megabytes = {image: round(sum(found.values()) / 1e6, 1) for image, found in sizes.items()}
    once = {digest: size for found in sizes.values() for digest, size in found.items()}
    together = round(sum(once.values()) / 1e6, 1)
    print(f"compressed MB: {megabytes}, together {together}")

    assert {image: size for image, size in megabytes.items() if size > CEILINGS.get(image, CEILING)} == {}
    assert together <= ALL_CEILING
    table = (ROOT / "images/README.md").read_text(encoding="utf-8")
    for image, size in megabytes.items():
        (printed,) = re.findall(rf"^\| `{image}` \| ([\d.]+) \|", table, re.MULTILINE)
        assert abs(float(printed) - size) <= 1, f"images/README.md says {printed} MB for {image}; it is {size}"
