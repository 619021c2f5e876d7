"""Puts repositories into a sandbox before a pipeline runs on it, as sandbox.yaml and tests ask for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sandbox import faults
from sandbox.git import repositories
from sandbox.services import GIT_HOSTS, open_state


def seed(  # noqa: PLR0913 - most of them have one sensible value
    state_dir: Path, owner: str, name: str, folder: Path | None, private: bool = False, *, host: str = GIT_HOSTS[0]
) -> str:
    """Make the default branch of a repository hold exactly the files of a folder; returns the commit.

    The repository is made if need be, and stays as it is without a folder. `owner` is as a pipeline names it, and empty
    where a host has none.
    """
    state = open_state(state_dir)
    owner = state.git_host(host).kept_below(owner, state.credentials[host])
    try:
        repository = repositories.find(state, host, owner, name)
    except repositories.NoSuchRepository:
        visibility = "private" if private else "public"
        repository = repositories.create(state, host, owner, name, visibility=visibility)
    return repositories.fill(state, repository, folder) if folder else ""


def spoil(state_dir: Path, wanted: Sequence[tuple[str, str, str]]) -> None:
    """Switch these faults on (name, value, host), and every other off."""
    state = open_state(state_dir)
    faults.switch_off(state)
    for fault, value, host in wanted:
        faults.switch_on(state, fault, value, host=host)
