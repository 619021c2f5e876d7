"""What the platform makes of a GitClone's spec: the variables of its git image (contract, A.12)."""

from __future__ import annotations

import urllib.parse
from collections.abc import Mapping
from pathlib import PurePosixPath

from common.contract.inputs import snake
from common.contract.workspace import PLATFORM_WORKSPACE
from common.errors import BadInput
from runner.language.resolve import Resolved
from runner.language.step_types import StepKind
from runner.platform.connectors import Services
from runner.platform.execution import Execution
from runner.platform.texts import text_of

BUILDS: dict[str, tuple[str, str, dict[str, str]]] = {  # type -> field of its spec, variable, what is set besides
    "branch": ("branch", "DRONE_COMMIT_BRANCH", {}),
    "tag": ("tag", "DRONE_TAG", {"DRONE_BUILD_EVENT": "tag"}),
    "commitSha": ("commitSha", "DRONE_COMMIT_SHA", {}),
    "PR": ("number", "DRONE_PULL_REQUEST", {"DRONE_BUILD_EVENT": "pull_request"}),
}


def variables(kind: StepKind, spec: Mapping[str, Resolved], services: Services) -> dict[str, str]:
    """Give the variables. Raises BadInput for what the platform refuses before it starts the image."""
    own = {
        f"PLUGIN_{snake(name)}": text_of(value, services)
        for name, value in spec.items()
        if name in kind.spec and not kind.spec[name].env and name not in ("build", "connectorRef", "sslVerify")
    }
    if str(spec.get("sslVerify")).lower() == "false":
        own["GIT_SSL_NO_VERIFY"] = "true"
    sparse = spec.get("sparseCheckout")
    if isinstance(sparse, list):
        own["DRONE_NETRC_SPARSE_CHECKOUT"] = "\n".join(text_of(one, services) for one in sparse)
    return {name: text for name, text in own.items() if text} | _build(spec) | _directory(spec)


def in_harness_code(spec: Mapping[str, Resolved], execution: Execution) -> dict[str, str]:
    """Give the place of a repository in the portal's own git host, which a clone without a connector is from.

    It belongs to the pipeline's project, with the prefix org. or account. to what is above that. Raises BadInput.
    """
    scope, _, name = str(spec.get("repoName") or "").rpartition(".")
    if scope not in ("account", "org"):
        scope, name = "project", str(spec.get("repoName") or "")
    if not name:
        raise BadInput(
            "Without a connectorRef the repository is one of Harness Code, and the field 'repoName' is empty.",
            next_step="Give repoName, or the connector of another git host.",
        )
    place = {"ORG_NAME": execution.pipeline.organization, "PROJECT_NAME": execution.pipeline.project}
    above = {"account": (), "org": ("ORG_NAME",), "project": ("ORG_NAME", "PROJECT_NAME")}[scope]
    found = {"CONNECTOR_TYPE": "Harness", "HARNESS_CODE_REPO_TYPE": scope, "REPO_NAME": name}
    return {**found, **{variable: place[variable] for variable in above}}


def _build(spec: Mapping[str, Resolved]) -> dict[str, str]:
    build = spec.get("build")
    if not build:
        raise BadInput("The field 'build' is empty.", next_step=_forms())
    kind, inner = (build.get("type"), build.get("spec")) if isinstance(build, dict) else (None, None)
    field, variable, more = BUILDS.get(str(kind), ("", "", {}))
    value = str(inner.get(field) or "") if isinstance(inner, dict) else ""
    if not value:
        raise BadInput(f"The field 'build' says nothing for the type {kind!r}.", next_step=_forms())
    return {variable: value, **more}


def _forms() -> str:
    return "Give " + ", ".join(f"type: {kind} with spec: {field}" for kind, (field, _, _) in BUILDS.items()) + "."


def _directory(spec: Mapping[str, Resolved]) -> dict[str, str]:
    """Give the clone's folder; without one and without a repository's name the step takes the name from the URL."""
    directory = str(spec.get("cloneDirectory") or "")
    if directory and PLATFORM_WORKSPACE / PurePosixPath(directory) == PLATFORM_WORKSPACE:
        raise BadInput(
            f"The cloneDirectory {directory!r} is the workspace itself.", next_step="Give a folder below it."
        )
    name = urllib.parse.unquote(str(spec.get("repoName") or "")).rstrip("/").rpartition("/")[2].removesuffix(".git")
    return {"DRONE_WORKSPACE": directory or f"{PLATFORM_WORKSPACE}/{name}"} if directory or name else {}
