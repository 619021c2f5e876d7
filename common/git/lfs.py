"""The files of a clone that are kept in Git LFS, fetched by git-lfs with the credentials that git has."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from common import log
from common.errors import BadInput, Unavailable
from common.git import lfs_command
from common.git.command import Git, GitFailed
from common.git.upstream import ONLY_HTTP, Upstream, ask
from common.network.url import checked, without_credentials

ADVICE = "Files in Git LFS are fetched over HTTPS; have the address corrected in .lfsconfig."


def is_installed() -> bool:
    """Tell whether there is a git-lfs here."""
    return shutil.which("git-lfs") is not None


def check_installed() -> None:
    """Raise Unavailable where there is no git-lfs, though files need it."""
    if not is_installed():
        raise Unavailable(
            "Git LFS is needed, and there is no git-lfs on this machine.",
            next_step="Install git-lfs, or use the image of this step.",
        )


def install(git: Git, folder: Path) -> None:
    """Have whoever works in the clone afterwards use git-lfs, too. Raises Unavailable where there is none."""
    check_installed()
    git.run("lfs", "install", "--local", "--skip-repo", cwd=folder)


def tracks(git: Git, folder: Path) -> bool:
    """Tell whether a .gitattributes of a clone puts files under Git LFS."""
    if b".gitattributes" not in (folder / ".git" / "index").read_bytes():  # which spares a process
        return False
    arguments = ("grep", "--quiet", "--cached", "-e", "filter=lfs", "--", ":(glob)**/.gitattributes")
    try:
        git.run(*arguments, cwd=folder)
    except GitFailed:
        return False
    return True


def fetch(upstream: Upstream, folder: Path, *, told: Callable[[str], object] = lambda _: None) -> None:
    """Replace the pointers in a clone by the files. Raises Unavailable where there is no git-lfs.

    `told` gets what git-lfs says.
    """
    if not tracks(upstream.git, folder):
        return
    check_installed()
    _check_address(upstream, folder)
    log.info(f"Fetching the files of {without_credentials(upstream.url)} that are in Git LFS.")

    def pulled() -> None:
        lfs_command.talk(
            upstream.git,
            "pull",
            cwd=folder,
            aside=folder / ".git",
            extra=ONLY_HTTP | {"GIT_LFS_FORCE_PROGRESS": "1"},
            silent_seconds=upstream.silence,
            told=told,
        )

    ask(upstream, pulled, doing="fetch the LFS files of", telling=lfs_command.of_other_hosts)


def _check_address(upstream: Upstream, folder: Path) -> None:
    """Refuse a store that a template names on this machine: file:// would read what is in other folders."""
    if not (folder / ".lfsconfig").is_file():
        return
    arguments = ("config", "--null", "--file", ".lfsconfig", "--get-regexp", r"(^lfs\.url|\.lfsurl)$")
    try:
        listed = upstream.git.run(*arguments, cwd=folder)
    except GitFailed:
        return  # it names none
    for entry in filter(None, listed.split("\0")):
        checked(entry.partition("\n")[2], what="The address in .lfsconfig", next_step=ADVICE)
        if without_credentials(entry.partition("\n")[2]) != entry.partition("\n")[2]:
            raise BadInput("The address in .lfsconfig has a login.", next_step="Remove it there.")
