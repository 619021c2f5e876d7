"""The built images under a real engine, driven by its command line; a sandbox that their containers reach.

Without the engine or the images these tests are skipped and say why. With CI set they fail instead: there, both must
be there. Containers use the host's network, because the sandbox listens on the loopback address only.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import urllib.parse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from images.listed import IMAGES, VERSION
from sandbox.seeding import seed
from sandbox.server import Sandbox, serve

ROOT = Path(__file__).resolve().parents[2]
ENGINE = os.environ.get("ENGINE") or "docker"
PYTHON = "/usr/bin/python3"
MODULES = {image: row["module"] for image, row in IMAGES.items()}
HANDED_ON = "/addon/tmp"  # where the platform puts the files of its runner


def tag(image: str, variant: str = "") -> str:
    """Give the full name of a built image."""
    return f"idp-steps/{image}:{VERSION}{variant}"


@dataclass(frozen=True)
class Done:
    """What a container left behind."""

    code: int
    stdout: str
    stderr: str

    def well(self) -> Done:
        """Assert the good path: exit code 0 and no line that warns or complains."""
        complaints = [line for line in self.stderr.splitlines() if "warning" in line.lower() or "error" in line.lower()]

        assert self.code == 0, self.stderr
        assert complaints == []
        return self


@dataclass(frozen=True)
class Containers:
    """Runs images of the engine, with options that a group of tests has in common."""

    options: tuple[str, ...] = ()
    variant: str = ""

    def having(self, *options: str, variant: str | None = None) -> Containers:
        """Give the same with more options for `run`."""
        return replace(self, options=self.options + options, variant=self.variant if variant is None else variant)

    def command(self, image: str, environ: Mapping[str, str], arguments: Sequence[str]) -> list[str]:
        """Give the command line that runs an image."""
        variables = [part for name, value in environ.items() for part in ("--env", f"{name}={value}")]
        return [ENGINE, "run", "--rm", *self.options, *variables, tag(image, self.variant), *arguments]

    def run(self, image: str, environ: Mapping[str, str] | None = None, *arguments: str, timeout: int = 120) -> Done:
        """Run an image to its end."""
        command = self.command(image, environ or {}, arguments)
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=timeout)
        return Done(done.returncode, done.stdout, done.stderr)

    def script(self, image: str, text: str, *, environ: Mapping[str, str] | None = None) -> str:
        """Run Python text inside an image, with the interpreter that the step has, and give what it prints."""
        done = self.having(f"--entrypoint={PYTHON}").run(image, environ, "-P", "-c", text)

        assert done.code == 0, done.stderr
        return done.stdout


def engine(*arguments: str) -> str:
    """Give what the engine's command line answers."""
    return subprocess.run([ENGINE, *arguments], check=True, capture_output=True, text=True).stdout


def inspected(image: str, variant: str = "") -> dict[str, Any]:
    """Give the engine's description of an image."""
    (found,) = json.loads(engine("image", "inspect", tag(image, variant)))
    return dict(found)


@pytest.fixture(scope="session")
def containers() -> Containers:
    """A way to run the images, when there is an engine and they are built."""
    reason = _missing()
    if reason and os.environ.get("CI"):
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)
    return Containers()


def _missing() -> str:
    if shutil.which(ENGINE) is None:
        return f"There is no {ENGINE} here; install it, or set ENGINE."
    if subprocess.run([ENGINE, "info"], check=False, capture_output=True).returncode != 0:
        return f"{ENGINE} does not answer; start it."
    missing = [
        image
        for image in IMAGES
        if subprocess.run([ENGINE, "image", "inspect", tag(image)], check=False, capture_output=True).returncode != 0
    ]
    return f"Not built: {', '.join(missing)}; run make images." if missing else ""


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    """A sandbox that holds one template, stopped after the test."""
    state = tmp_path / "sandbox"
    with serve(state) as served:
        seed(state, "templates", "service", ROOT / "examples/service-onboarding/template")
        yield served


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """The folder that becomes /harness, writable for every uid as the platform's volume is."""
    return writable(tmp_path / "harness")


@pytest.fixture
def handed_on(tmp_path: Path) -> Path:
    """The folder of the runner's files, such as the one for outputs."""
    return writable(tmp_path / "handed-on")


@pytest.fixture
def platform(containers: Containers, workspace: Path, handed_on: Path) -> Containers:
    """Containers as the platform starts them: its volumes, and the network that reaches the sandbox."""
    return containers.having("--network=host", f"--volume={workspace}:/harness", f"--volume={handed_on}:{HANDED_ON}")


def writable(folder: Path) -> Path:
    """Make a folder that any uid may write to."""
    folder.mkdir()
    folder.chmod(0o777)
    return folder


def connector(sandbox: Sandbox) -> dict[str, str]:
    """The variables of a git connector, as the platform sets them (contract, B.2 and B.3)."""
    return {
        "CONNECTOR_TYPE": "Github",
        "DRONE_NETRC_MACHINE": "127.0.0.1",
        "DRONE_NETRC_PORT": sandbox.url.rpartition(":")[2],
        "DRONE_NETRC_USERNAME": sandbox.credentials["github"].user,
        "DRONE_NETRC_PASSWORD": sandbox.credentials["github"].token,
        "DRONE_REMOTE_URL": f"{sandbox.url}/acme/payments.git",
        "ORG_NAME": "acme",
        "REPO_NAME": "payments",
    }


CATALOG_FILE = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: payments
spec:
  type: service
  owner: platform
  lifecycle: experimental
"""


def pipeline(sandbox: Sandbox) -> dict[str, dict[str, str]]:
    """The documented pipeline: image -> the variables that the platform gives its step, in order."""
    harness = {"BASE": sandbox.url, "HARNESS_ACCOUNT_ID": sandbox.credentials["harness"].account}
    properties = {"entity_ref": "component:account/payments", "properties": [{"property": "metadata.team", "value": 7}]}
    key = {"X_API_KEY": sandbox.credentials["harness"].api_key}
    terraform = {
        "TF_VAR_ENDPOINT": f"{sandbox.url}/gateway",
        "TF_VAR_ACCOUNT_IDENTIFIER": sandbox.credentials["harness"].account,
        "TF_VAR_X_API_KEY": sandbox.credentials["harness"].api_key,
    }
    registration = {
        "connector_ref": "account.github",
        "repo_name": "payments",
        "branch_name": "main",
        "file_path": "catalog-info.yaml",
        "is_harness_code_repo": None,
    }
    where = urllib.parse.urlencode(
        {
            "accountIdentifier": sandbox.credentials["harness"].account,
            "connectorRef": "account.github",
            "repoName": "payments",
            "branch": "main",
            "filePath": "catalog-info.yaml",
        }
    )
    return {
        "cookiecutter": {
            "TEMPLATE_TYPE": "public",
            "PUBLIC_TEMPLATE_URL": f"{sandbox.url}/templates/service.git",
            "IDP_COOKIECUTTER_app_name": "payments",
        },
        "createrepo": {**connector(sandbox), "REPO_TYPE": "private", "DEFAULT_BRANCH": "main"},
        "createcatalog": {
            **harness,
            "FILE_NAME": "catalog-info.yaml",
            "FILE_PATH": "payments",
            "FILE_CONTENT": CATALOG_FILE,
        },
        "directpush": {**connector(sandbox), "CODE_DIRECTORY": "payments", "BRANCH": "main"},
        "gitclone": {**connector(sandbox), "DRONE_WORKSPACE": "cloned", "DRONE_COMMIT_BRANCH": "main"},
        "createorganization": {**terraform, "TF_VAR_ORG_NAME": "Payments"},
        "createproject": {**terraform, "TF_VAR_PROJECT_NAME": "Ledger", "TF_VAR_ORG_IDENTIFIER": "default"},
        "registercatalog": {
            **connector(sandbox),
            **harness,
            **key,
            "FILE_PATH": "catalog-info.yaml",
            "BRANCH": "main",
            "IMPORT_ENTITY_URL": f"{sandbox.url}/gateway/v1/entities/import",
            "BODY": json.dumps(registration),
            "GET_FILE_BY_BRANCH_URL": f"{sandbox.url}/gateway/ng/api/scm/get-file-by-branch?{where}",
        },
        "slacknotify": {
            "SLACK_TOKEN": sandbox.credentials["slack"].token,
            "SLACK_API_URL": f"{sandbox.url}/slack/api/",
            "EMAIL": "dev@acme.example",
            "MESSAGE_CONTENT": "*payments* is ready",
            "REPLY_BROADCAST": "false",
        },
        "updatecatalogproperty": {
            **harness,
            **key,
            "CUSTOM_PROPERTY_URL": f"{sandbox.url}/gateway/v1/catalog/custom-properties/entity",
            "BODY": json.dumps({**properties, "property": None, "value": None, "mode": None}),
        },
    }
