"""Where the variables of a step come from: a table of sources, each with what needs it and what it gives.

A step needs a source when it declares that it reads a variable of it. So a new step, or a new input of one, is given
what it asks for without a word here; and the platform's next service is a row.
"""

from __future__ import annotations

import urllib.parse
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from common.diagnostics import choice
from common.errors import BadInput
from runner.language import step_types
from runner.language.resolve import LATER, Resolved
from runner.language.step_types import StepKind
from runner.platform import clone, requests, terraform
from runner.platform.connectors import PROJECT, Connector, Missing, Services
from runner.platform.containers import MACHINE
from runner.platform.execution import Execution
from runner.platform.texts import plain, secret_of, text_of

THIS_MACHINE = f"127.0.0.1,{MACHINE}"  # what else of the sandbox the steps talk to


@dataclass(frozen=True)
class Asked:
    """A step that is about to be started: its declaration, its resolved spec, and who can answer."""

    kind: StepKind
    spec: Mapping[str, Resolved]
    services: Services
    execution: Execution


A_KEY = "an API key of the Harness account"
DESCRIBE_KEY = "write harness: apiKey into connectors.yaml."

Gives = Callable[[Asked], dict[str, str]]
Prepared = Callable[[Mapping[str, Resolved], str, Execution], dict[str, str]]


@dataclass(frozen=True)
class Source:
    """A source. `gives` raises connectors.Missing, BadInput."""

    needed_by: Callable[[StepKind], bool]
    gives: Gives


def reads(name: str) -> Callable[[StepKind], bool]:
    """Tell whether a step declares that it reads the variable."""
    return lambda kind: name in kind.reads


def variables(asked: Asked) -> dict[str, str]:
    """Give the variables of one step. A later source goes before an earlier one."""
    found: dict[str, str] = {}
    for source in SOURCES:
        if source.needed_by(asked.kind):
            found |= source.gives(asked)
    return found


def _unless_given(_: Asked) -> dict[str, str]:
    return {"REPLY_BROADCAST": "false"}  # contract, A.6


def _spec(asked: Asked) -> dict[str, str]:
    """Give each field under the first name of its input, which is the platform's current one."""
    found: dict[str, str] = {}
    for name, value in {**asked.spec, **_stand_ins(asked)}.items():
        declared = asked.kind.spec.get(name)
        if declared is None:
            continue
        if declared.prefix and isinstance(value, dict):
            texts = {f"{declared.prefix}{key}": text_of(entry, asked.services) for key, entry in value.items()}
            found |= {key: text for key, text in texts.items() if text}
        elif declared.env and value not in (None, "", [], {}):
            found[declared.env[0]] = (
                secret_of(value, name, asked.services) if declared.secret else text_of(value, asked.services)
            )
    return found


def _stand_ins(asked: Asked) -> dict[str, Resolved]:
    """Give the fields that say where the repository is on a host that the pipeline was not written for."""
    reference = asked.spec.get("connectorRef") if asked.kind.uses_connector() else None
    taken_from = asked.services.connector(str(reference)).taken_from if reference else {}
    return {field: asked.spec.get(other) for field, other in taken_from.items() if not asked.spec.get(field)}


def _connector(asked: Asked) -> dict[str, str]:
    """Give the connector that the spec names (B.2, B.3)."""
    reference = asked.spec.get("connectorRef")
    if not reference:
        return {}
    connector = asked.services.connector(str(reference))
    kind = connector.type if connector.instead else str(asked.spec.get("connectorType") or connector.type)
    supported = step_types.connector_types(asked.kind.type)
    if kind and LATER not in kind and kind.lower() not in (name.lower() for name in supported):
        raise BadInput(
            f"The connector {str(reference)!r} is of the type {kind!r}, which is not supported.",
            next_step=f"It can be {choice(supported)}.",
        )
    parts = urllib.parse.urlsplit(connector.url)
    remote = connector.url if connector.url_type == "Repo" else _below(asked, connector)
    if not remote.endswith(".git") and connector.type != "AzureRepo":
        remote += ".git"
    return {
        "DRONE_NETRC_MACHINE": parts.hostname or "",
        **({"DRONE_NETRC_PORT": str(parts.port)} if parts.port else {}),
        **_login(connector),
        "DRONE_REMOTE_URL": remote,
        "CONNECTOR_TYPE": kind,
        **({"HTTP_PROXY": connector.proxy, "NO_PROXY": THIS_MACHINE} if connector.proxy else {}),
    }


def _below(asked: Asked, connector: Connector) -> str:
    """Give the URL of a step's repository by the connector for all of an account, or of a project of Azure Repos."""
    field = next((one.field for one in asked.kind.inputs if "REPO_NAME" in one.env), "repository")
    repository = str(asked.spec.get(field) or "")
    if not repository:
        raise BadInput(f"The step needs the field {field!r}, because its connector is one for a whole account.")
    if connector.url_type == PROJECT:
        return f"{connector.url}/_git/{urllib.parse.quote(repository)}"
    by_name = "organization" not in asked.kind.spec  # the URL is then all that says where the repository is
    if by_name and connector.address:
        return connector.address(repository)
    if by_name and connector.type == "AzureRepo" and "/_git" not in connector.url:
        project = str(asked.spec.get("projectName") or "")
        if not project:
            raise BadInput(
                f"The connector {str(asked.spec['connectorRef'])!r} is for an organization of Azure Repos, where a"
                " repository is in a project.",
                next_step="Give the step its projectName, or the connector the project's URL and urlType: Project.",
            )
        return f"{connector.url}/{urllib.parse.quote(project)}/_git/{urllib.parse.quote(repository)}"
    return f"{connector.url}/{repository}"


def _login(connector: Connector) -> dict[str, str]:
    if connector.app_id:
        return {"GITHUB_APP_ID": connector.app_id, "GITHUB_APP_PRIVATE_KEY": connector.token.reveal()}
    return {"DRONE_NETRC_USERNAME": connector.username, "DRONE_NETRC_PASSWORD": connector.token.reveal()}


def _clone(asked: Asked) -> dict[str, str]:
    return clone.variables(asked.kind, asked.spec, asked.services)


def _terraform(asked: Asked) -> dict[str, str]:
    return terraform.variables(asked.kind, asked.spec, asked.services, asked.execution)


def _account(asked: Asked) -> dict[str, str]:
    return {"BASE": asked.services.harness().base}


def _harness_code(asked: Asked) -> dict[str, str]:
    """Give portal and key to a step whose git host is the portal's own, where no connector tells them (B.3)."""
    kind, spec = asked.kind, asked.spec
    if spec.get("connectorRef") or not kind.in_harness_code(str(spec.get("connectorType") or "")):
        return {}
    harness = asked.services.harness()
    found = {"HARNESS_URL": harness.base}
    if not spec.get("xApiKey") and "AUTHORIZATION" not in kind.reads:
        if harness.key is None:
            raise Missing(f"Steps of the type {kind.type} need {A_KEY} for Harness Code: {DESCRIBE_KEY}")
        found["X_API_KEY"] = harness.key.reveal()
    return found | (clone.in_harness_code(spec, asked.execution) if "connectorType" not in kind.spec else {})


def _user_context(asked: Asked) -> dict[str, str]:
    """Authorize a step without a key of its own by what stands for the user who runs the pipeline."""
    if asked.spec.get("xApiKey"):
        return {}
    credentials = asked.services.harness().credentials
    if not credentials:
        raise Missing(f"Steps of the type {asked.kind.type} need {A_KEY}. Give the step an xApiKey, or {DESCRIBE_KEY}")
    return {name: secret.reveal() for name, secret in credentials.items()}


def _request(make: Prepared) -> Gives:
    """Give a request that the platform prepares; no secret field of the spec is in its body."""

    def gives(asked: Asked) -> dict[str, str]:
        secret = {name for name, declared in asked.kind.spec.items() if declared.secret}
        sent = {name: plain(value, asked.services) for name, value in asked.spec.items() if name not in secret}
        return make(sent, asked.services.harness().base, asked.execution)

    return gives


def _slack_url(asked: Asked) -> dict[str, str]:
    url = asked.services.slack_api_url
    return {} if url is None else {"SLACK_API_URL": url}


SOURCES = (
    Source(reads("REPLY_BROADCAST"), _unless_given),
    Source(lambda _: True, _spec),
    Source(StepKind.uses_connector, _connector),
    Source(reads("DRONE_COMMIT_BRANCH"), _clone),
    Source(reads("TF_VAR_ENDPOINT"), _terraform),
    Source(reads("BASE"), _account),
    Source(reads("HARNESS_URL"), _harness_code),
    Source(reads("AUTHORIZATION"), _user_context),
    Source(reads("IMPORT_ENTITY_URL"), _request(requests.register)),
    Source(reads("CUSTOM_PROPERTY_URL"), _request(requests.update)),
    Source(reads("SLACK_API_URL"), _slack_url),
)
