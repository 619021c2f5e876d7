"""The services that the sandbox stands in for. To add one: its folder, and its line here."""

from __future__ import annotations

from pathlib import Path

from sandbox import state
from sandbox.azure.service import AZURE
from sandbox.backstage.service import BACKSTAGE
from sandbox.github.service import GITHUB
from sandbox.gitlab.service import GITLAB
from sandbox.harness.service import HARNESS
from sandbox.plain.service import PLAIN
from sandbox.slack.service import SLACK

SERVICES = (GITHUB, GITLAB, AZURE, PLAIN, HARNESS, BACKSTAGE, SLACK)
GIT_HOSTS = tuple(service.name for service in SERVICES if service.git)


def open_state(folder: Path) -> state.State:
    """Open a state folder with every service. Raises BadInput, OSError."""
    return state.opened(folder, SERVICES)
