"""The environment of each of the steps, name by name: files in environments/ hold a spec and what comes of it.

A new step needs a file; one whose declaration changes shows here what that changes under the platform.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from common.secret import Secret
from runner.language import step_types
from runner.platform import sources
from runner.platform.connectors import Connector, Harness, Services
from tests.unit.runner.platform.test_environment import EXECUTION

FOLDER = Path(__file__).parent / "environments"


def services(*, sandboxed: bool) -> Services:
    connector = Connector("Github", "https://git.test:8443/acme", "Account", "jane", Secret("git-token"))
    key = {"X_API_KEY": Secret("account-key")}
    user = {"AUTHORIZATION": Secret("IdpService a.b.c"), "X_SOURCE_PRINCIPAL": Secret("IdpService d.e.f")}
    return Services(
        lambda _: connector,
        lambda identifier, field: Secret(f"{field}:{identifier}"),
        lambda: Harness("acc", "https://app.harness.io", user if sandboxed else key, key["X_API_KEY"]),
        "http://127.0.0.1:1/slack/api/" if sandboxed else None,
    )


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.yaml")), ids=lambda file: file.stem)
def test_a_step_is_given_the_environment_in_its_file(file: Path) -> None:
    told = yaml.safe_load(file.read_text(encoding="utf-8"))
    kind = step_types.kind(file.stem.partition("-")[0])
    given = services(sandboxed=told.get("sandbox", False))
    assert sources.variables(sources.Asked(kind, told["spec"], given, EXECUTION)) == told["environment"]


def test_every_step_has_a_file() -> None:
    assert {file.stem.partition("-")[0] for file in FOLDER.glob("*.yaml")} == set(step_types.types())
