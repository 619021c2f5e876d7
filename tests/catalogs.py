"""The table of catalogs that the scenarios of RegisterCatalog run over. A new catalog is a row."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sandbox.catalog import entities
from sandbox.seeding import seed
from sandbox.services import open_state
from tests.conftest import World

Request = tuple[str, str]  # a method, and how the path begins
Variables = Callable[..., dict[str, str]]

BACKSTAGE = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: payments
spec:
  type: service
  lifecycle: experimental
  owner: test
"""
NATIVE = """\
apiVersion: harness.io/v1
kind: Component
identifier: payments
type: service
owner: test
spec:
  lifecycle: experimental
"""


@dataclass(frozen=True)
class CatalogUnderTest:
    """One catalog of the sandbox, and how RegisterCatalog is told of it. The file is acme/payments' catalog-info.yaml.

    forms: the ways to give the variables, the first that of somebody outside the platform. registered: the references
    that it has. made_inside: puts an entity of the same name there that came from no file. forget: removes all.
    """

    type: str
    forms: tuple[Variables, ...]
    key: str  # the variable that holds the credentials
    read_only_key: Callable[[World], str]
    permission: str  # what that key lacks, as the step says it
    read: Request
    find: Request
    register: Request
    dry_run: Request
    files: Mapping[str, str]  # format -> content
    ref: str
    registered: Callable[[World], list[str]]
    made_inside: Callable[[World], None]
    forget: Callable[[World], None]

    def __str__(self) -> str:
        return self.type


def push(world: World, tmp_path: Path, owner: str, content: str) -> None:
    """Put the file on branch main of the owner's repository payments."""
    folder = tmp_path / "code" / owner
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "catalog-info.yaml").write_text(content)
    seed(world.state_dir, owner, "payments", folder)


def asked(requests: list[str], request: Request) -> int:
    """Count the requests of this sort."""
    return sum(1 for line in requests if line.startswith(" ".join(request)))


HARNESS_FILE = "/gateway/ng/api/scm/get-file-by-branch"


def harness_by_inputs(world: World, **more: str) -> dict[str, str]:
    """The variables of someone who runs the image outside the platform, with an API key."""
    return {
        **world.connector,
        "ORG_NAME": "acme",
        "REPO_NAME": "payments",
        "FILE_PATH": "catalog-info.yaml",
        "BRANCH": "main",
        "PLUGIN_CONNECTOR_REF": "account.github",
        "BASE": world.url,
        "HARNESS_ACCOUNT_ID": world.credentials["harness"].account,
        "X_API_KEY": world.credentials["harness"].api_key,
        **more,
    }


def harness_by_platform(world: World, **more: str) -> dict[str, str]:
    """The variables that the platform sets, with the user's context instead of a key (contract, A.5)."""
    body = {
        "connector_ref": "account.github",
        "repo_name": "payments",
        "branch_name": "main",
        "file_path": "catalog-info.yaml",
        "is_harness_code_repo": None,
    }
    query = (
        f"accountIdentifier={world.credentials['harness'].account}&connectorRef=account.github&repoName=payments"
        "&branch=main&filePath=catalog-info.yaml"
    )
    given = harness_by_inputs(world) | {
        "AUTHORIZATION": f"idp {world.credentials['harness'].service_jwt}",
        "X_SOURCE_PRINCIPAL": f"idp {world.credentials['harness'].user_jwt}",
        "IMPORT_ENTITY_URL": f"{world.url}/gateway/v1/entities/import",
        "GET_FILE_BY_BRANCH_URL": f"{world.url}{HARNESS_FILE}?{query}",
        "BODY": json.dumps(body),
        "HARNESS_PIPELINE_ID": "onboarding",
    }
    del given["X_API_KEY"], given["PLUGIN_CONNECTOR_REF"]
    return {**given, **more}


def _harness_entities(world: World) -> list[str]:
    return [entity.ref for entity in entities.every(open_state(world.state_dir))]


def _harness_made_inside(world: World) -> None:
    entities.add(open_state(world.state_dir), entities.parse(NATIVE, convert=False))


def _harness_forget(world: World) -> None:
    with open_state(world.state_dir).database() as database:
        database.execute("DELETE FROM entities")
        database.execute("DELETE FROM properties")


CATALOGS = (
    CatalogUnderTest(
        type="harness",
        forms=(harness_by_inputs, harness_by_platform),
        key="X_API_KEY",
        read_only_key=lambda world: world.credentials["harness"].readonly_key,
        permission="permission idp_catalog_edit",
        read=("GET", HARNESS_FILE),
        find=("GET", "/gateway/v1/entities/account/component/payments"),
        register=("POST", "/gateway/v1/entities/import"),
        dry_run=("POST", "/gateway/v1/entities"),
        files={"IDP 1.0": BACKSTAGE, "IDP 2.0": NATIVE},
        ref="component:account/payments",
        registered=_harness_entities,
        made_inside=_harness_made_inside,
        forget=_harness_forget,
    ),
)
