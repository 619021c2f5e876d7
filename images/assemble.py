"""Put together the file trees that become the layers of the images; it runs in the builder stage, as root.

    assemble base NAME        Debian packages of packages/NAME.txt              -> /layers/NAME
    assemble shared           the Python packages that every image has          -> /layers/shared
    assemble libraries IMAGE  the other Python packages of the image's lock     -> /layers/libraries
    assemble code IMAGE BASE VERSION  our code, its command, and the SBOM of all -> /layers/code

Packages are unpacked, never installed, so a tree for another architecture needs no emulation. The same packages and
the same SOURCE_DATE_EPOCH give the same bytes.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Collection, Iterable
from pathlib import Path

from images import sbom

SOURCE = Path(__file__).resolve().parent.parent
LAYERS = Path("/layers")
LIBRARY = "usr/lib/python3.13"
SITE = "usr/local/lib/python3.13/dist-packages"
CA_SECRET = Path("/run/secrets/ca-bundle")
WHEEL_MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}
MANYLINUX = ("manylinux_2_34", "manylinux_2_31", "manylinux_2_28", "manylinux_2_24", "manylinux_2_17", "manylinux2014")
USER = 65532
BASES = ("python", "git", "git-lfs")  # each holds those before it
OWN_MODES = {"harness", "home/idp", "root", "tmp", "var/tmp"}  # all else is for everybody to read

UNUSED = (  # of the packages; everything here is either documentation, or for use outside a container
    "usr/sbin/*",
    "usr/lib/*/gconv",  # UTF-8, UTF-16 and Latin text needs no conversion module
    "usr/lib/*/audit",
    "usr/lib/*/krb5",
    "usr/lib/mime",
    "usr/lib/systemd",
    "usr/games",
    "usr/include",
    "usr/src",
    "boot",
    "media",
    "mnt",
    "opt",
    "srv",
    "usr/share/zoneinfo/localtime",
    "var/backups",
    "var/cache/*",
    "var/lib/*",
    "var/local",
    "var/mail",
    "var/opt",
    "var/spool",
    "etc/ca-certificates*",
    "etc/dpkg",
    "etc/default",
    "etc/motd",
    "etc/profile*",
    "etc/skel",
    "etc/update-motd.d",
    *(
        f"{LIBRARY}/{name}"
        for name in ("__phello__", "_pyrepl", "curses", "dbm", "ensurepip", "idlelib", "pydoc_data", "sqlite3", "test")
    ),
    *(f"{LIBRARY}/lib-dynload/{name}.*" for name in ("_curses*", "_dbm", "_sqlite3", "readline", "*test*", "xx*")),
)
SHARED_FILES = {"common-licenses", "doc", "git-core", "zoneinfo"}  # all others of usr/share are left out
PROGRAMS = {"busybox", "git", "git-lfs", "python3.13"}  # all others of usr/bin are left out
GIT_PROGRAMS = {"git-remote-http", "git-sh-i18n--envsubst"}  # of git's own binaries, besides git
GIT_SCRIPTS = {"git-merge-octopus", "git-merge-one-file", "git-merge-resolve", "git-sh-i18n", "git-sh-setup"} | {
    "git-submodule"
}


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
        _drop(tree, UNUSED)
        _keep(tree / "usr/bin", PROGRAMS)
        _keep(tree / "usr/share", SHARED_FILES)
        for documents in (tree / "usr/share/doc").iterdir():
            _keep(documents, {"copyright"})
        status.mkdir(parents=True, exist_ok=True)
        for archive in archives:
            package = archive.name.partition("_")[0]
            (status / package).write_bytes(_run("dpkg-deb", "--field", archive))
    if name == "python":
        _furnish(tree)
    if (tree / "usr/lib/git-core").is_dir():
        _trim_git(tree)
    _finish(tree)


def shared() -> None:
    """Install the Python packages that every image has."""
    _install(_lock("none"), LAYERS / "shared")


def libraries(image: str) -> None:
    """Install what the lock of the image names beyond that."""
    common = _lock("none")
    _install([entry for entry in _lock(_row(image)["extra"]) if entry not in common], LAYERS / "libraries")


def code(image: str, base_name: str, version: str) -> None:
    """Copy the step and what steps share, make its command, and write the list of all that the image holds."""
    row = _row(image)
    if row["base"] != base_name:
        raise SystemExit(f"The image {image} stands on {row['base']}: add --build-arg BASE={row['base']}.")
    tree = LAYERS / "code"
    site = tree / SITE
    (site / "steps").mkdir(parents=True)
    for name in ("__init__.py", f"{row['module']}.py"):
        shutil.copy(SOURCE / "steps" / name, site / "steps" / name)
    shutil.copytree(SOURCE / "common", site / "common", ignore=shutil.ignore_patterns("__pycache__"))
    _add_command(tree / "usr/local/bin", image, row["module"])
    about = tree / "usr/share/doc/idp-steps"
    about.mkdir(parents=True)
    shutil.copy(SOURCE / "LICENSE", about / "copyright")
    bill = tree / "usr/share/idp-steps/sbom.cdx.json"
    bill.parent.mkdir(parents=True)
    below = BASES[: BASES.index(base_name) + 1]
    trees = [LAYERS / layer for layer in (*below, "shared", "libraries")]
    bill.write_text(sbom.document(image, version, _date(), _architecture(), trees), encoding="utf-8")
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
    lines = ("#!/usr/bin/python3 -P", f"from steps.{module} import {module}", f"raise SystemExit({module}.main())")
    command.write_text("".join(f"{line}\n" for line in lines))
    command.chmod(0o755)
    (folder / "step").symlink_to(image)


def _download(packages: list[str], folder: Path) -> None:
    architecture = ("-o", f"APT::Architecture={_architecture()}", "-o", f"APT::Architectures={_architecture()}")
    _run("apt-get", *architecture, "-qq", "update")
    _run("apt-get", *architecture, "-qq", "-o", "APT::Sandbox::User=root", "download", *packages, cwd=folder)


def _bundle_certificates(tree: Path) -> None:
    certificates = sorted((tree / "usr/share/ca-certificates").rglob("*.crt"))
    if not certificates:
        return
    bundle = tree / "etc/ssl/certs/ca-certificates.crt"
    bundle.parent.mkdir(parents=True, exist_ok=True)
    bundle.write_text("".join(one.read_text() for one in certificates))
    (tree / "usr/lib/ssl").mkdir(parents=True)
    (tree / "usr/lib/ssl/certs").symlink_to("/etc/ssl/certs")
    (tree / "usr/lib/ssl/cert.pem").symlink_to("/etc/ssl/certs/ca-certificates.crt")


def _listed(file: str) -> list[str]:
    lines = (SOURCE / "images" / file).read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def _drop(tree: Path, patterns: Iterable[str]) -> None:
    for path in [path for pattern in patterns for path in tree.glob(pattern)]:
        _remove(path)


def _keep(folder: Path, names: Collection[str]) -> None:
    for path in folder.iterdir() if folder.is_dir() and not folder.is_symlink() else ():
        if path.name not in names:
            _remove(path)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _furnish(tree: Path) -> None:
    """Add what the installation scripts of the packages would, and the folders that steps write to."""
    (tree / "usr/bin/python3").symlink_to("python3.13")
    for tool in _listed("tools.txt"):
        (tree / "usr/bin" / tool).symlink_to("busybox")
    (tree / "etc/passwd").write_text(f"root:x:0:0:root:/root:/bin/sh\nidp:x:{USER}:0:idp-steps:/home/idp:/bin/sh\n")
    (tree / "etc/group").write_text("root:x:0:\n")
    (tree / "etc/nsswitch.conf").write_text("passwd: files\ngroup: files\nhosts: files dns\n")
    for folder in ("harness", "home/idp"):
        (tree / folder).mkdir()
        (tree / folder).chmod(0o775)
        os.chown(tree / folder, USER, 0)


def _trim_git(tree: Path) -> None:
    """Leave out what needs perl or a terminal, and the servers; git itself is there once, not twice."""
    core = tree / "usr/lib/git-core"
    _keep(core, {path.name for path in core.iterdir() if path.is_symlink()} | GIT_PROGRAMS | GIT_SCRIPTS)
    (core / "git").symlink_to("../../bin/git")
    for path in core.iterdir():
        if path.is_symlink() and not path.exists():
            path.unlink()
    _drop(tree, ("usr/share/git-core/contrib", "usr/share/git-core/templates/hooks/*"))


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
            _run(
                *("python3", "-m", "pip", "install", "--quiet", "--no-cache-dir", "--disable-pip-version-check"),
                *("--root-user-action=ignore", "--no-compile", "--no-deps", "--only-binary=:all:", "--require-hashes"),
                *("--python-version=3.13", "--implementation=cp", *platforms, *certificates),
                *("--target", site, "--requirement", lock.name),
            )
    _drop(site, ("bin",))
    _finish(tree)


def _finish(tree: Path) -> None:
    """Byte-compile; give every file the same mode whatever the checkout's umask was, and the date of the source."""
    for folder in (LIBRARY, SITE):
        if (tree / folder).is_dir():
            _run(
                *("python3", "-m", "compileall", "-q", "-j1", "--invalidation-mode=unchecked-hash"),
                *("-s", tree, "-p", "/", tree / folder),
                env=os.environ | {"PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"},
            )
    for path in (tree, *tree.rglob("*")):
        if not path.is_symlink() and str(path.relative_to(tree)) not in OWN_MODES:
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        os.utime(path, (_date(), _date()), follow_symlinks=False)


def _date() -> int:
    return int(os.environ.get("SOURCE_DATE_EPOCH") or 0)


def _architecture() -> str:
    names = {"x86_64": "amd64", "aarch64": "arm64"}
    return os.environ.get("TARGETARCH") or names[platform.machine()]


def _run(*command: str | Path, cwd: Path | None = None, env: dict[str, str] | None = None) -> bytes:
    return subprocess.run([str(part) for part in command], check=True, cwd=cwd, env=env, stdout=subprocess.PIPE).stdout


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
    main(sys.argv[1:])
