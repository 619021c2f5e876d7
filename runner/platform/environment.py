"""The environment that the platform gives a step: the contract's sections A, B.5 and B.2-B.3, and nothing else.

Names of a spec's fields come from the step's own declaration (its first variable name is the platform's current one).
What is listed here is what the platform adds or does differently.
"""

from __future__ import annotations

import json
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass

from common.errors import BadInput
from runner.language.expressions import SecretReference
from runner.language.pipeline import Pipeline, Stage
from runner.language.resolve import Resolved
from runner.language.step_types import StepKind
from runner.platform import requests
from runner.platform.connectors import Connector, Missing, Services

CONNECTOR_STEPS = frozenset({"CreateRepo", "DirectPush", "RegisterCatalog"})
HARNESS_STEPS = frozenset({"CreateCatalog", "RegisterCatalog", "UpdateCatalogProperty"})
AUTHORIZED_STEPS = frozenset({"RegisterCatalog", "UpdateCatalogProperty"})
ONLY_BODY = frozenset({"UpdateCatalogProperty"})  # no field of its spec has a variable of its own
ALWAYS = {"SlackNotify": {"REPLY_BROADCAST": "false"}}  # A.6

# What of the caller's own environment a process needs to work at all: programs, language, places, networks.
PASSED_ON = frozenset(
    [
        "PATH",
        "HOME",
        "LANG",
        "LANGUAGE",
        "LC_ALL",
        "LC_CTYPE",
        "LC_MESSAGES",
        "TZ",
        "TMPDIR",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "NO_PROXY",
        "ALL_PROXY",
        "http_proxy",
        "https_proxy",
        "no_proxy",
        "all_proxy",
        "HARNESS_HTTP_PROXY",
        "HARNESS_HTTPS_PROXY",
        "HARNESS_NO_PROXY",
        "HARNESS_GIT_PROXY",
        "CA_BUNDLE",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "REQUESTS_CA_BUNDLE",
        "CURL_CA_BUNDLE",
        "GIT_SSL_CAINFO",
        "HARNESS_CA_PATH",
        "TLS_STRICT",
        "VERBOSE",
    ]
)


@dataclass(frozen=True)
class Execution:
    """One run of a pipeline, as the common variables tell it to a step. `sequence` is 0 before the run has started."""

    identifier: str
    pipeline: Pipeline
    account: str = ""
    sequence: int = 0
    workspace: str = ""


def passed_on(environ: Mapping[str, str]) -> dict[str, str]:
    """Give what a step sees of the environment that the runner was started in."""
    return {name: value for name, value in environ.items() if name in PASSED_ON}


def common(execution: Execution, stage: Stage, output_file: str) -> dict[str, str]:
    """Give the variables that every step has (B.5, C.1)."""
    pipeline = execution.pipeline
    found = {
        "HARNESS_ACCOUNT_ID": execution.account,
        "HARNESS_ORG_ID": pipeline.organization,
        "HARNESS_PROJECT_ID": pipeline.project,
        "HARNESS_PIPELINE_ID": pipeline.identifier,
        "HARNESS_STAGE_ID": stage.identifier,
        "HARNESS_EXECUTION_ID": execution.identifier,
        "HARNESS_BUILD_ID": str(execution.sequence),
        "HARNESS_WORKSPACE": execution.workspace,
        "DRONE_WORKSPACE": execution.workspace,
        "DRONE_STAGE_NAME": stage.name,
        "PLUGIN_PIPELINE": pipeline.name,
        "DRONE_OUTPUT": output_file,
        "HARNESS_OUTPUT_FILE": output_file,
    }
    return {name: value for name, value in found.items() if value}


def step_variables(
    kind: StepKind, spec: Mapping[str, Resolved], services: Services, execution: Execution
) -> dict[str, str]:
    """Give the variables of one step: its spec, what the platform adds for its type, and credentials.

    Raises connectors.Missing when a connector or secret is not described.
    """
    found = {} if kind.type in ONLY_BODY else _of_spec(kind, spec, services)
    found = {**ALWAYS.get(kind.type, {}), **found}
    if kind.type in CONNECTOR_STEPS and spec.get("connectorRef"):
        found |= _of_connector(services.connector(str(spec["connectorRef"])), str(spec.get("repository", "")), found)
    if kind.type in HARNESS_STEPS:
        harness = services.harness()
        found["BASE"] = harness.base
        if kind.type in AUTHORIZED_STEPS and "X_API_KEY" not in found:
            found |= _of_caller(kind, spec, services)
        if kind.type in requests.OF_TYPE:
            sent = {
                name: plain(one, services)
                for name, one in spec.items()
                if name not in kind.spec or not kind.spec[name].secret
            }
            found |= requests.OF_TYPE[kind.type](sent, harness.base, execution)
    if kind.type == "SlackNotify" and services.slack_api_url is not None:
        found["SLACK_API_URL"] = services.slack_api_url
    return found


def _of_spec(kind: StepKind, spec: Mapping[str, Resolved], services: Services) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in spec.items():
        one = kind.spec.get(name)
        if one is None or not one.env or value in (None, "", [], {}):
            if one is not None and one.prefix and isinstance(value, dict):
                found |= _prefixed(one.prefix, value, services)
            continue
        if one.secret:
            found[one.env[0]] = secret_of(value, name, services)
        elif one.prefix and isinstance(value, dict):
            found |= _prefixed(one.prefix, value, services)
        else:
            found[one.env[0]] = text_of(value, services)
    return found


def _prefixed(prefix: str, entries: Mapping[str, Resolved], services: Services) -> dict[str, str]:
    texts = {f"{prefix}{name}": text_of(value, services) for name, value in entries.items() if value is not None}
    return {name: text for name, text in texts.items() if text}


def secret_of(value: Resolved, field: str, services: Services) -> str:
    """Give the value of a field that holds a reference to a secret: its id, or an expression for it."""
    identifier = value.id if isinstance(value, SecretReference) else str(value)
    return services.secret(identifier, field).reveal()


def text_of(value: Resolved, services: Services) -> str:
    """Turn a value into the text of a variable as the platform does (A.1)."""
    if isinstance(value, SecretReference):
        return services.secret(value.id, "").reveal()
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list) and not any(isinstance(one, list | dict) for one in value):
        return ",".join(text_of(one, services) for one in value)
    if isinstance(value, list | dict):
        return json.dumps(plain(value, services), indent=2, ensure_ascii=False)
    return "" if value is None else str(value)


def plain(value: Resolved, services: Services) -> Resolved:
    """Give a value with its JSON types, and with secrets revealed, for a body that is sent."""
    if isinstance(value, SecretReference):
        return services.secret(value.id, "").reveal()
    if isinstance(value, list):
        return [plain(one, services) for one in value]
    if isinstance(value, dict):
        return {name: plain(one, services) for name, one in value.items()}
    return value


def _of_connector(connector: Connector, repository: str, given: Mapping[str, str]) -> dict[str, str]:
    parts = urllib.parse.urlsplit(connector.url)
    remote = connector.url
    if connector.url_type == "Account":
        if not repository:
            raise BadInput("The step needs the field 'repository', because its connector is one for a whole account.")
        remote = f"{remote}/{repository}"
    if not remote.endswith(".git") and connector.type != "AzureRepo":
        remote += ".git"
    return {
        "DRONE_NETRC_MACHINE": parts.hostname or "",
        **({"DRONE_NETRC_PORT": str(parts.port)} if parts.port else {}),
        "DRONE_NETRC_USERNAME": connector.username,
        "DRONE_NETRC_PASSWORD": connector.token.reveal(),
        "DRONE_REMOTE_URL": remote,
        "CONNECTOR_TYPE": given.get("CONNECTOR_TYPE") or connector.type,
    }


def _of_caller(kind: StepKind, spec: Mapping[str, Resolved], services: Services) -> dict[str, str]:
    """Authorize a step: by its own key, else by what stands for the platform's user context."""
    if spec.get("xApiKey"):
        return {"X_API_KEY": secret_of(spec["xApiKey"], "xApiKey", services)}
    credentials = services.harness().credentials
    if not credentials:
        raise Missing(
            f"Steps of the type {kind.type} need an API key of the Harness account. "
            "Give the step an xApiKey, or write harness: apiKey into connectors.yaml."
        )
    return {name: secret.reveal() for name, secret in credentials.items()}
