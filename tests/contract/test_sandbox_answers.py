"""Every 2xx answer of the sandbox is valid by the vendor's published description of that API."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client, TestResponse

from sandbox.app import create_app
from sandbox.catalog import locations
from sandbox.seeding import seed
from sandbox.services import open_state
from sandbox.state import Credentials

ALLOWED = {
    r"^github POST /orgs/\{org\}/repos request: \$\.visibility: 'internal'": "The description is of api.github.com; a "
    "GitHub Enterprise Server, and an organization of an enterprise, also take internal.",
    r"^slack .* answer 200: .*missing_scope": "Slack answers missing_scope on every method; the description of 2021 "
    "lists it on some only.",
    r"^slack POST /chat.postMessage answer 200: .*(invalid_blocks|invalid_thread_ts|thread_not_found)": "Error codes "
    "that Slack added after the description of 2021.",
    r"^harness-idp GET /ng/api/scm/get-file-by-branch: the description has no such operation": "Part of the classic "
    "API, of which no description is published.",
    r"^harness-idp POST /v1/entities/import request: \$\.is_harness_code_repo: None": "The platform itself sends null.",
    r"^harness-idp .* request: SecurityValidationError": "The description knows only x-api-key; the platform hands "
    "steps a service and a user token instead.",
}

CATALOG_FILE = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: payments
  title: Payments
  description: Takes the money
  tags: [python]
spec:
  type: service
  lifecycle: experimental
  owner: team-a
"""
NATIVE = """\
apiVersion: harness.io/v1
kind: component
identifier: {identifier}
name: Orders
type: service
owner: group:account/team-a
spec:
  lifecycle: production
"""


class Asker:
    """A client of the recorded sandbox that fails on the first fault."""

    def __init__(self, client: Client, recorder: Any, headers: dict[str, str]) -> None:
        self.client, self.recorder, self.headers = client, recorder, headers

    def __call__(self, method: str, path: str, **arguments: Any) -> TestResponse:
        answer = self.client.open(path, method=method, headers=self.headers, **arguments)
        assert self.recorder.faults == []
        return answer


@pytest.fixture
def credentials(tmp_path: Path) -> Credentials:
    return open_state(tmp_path / "state").credentials


@pytest.fixture
def recorder(tmp_path: Path, record: Callable[..., Any]) -> Any:
    template = tmp_path / "template"
    (template / "docs").mkdir(parents=True)
    (template / "catalog-info.yaml").write_text(CATALOG_FILE, encoding="utf-8")
    (template / "docs" / "index.md").write_text("# Payments\n", encoding="utf-8")
    (template / "link").symlink_to("catalog-info.yaml")
    seed(tmp_path / "state", "acme", "payments", template)
    return record(create_app(tmp_path / "state"), ALLOWED)


@pytest.fixture
def github(recorder: Any, credentials: Credentials) -> Asker:
    return Asker(Client(recorder), recorder, {"Authorization": f"token {credentials['github'].token}"})


@pytest.fixture
def harness(recorder: Any, credentials: Credentials) -> Asker:
    return Asker(Client(recorder), recorder, {"x-api-key": credentials["harness"].api_key})


@pytest.fixture
def slack(recorder: Any, credentials: Credentials) -> Asker:
    return Asker(Client(recorder), recorder, {"Authorization": f"Bearer {credentials['slack'].token}"})


def test_the_own_account(github: Asker, credentials: Credentials) -> None:
    assert github("GET", "/api/v3/user").json["login"] == credentials["github"].user  # type: ignore[index]


@pytest.mark.parametrize(
    "body", [{"private": True}, {"visibility": "internal"}, {"auto_init": True, "has_wiki": False}]
)
def test_a_repository_created_in_an_organization(github: Asker, body: dict[str, Any]) -> None:
    made = github("POST", "/api/v3/orgs/acme/repos", json={"name": "orders", "description": "Orders", **body})
    assert made.status_code == 201
    assert github("GET", "/api/v3/repos/acme/orders").json == made.json


def test_a_repository_of_the_user_is_created(github: Asker, credentials: Credentials) -> None:
    made = github("POST", "/api/v3/user/repos", json={"name": "mine", "private": False})
    assert made.status_code == 201
    assert github("GET", f"/api/v3/repos/{credentials['github'].user}/mine").json == made.json


IMPORT = {
    "connector_ref": "account.github",
    "repo_name": "payments",
    "branch_name": "main",
    "file_path": "catalog-info.yaml",
}


def test_an_entity_is_imported_and_read(harness: Asker) -> None:
    made = harness("POST", "/gateway/v1/entities/import", json={**IMPORT, "is_harness_code_repo": None})
    assert made.status_code == 201
    assert harness("GET", "/gateway/v1/entities/account/component/payments").json == made.json


def test_an_entity_is_created(harness: Asker) -> None:
    for query, identifier in (("", "orders"), ("?dry_run=true", "shipping"), ("?orgIdentifier=shop", "orders")):
        body = {"yaml": NATIVE.format(identifier=identifier)}
        assert harness("POST", f"/gateway/v1/entities{query}", json=body).status_code == 201


def test_a_user_token_pair_is_taken_instead_of_a_key(recorder: Any, credentials: Credentials) -> None:
    headers = {
        "Authorization": f"IDPService {credentials['harness'].service_jwt}",
        "X-Source-Principal": f"IDPService {credentials['harness'].user_jwt}",
        "Harness-Account": credentials["harness"].account,
    }
    assert (
        Asker(Client(recorder), recorder, headers)("POST", "/gateway/v1/entities/import", json=IMPORT).status_code
        == 201
    )


def test_custom_properties(harness: Asker) -> None:
    harness("POST", "/gateway/v1/entities/import", json=IMPORT)
    base, ref = "/gateway/v1/catalog/custom-properties", "component:account/payments"
    tier = {"property": "spec.tier", "value": "gold", "mode": "replace"}
    tags = {"property": "metadata.tags", "value": ["http"], "mode": "append"}
    for query in ("?dry_run=true", ""):
        assert (
            harness("POST", f"{base}/entity{query}", json={"entity_ref": ref, "properties": [tier, tags]}).status_code
            == 200
        )
        by_property = {**tier, "entity_refs": [{"entity_ref": ref, "value": "silver"}]}
        assert harness("POST", f"{base}/property{query}", json=by_property).status_code == 200
    found = (harness("GET", f"{base}/entity?entity_ref={ref}").json or {})["properties"]
    assert {item["property"]: item["value"] for item in found} == {
        "spec.tier": "silver", "metadata.tags": ["python", "http"],
    }  # fmt: skip
    listed = harness("GET", f"{base}/property?property=spec.tier").json or {}
    assert listed == {"entity_refs": [{"entity_ref": ref, "value": "silver"}], "mode": "replace"}
    shown = harness("GET", f"/gateway/v1/entities?entity_refs={ref},component:account/nobody&page=0&limit=100").json
    assert [entity["entity_ref"] for entity in shown or []] == [ref]
    one, all_of_it = (
        {"property": "spec.tier", "entity_refs": [ref]},
        {"entity_ref": ref, "properties": ["metadata.tags"]},
    )
    for query, left in (("?dry_run=true", 2), ("", 0)):
        assert harness("DELETE", f"{base}/property{query}", json=one).status_code == 200
        assert harness("DELETE", f"{base}/entity{query}", json=all_of_it).status_code == 200
        assert len((harness("GET", f"{base}/entity?entity_ref={ref}").json or {})["properties"]) == left


def test_execution_config(harness: Asker, credentials: Credentials) -> None:
    base, query = "/gateway/idp/execution-config", f"accountIdentifier={credentials['harness'].account}&infra=K8"
    image = {"field": "createRepo", "value": "registry.example.com/createrepo:1"}
    assert harness("GET", f"{base}/get-default-config?{query}").status_code == 200
    assert (harness("POST", f"{base}/update-config?{query}", json=[image]).json or {})["data"] is True
    overrides = harness("GET", f"{base}/get-customer-config?{query}&overridesOnly=true").json or {}
    assert overrides["data"] == {"createRepo": image["value"]}
    assert harness("POST", f"{base}/reset-config?{query}", json=[{"field": "createRepo"}]).status_code == 200
    assert (harness("GET", f"{base}/get-customer-config?{query}").json or {})["data"] == {}


@pytest.fixture
def backstage(recorder: Any, credentials: Credentials) -> Asker:
    return Asker(Client(recorder), recorder, {"Authorization": f"Bearer {credentials['backstage'].token}"})


def test_locations_of_backstage_and_their_entities(backstage: Asker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locations, "DELAY", 0.0)
    api = "/backstage/api/catalog"
    location = {"type": "url", "target": "http://localhost/acme/payments/blob/main/catalog-info.yaml"}
    for query in ("?dryRun=true", "", "?onConflict=refresh"):
        assert backstage("POST", f"{api}/locations{query}", json=location).status_code == 201
    assert backstage("POST", f"{api}/locations", json=location).status_code == 409
    (listed,) = backstage("GET", f"{api}/locations").json or []
    assert backstage("GET", f"{api}/locations/{listed['data']['id']}").json == listed["data"]
    ref = "component:default/payments"
    found = backstage("POST", f"{api}/entities/by-refs", json={"entityRefs": [ref, "api:default/x"]}).json or {}
    assert [entity and entity["kind"] for entity in found["items"]] == ["Component", None]
    assert backstage("GET", f"{api}/entities/by-name/component/default/payments").json == found["items"][0]
    assert backstage("GET", f"{api}/locations/by-entity/component/default/payments").json == listed["data"]
    assert backstage("POST", f"{api}/refresh", json={"entityRef": ref}).status_code == 200
    located = backstage("GET", f"{api}/entities/by-query?filter=kind=location&limit=200").json or {}
    assert [item["kind"] for item in located["items"]] == ["Location"]
    written = {name: found["items"][0][name] for name in ("apiVersion", "kind", "spec")}  # as an author writes it
    checked = {"location": "url:http://localhost/x", "entity": {**written, "metadata": {"name": "payments"}}}
    assert backstage("POST", f"{api}/validate-entity", json=checked).status_code == 200
    assert backstage("DELETE", f"{api}/locations/{listed['data']['id']}").status_code == 204
    assert backstage("GET", f"{api}/entities/by-name/component/default/payments").status_code == 404


def test_slack_messages(slack: Asker) -> None:
    assert (slack("POST", "/slack/api/auth.test").json or {})["ok"]
    user = (slack("GET", "/slack/api/users.lookupByEmail?email=jane@example.com").json or {})["user"]["id"]
    posted = slack("POST", "/slack/api/chat.postMessage", json={"channel": user, "text": "Hello"}).json or {}
    assert posted["ok"]
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "*Done*"}}]
    reply = {
        "channel": posted["channel"],
        "blocks": blocks,
        "thread_ts": posted["ts"],
        "reply_broadcast": True,
        "username": "Portal",
    }
    assert (slack("POST", "/slack/api/chat.postMessage", json=reply).json or {})["ok"]
    form = {"channel": "#general", "text": "Hello", "icon_url": "https://example.com/icon.png"}
    assert (slack("POST", "/slack/api/chat.postMessage", data=form).json or {})["ok"]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"channel": "nowhere", "text": "x"}, "channel_not_found"),
        ({"channel": "general"}, "no_text"),
        ({"channel": "general", "blocks": [{"type": "nonsense"}]}, "invalid_blocks"),
        ({"channel": "general", "text": "x", "thread_ts": "1700000000.000000"}, "thread_not_found"),
    ],
)
def test_slack_errors_are_answered_with_200_in_the_published_form(
    slack: Asker, body: dict[str, Any], error: str
) -> None:
    answer = slack("POST", "/slack/api/chat.postMessage", json=body)
    assert (answer.status_code, (answer.json or {})["error"]) == (200, error)


def test_a_missing_scope_is_answered_in_the_published_form(recorder: Any, credentials: Credentials) -> None:
    ask = Asker(Client(recorder), recorder, {"Authorization": f"Bearer {credentials['slack'].unscoped_token}"})
    for method in ("chat.postMessage", "users.lookupByEmail"):
        form = {"email": "jane@example.com"} if method == "users.lookupByEmail" else {"channel": "general"}
        assert (ask("POST", f"/slack/api/{method}", data=form).json or {})["error"] == "missing_scope"


def test_the_recorder_tells_an_undeclared_key_and_an_undeclared_query_parameter(recorder: Any, github: Asker) -> None:
    github.client.post(
        "/api/v3/orgs/acme/repos?colour=red", json={"name": "x", "colour": "red"}, headers=github.headers
    )
    assert recorder.faults == [
        "github POST /orgs/{org}/repos request: query parameter colour is not declared",
        "github POST /orgs/{org}/repos request: body.colour is not declared",
    ]


def test_the_recorder_tells_an_answer_that_breaks_its_schema(record: Callable[..., Any]) -> None:
    def broken(_environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "application/json")])
        return [b'{"login": "x"}']

    recorder = record(broken)
    Client(recorder).get("/api/v3/repos/acme/payments")
    assert recorder.faults
    assert all(fault.startswith("github GET /repos/{owner}/{repo} answer 200: ") for fault in recorder.faults)
