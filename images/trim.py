"""What the layers leave out of the packages: documentation, what is for use outside a container, what no step runs."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterable
from pathlib import Path

LIBRARY = "usr/lib/python3.13"
SITE = "usr/local/lib/python3.13/dist-packages"
DEBIAN_SITE = "usr/lib/python3/dist-packages"
PROGRAMS = {"git", "git-lfs", "python3.13"}  # of usr/bin, besides tools.txt
SHARED_FILES = {"common-licenses", "doc", "git-core", "zoneinfo"}  # all others of usr/share are left out
# Of git's own programs, besides git: HTTP, and what `git submodule` is made of. The others want perl or a terminal.
GIT_PROGRAMS = {"git-remote-http", "git-submodule", "git-sh-setup", "git-sh-i18n"}

_MODULES = (
    *("__phello__", "_pyrepl", "curses", "dbm", "ensurepip", "idlelib", "pydoc_data", "sqlite3", "test", "unittest"),
    *("venv", "wsgiref", "xmlrpc", "bdb.py", "doctest.py", "pdb.py", "pydoc.py", "sitecustomize.py", "turtle.py"),
    *("_pydatetime.py", "_pydecimal.py", "_pyio.py"),  # for a Python that lacks the compiled ones
)
_FOR_DEBUGGING = ("libBrokenLocale*", "libc_malloc_debug*", "libmemusage*", "libpcprofile*", "libthread_db*")
_OF_NO_PROGRAM = ("libbrotlienc*", "libexpatw*", "libmvec*", "libnsl*", "libnss_compat*", "libnss_hesiod*", "libpsx*")
UNUSED = (
    "usr/sbin/*",
    "usr/lib/*/gconv",  # UTF-8, UTF-16 and Latin text needs no conversion module
    "usr/lib/*/audit",
    "usr/lib/*/engines-3",
    "usr/lib/*/krb5",
    *(f"usr/lib/*/{name}" for name in (*_FOR_DEBUGGING, *_OF_NO_PROGRAM)),
    "usr/lib/binfmt.d",
    f"{DEBIAN_SITE}/*.dist-info",  # dpkg's record tells what it is
    f"{DEBIAN_SITE}/cryptography/py.typed",
    "usr/lib/mime",
    "usr/lib/systemd",
    "usr/libexec",
    "usr/games",
    "usr/include",
    "usr/src",
    "boot",
    "media",
    "mnt",
    "opt",
    "srv",
    "usr/share/zoneinfo/localtime",
    "usr/share/zoneinfo/right",
    "var/backups",
    "var/cache/*",
    "var/lib/*",
    "var/local",
    "var/mail",
    "var/opt",
    "var/spool",
    "etc/bash_completion.d",
    "etc/ca-certificates*",
    "etc/dpkg",
    "etc/default",
    "etc/motd",
    "etc/profile*",
    "etc/python3.13",
    "etc/skel",
    "etc/update-motd.d",
    *(f"{LIBRARY}/{name}" for name in _MODULES),
    *(f"{LIBRARY}/lib-dynload/{name}.*" for name in ("_curses*", "_dbm", "_sqlite3", "readline", "*test*", "xx*")),
)
UNUSED_IN_LIBRARIES = (
    *("bin", "*/tests", "**/*.h", "**/*.pyi", "**/py.typed"),
    "cli",  # python-hcl2's programs
    *("click/_winconsole.py", "click/testing.py", "urllib3/contrib/emscripten", "urllib3/contrib/pyopenssl.py"),
    "charset_normalizer/cli",
    "yaml/_yaml.*",  # the loaders in C; YAML is read by the safe loader in Python, which tells places
    *(
        "charset_normalizer/*.so",
        "*__mypyc.*.so",
        "wrapt/_wrappers.*",
    ),  # their Python twins stay
)


def debian(tree: Path, tools: Collection[str]) -> None:
    """Leave out what a container does not need of unpacked Debian packages."""
    drop(tree, UNUSED)
    _keep(tree / "usr/bin", {*PROGRAMS, *tools})
    _keep(tree / "usr/share", SHARED_FILES)
    for documents in (tree / "usr/share/doc").iterdir():
        _keep(documents, {"copyright"})
    if (tree / "usr/lib/git-core").is_dir():
        _git(tree)


def drop(tree: Path, patterns: Iterable[str]) -> None:
    """Remove what the patterns name."""
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


def _git(tree: Path) -> None:
    """Leave out git's other scripts and its servers; git itself is there once, not twice."""
    core = tree / "usr/lib/git-core"
    _keep(core, {path.name for path in core.iterdir() if path.is_symlink()} | GIT_PROGRAMS)
    (core / "git").symlink_to("../../bin/git")
    for path in core.iterdir():
        if path.is_symlink() and not path.exists():
            path.unlink()
    drop(tree, ("usr/share/git-core/contrib", "usr/share/git-core/templates/hooks/*"))
