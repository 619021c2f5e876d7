"""The table of catalogs that the scenarios of RegisterCatalog run over. A new catalog is a row."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.catalog import entities, locations
from sandbox.seeding import seed
from sandbox.services import open_state
from tests.conftest import DRY_RUN, World, fits

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

    type: its catalogType. name: which of that type it is. forms: the ways to give the variables, the first that of
    somebody outside the platform. registered: the references that it has. made_inside: puts an entity of the same name
    there that came from no file. forget: removes all. hide: keeps what is registered from being shown.
    unread_is_let_pass: a file that the catalog will not show is registered all the same, as the import checks it.
    bad_file, no_file: the exit code and the words for them.
    """

    type: str
    name: str
    forms: tuple[Variables, ...]
    key: str  # the variable that holds the credentials
    read_only_key: Callable[[World], str]
    permission: str  # what that key lacks, as the step says it
    read: Request
    find: Request
    register: Request
    dry_run: Request
    ref: str
    registered: Callable[[World], list[str]]
    made_inside: Callable[[World], None]
    forget: Callable[[World], None]
    hide: Callable[[World, pytest.MonkeyPatch], None]
    page: Callable[[World], str]
    bad_file: tuple[int, tuple[str, ...]]
    no_file: tuple[str, ...]
    unread_is_let_pass: bool = False
    has_locations: bool = False

    def __str__(self) -> str:
        return self.name


def push(world: World, tmp_path: Path, owner: str, content: str) -> None:
    """Put the file on branch main of the owner's repository payments."""
    folder = tmp_path / "code" / owner
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "catalog-info.yaml").write_text(content)
    seed(world.state_dir, owner, "payments", folder)


def asked(requests: list[str], request: Request) -> int:
    """Count the requests of this sort."""
    return sum(1 for line in requests if fits(line, " ".join(request)))


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


def harness_without_account(world: World) -> dict[str, str]:
    """What makes of these the variables of somebody whose account nothing tells: the key has the old form.

    From now on the sandbox takes such a key, too.
    """
    real, old = world.faults.app, "pat.5f8d.canary"

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ.get("HTTP_X_API_KEY") == old:
            environ["HTTP_X_API_KEY"] = world.credentials["harness"].api_key
        return real(environ, start_response)

    world.faults.app = app
    return {"HARNESS_ACCOUNT_ID": "", "X_API_KEY": old}


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


LATER = 1_000  # more answers than a step asks for


def _harness_hide(world: World, _patch: pytest.MonkeyPatch) -> None:
    world.faults.before[HARNESS_ENTITY] = [404] * LATER


HARNESS_ENTITY = ("GET", "/gateway/v1/entities/account/component/payments")
BACKSTAGE_API, IDP1_API = "/backstage/api/catalog", "/idp1/*/idp/api/catalog"
LOCATION_BAD_FILE = (1, ("answered 400: InputError: Policy check failed", "metadata.name is 'a b'", "Correct the file"))
LOCATION_NO_FILE = ("no matching files found for", "nowhere", "Check filePath, branch and repository")


def _file(**more: str) -> dict[str, str]:
    return {"ORG_NAME": "acme", "REPO_NAME": "payments", "FILE_PATH": "catalog-info.yaml", "BRANCH": "main", **more}


def backstage_by_token(world: World, **more: str) -> dict[str, str]:
    """The variables of someone who registers in Backstage with a static token."""
    return {
        **world.connector,
        **_file(),
        "CATALOG_TYPE": "backstage",
        "BACKSTAGE_URL": f"{world.url}/backstage",
        "BACKSTAGE_TOKEN": world.credentials["backstage"].token,
        **more,
    }


def backstage_by_guest(world: World, **more: str) -> dict[str, str]:
    """The variables of someone whom Backstage takes for its guest."""
    given = backstage_by_token(world, BACKSTAGE_GUEST="true")
    del given["BACKSTAGE_TOKEN"]
    return {**given, **more}


def idp1_by_key(world: World, **more: str) -> dict[str, str]:
    """The variables of IDP 1.0: a key, and none of what 2.0 needs."""
    return {
        **world.connector,
        **_file(),
        "IDP_URL": f"{world.url}/idp1",
        "HARNESS_ACCOUNT_ID": world.credentials["harness"].account,
        "X_API_KEY": world.credentials["harness"].api_key,
        **more,
    }


def _located(name: str) -> Callable[[World], list[str]]:
    def registered(world: World) -> list[str]:
        catalog = locations.Catalog(open_state(world.state_dir), name, world.url.partition("//")[2])
        for location in catalog.locations():
            catalog.refresh(location)
        with catalog.state.database() as database:
            database.execute("UPDATE locations SET due = 0")
        return [ref for ref in catalog.entities() if not ref.startswith("location:")]

    return registered


def _located_inside(name: str) -> Callable[[World], None]:
    """Put an entity there that an entity provider of the catalog brought, not a location."""

    def made_inside(world: World) -> None:
        entity = locations.checked(yaml.safe_load(BACKSTAGE), "")
        entity["metadata"]["annotations"] = {}
        with open_state(world.state_dir).database() as database:
            values = ("uid", name, "component:default/payments", "", json.dumps(entity))
            database.execute("INSERT INTO located_entities VALUES (?, ?, ?, ?, ?)", values)

    return made_inside


def _located_forget(world: World) -> None:
    with open_state(world.state_dir).database() as database:
        database.execute("DELETE FROM locations")
        database.execute("DELETE FROM located_entities")


def _located_hide(_world: World, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(locations, "DELAY", 3_600)


CATALOGS = (
    CatalogUnderTest(
        type="harness",
        name="IDP 2.0",
        forms=(harness_by_inputs, harness_by_platform),
        key="X_API_KEY",
        read_only_key=lambda world: world.credentials["harness"].readonly_key,
        permission="permission idp_catalog_edit",
        read=("GET", HARNESS_FILE),
        find=HARNESS_ENTITY,
        register=("POST", "/gateway/v1/entities/import"),
        dry_run=("POST", "/gateway/v1/entities"),
        ref="component:account/payments",
        registered=_harness_entities,
        made_inside=_harness_made_inside,
        forget=_harness_forget,
        hide=_harness_hide,
        page=lambda world: (
            f"{world.url}/ng/account/{world.credentials['harness'].account}/module/idp/catalog/account/component/payments"
        ),
        bad_file=(
            2,
            (
                "The file catalog-info.yaml on branch main of payments has 2 faults",
                "line 4, column 9: metadata.name is 'a b'",
                "spec.owner is missing",
            ),
        ),
        no_file=("The platform did not see", "nowhere", "was not found", "Check filePath, branch and repository"),
        unread_is_let_pass=True,
    ),
    CatalogUnderTest(
        type="harness",
        name="IDP 1.0",
        forms=(idp1_by_key,),
        key="X_API_KEY",
        read_only_key=lambda world: world.credentials["harness"].readonly_key,
        permission="permission idp_catalog_edit",
        read=("POST", f"{IDP1_API}/locations{DRY_RUN}"),
        find=("POST", f"{IDP1_API}/entities/by-refs"),
        register=("POST", f"{IDP1_API}/locations"),
        dry_run=("POST", f"{IDP1_API}/locations{DRY_RUN}"),
        ref="component:default/payments",
        registered=_located("idp1"),
        made_inside=_located_inside("idp1"),
        forget=_located_forget,
        hide=_located_hide,
        page=lambda world: (
            "https://app.harness.io/ng/account/"
            f"{world.credentials['harness'].account}/module/idp/catalog/default/component/payments"
        ),
        bad_file=LOCATION_BAD_FILE,
        no_file=LOCATION_NO_FILE,
        has_locations=True,
    ),
    CatalogUnderTest(
        type="backstage",
        name="Backstage",
        forms=(backstage_by_token, backstage_by_guest),
        key="BACKSTAGE_TOKEN",
        read_only_key=lambda world: world.credentials["backstage"].readonly_token,
        permission="permission catalog.location.create",
        read=("POST", f"{BACKSTAGE_API}/locations{DRY_RUN}"),
        find=("POST", f"{BACKSTAGE_API}/entities/by-refs"),
        register=("POST", f"{BACKSTAGE_API}/locations"),
        dry_run=("POST", f"{BACKSTAGE_API}/locations{DRY_RUN}"),
        ref="component:default/payments",
        registered=_located("backstage"),
        made_inside=_located_inside("backstage"),
        forget=_located_forget,
        hide=_located_hide,
        page=lambda world: f"{world.url}/backstage/catalog/default/component/payments",
        bad_file=LOCATION_BAD_FILE,
        no_file=LOCATION_NO_FILE,
        has_locations=True,
    ),
)
