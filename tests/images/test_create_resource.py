"""createresource built as docs/create-resource.md says: the program comes from TOFU_IMAGE, the provider from a layer.

The program is a stand-in (tests/tofu.py), which is mounted so that it can note its calls next to itself.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.images.conftest import ENGINE, HANDED_ON, ROOT, engine, writable

pytestmark = [pytest.mark.images, pytest.mark.usefixtures("containers")]

STAND_IN = "/stand-in"
PROGRAM = f'#!/bin/sh\nexec python3 -S -E {STAND_IN}/tofu "$@"\n'
PROVIDERS = "usr/local/share/opentofu/providers/registry.opentofu.org/harness/harness"
DEFINITION = (
    'resource "harness_platform_pipeline" "pipeline" {\n  identifier = "identifier"\n  name       = "name"\n}\n'
    'output "id" {\n  value = harness_platform_pipeline.pipeline.id\n}\n'
    'output "token" {\n  value = "made-up-token-of-it"\n  sensitive = true\n}\n'
)


def built(name: str, dockerfile: Path, context: Path, **arguments: str) -> str:
    """Build an image and give its name."""
    values = [f"--build-arg={key}={value}" for key, value in arguments.items()]
    bundle = os.environ.get("CA_BUNDLE")
    secrets = [f"--secret=id=ca-bundle,src={bundle}"] if bundle else []
    ignored = [] if ENGINE == "docker" else [f"--ignorefile={ROOT}/images/Dockerfile.dockerignore"]
    engine("build", "--quiet", f"--file={dockerfile}", f"--tag={name}", *ignored, *secrets, *values, str(context))
    return name


@pytest.fixture
def with_tofu(tmp_path: Path) -> Iterator[str]:
    """The name of a createresource that has the program and a provider; the images are removed after the test."""
    program = tmp_path / "program"
    program.mkdir()
    (program / "tofu").write_text(PROGRAM, encoding="utf-8")
    (program / "tofu").chmod(0o755)
    (program / "Dockerfile").write_text("FROM scratch\nCOPY tofu /usr/local/bin/tofu\n", encoding="utf-8")
    (program / PROVIDERS / "0.40.0").mkdir(parents=True)
    (program / "with-provider").write_text("ARG STEP\nFROM ${STEP}\nCOPY usr/ /usr/\n", encoding="utf-8")
    base = {"BASE_IMAGE": os.environ["BASE_IMAGE"]} if os.environ.get("BASE_IMAGE") else {}
    names: list[str] = []
    try:
        names.append(built("idp-steps/test-tofu", program / "Dockerfile", program))
        choice = {"IMAGE": "createresource", "BASE": "tofu", "TOFU_IMAGE": names[-1], **base}
        names.append(built("idp-steps/test-createresource", ROOT / "images/Dockerfile", ROOT, **choice))
        names.append(built("idp-steps/test-provider", program / "with-provider", program, STEP=names[-1]))
        yield names[-1]
    finally:
        engine("image", "rm", "--force", *reversed(names))


def test_a_definition_is_carried_out_once_in_the_image(with_tofu: str, tmp_path: Path) -> None:
    """The image's program plans and applies; the state outlives the container; secrets go to the file for them."""
    stand_in, workspace, handed_on = (writable(tmp_path / name) for name in ("stand-in", "harness", "handed-on"))
    shutil.copy(ROOT / "tests/tofu.py", stand_in / "tofu")
    environ = {
        "RESOURCE_DEFINITION": DEFINITION,
        "TF_VAR_X_API_KEY": "pat.account.key.made-up",
        "TF_VAR_ACCOUNT_IDENTIFIER": "acc",
        "TF_VAR_ENDPOINT": "https://app.harness.io/gateway",
        "STATE_DIR": "/harness/state",
        "DRONE_OUTPUT": f"{HANDED_ON}/output.env",
        "HARNESS_OUTPUT_SECRET_FILE": f"{HANDED_ON}/secret.env",
    }
    variables = [f"--env={name}={value}" for name, value in environ.items()]
    mounts = [
        f"--volume={at}:{to}" for at, to in ((stand_in, STAND_IN), (workspace, "/harness"), (handed_on, HANDED_ON))
    ]

    changed = []
    for _ in range(2):
        engine("run", "--rm", "--network=none", *mounts, *variables, with_tofu)
        outputs = dict(
            line.split("=", 1) for line in (handed_on / "output.env").read_text(encoding="utf-8").splitlines()
        )
        changed.append(outputs.pop("resourcesChanged"))
        assert outputs == {"id": "identifier"}
        (handed_on / "output.env").unlink()

    assert changed == ["1", "0"]
    assert "token=made-up-token-of-it" in (handed_on / "secret.env").read_text(encoding="utf-8")
    calls = [json.loads(line)["arguments"][1] for line in (stand_in / "calls.jsonl").read_text().splitlines()]
    assert calls.count("apply") == 1
