"""Reading a file by its browser URL from the sandbox's own git, as a catalog of locations does. No HTTP here."""

from __future__ import annotations

import urllib.parse
from collections.abc import Iterator
from typing import TYPE_CHECKING

from sandbox.git import bare, repositories

if TYPE_CHECKING:
    from sandbox.git.repositories import Repository
    from sandbox.state import State

_PATH = "{path}"


class NotReadable(LookupError):
    """The URL leads to no file; the message says it as a catalog does."""


class NoSuchFile(NotReadable):
    """The host is known, and has no such file."""


def read(state: State, target: str, host: str) -> tuple[Repository, str]:
    """Give the repository and the text of a file.

    host: where this sandbox is reached. It reads from there alone, and from the hosts that it stands in for by proxy.
    """
    parts = urllib.parse.urlsplit(target)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise NotReadable(f"TypeError: Failed to parse URL from {target}")
    every = repositories.find_all(state)
    if parts.netloc != host and not any(_machine(state, hosted) == parts.netloc for hosted in every):
        raise NotReadable(
            f"Error: Unable to read url, Reading from '{target}' is not allowed. You may need to configure an"
            " integration for the target host, or add it to the configured list of allowed hosts at"
            " 'backend.reading.allow'"
        )
    wanted = urllib.parse.unquote(_below_host(target))
    for hosted in every:
        if (_machine(state, hosted) or host) != parts.netloc:
            continue
        for commit, path in _places(state, hosted, wanted):
            try:
                content = bare.read(hosted.folder, bare.entry(hosted.folder, commit, path).sha)
            except bare.NoSuchObject:
                continue
            try:
                return hosted, content.decode()
            except UnicodeDecodeError:
                raise NotReadable(f"Error: {target} is not UTF-8 text") from None
    raise NoSuchFile(f"NotFoundError: Unable to read url, no matching files found for {target}")


def _machine(state: State, hosted: Repository) -> str:
    """Give the machine of the repository's page; '' for the sandbox's own."""
    return urllib.parse.urlsplit(state.git_host(hosted.host).web_address(hosted.owner, hosted.name)).netloc


def _below_host(url: str) -> str:
    return urllib.parse.urlsplit(url)._replace(scheme="", netloc="").geturl()


def _places(state: State, hosted: Repository, wanted: str) -> Iterator[tuple[str, str]]:
    """Give every commit and path that an address may mean by the host's own form: a branch may hold slashes."""
    host, default = state.git_host(hosted.host), hosted.default_branch
    if hosted.name.lower() not in wanted.lower():
        return  # which spares git
    branches = bare.branches(hosted.folder)
    of_default = [("", default)] if host.web_default_file else []
    for name, branch in (("HEAD", default), *of_default, *((name, name) for name in branches)):
        form = host.file_path(hosted.owner, hosted.name, branch=name, path=_PATH)
        before, _, after = urllib.parse.unquote(_below_host(form)).partition(_PATH)
        fits = wanted.lower().startswith(before.lower()) and wanted.endswith(after)
        if fits and branch in branches:
            yield branches[branch], wanted[len(before) : len(wanted) - len(after)]
