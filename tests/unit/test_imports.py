"""What --help of a step loads: its declaration and the frame, and nothing of what works."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from steps import STEPS
from tests.conftest import REPOSITORY_ROOT

FORBIDDEN = {  # what only works needs -> why it is worth a test
    "subprocess": "processes",
    "tempfile": "folders of a step's own",
    "hashlib": "OpenSSL",
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
    "common.contract.resolve": "values of inputs",
    "common.contract.values": "values of inputs",
    "common.contract.workspace": "paths",
    "common.contract.stage": "folders of a step's own",
    "common.git.command": "git",
    "common.git.push": "git",
    "common.git.checkout": "git",
    "common.git_hosts.answers": "calls of a host",
    "common.git_hosts.settings": "settings of a repository",
    "common.git_hosts.proposing": "calls of a host",
    "common.git_hosts.github": "a host",
    "common.git_hosts.gitlab": "a host",
    "common.catalogs.backstage.client": "calls of a catalog",
    "common.catalogs.properties": "changes of properties",
    "common.catalogs.rules": "the check of an entity",
    "common.catalogs.entity": "the check of an entity",
    "common.catalogs.registration": "calls of a catalog",
    "common.harness.client": "calls of the portal",
    "common.harness.scopes": "calls of the portal",
    "common.network.deadline": "waiting",
    "common.network.http": "HTTP",
    "common.network.repeat": "calls",
    "common.network.settings": "connections",
    "common.slack.posting": "Slack",
    "common.template.job": "templates",
    "common.template.folder": "folders of templates",
    "common.template.rendering": "templates",
}

MOST_GROUPS = 17
MADE = """
import dataclasses, gc, importlib, sys
importlib.import_module(sys.argv[1])
made = [found for found in gc.get_objects() if isinstance(found, type) and "__dataclass_fields__" in vars(found)]
for group in made:
    for field in dataclasses.fields(group):
        if "option" not in field.metadata and field.type.split(".")[-1] not in {inside.__name__ for inside in made}:
            print(group.__module__, group.__qualname__, field.name)
print(len(made))
"""


@pytest.mark.parametrize("step_type", STEPS)
def test_help_loads_nothing_of_what_works(step_type: str) -> None:
    """An image's first start would wait for it."""
    command = [sys.executable, "-X", "importtime", "-m", STEPS[step_type], "--help"]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=REPOSITORY_ROOT)
    loaded = set(re.findall(r"^import time: .*\| +([\w.]+)$", done.stderr, re.MULTILINE))
    assert done.stdout.startswith(f"Usage: python -m {STEPS[step_type]} [OPTIONS]\n")
    assert "common.contract.step" in loaded
    assert sorted(loaded & FORBIDDEN.keys()) == []


@pytest.mark.parametrize("step_type", STEPS)
def test_of_dataclasses_help_makes_groups_of_inputs_alone(step_type: str) -> None:
    """Python 3.11 takes a millisecond for each, which is a sixteenth of its own start; a NamedTuple takes a fifth."""
    command = [sys.executable, "-c", MADE, STEPS[step_type]]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=REPOSITORY_ROOT)
    *others, number = done.stdout.splitlines()
    assert others == []
    assert 3 <= int(number) <= MOST_GROUPS


@pytest.mark.parametrize("step_type", STEPS)
def test_without_flags_no_command_line_is_loaded(step_type: str) -> None:
    """A runner gives variables alone; none at all are refused like wrong ones, after the command line is read."""
    command = [sys.executable, "-X", "importtime", "-m", STEPS[step_type]]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=REPOSITORY_ROOT, env={"PATH": os.environ["PATH"]}
    )
    assert done.returncode == 2, done.stderr
    loaded = set(re.findall(r"\| +([\w.]+)$", done.stderr, re.MULTILINE))
    assert "common.contract.resolve" in loaded
    assert not loaded & {"click", "common.contract.flags"}
