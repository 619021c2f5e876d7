"""Put together the file trees that become the layers of the images; it runs in the builder stage, as root.

    assemble base NAME        Debian packages of packages/NAME.txt              -> /layers/NAME
    assemble shared           the Python packages that every image has          -> /layers/shared
    assemble libraries IMAGE  the other Python packages of the image's lock     -> /layers/libraries
    assemble code IMAGE BASE VERSION  our code, its command, and the SBOM of all -> /layers/code

Packages are unpacked, never installed, so a tree for another architecture needs no emulation. The same packages give
the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

from images import reached, sbom, sbom_python, trim
from images.trim import DEBIAN_SITE, LIBRARY, SITE

SOURCE = Path(__file__).resolve().parent.parent
LAYERS = Path("/layers")
ARCHIVES = LAYERS / "archives"  # package -> SHA-256; no layer of an image
BUNDLE = "etc/ssl/certs/ca-certificates.crt"
CA_SECRET = Path("/run/secrets/ca-bundle")
WHEEL_MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}
MANYLINUX = ("manylinux_2_34", "manylinux_2_31", "manylinux_2_28", "manylinux_2_24", "manylinux_2_17", "manylinux2014")
USER = 65532
# The date of every file: one for all commits, so that a layer of the same content is the same layer, whether it comes
# from a cache or is made anew; zip files cannot hold an older one than 1980.
FILE_DATE = 315_619_200
ADVICE = {  # what pip says -> what to do
    "CERTIFICATE_VERIFY_FAILED": "The certificate of the Python index is not trusted, as behind a proxy that looks into"
    " TLS; give your authority's PEM file in CA_BUNDLE.",
    "THESE PACKAGES DO NOT MATCH THE HASHES": "The Python index gave a package with another content than the lock has.",
    "No matching distribution found": "The Python index lacks a package of the lock, or cannot be reached; name"
    " yours in PIP_CONF, or a proxy in HTTPS_PROXY.",
}
BASES = {  # -> the layers that it has, in their order
    "python": ("python",),
    "cryptography": ("python", "cryptography"),
    "git": ("python", "git"),
    "git-lfs": ("python", "cryptography", "git", "git-lfs"),
}
KEPT_PARSER = ".lark_cache.bin"
PARSER = """
import sys, types
sys.modules["regex"] = types.ModuleType("regex")
sys.modules["regex"].regex = None
from lark.parsers.grammar_analysis import LR0ItemSet
LR0ItemSet.__hash__ = lambda self: hash(self.kernel)
from hcl2.parser import parser
parser()
"""
OWN_MODES = {"harness", "home/idp", "root", "tmp", "var/tmp"}  # all else is for everybody to read


def base(name: str) -> None:
    """Unpack the Debian packages of a list into a tree, without what no step uses."""
    tree = LAYERS / name
    status = tree / "var/lib/dpkg/status.d"
    packages = _listed(f"packages/{name}.txt")
    tree.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as folder:
        _download(packages, Path(folder))
        archives = sorted(Path(folder).glob("*.deb"))
        for archive in archives:
            _run("dpkg-deb", "--extract", archive, tree)
        _bundle_certificates(tree)
        trim.debian(tree, _listed("tools.txt"))
        status.mkdir(parents=True, exist_ok=True)
        for archive in archives:
            package = archive.name.partition("_")[0]
            (status / package).write_bytes(_run("dpkg-deb", "--field", archive))
            _note(package, hashlib.sha256(archive.read_bytes()).hexdigest())
    if name == "python":
        _furnish(tree)
    _finish(tree)


def shared() -> None:
    """Install the Python packages that every image has."""
    _install(_lock("none"), LAYERS / "shared")


def libraries(image: str) -> None:
    """Install what the lock of the image names beyond that."""
    common = _lock("none")
    tree = LAYERS / "libraries"
    _install([entry for entry in _lock(_row(image)["extra"]) if entry not in common], tree)
    if (tree / SITE / "hcl2").is_dir():
        _keep_parser(tree)


def code(image: str, base_name: str, version: str) -> None:
    """Copy the step and what it uses of common/, make its command, and write the list of all that the image holds."""
    row = _row(image)
    if base_name not in (row["base"], row.get("with")):
        raise SystemExit(f"The image {image} stands on {row['base']}: add --build-arg BASE={row['base']}.")
    tree = LAYERS / "code"
    site = tree / SITE
    (site / "steps").mkdir(parents=True)
    for name in ("__init__.py", f"{row['module']}.py"):
        shutil.copy(SOURCE / "steps" / name, site / "steps" / name)
    for path in reached.modules(SOURCE, f"steps.{row['module']}", "common"):
        (site / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(SOURCE / path, site / path)
    _add_command(tree / "usr/local/bin", image, row["module"])
    about = tree / "usr/share/doc/idp-steps"
    about.mkdir(parents=True)
    shutil.copy(SOURCE / "LICENSE", about / "copyright")
    bill = tree / "usr/share/idp-steps/sbom.cdx.json"
    below = BASES[row["base"]]
    _compile(tree, site)
    text = sbom.document(
        image=image,
        version=version,
        date=_date(),
        architecture=_architecture(),
        trees=[LAYERS / layer for layer in (*below, "shared", "libraries")],
        code=tree,
        hashes={path.name: path.read_text(encoding="utf-8") for path in ARCHIVES.iterdir()},
    )
    bill.parent.mkdir(parents=True)
    bill.write_text(text, encoding="utf-8")
    _finish(tree)


def _row(image: str) -> dict[str, str]:
    rows: dict[str, dict[str, str]] = tomllib.loads((SOURCE / "images/images.toml").read_text(encoding="utf-8"))
    if image not in rows:
        raise SystemExit(f"There is no image {image!r}: give --build-arg IMAGE= one of {', '.join(rows)}.")
    return rows[image]


def _add_command(folder: Path, image: str, module: str) -> None:
    """Make the command named as the image is; `step` is the same, so that every image has one entrypoint."""
    folder.mkdir(parents=True)
    command = folder / image
    lines = ("#!/usr/bin/python3 -P", f"from steps.{module} import {module}", f"{module}.run()")
    command.write_text("".join(f"{line}\n" for line in lines))
    command.chmod(0o755)
    (folder / "step").symlink_to(image)


def _download(packages: list[str], folder: Path) -> None:
    architecture = ("-o", f"APT::Architecture={_architecture()}", "-o", f"APT::Architectures={_architecture()}")
    _run("apt-get", *architecture, "-qq", "update")
    _run("apt-get", *architecture, "-qq", "-o", "APT::Sandbox::User=root", "download", *packages, cwd=folder)


def _note(package: str, digest: str) -> None:
    """Keep the SHA-256 of the archive that a package came in, for the bill of materials."""
    ARCHIVES.mkdir(exist_ok=True)
    (ARCHIVES / package).write_text(digest, encoding="utf-8")


def _bundle_certificates(tree: Path) -> None:
    certificates = sorted((tree / "usr/share/ca-certificates").rglob("*.crt"))
    if not certificates:
        return
    bundle = tree / BUNDLE
    bundle.parent.mkdir(parents=True, exist_ok=True)
    bundle.write_text("".join(one.read_text() for one in certificates))
    (tree / "usr/lib/ssl").mkdir(parents=True)
    (tree / "usr/lib/ssl/certs").symlink_to("/etc/ssl/certs")
    (tree / "usr/lib/ssl/cert.pem").symlink_to(f"/{BUNDLE}")


def _listed(file: str) -> list[str]:
    lines = (SOURCE / "images" / file).read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def _furnish(tree: Path) -> None:
    """Add what the installation scripts of the packages would, and the folders that steps write to."""
    (tree / "usr/bin/python3").symlink_to("python3.13")
    (tree / "usr/bin/awk").symlink_to("mawk")
    (tree / "usr/bin/which").symlink_to("which.debianutils")
    (tree / "etc/passwd").write_text(f"root:x:0:0:root:/root:/bin/sh\nidp:x:{USER}:0:idp-steps:/home/idp:/bin/sh\n")
    (tree / "etc/group").write_text("root:x:0:\n")
    (tree / "etc/nsswitch.conf").write_text("passwd: files\ngroup: files\nhosts: files dns\n")
    for folder in ("harness", "home/idp"):
        (tree / folder).mkdir()
        (tree / folder).chmod(0o775)
        os.chown(tree / folder, USER, 0)


def _lock(extra: str) -> list[str]:
    """Give the entries of the lock, each a pinned requirement with its hashes."""
    text = (SOURCE / "requirements/images" / f"{extra}.txt").read_text().replace("\\\n", " ")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def _install(entries: list[str], tree: Path) -> None:
    site = tree / SITE
    site.mkdir(parents=True)
    machine = WHEEL_MACHINES[_architecture()]
    platforms = [f"--platform={tag}_{machine}" for tag in MANYLINUX]
    certificates = [f"--cert={CA_SECRET}"] if CA_SECRET.is_file() else []
    if entries:
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as lock:
            lock.write("\n".join(entries))
            lock.flush()
            report = Path(f"{lock.name}.json")
            _run(
                *("python3", "-m", "pip", "install", "--quiet", "--no-cache-dir", "--disable-pip-version-check"),
                *("--root-user-action=ignore", "--no-compile", "--no-deps", "--only-binary=:all:", "--require-hashes"),
                *("--python-version=3.13", "--implementation=cp", *platforms, *certificates),
                *("--target", site, "--requirement", lock.name, "--report", report),
            )
            for entry in json.loads(report.read_text(encoding="utf-8"))["install"]:
                _note(
                    sbom_python.normal(entry["metadata"]["name"]),
                    entry["download_info"]["archive_info"]["hashes"]["sha256"],
                )
            report.unlink()
    trim.drop(site, trim.UNUSED_IN_LIBRARIES)
    if (site / "certifi/cacert.pem").is_file():  # one set of authorities, Debian's, for every client
        (site / "certifi/cacert.pem").unlink()
        (site / "certifi/cacert.pem").symlink_to(f"/{BUNDLE}")
    _finish(tree)


def _keep_parser(tree: Path) -> None:
    """Have python-hcl2 make its parser, which takes seconds, and keep it beside the library, as it does where it may.

    That is known by the place of the library, so it has to be made at the place where the image has it. The module
    regex, which is compiled for the image's machine and not for this one, has no part in it. The sets of the parser's
    states come in the order of their hashes, so those are of what a state is and not of where it lies in memory: two
    builds have to be the same.
    """
    there = Path("/") / SITE
    for name in ("hcl2", "lark"):
        shutil.copytree(tree / SITE / name, there / name)
    _run("python3", "-c", PARSER, env=os.environ | {"PYTHONHASHSEED": "0"})
    shutil.copy(there / "hcl2" / KEPT_PARSER, tree / SITE / "hcl2" / KEPT_PARSER)
    _finish(tree)


def _finish(tree: Path) -> None:
    """Compile; give every file the same mode, whatever the checkout's umask was, and the same date."""
    for folder in (LIBRARY, SITE, DEBIAN_SITE):
        if (tree / folder).is_dir():
            _compile(tree, tree / folder, docstrings=folder != LIBRARY)
    for path in (tree, *tree.rglob("*")):
        if not path.is_symlink() and str(path.relative_to(tree)) not in OWN_MODES:
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        os.utime(path, (FILE_DATE, FILE_DATE), follow_symlinks=False)


def _compile(tree: Path, folder: Path, *, docstrings: bool = True) -> None:
    """Put each module's compiled form where Python finds it without the source, and leave the source out.

    docstrings=False leaves them and the asserts out, which Python's own library promises to need for nothing.
    """
    _run(
        *("python3", "-m", "compileall", "-q", "-j1", "-b", "--invalidation-mode=unchecked-hash"),
        *("-o", "0" if docstrings else "2"),
        *("-s", tree, "-p", "/", folder),
        env=os.environ | {"PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"},
    )
    for source in list(folder.rglob("*.py")):
        source.unlink()


def _date() -> int:
    return int(os.environ.get("SOURCE_DATE_EPOCH") or 0)


def _architecture() -> str:
    names = {"x86_64": "amd64", "aarch64": "arm64"}
    return os.environ.get("TARGETARCH") or names[platform.machine()]


def _run(*command: str | Path, cwd: Path | None = None, env: dict[str, str] | None = None) -> bytes:
    return subprocess.run([str(part) for part in command], check=True, cwd=cwd, env=env, capture_output=True).stdout


def _why(failed: subprocess.CalledProcessError) -> str:
    """Say in a sentence what to do about a command that failed; images/build.py shows the line again at the end."""
    said = failed.stderr.decode(errors="replace")
    sys.stderr.write(said)
    for sign, words in ADVICE.items():
        if sign in said:
            return f"error: {words}"
    return f"error: {failed.cmd[0]} failed with exit code {failed.returncode}."


def main(arguments: list[str]) -> None:
    """Make one tree."""
    match arguments:
        case ["base", name]:
            base(name)
        case ["shared"]:
            shared()
        case ["libraries", image]:
            libraries(image)
        case ["code", image, base_name, version]:
            code(image, base_name, version)
        case _:
            raise SystemExit(__doc__)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except subprocess.CalledProcessError as failed:
        raise SystemExit(_why(failed)) from None
