"""What --help of a step loads: its declaration and the frame, and nothing of what works."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from steps import STEPS
from tests.conftest import REPOSITORY_ROOT

FORBIDDEN = {  # what only works needs -> why it is worth a test
    "subprocess": "processes",
    "tempfile": "folders of a step's own",
    "difflib": "what a word is almost",
    "ssl": "connections",
    "http.client": "connections",
    "socket": "connections",
    "asyncio": "nothing of ours",
    "yaml": "YAML with places",
    "requests": "HTTP",
    "urllib3": "HTTP",
    "jwt": "GitHub Apps",
    "cryptography": "keys",
    "github": "a host's library",
    "gitlab": "a host's library",
    "atlassian": "a host's library",
    "slack_sdk": "Slack",
    "cookiecutter": "templates",
    "jinja2": "templates",
    "common.contract.child": "programs",
    "common.contract.stage": "folders of a step's own",
    "common.git.command": "git",
    "common.git.push": "git",
    "common.git.checkout": "git",
    "common.git_hosts.answers": "calls of a host",
    "common.git_hosts.proposing": "calls of a host",
    "common.git_hosts.github": "a host",
    "common.git_hosts.gitlab": "a host",
    "common.catalogs.backstage.client": "calls of a catalog",
    "common.catalogs.entity": "the check of an entity",
    "common.catalogs.registration": "calls of a catalog",
    "common.network.http": "HTTP",
    "common.slack.posting": "Slack",
    "common.template.folder": "folders of templates",
    "common.template.rendering": "templates",
}


@pytest.mark.parametrize("step_type", STEPS)
def test_help_loads_nothing_of_what_works(step_type: str) -> None:
    """An image's first start would wait for it."""
    command = [sys.executable, "-X", "importtime", "-m", STEPS[step_type], "--help"]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=REPOSITORY_ROOT)
    loaded = set(re.findall(r"^import time: .*\| +([\w.]+)$", done.stderr, re.MULTILINE))
    assert done.stdout.startswith(f"Usage: python -m {STEPS[step_type]} [OPTIONS]\n")
    assert "common.contract.step" in loaded
    assert sorted(loaded & FORBIDDEN.keys()) == []
