"""The files of a clone that are kept in Git LFS, fetched by git-lfs with the credentials that git has."""

from __future__ import annotations

from pathlib import Path

from common import log
from common.errors import BadInput, Unavailable
from common.git.clone import ONLY_HTTP
from common.git.command import GitFailed
from common.git.failures import failures
from common.git.upstream import Upstream
from common.git.work_tree import tracks_lfs
from common.network import repeat
from common.network.url import checked, without_credentials

FILTER = {  # what `git lfs install` would write into a configuration file
    "filter.lfs.clean": "git-lfs clean -- %f",
    "filter.lfs.smudge": "git-lfs smudge -- %f",
    "filter.lfs.process": "git-lfs filter-process",
    "filter.lfs.required": "true",
}
ADVICE = "Files in Git LFS are fetched over HTTPS; have the address corrected in .lfsconfig."


def fetch(upstream: Upstream, folder: Path) -> None:
    """Replace the pointers in a clone by the files. Raises Unavailable where there is no git-lfs."""
    if not tracks_lfs(folder):
        return
    _check_address(upstream, folder)
    url = without_credentials(upstream.url)
    log.info(f"Fetching the files of {url} that are in Git LFS.")
    doing = f"fetch the files of {url} that are in Git LFS"
    asking = failures(doing=doing, url=upstream.url, login_advice=upstream.login_advice)

    def pulled() -> None:
        try:
            upstream.git.talk(
                "lfs", "pull", cwd=folder, settings=FILTER, extra=ONLY_HTTP, silent_seconds=upstream.silence
            )
        except GitFailed as failed:
            if "'lfs' is not a git command" in failed.text:
                raise Unavailable(
                    "The template keeps files in Git LFS, and there is no git-lfs on this machine.",
                    next_step="Install git-lfs, or use the image of this step.",
                ) from failed
            raise

    repeat.read(pulled, asking, upstream.deadline)


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
        checked(entry.partition("\n")[2], what="The address in the template's .lfsconfig", next_step=ADVICE)
        if without_credentials(entry.partition("\n")[2]) != entry.partition("\n")[2]:
            raise BadInput("The address in the template's .lfsconfig has a login.", next_step="Remove it there.")
