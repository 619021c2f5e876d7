"""The sandbox's Harness: credentials, entities and their rules, custom properties; above all what it refuses."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from sandbox.catalog import entities, properties
from sandbox.git import repositories
from sandbox.seeding import seed
from sandbox.server import Sandbox
from sandbox.state import Credentials, State

CATALOG_FILE = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: payments, title: Payments, tags: [python], annotations: {"a.b/c": x}}
spec: {type: service, lifecycle: experimental, owner: team-a, system: shop}
"""
REF = "component:account/payments"
IMPORT = {"connector_ref": "gh", "repo_name": "payments", "branch_name": "main", "file_path": "catalog-info.yaml"}
PROPERTIES = "/gateway/v1/catalog/custom-properties"


@pytest.fixture
def headers(credentials: Credentials) -> dict[str, str]:
    return {"x-api-key": credentials["harness"].api_key}


@pytest.fixture
def seeded(state: State, tmp_path: Path) -> Path:
    """A folder whose content is the repository acme/payments."""
    folder = tmp_path / "template"
    folder.mkdir()
    (folder / "catalog-info.yaml").write_text(CATALOG_FILE, encoding="utf-8")
    (folder / "broken.yaml").write_text("a: [b", encoding="utf-8")
    (folder / "two.yaml").write_text("---\na: 1\n---\nb: 2\n", encoding="utf-8")
    (folder / "bare.yaml").write_text("apiVersion: harness.io/v1\nkind: component\n", encoding="utf-8")
    (folder / "blob.yaml").write_bytes(b"\xff\xfe")
    seed(state.folder, "acme", "payments", folder)
    return folder


@pytest.fixture
def registered(seeded: Path, client: FlaskClient, headers: dict[str, str]) -> dict[str, Any]:
    """The imported entity; `seeded` is there for its repository."""
    assert seeded.is_dir()
    answer = client.post("/gateway/v1/entities/import", json=IMPORT, headers=headers)
    assert answer.status_code == 201
    return answer.json or {}


def test_a_backstage_file_is_imported_as_an_entity_of_the_account(registered: dict[str, Any], state: State) -> None:
    assert registered["entity_ref"] == REF
    assert (registered["name"], registered["owner"], registered["lifecycle"]) == ("Payments", "team-a", "experimental")
    assert registered["spec"]["system"] == ["shop"]
    details = registered["git_details"]
    place = repositories.folder(state, "github", "acme", "payments")
    assert details["file_url"] == "http://localhost/acme/payments/blob/main/catalog-info.yaml"
    assert details["commit_id"] in (place / "refs" / "heads" / "main").read_text(encoding="utf-8")


@pytest.mark.parametrize(("named", "owner"), [("payments", "team-b"), ("acme/payments", "team-a")])
def test_the_newest_repository_of_a_name_is_taken_and_an_owner_can_be_named(
    seeded: Path, client: FlaskClient, headers: dict[str, str], named: str, owner: str
) -> None:
    (seeded / "catalog-info.yaml").write_text(CATALOG_FILE.replace("team-a", "team-b"), encoding="utf-8")
    seed(seeded.parent / "state", "other", "payments", seeded)
    made = client.post("/gateway/v1/entities/import", json={**IMPORT, "repo_name": named}, headers=headers).json or {}
    assert made["owner"] == owner


@pytest.mark.usefixtures("seeded")
def test_without_a_branch_the_file_is_that_of_the_default_branch(client: FlaskClient, headers: dict[str, str]) -> None:
    asked = "connectorRef=account.github&repoName=payments&filePath=catalog-info.yaml"
    shown = client.get(f"/gateway/ng/api/scm/get-file-by-branch?{asked}", headers=headers).json or {}
    assert "kind: Component" in shown["data"]["fileContent"]
    body = {name: value for name, value in IMPORT.items() if name != "branch_name"}
    made = client.post("/gateway/v1/entities/import", json=body, headers=headers).json or {}
    assert made["git_details"]["branch_name"] == "main"


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        ({"repo_name": "nothing"}, 404, "Repository nothing was not found"),
        ({"branch_name": "dev"}, 404, "Branch dev was not found in repository acme/payments"),
        ({"file_path": "none.yaml"}, 404, "File none.yaml was not found on branch main of acme/payments"),
        ({"file_path": ""}, 400, "file_path must not be empty"),
        ({"connector_ref": None}, 400, "connector_ref must not be empty"),
        ({"is_harness_code_repo": True}, 404, "Repository payments was not found"),
        ({"file_path": "broken.yaml"}, 400, "not valid YAML"),
        ({"file_path": "two.yaml"}, 400, "exactly one entity, it holds 2"),
        ({"file_path": "blob.yaml"}, 400, "not UTF-8"),
        ({"file_path": "bare.yaml"}, 400, "identifier is missing; type is missing; owner is missing; spec.lifecycle"),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("seeded")
def test_an_import_that_is_refused(
    client: FlaskClient, headers: dict[str, str], change: dict[str, Any], status: int, words: str
) -> None:
    answer = client.post("/gateway/v1/entities/import", json={**IMPORT, **change}, headers=headers)
    assert answer.status_code == status
    assert re.search(words, (answer.json or {})["message"])
    assert entities.every(client.application.extensions["sandbox"]) == []


@pytest.mark.usefixtures("registered")
def test_a_second_import_is_a_conflict(client: FlaskClient, headers: dict[str, str]) -> None:
    answer = client.post("/gateway/v1/entities/import", json=IMPORT, headers=headers)
    said = answer.json or {}
    assert (answer.status_code, said["code"]) == (409, "DUPLICATE_FIELD")
    assert said["message"] == f"Entity {REF} already exists."


def test_who_may_do_what(client: FlaskClient, credentials: Credentials) -> None:
    pair = {
        "Authorization": f"S {credentials['harness'].service_jwt}",
        "X-Source-Principal": f"S {credentials['harness'].user_jwt}",
    }
    account = {"Harness-Account": credentials["harness"].account}
    read = "/gateway/v1/entities/account/component/nothing"
    cases: list[tuple[dict[str, str], int, int]] = [  # 404 and 400: let in
        ({}, 401, 401),
        ({"x-api-key": "nonsense"}, 401, 401),
        ({"x-api-key": credentials["harness"].readonly_key}, 404, 403),
        ({"x-api-key": credentials["harness"].api_key, "Harness-Account": "other"}, 403, 403),
        (pair, 400, 400),  # the account must be named
        (pair | account, 404, 400),
        ({"Authorization": pair["Authorization"], **account}, 401, 401),
        ({"x-api-key": credentials["harness"].api_key}, 404, 400),
    ]
    for headers, reads, writes in cases:
        assert client.get(read, headers=headers).status_code == reads, headers
        assert client.post("/gateway/v1/entities", json={}, headers=headers).status_code == writes, headers


def test_a_file_of_a_branch_is_read_in_the_classic_envelope(
    seeded: Path, client: FlaskClient, credentials: Credentials, headers: dict[str, str]
) -> None:
    query = {
        "accountIdentifier": credentials["harness"].account,
        "connectorRef": "gh",
        "repoName": "payments",
        "branch": "main",
    }
    path = "/gateway/ng/api/scm/get-file-by-branch"
    found = client.get(path, query_string=query | {"filePath": "catalog-info.yaml"}, headers=headers).json or {}
    assert (found["status"], found["data"]["fileContent"]) == (
        "SUCCESS",
        (seeded / "catalog-info.yaml").read_text(encoding="utf-8"),
    )
    assert client.get(path, query_string=query | {"filePath": "x"}, headers=headers).status_code == 404


@pytest.mark.usefixtures("registered")
def test_appended_values_build_on_the_yaml_and_replaced_ones_do_not(
    client: FlaskClient, headers: dict[str, str]
) -> None:
    def write(path: str, value: object, mode: str) -> int:
        body = {"entity_ref": REF, "property": path, "value": value, "mode": mode}
        return client.post(f"{PROPERTIES}/entity", json=body, headers=headers).status_code

    assert write("metadata.tags", ["http"], "append") == 200
    assert write('metadata.annotations."d.e/f"', "y", "replace") == 200
    assert write("metadata.annotations", {"a.b/c": "z"}, "append") == 200
    assert write("metadata.tags", "text", "append") == 400
    assert write("metadata.tags", {"a": 1}, "append") == 400
    shown = client.get("/v1/entities/account/component/payments", headers=headers).json or {}
    assert shown["tags"] == ["python", "http"]
    assert shown["metadata"]["annotations"] == {"a.b/c": "z", "d.e/f": "y"}
    assert "http" not in shown["yaml"]


@pytest.mark.usefixtures("registered")
def test_appends_at_the_same_time_are_all_kept(served: Sandbox, headers: dict[str, str], state: State) -> None:
    """Each builds on the one before, also those of one request."""

    def append(number: int) -> int:
        both = [{"property": "metadata.tags", "value": [f"{number}{part}"], "mode": "append"} for part in "ab"]
        body = {"entity_ref": REF, "properties": both}
        return requests.post(f"{served.url}{PROPERTIES}/entity", json=body, headers=headers, timeout=30).status_code

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(append, range(24))) == {200}
    with state.database() as database:
        ((_, tags, _),) = properties.of_entity(database, REF)
    assert sorted(tags) == sorted(["python", *(f"{number}{part}" for number in range(24) for part in "ab")])


@pytest.mark.parametrize(
    "path", ["kind", "metadata", "metadata.name", "metadata.namespace", 'metadata."apis"', "", "a..b", 'a."b', "a.b."]
)
@pytest.mark.usefixtures("registered")
def test_properties_that_cannot_be_changed(client: FlaskClient, headers: dict[str, str], path: str) -> None:
    body = {"entity_ref": REF, "properties": [{"property": "spec.x", "value": 1}, {"property": path, "value": 1}]}
    assert client.post(f"{PROPERTIES}/entity", json=body, headers=headers).status_code == 400
    assert client.get(f"{PROPERTIES}/entity?entity_ref={REF}", headers=headers).json == {"properties": []}


@pytest.mark.parametrize("ref", ["payments", "Component:default/PAYMENTS", "component:payments", REF])
@pytest.mark.usefixtures("registered")
def test_an_entity_is_found_by_its_reference_of_either_generation(
    client: FlaskClient, headers: dict[str, str], ref: str
) -> None:
    assert client.get(f"{PROPERTIES}/entity?entity_ref={ref}", headers=headers).status_code == 200


@pytest.mark.parametrize(
    "ref", ["component:account/Payments", "api:default/payments", "component:account.shop/payments", "nothing"]
)
@pytest.mark.usefixtures("registered")
def test_an_unknown_entity_is_not_found_and_nothing_is_written(
    client: FlaskClient, headers: dict[str, str], ref: str
) -> None:
    body = {"property": "spec.x", "value": 1, "entity_refs": [{"entity_ref": REF}, {"entity_ref": ref}]}
    answer = client.post(f"{PROPERTIES}/property", json=body, headers=headers)
    assert (answer.status_code, (answer.json or {})["message"]) == (404, f"Entity {ref} was not found.")
    assert client.get(f"{PROPERTIES}/entity?entity_ref={REF}", headers=headers).json == {"properties": []}


@pytest.mark.usefixtures("registered")
def test_a_dry_run_writes_nothing(client: FlaskClient, headers: dict[str, str]) -> None:
    body = {"entity_ref": REF, "property": "spec.tier", "value": "gold"}
    answer = client.post(f"{PROPERTIES}/entity?dry_run=true", json=body, headers=headers)
    assert (answer.json or {})["message"] == f"Dry run: 1 added, 0 updated (spec.tier of {REF})."
    assert client.get(f"{PROPERTIES}/entity?entity_ref={REF}", headers=headers).json == {"properties": []}


@pytest.mark.parametrize(
    ("query", "status"), [("infra=K8", 200), ("infra=VM", 200), ("infra=DLITE_VM", 400), ("", 400)]
)
def test_images_are_set_per_infrastructure(
    client: FlaskClient, credentials: Credentials, headers: dict[str, str], query: str, status: int
) -> None:
    base = "/gateway/idp/execution-config"
    query = f"accountIdentifier={credentials['harness'].account}&{query}"
    image = [{"field": "createRepo", "value": "a/b:1"}]
    assert client.post(f"{base}/update-config?{query}", json=image, headers=headers).status_code == status
    unknown = [{"field": "createRepository", "value": "a/b:1"}]
    assert client.post(f"{base}/update-config?{query}", json=unknown, headers=headers).status_code == 400


def test_addresses_that_are_not_served_answer_as_json(client: FlaskClient, headers: dict[str, str]) -> None:
    for path in ("/gateway/v1/nothing", "/v1/nothing", "/gateway/ng/api/nothing", "/gateway/idp/nothing"):
        answer = client.get(path, headers=headers)
        assert (answer.status_code, (answer.json or {})["code"]) == (404, "RESOURCE_NOT_FOUND")


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{key}: &{key} [{', '.join([f'*{before}'] * 9)}]\n" for before, key in zip("abcdefgh", "bcdefghi", strict=True)
)


HOSTILE = {"bomb": BOMB, "cycle": "a: &a [*a]", "flow": "[" * 20_000, "block": "- " * 20_000}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_yaml_that_describes_more_than_it_holds_is_refused(
    client: FlaskClient, headers: dict[str, str], text: str
) -> None:
    for body in ({"json": {"yaml": text}}, {"data": text, "content_type": "application/yaml"}):
        answer = client.post("/v1/entities", headers=headers, **body)
        assert answer.status_code == 400
        assert re.search("more than 100000 values, or is nested deeper than 100", (answer.json or {})["message"])


def test_aliases_within_reason_are_read(client: FlaskClient, headers: dict[str, str]) -> None:
    text = "{apiVersion: harness.io/v1, kind: group, identifier: &a team, name: *a, type: team}"
    assert (client.post("/v1/entities", json={"yaml": text}, headers=headers).json or {})["name"] == "team"


def test_json_that_is_nested_too_deeply_is_malformed(client: FlaskClient, headers: dict[str, str]) -> None:
    answer = client.post("/v1/entities", data="[" * 200_000, headers=headers, content_type="application/json")
    assert (answer.status_code, (answer.json or {})["code"]) == (400, "INVALID_REQUEST")


_KEYS = st.lists(
    st.text(st.characters(exclude_characters='"', exclude_categories=["Cs"]), min_size=1), min_size=2, max_size=5
)


@given(_KEYS)
def test_quoted_keys_of_a_property_path_are_read_back(keys: list[str]) -> None:
    """Any key without a quote can be part of a path."""
    fixed = {"kind", "metadata", "metadata.name", "metadata.namespace", "metadata.apis"}
    if ".".join(keys) not in fixed:
        assert properties.keys(".".join(f'"{key}"' for key in keys)) == keys


@given(st.text())
def test_any_text_is_an_entity_or_an_explained_fault(text: str) -> None:
    with pytest.raises(entities.InvalidEntity, match=r"."):
        entities.parse(text, convert=True)


def test_a_page_that_is_no_number_is_the_first(
    client: FlaskClient, headers: dict[str, str], registered: dict[str, Any]
) -> None:
    answer = client.get("/gateway/v1/entities?page=abc&limit=x", headers=headers)
    assert [one["identifier"] for one in answer.json or []] == [registered["identifier"]]
