"""Every request that the steps send, and every 2xx answer they get, is valid by the vendors' descriptions."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from common.catalogs.harness import properties
from sandbox.app import create_app
from sandbox.services import open_state
from tests.conftest import Faults, RunStep, World, serving
from tests.keys import register_app, rsa_key

ALLOWED = {
    r"scm/get-file-by-branch: the description has no such operation": (
        "the platform's call before an import (contract, D.4); no description of it is published"
    ),
    r"github (GET|PUT|POST) .*/(teams|collaborators|invitations|protection|pulls)\b.*: the description has no such": (
        "published by GitHub (REST API: teams, collaborators, branch protection, pulls), and not in this cut of it"
    ),
    r"/ng/api/(organizations|projects)(/\w+)?: the description has no such operation": (
        "the platform's older API (contract, D.7); the description of IDP does not hold it"
    ),
    r"orgs/\{org\}/repos request: .*'internal' is not one of": (
        "GitHub Enterprise has internal repositories; the description is that of api.github.com without it"
    ),
    r"slack (GET|POST) /(chat\.(getPermalink|update)|conversations\.history): the description has no such operation": (
        "documented by Slack (docs.slack.dev/reference/methods); the description is cut to fewer methods"
    ),
    r"chat\.postMessage (request: body\.metadata(\..*)? is not declared|answer 200: .*'metadata')": (
        "documented by Slack (chat.postMessage, argument metadata); the published description is older"
    ),
}
"""Known gaps of the descriptions: a pattern for the fault's line, and why it is none."""


@pytest.fixture
def recorded(record: Callable[..., Any], tmp_path: Path) -> Iterator[tuple[World, Any]]:
    """A sandbox with a recorder before it."""
    state_dir = tmp_path / "sandbox"
    recorder = record(create_app(state_dir), ALLOWED)
    with serving(recorder) as url:
        yield World(url, state_dir, open_state(state_dir).credentials, Faults(recorder)), recorder


ENTITY = """\
apiVersion: harness.io/v1
kind: component
type: Service
identifier: payments
name: payments
owner: platform
spec:
  lifecycle: experimental
metadata:
  tags: [java]
"""

LOCATED = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: payments
  title: {title}
spec:
  type: service
  lifecycle: experimental
  owner: platform
"""


def _change_properties(run: Callable[..., None], keys: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Change properties in all ways, those of many entities too."""
    account = "component:account/payments"
    entity = {"PLUGIN_TYPE": "Entity", "PLUGIN_ENTITY_REF": account}
    for mode in ("replace", "append", "append"):
        tags = {"property": "metadata.tags", "value": ["python"], "mode": mode}
        listed = json.dumps([tags, {"property": "metadata.tier", "value": 1}])
        run("UpdateCatalogProperty", keys, entity, PLUGIN_PROPERTIES=listed)
    refs = json.dumps([{"entityRef": account, "value": "gold"}])
    many = {"PLUGIN_TYPE": "Property", "PLUGIN_PROPERTY": "metadata.level", "PLUGIN_ENTITY_REFS": refs}
    run("UpdateCatalogProperty", keys, many, DRY_RUN="true")
    run("UpdateCatalogProperty", keys, many, PLUGIN_VALUE="silver")
    gone = json.dumps([{"property": "metadata.tier", "mode": "delete"}])
    for dry_run in ("true", "false"):
        run("UpdateCatalogProperty", keys, entity, PLUGIN_PROPERTIES=gone, DRY_RUN=dry_run)
    monkeypatch.setattr(properties, "FEW", 0)
    tagged = many | {"PLUGIN_PROPERTY": "metadata.languages", "PLUGIN_ENTITY_REFS": json.dumps([account])}
    run("UpdateCatalogProperty", keys, tagged, PLUGIN_MODE="append", PLUGIN_VALUE='["go"]')
    run("UpdateCatalogProperty", keys, tagged, PLUGIN_MODE="delete")


def test_all_steps_send_what_the_services_describe(
    recorded: tuple[World, Any], run_step: RunStep, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, recorder = recorded
    harness = {"BASE": world.url, "HARNESS_ACCOUNT_ID": world.credentials["harness"].account}
    keys = harness | {"X_API_KEY": world.credentials["harness"].api_key}
    place = world.connector | {"ORG_NAME": "acme", "REPO_NAME": "payments", "BRANCH": "main"}
    slack = {"SLACK_TOKEN": world.credentials["slack"].token, "SLACK_API_URL": f"{world.url}/slack/api/"}
    catalog = {"FILE_PATH": "idp.yaml", "PLUGIN_CONNECTOR_REF": "account.github"}

    def run(step_type: str, *environs: dict[str, str], **more: str) -> None:
        environ = {name: value for part in environs for name, value in part.items()}
        done = run_step(step_type, environ | more)
        assert done.code == 0, done.stderr

    for repo_type in ("private", "public", "internal"):
        run("CreateRepo", place, REPO_TYPE=repo_type, REPO_NAME=f"x-{repo_type}", REPO_DESCRIPTION="d")
    run("CreateRepo", place, ORG_NAME="", PERSONAL_ACCOUNT="true", REPO_NAME="mine")
    run("CreateRepo", place, ORG_NAME=world.credentials["github"].user, REPO_NAME="also-mine")
    settings = {
        "topics": ["java"],
        "homepage": "https://payments.example.com",
        "access": {"teams": {"platform": "admin"}, "users": {"jane": "read"}},
        "features": {"issues": True, "wiki": False},
        "mergeMethods": ["squash"],
        "deleteBranchOnMerge": True,
    }
    run("CreateRepo", place, REPO_NAME="set", DEFAULT_BRANCH="trunk", REPO_SETTINGS=json.dumps(settings))
    for _ in range(2):
        run("CreateRepo", place, REPO_TYPE="private", IF_EXISTS="adopt")
        run("CreateCatalog", harness, FILE_NAME="idp.yaml", FILE_PATH="app", FILE_CONTENT=ENTITY)
        run("DirectPush", place, CODE_DIRECTORY="app")
        run("RegisterCatalog", place, keys, catalog)
    run("RegisterCatalog", place, keys, catalog, DRY_RUN="true")
    _change_properties(run, keys, monkeypatch)
    backstage = {"CATALOG_TYPE": "backstage", "BACKSTAGE_URL": f"{world.url}/backstage"}
    backstage |= {"BACKSTAGE_TOKEN": world.credentials["backstage"].token, "FILE_PATH": "catalog-info.yaml"}
    for title in ("Payments", "Payments", "Payments again"):
        located = {"FILE_CONTENT": LOCATED.format(title=title), "FILE_NAME": "catalog-info.yaml", "FILE_PATH": "app"}
        run("CreateCatalog", located, CATALOG_TYPE="backstage")
        run("DirectPush", place, CODE_DIRECTORY="app")
        run("RegisterCatalog", place, backstage)
    run("RegisterCatalog", place, backstage, DRY_RUN="true")
    run("SlackNotify", slack, EMAIL="dev@acme.example", MESSAGE_CONTENT="hello")
    blocks = json.dumps([{"type": "section", "text": {"type": "mrkdwn", "text": "hello"}}])
    run("SlackNotify", slack, CHANNEL="general", BLOCKS=blocks, REPLY_BROADCAST="false")
    run("SlackNotify", slack, CHANNEL="general", MESSAGE_CONTENT="hello", DRY_RUN="true")
    tf = {"TF_VAR_ENDPOINT": f"{world.url}/gateway", "TF_VAR_X_API_KEY": keys["X_API_KEY"]}
    for _ in range(2):
        run("CreateOrganization", keys, tf, TF_VAR_ORG_NAME="Pay")
        run("CreateProject", keys, tf, TF_VAR_PROJECT_NAME="Pay", TF_VAR_ORG_IDENTIFIER="Pay")
    more = {"ATTACHMENTS": '[{"text": "x"}]', "UNFURL_LINKS": "false", "UNFURL_MEDIA": "false"}
    for target in ({"CHANNEL": "leads"}, {"EMAIL": "dev@acme.example"}):
        for _ in range(2):
            run("SlackNotify", slack, target, more, MESSAGE_CONTENT="once", DEDUPE_ID="1", IF_POSTED="update")

    assert recorder.faults == []
    assert set(recorder.excused.values()) == set(ALLOWED.values()), "an excuse that nothing needs is to be removed"
    sent = {" ".join(line.split()[:3]) for line in recorder.seen}
    assert sent >= {
        "github GET /user",
        "github GET /repos/{owner}/{repo}",
        "github POST /orgs/{org}/repos",
        "github POST /user/repos",
        "github PATCH /repos/{owner}/{repo}",
        "github GET /repos/{owner}/{repo}/topics",
        "github PUT /repos/{owner}/{repo}/topics",
        "harness-idp POST /v1/entities/import",
        "harness-idp GET /v1/entities/{scope}/{kind}/{identifier}",
        "harness-idp POST /v1/catalog/custom-properties/entity",
        "harness-idp GET /v1/catalog/custom-properties/entity",
        "harness-idp POST /v1/catalog/custom-properties/property",
        "harness-idp GET /v1/catalog/custom-properties/property",
        "harness-idp DELETE /v1/catalog/custom-properties/property",
        "harness-idp DELETE /v1/catalog/custom-properties/entity",
        "harness-idp GET /v1/entities",
        "backstage-catalog POST /locations",
        "backstage-catalog POST /entities/by-refs",
        "backstage-catalog POST /refresh",
        "backstage-catalog GET /locations/by-entity/{kind}/{namespace}/{name}",
        "slack POST /users.lookupByEmail",
        "slack POST /chat.postMessage",
        "slack POST /auth.test",
        "slack POST /conversations.open",
        "slack POST /conversations.list",
    }


@pytest.mark.programs("ssh-keygen")
def test_a_github_app_sends_what_github_describes(
    recorded: tuple[World, Any], run_step: RunStep, workspace: Path, tmp_path: Path
) -> None:
    """Its own calls, and those of DirectPush about pull requests."""
    world, recorder = recorded
    app = {**world.connector, "DRONE_NETRC_PASSWORD": "", "ORG_NAME": "acme", "REPO_NAME": "by-app", "BRANCH": "main"}
    app |= register_app(world.state_dir, rsa_key(tmp_path / "app.pem"))
    (workspace / "app").mkdir()

    def run(step_type: str, *, file: str = "", **more: str) -> None:
        (workspace / "app" / (file or "README.md")).touch()
        done = run_step(step_type, {**app, "CODE_DIRECTORY": "app", **more})
        assert done.code == 0, done.stderr

    run("CreateRepo")
    run("DirectPush")
    for _ in range(2):
        run("DirectPush", file="more", PUSH_MODE="pull_request")
    assert recorder.seen, "no request reached what is described"
    assert recorder.faults == [], "\n".join(dict.fromkeys(recorder.faults))
