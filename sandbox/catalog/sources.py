"""Reading a file by its browser URL from the sandbox's own git, as a catalog of locations does. No HTTP here."""

from __future__ import annotations

import re
import urllib.parse
from typing import TYPE_CHECKING

from sandbox.git import bare, repositories

if TYPE_CHECKING:
    from sandbox.git.repositories import Repository
    from sandbox.state import State

# What follows a repository's page in the URL of a file, per host: the branch and the path, or both in one.
_FORMS = (
    re.compile(r"/(?:-/)?(?:blob|src|raw)/(?:branch/)?(?P<place>.+)"),
    re.compile(r"/files/(?P<branch>.+?)/~/(?P<path>.+)"),
)


class NotReadable(LookupError):
    """The URL leads to no file; the message says it as a catalog does."""


class NoSuchFile(NotReadable):
    """The host is known, and has no such file."""


def read(state: State, target: str, host: str) -> tuple[Repository, str]:
    """Give the repository and the text of a file. host: where this sandbox is reached, the only one it reads from."""
    parts = urllib.parse.urlsplit(target)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise NotReadable(f"TypeError: Failed to parse URL from {target}")
    if parts.netloc != host:
        raise NotReadable(
            f"Error: Unable to read url, Reading from '{target}' is not allowed. You may need to configure an"
            " integration for the target host, or add it to the configured list of allowed hosts at"
            " 'backend.reading.allow'"
        )
    missing = NoSuchFile(f"NotFoundError: Unable to read url, no matching files found for {target}")
    for hosted in repositories.find_all(state):
        page = state.git_host(hosted.host).page_path(hosted.owner, hosted.name)
        path = urllib.parse.unquote(parts.path)
        if not path.lower().startswith(f"{page.lower()}/"):
            continue
        for branch, inside in _places(hosted, path[len(page) :]):
            commit = bare.branches(hosted.folder).get(hosted.default_branch if branch == "HEAD" else branch)
            if commit is None:
                continue
            try:
                content = bare.read(hosted.folder, bare.entry(hosted.folder, commit, inside).sha)
            except bare.NoSuchObject:
                raise missing from None
            try:
                return hosted, content.decode()
            except UnicodeDecodeError:
                raise NotReadable(f"Error: {target} is not UTF-8 text") from None
    raise missing


def _places(hosted: Repository, rest: str) -> list[tuple[str, str]]:
    """Give every branch and path that the rest of a URL may mean: a branch's name may hold slashes."""
    for form in _FORMS:
        if (match := form.fullmatch(rest)) is None:
            continue
        if "place" not in match.groupdict():
            return [(match["branch"], match["path"])]
        names = ("HEAD", *sorted(bare.branches(hosted.folder), key=len, reverse=True))
        return [(name, match["place"][len(name) + 1 :]) for name in names if match["place"].startswith(f"{name}/")]
    return []
