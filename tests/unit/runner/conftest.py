"""Small steps that are real processes: each writes down its environment, prints what it is told, and writes outputs."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import steps
from runner.execution import process
from runner.language import step_types

ROOT = Path(__file__).resolve().parents[3]

STEP = '''
import json, os, sys, time
from dataclasses import dataclass
from common.contract.inputs import option
from common.secret import Secret
from common.contract.step import step

@dataclass(frozen=True, kw_only=True)
class Inputs:
{inputs}

@step(type="{type}", image="fake", outputs={outputs})
def {module}(inputs: Inputs, run):
    """Stand in for {type}."""
    return {{}}

if __name__ == "__main__":
    with open("{type}.json", "w") as file:
        json.dump(dict(os.environ), file)
    {body}
'''

CREATE_REPO = """
    repository: str = option("repository", env=["REPO_NAME", "IDP_REPO_NAME"], help="Name.")
    repo_type: str = option("repoType", env=["REPO_TYPE"], help="Visibility.")
    description: str = option("description", env=["REPO_DESCRIPTION"], default="", help="Text.")
    personal: bool = option("personalAccount", env=["PERSONAL_ACCOUNT"], default=False, help="Whose.")
    ref: str = option("connectorRef", default="", help="Connector.")
    host: str = option("connectorType", env=["CONNECTOR_TYPE"], default="", help="Host.")
    git: Secret = option("gitToken", env=["DRONE_NETRC_PASSWORD"], spec=False, help="Token.")
    if_exists: str = option("ifExists", env=["IF_EXISTS"], default="", spec=False, help="What then.")
"""
SLACK = """
    token: Secret = option("token", env=["SLACK_TOKEN"], help="Token.")
    message: str = option("messageContent", env=["MESSAGE_CONTENT"], help="Text.")
    email: str = option("email", env=["EMAIL"], default="", help="Who.", aliases=["emailId"])
    broadcast: bool = option("replyBroadcast", env=["REPLY_BROADCAST"], default=False, help="Whom.")
    url: str = option("slackApiUrl", env=["SLACK_API_URL"], default="", spec=False, help="Where.")
"""
COOKIE_CUTTER = """
    variables: dict = option("cookieCutterVariables", default={}, prefix="IDP_COOKIECUTTER_", help="Variables.")
    template: str = option("publicTemplateUrl", env=["PUBLIC_TEMPLATE_URL"], default="", help="Template.")
"""
ECHO = "print('Working on it.', file=sys.stderr)"
CREATES = (
    "print('Created with', os.environ['DRONE_NETRC_PASSWORD']); "
    "open(os.environ['DRONE_OUTPUT'], 'w').write('repositoryUrl=http://git.test/o/' "
    "+ os.environ['REPO_NAME'] + chr(10))"
)


@pytest.fixture
def fake_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Put fake steps in the place of the real ones; call the result to change what one of them does."""
    folder = tmp_path / "fake_steps"
    folder.mkdir()
    described = {"CreateRepo": CREATE_REPO, "SlackNotify": SLACK, "CookieCutter": COOKIE_CUTTER}
    bodies = {"CreateRepo": CREATES, "SlackNotify": ECHO, "CookieCutter": ECHO}
    outputs = {"CreateRepo": {"repositoryUrl": "The repository."}, "SlackNotify": {}, "CookieCutter": {}}

    def write(step_type: str, body: str) -> None:
        module = f"fake_{step_type.lower()}"
        source = STEP.format(
            type=step_type,
            module=module,
            inputs=textwrap.indent(textwrap.dedent(described[step_type]), "    "),
            outputs=outputs[step_type],
            body=body,
        )
        (folder / f"{module}.py").write_text(source)

    for step_type, body in bodies.items():
        write(step_type, body)
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setattr(steps, "STEPS", {step_type: f"fake_{step_type.lower()}" for step_type in bodies})
    monkeypatch.setattr(process, "import_path", lambda: {"PYTHONPATH": f"{folder}:{ROOT}"})
    step_types.kind.cache_clear()
    yield write
    step_types.kind.cache_clear()


@pytest.fixture
def pipeline_file(tmp_path: Path) -> Callable[[str], Path]:
    """Write a pipeline of one stage `onboard` from its steps and, after a line `variables:`, its variables."""

    def write(body: str) -> Path:
        steps_part, _, variables_part = textwrap.dedent(body).partition("variables:\n")
        text = (
            "pipeline:\n  name: Onboarding\n  identifier: onboarding\n  projectIdentifier: portal\n"
            "  orgIdentifier: default\n  stages:\n    - stage:\n        name: onboard\n        identifier: onboard\n"
            "        type: IDP\n        spec:\n          execution:\n            steps:\n"
            + textwrap.indent(steps_part, " " * 14)
        )
        if variables_part:
            text += "  variables:\n" + textwrap.indent(textwrap.dedent(variables_part), "    ")
        folder = tmp_path / "project"
        folder.mkdir(exist_ok=True)
        file = folder / "pipeline.yaml"
        file.write_text(text)
        return file

    return write
