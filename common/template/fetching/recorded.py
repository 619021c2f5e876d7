"""The template that a project was made from, as its answers file names it: its newest commit, and its state at one."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from common.errors import BadInput
from common.git.clone import ABBREVIATED, names
from common.git.command import Git, GitFailed
from common.git.state import COMMIT
from common.template.fetching import fetch, nested
from common.template.fetching.address import Address
from common.template.fetching.fetch import Fetched, Reach


class Recorded(Protocol):
    """A template with a history."""

    def newest(self, scratch: Path) -> str:
        """Give the commit that its branch or tag is at now."""

    def at(self, commit: str, scratch: Path) -> Fetched:
        """Fetch the state at a commit into a new folder of `scratch`."""


@dataclass(frozen=True)
class AtUrl:
    """A repository at a URL."""

    address: Address
    reach: Reach

    def newest(self, scratch: Path) -> str:
        revision = self.address.revision
        if COMMIT.fullmatch(revision):
            return revision
        found = names(self.reach.upstream(self.address.url), scratch)
        if (revision or "HEAD") in found:
            return found[revision or "HEAD"]
        if ABBREVIATED.fullmatch(revision):
            return revision
        raise BadInput(
            f"{self.address.place} has no branch or tag {revision!r}, which the project was made from.",
            next_step="Set TEMPLATE_CHECKOUT to the one that replaces it.",
        )

    def at(self, commit: str, scratch: Path) -> Fetched:
        scratch.mkdir()
        fetched = fetch.from_url(dataclasses.replace(self.address, revision=commit), self.reach, scratch)
        told = {**fetched.told, "_checkout": self.address.revision or None}
        return dataclasses.replace(_chosen_again(fetched), told=told)


@dataclass(frozen=True)
class InWorkspace:
    """A repository in the workspace. Its own files and index stay as they are."""

    address: Address
    repository: Path
    git: Git

    def newest(self, scratch: Path) -> str:  # noqa: ARG002 - another kind needs it
        return fetch.commit_of(self.git, self.repository)

    def at(self, commit: str, scratch: Path) -> Fetched:
        files = scratch / "template"
        files.mkdir(parents=True)
        index = {"GIT_INDEX_FILE": str(scratch / "index"), "GIT_WORK_TREE": str(files)}
        try:
            folder = self.git.run("rev-parse", "--absolute-git-dir", cwd=self.repository).strip()
            self.git.run("read-tree", commit, cwd=files, extra=index | {"GIT_DIR": folder})
            self.git.run("checkout-index", "--all", cwd=files, extra=index | {"GIT_DIR": folder})
        except GitFailed as failed:
            raise BadInput(
                f"The template in {self.address.place} cannot be had at the commit {commit}: {failed.reason}.",
                next_step="Clone it with its whole history (in the GitClone step: depth 0).",
            ) from failed
        return _chosen_again(fetch.located(self.address, files, commit))


def _chosen_again(fetched: Fetched) -> Fetched:
    """Give a template, which an answers file names by its folder, with the choices that it was once chosen from."""
    return dataclasses.replace(fetched, around=nested.around(fetched.folder, within=fetched.repository))


def in_workspace(address: Address, path: Path, workspace: Path, git: Git) -> InWorkspace:
    """Give the template in a folder of the workspace. Raises BadInput when there is no repository around it."""
    repository = fetch.repository_of(path, workspace) if path.is_dir() else None
    if repository is None:
        raise BadInput(
            f"The template in {address.place} is in no git repository, so there is no state to compare with.",
            next_step="Have a GitClone step clone it there, or set publicTemplateUrl to where it is now.",
        )
    return InWorkspace(address, repository, git)
