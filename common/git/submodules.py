"""The submodules of a clone, each cloned at the commit that the repository names.

By hand, for `git submodule` is a shell script that needs more programs than the images have, takes any kind of address,
and fails as a whole when one of them does.
"""

from __future__ import annotations

import shutil
import urllib.parse
from pathlib import Path

from common import log
from common.errors import BadInput
from common.git import lfs
from common.git.clone import clone
from common.git.command import GitFailed
from common.git.upstream import Upstream
from common.network.url import checked, origin, without_credentials

DEEPEST = 8
MOST = 100  # in one repository
LINK = "160000"  # the mode by which git marks a submodule
ADVICE = "Submodules are cloned over HTTPS; have the address corrected in .gitmodules."


def fetch(upstream: Upstream, folder: Path, *, depth: int = 1) -> None:
    """Clone the submodules of what was cloned into the folder, and theirs. Raises BadInput for other addresses.

    Only one on the same host gets the credentials.
    """
    if not (folder / ".gitmodules").is_file():
        return
    addresses = _addresses(upstream, folder)
    listed = upstream.git.run("ls-files", "--stage", "-z", cwd=folder).split("\0")
    links = [line.partition("\t") for line in listed if line.startswith(LINK)]
    if depth > DEEPEST or len(links) > MOST:
        raise BadInput(
            f"{without_credentials(upstream.url)} has more submodules than a template can need.",
            next_step="Check .gitmodules, also those of its submodules.",
        )
    for entry, _, place in links:
        if place not in addresses:
            continue  # git leaves it empty, too
        url = _absolute(upstream.url, addresses[place])
        log.info(f"Cloning the submodule {place} from {url}.")
        git = upstream.git if origin(url) == origin(upstream.url) else upstream.git._replace(credentials=None)
        inner = upstream._replace(git=git, url=url)
        target = folder / place
        if target.is_dir():  # an empty one, as git makes it
            target.rmdir()
        clone(inner, target, revision=entry.split()[1])
        fetch(inner, target, depth=depth + 1)
        lfs.fetch(inner, target)
        shutil.rmtree(target / ".git")  # a part of the files around it


def _addresses(upstream: Upstream, folder: Path) -> dict[str, str]:
    """Read .gitmodules: the address of each submodule by its place."""
    arguments = ("config", "--null", "--file", ".gitmodules", "--get-regexp", r"^submodule\..*\.(path|url)$")
    try:
        listed = upstream.git.run(*arguments, cwd=folder).split("\0")
    except GitFailed as failed:
        if not failed.text:  # there is nothing in it
            return {}
        raise BadInput(f"The template's .gitmodules cannot be read: {failed.reason}.", next_step=ADVICE) from failed
    found: dict[str, dict[str, str]] = {}
    for entry in filter(None, listed):
        key, _, value = entry.partition("\n")
        name, _, what = key.rpartition(".")
        found.setdefault(name, {})[what] = value
    return {one["path"]: one["url"] for one in found.values() if {"path", "url"} <= one.keys()}


def _absolute(base: str, address: str) -> str:
    """Give the address; one that begins with ./ or ../ counts from that of the repository (gitmodules(5))."""
    if address.startswith(("./", "../")):
        address = urllib.parse.urljoin(f"{base.rstrip('/')}/", address)
    parts = checked(address, what="The address of a submodule", next_step=ADVICE)
    if parts.username or parts.password:
        raise BadInput(
            f"The submodule {without_credentials(address)} has a login in its address.",
            next_step="Remove it there; the connector's login is used for its host.",
        )
    return address
