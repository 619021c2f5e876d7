"""Every 2xx answer of the sandbox is valid by the vendor's published description of that API."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client, TestResponse

from sandbox.app import create_app
from sandbox.git import repositories
from sandbox.state import Credentials, open_state

ALLOWED = {
    r"^github POST /orgs/\{org\}/repos request: \$\.visibility: 'internal'": "The description is of api.github.com; a "
    "GitHub Enterprise Server, and an organization of an enterprise, also take internal.",
    r"^github GET \S+/branches/\{branch\} answer 200: \$\.commit\.(author|committer): None": "GitHub "
    "answers null for an author without an account; the description says nullable beside a oneOf, where OpenAPI 3.0 "
    "gives it no meaning.",
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
    repositories.seed(tmp_path / "state", "acme", "payments", template)
    return record(create_app(tmp_path / "state"), ALLOWED)


@pytest.fixture
def github(recorder: Any, credentials: Credentials) -> Asker:
    return Asker(Client(recorder), recorder, {"Authorization": f"token {credentials.github_token}"})


@pytest.fixture
def harness(recorder: Any, credentials: Credentials) -> Asker:
    return Asker(Client(recorder), recorder, {"x-api-key": credentials.harness_api_key})


@pytest.fixture
def slack(recorder: Any, credentials: Credentials) -> Asker:
    return Asker(Client(recorder), recorder, {"Authorization": f"Bearer {credentials.slack_token}"})


def test_accounts(github: Asker, credentials: Credentials) -> None:
    assert github("GET", "/api/v3/user").json["login"] == credentials.github_user  # type: ignore[index]
    assert github("GET", "/api/v3/users/acme").json["type"] == "Organization"  # type: ignore[index]
    assert github("GET", f"/api/v3/users/{credentials.github_user}").json["user_view_type"] == "public"  # type: ignore[index]
    assert github("GET", "/api/v3/orgs/acme").json["public_repos"] == 1  # type: ignore[index]
    assert len(github("GET", "/api/v3/orgs/acme/repos").json or []) == 1


@pytest.mark.parametrize(
    "body", [{"private": True}, {"visibility": "internal"}, {"auto_init": True, "has_wiki": False}]
)
def test_a_repository_created_in_an_organization(github: Asker, body: dict[str, Any]) -> None:
    made = github("POST", "/api/v3/orgs/acme/repos", json={"name": "orders", "description": "Orders", **body})
    assert made.status_code == 201
    assert github("GET", "/api/v3/repos/acme/orders").json == made.json


def test_a_repository_of_the_user_is_created_changed_and_deleted(github: Asker, credentials: Credentials) -> None:
    assert github("POST", "/api/v3/user/repos", json={"name": "mine", "private": False}).status_code == 201
    path = f"/api/v3/repos/{credentials.github_user}/mine"
    changed = github("PATCH", path, json={"description": "Changed", "private": True})
    assert (changed.json or {})["visibility"] == "private"
    assert github("DELETE", path).status_code == 204
    assert github("GET", path).status_code == 404


def test_branches_references_and_contents(github: Asker) -> None:
    base = "/api/v3/repos/acme/payments"
    assert [branch["name"] for branch in github("GET", f"{base}/branches").json or []] == ["main"]
    sha = (github("GET", f"{base}/branches/main").json or {})["commit"]["sha"]
    assert (github("GET", f"{base}/git/ref/heads/main").json or {})["object"]["sha"] == sha
    file = github("GET", f"{base}/contents/catalog-info.yaml").json or {}
    assert base64.b64decode(file["content"]).decode() == CATALOG_FILE
    assert [entry["path"] for entry in github("GET", f"{base}/contents/docs?ref=main").json or []] == ["docs/index.md"]
    assert (github("GET", f"{base}/contents/docs/index.md").json or {})["size"] == 11
    assert (github("GET", f"{base}/contents/link").json or {})["target"] == "catalog-info.yaml"


IMPORT = {
    "connector_ref": "account.github",
    "repo_name": "payments",
    "branch_name": "main",
    "file_path": "catalog-info.yaml",
}


def test_an_entity_is_imported_read_listed_and_deleted(harness: Asker) -> None:
    made = harness("POST", "/gateway/v1/entities/import", json={**IMPORT, "is_harness_code_repo": None})
    assert made.status_code == 201
    assert harness("GET", "/gateway/v1/entities/account/component/payments").json == made.json
    listed = harness("GET", "/v1/entities?kind=component&owner=team-a&search_term=pay&limit=5")
    assert listed.json == [made.json]
    assert listed.headers["X-Total-Elements"] == "1"
    assert harness("DELETE", "/v1/entities/account/component/payments").status_code == 204


def test_an_entity_is_created_and_changed(harness: Asker) -> None:
    for query, identifier in (("", "orders"), ("?dry_run=true", "shipping"), ("?orgIdentifier=shop", "orders")):
        body = {"yaml": NATIVE.format(identifier=identifier)}
        assert harness("POST", f"/gateway/v1/entities{query}", json=body).status_code == 201
    details = {**IMPORT, "file_path": "idp.yaml", "store_type": "REMOTE", "commit_message": "Add"}
    made = harness(
        "POST",
        "/v1/entities",
        json={
            "yaml": NATIVE.format(identifier="billing"),
            "git_details": {
                key: details[key]
                for key in ("branch_name", "file_path", "commit_message", "connector_ref", "store_type", "repo_name")
            },
        },
    )
    assert (made.json or {})["referenceType"] == "GIT"
    text = NATIVE.format(identifier="orders").replace("Orders", "All orders")
    changed = harness("PUT", "/v1/entities/account/component/orders", json={"yaml": text})
    assert (changed.json or {})["name"] == "All orders"


def test_a_user_token_pair_is_taken_instead_of_a_key(recorder: Any, credentials: Credentials) -> None:
    headers = {
        "Authorization": f"IDPService {credentials.harness_service_jwt}",
        "X-Source-Principal": f"IDPService {credentials.harness_user_jwt}",
        "Harness-Account": credentials.harness_account,
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
        by_filter = {"property": "spec.area", "value": 7, "filter": {"kind": "component", "owners": ["team-a"]}}
        assert (harness("POST", f"{base}{query}", json=by_filter).json or {})["entities_with_additions"]["count"] == 1
    found = (harness("GET", f"{base}/entity?entity_ref={ref}").json or {})["properties"]
    assert {item["property"]: item["value"] for item in found} == {
        "spec.tier": "silver", "metadata.tags": ["python", "http"], "spec.area": 7,
    }  # fmt: skip
    assert (harness("GET", f"{base}/property?property=spec.tier").json or {})["entity_refs"][0]["value"] == "silver"
    assert harness("DELETE", f"{base}/entity", json={"entity_ref": ref, "property": "spec.tier"}).status_code == 200
    assert (
        harness("DELETE", f"{base}/property", json={"property": "metadata.tags", "entity_refs": [ref]}).status_code
        == 200
    )
    gone = harness("DELETE", base, json={"property": "spec.area", "filter": {"kind": "component"}})
    assert (gone.json or {})["entities_with_deletion"]["count"] == 1
    assert harness("GET", f"{base}/entity?entity_ref={ref}").json == {"properties": []}


def test_execution_config(harness: Asker, credentials: Credentials) -> None:
    base, query = "/gateway/idp/execution-config", f"accountIdentifier={credentials.harness_account}&infra=K8"
    image = {"field": "createRepo", "value": "registry.example.com/createrepo:1"}
    assert harness("GET", f"{base}/get-default-config?{query}").status_code == 200
    assert (harness("POST", f"{base}/update-config?{query}", json=[image]).json or {})["data"] is True
    overrides = harness("GET", f"{base}/get-customer-config?{query}&overridesOnly=true").json or {}
    assert overrides["data"] == {"createRepo": image["value"]}
    assert harness("POST", f"{base}/reset-config?{query}", json=[{"field": "createRepo"}]).status_code == 200
    assert (harness("GET", f"{base}/get-customer-config?{query}").json or {})["data"] == {}


def test_slack_messages(slack: Asker) -> None:
    assert (slack("POST", "/slack/api/auth.test").json or {})["ok"]
    user = (slack("GET", "/slack/api/users.lookupByEmail?email=jane@example.com").json or {})["user"]["id"]
    opened = slack("POST", "/slack/api/conversations.open", json={"users": user, "return_im": True}).json or {}
    posted = slack("POST", "/slack/api/chat.postMessage", json={"channel": user, "text": "Hello"}).json or {}
    assert posted["channel"] == opened["channel"]["id"]
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "*Done*"}}]
    reply = {
        "channel": user,
        "blocks": blocks,
        "thread_ts": posted["ts"],
        "reply_broadcast": True,
        "username": "Portal",
    }
    assert (slack("POST", "/slack/api/chat.postMessage", json=reply).json or {})["ok"]
    form = {"channel": "#general", "text": "Hello", "icon_url": "https://example.com/icon.png"}
    assert (slack("POST", "/slack/api/chat.postMessage", data=form).json or {})["ok"]


def test_slack_conversations(slack: Asker) -> None:
    listed = slack("GET", "/slack/api/conversations.list?types=public_channel&limit=2").json or {}
    assert [channel["name"] for channel in listed["channels"]] == ["general", "random"]
    rest = slack("GET", f"/slack/api/conversations.list?cursor={listed['response_metadata']['next_cursor']}").json or {}
    assert [channel["name"] for channel in rest["channels"]] == ["deployments"]
    channel = listed["channels"][0]["id"]
    assert (slack("GET", f"/slack/api/conversations.info?channel={channel}").json or {})["channel"]["name"] == "general"
    assert (slack("POST", "/slack/api/conversations.join", json={"channel": channel}).json or {})["ok"]


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
    ask = Asker(Client(recorder), recorder, {"Authorization": f"Bearer {credentials.slack_unscoped_token}"})
    for method in ("chat.postMessage", "conversations.join", "conversations.open", "users.lookupByEmail"):
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
    Client(recorder).get("/api/v3/orgs/acme")
    assert recorder.faults
    assert all(fault.startswith("github GET /orgs/{org} answer 200: ") for fault in recorder.faults)
