"""The pages: what they show, that what they show is escaped, and that no credential is ever on them."""

from __future__ import annotations

import base64
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import yaml
from flask.testing import FlaskClient

from sandbox.app import create_app
from sandbox.catalog import entities, locations
from sandbox.git import bare, repositories
from sandbox.pages import graph
from sandbox.seeding import seed
from sandbox.services import open_state
from sandbox.state import Credentials, State

NASTY = "<script>alert('x')</script>"
CATALOG_FILE = f"""\
apiVersion: harness.io/v1
kind: component
identifier: payments
name: "{NASTY}"
type: "{NASTY}"
owner: "{NASTY}"
spec: {{lifecycle: "{NASTY}"}}
metadata: {{description: "{NASTY}", tags: ["{NASTY}"]}}
"""
IMPORT = {"connector_ref": "gh", "repo_name": "payments", "branch_name": "main", "file_path": "catalog-info.yaml"}


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    """A sandbox in which somebody worked, and put markup wherever that is possible. Tests only look at it."""
    tmp_path = tmp_path_factory.mktemp("pages")
    client = create_app(tmp_path / "state").test_client()
    state = open_state(tmp_path / "state")
    credentials = state.credentials
    folder = tmp_path / "template"
    (folder / "src").mkdir(parents=True)
    (folder / "catalog-info.yaml").write_text(CATALOG_FILE, encoding="utf-8")
    (folder / "README.md").write_text(NASTY, encoding="utf-8")
    (folder / "src" / "<b>.txt").write_text(f"{NASTY}\nsecond\n", encoding="utf-8")
    (folder / "binary").write_bytes(b"\0\1")
    seed(state.folder, "acme", "payments", folder)
    place = repositories.folder(state, "github", "acme", "payments")
    bare.commit_files(place, "feature/one", {"a.txt": ("100644", b"a")}, f"{NASTY}\n\nbody\n")
    hub = {"Authorization": f"token {credentials['github'].token}"}
    client.post("/api/v3/orgs/acme/repos", json={"name": "empty", "description": NASTY}, headers=hub)
    harness = {"x-api-key": credentials["harness"].api_key}
    client.post("/gateway/v1/entities/import", json=IMPORT, headers=harness)
    seed(state.folder, "", "tools", folder, host="git")
    body = {"entity_ref": "component:account/payments", "property": f'spec."{NASTY}"', "value": NASTY}
    client.post("/gateway/v1/catalog/custom-properties/entity", json=body, headers=harness)
    bot = {"Authorization": f"Bearer {credentials['slack'].token}"}
    nasty = {"type": "mrkdwn", "text": NASTY}
    blocks = [
        {"type": "header", "text": {"type": "plain_text", "text": NASTY}},
        {"type": "section", "text": nasty, "fields": [nasty], "accessory": {"type": NASTY}},
        {"type": "context", "elements": [nasty, {"type": "image", "alt_text": NASTY}]},
        {"type": "actions", "elements": [{"type": "button", "style": NASTY, "url": "javascript:1", "text": nasty}]},
        {"type": "rich_text", "x": NASTY},
    ]
    for message in (
        {"text": NASTY, "username": NASTY},
        {"text": NASTY, "blocks": blocks},
        {"attachments": [{"title": NASTY, "text": NASTY}]},
    ):
        assert (
            client.post("/slack/api/chat.postMessage", json={"channel": "general", **message}, headers=bot).json or {}
        )["ok"]
    return client


PAGES = [
    "/",
    "/acme",
    "/acme/payments",
    "/acme/payments/tree/main/src",
    "/acme/payments/tree/feature/one",
    "/acme/payments/blob/main/src/%3Cb%3E.txt",
    "/acme/payments/blob/main/binary",
    "/acme/payments/blob/feature/one/a.txt",
    "/acme/payments/commits",
    "/acme/payments/commits/feature/one",
    "/acme/payments/commit/main",
    "/acme/empty",
    "/git/tools",
    "/git/tools/tree/main/src",
    "/git/tools/commits",
    "/-/repositories/",
    "/-/entities/",
    "/-/entities/account/component/payments",
    "/-/messages/",
    "/-/requests/",
]


class _Page(HTMLParser):
    """Tags, links and text of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("href", "src", "action")]


@pytest.mark.parametrize("path", PAGES)
def test_a_page_escapes_what_it_shows_and_needs_nothing_from_elsewhere(filled: FlaskClient, path: str) -> None:
    answer = filled.get(path)
    assert answer.status_code == 200
    page = _Page(answer.text)
    assert "script" not in page.tags
    assert all(link.startswith(("/", "#")) for link in page.links), page.links
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", PAGES)
def test_no_page_holds_a_credential(filled: FlaskClient, path: str) -> None:
    state: State = filled.application.extensions["sandbox"]
    text = filled.get(path).text
    assert not [value for value in state.secret_values() if value in text]


def test_every_link_of_every_page_leads_somewhere(filled: FlaskClient) -> None:
    seen: set[str] = set()
    waiting = ["/"]
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        with filled.get(path) as answer:
            assert answer.status_code in (200, 302), path
            if answer.mimetype == "text/html" and answer.status_code == 200:
                waiting += [
                    link.partition("#")[0]
                    for link in _Page(answer.get_data(as_text=True)).links
                    if link.startswith("/")
                ]
    assert len(seen) > 20


def test_the_pages_show_files_commits_and_messages(filled: FlaskClient) -> None:
    assert "feature/one" in filled.get("/acme/payments").text
    assert filled.get("/acme/payments/raw/main/README.md").text == NASTY
    assert filled.get("/acme/payments/raw/main/README.md").mimetype == "text/plain"
    assert "binary or larger" in filled.get("/acme/payments/blob/main/binary").text
    assert "http://localhost/git/tools.git" in filled.get("/git/tools").text
    assert "git push http://localhost/acme/empty.git" in filled.get("/acme/empty").text
    assert filled.get("/-/messages/").text.count('class="slack-message"') == 3


def test_the_address_of_an_entity_at_harness_leads_to_its_page(filled: FlaskClient) -> None:
    credentials: Credentials = filled.application.extensions["sandbox"].credentials
    base = f"/ng/account/{credentials['harness'].account}/module/idp/catalog"
    for path in (f"{base}/default/component/payments", f"{base}/account/Component/payments"):
        assert filled.get(path).location == "/-/entities/account/component/payments"
    assert filled.get("/ng/account/other/module/idp/catalog/default/component/payments").status_code == 404


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/acme/nothing", "There is no repository acme/nothing."),
        ("/acme/payments/tree/nothing", "There is no branch or commit nothing in acme/payments."),
        ("/acme/payments/blob/main/nothing", "There is no file nothing on main of acme/payments."),
        ("/acme/payments/tree/main/README.md", "There is no directory README.md on main of acme/payments."),
        ("/acme/payments/commit/--help", "There is no branch or commit --help"),
        ("/-/entities/account/component/nothing", "No component nothing is registered in account."),
        ("/-bad-", "There is no account -bad-,"),
        ("/acme/payments/tree/%00", "There is no branch or commit"),
        ("/acme/payments/blob/main/%00", "There is no file"),
    ],
)
def test_what_is_not_there_is_told_in_a_sentence(filled: FlaskClient, path: str, words: str) -> None:
    answer = filled.get(path)
    assert answer.status_code == 404
    assert words in answer.text


def test_a_file_whose_name_is_no_utf8_is_listed(client: FlaskClient, state: State) -> None:
    repository = repositories.create(state, "github", "acme", "odd", visibility="public")
    bare.commit_files(repository.folder, "main", {"odd\udcff.txt": ("100644", b"x")}, "Odd\n")
    assert "odd\ufffd.txt" in client.get("/acme/odd").text


def test_a_button_or_tags_of_another_type_than_usual_do_not_break_a_page(
    client: FlaskClient, credentials: Credentials
) -> None:
    button = {"type": "button", "url": {"a": 1}, "text": {"type": "plain_text", "text": "Odd button"}}
    message = {"channel": "random", "blocks": [{"type": "actions", "elements": [button]}]}
    client.post(
        "/slack/api/chat.postMessage", json=message, headers={"Authorization": f"Bearer {credentials['slack'].token}"}
    )
    key = {"x-api-key": credentials["harness"].api_key}
    client.post("/gateway/v1/entities", json={"yaml": CATALOG_FILE}, headers=key)
    tags = {"entity_ref": "component:account/payments", "property": "metadata.tags", "value": 5}
    client.post("/gateway/v1/catalog/custom-properties/entity", json=tags, headers=key)

    assert "Odd button" in client.get("/-/messages/").text
    assert client.get("/-/entities/account/component/payments").status_code == 200


def test_conversations_with_messages_stand_before_the_empty_ones(client: FlaskClient, credentials: Credentials) -> None:
    message = {"channel": "deployments", "text": "Live."}
    client.post(
        "/slack/api/chat.postMessage", json=message, headers={"Authorization": f"Bearer {credentials['slack'].token}"}
    )
    text = client.get("/-/messages/").text
    assert text.index(">#deployments") < text.index(">#general")


def test_a_page_is_refused_under_another_host_name(client: FlaskClient) -> None:
    assert client.get("/", headers={"Host": "evil.example:8000"}).status_code == 403
    assert client.get("/", headers={"Host": "localhost:8000"}).status_code == 200


def test_the_request_log_tells_who_asked_what_and_keeps_no_secret(
    client: FlaskClient, credentials: Credentials
) -> None:
    stray = "ghp_" + "a" * 36
    basic = base64.b64encode(f"x:{stray}".encode()).decode()
    client.get(f"/api/v3/user?access_token={stray}&x=1", headers={"Authorization": f"Basic {basic}"})
    client.post("/slack/api/auth.test", data={"token": credentials["slack"].token, "note": "kept"})
    body = {"yaml": f"token {credentials['harness'].api_key}", "api_key": "made-up", "password": 'with "quotes"'}
    client.post("/v1/entities", json=body, headers={"x-api-key": "unknown-key"})
    text = client.get("/-/requests/").text
    for secret in (
        stray,
        basic,
        credentials["slack"].token,
        credentials["harness"].api_key,
        "made-up",
        "quotes",
        "unknown-key",
    ):
        assert secret not in text
    assert "/api/v3/user?access_token=***&amp;x=1" in text
    assert text.count("unknown credential") == 2
    assert "Slack bot" in text
    assert "kept" in text


def test_the_request_log_keeps_a_limited_number(
    client: FlaskClient, state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sandbox.request_log._KEPT", 3)
    for number in range(5):
        client.get(f"/api/v3/repos/acme/{number}")
    with state.database() as database:
        kept = [row["path"] for row in database.execute("SELECT path FROM requests ORDER BY id")]
    assert kept == ["/api/v3/repos/acme/2", "/api/v3/repos/acme/3", "/api/v3/repos/acme/4"]


def test_the_catalog_page_shows_relations_in_both_ways_and_where_entities_came_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = open_state(tmp_path / "state")
    client = create_app(state.folder).test_client()
    text = "apiVersion: backstage.io/v1alpha1\nkind: {kind}\nmetadata:\n  name: {name}\nspec:\n  type: x\n{more}"
    told = {"lifecycle": "production", "owner": "team", "system": "shop", "providesApis": "[pay]"}
    component = text.format(
        kind="Component", name="pay", more="".join(f"  {name}: {value}\n" for name, value in told.items())
    )
    system = text.format(kind="System", name="shop", more="  owner: team\n")
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "catalog-info.yaml").write_text(f"{component}---\n{system}")
    seed(state.folder, "acme", "payments", folder)
    target = {"type": "url", "target": "http://localhost/acme/payments/blob/main/catalog-info.yaml"}
    token = {"Authorization": f"Bearer {state.credentials['backstage'].token}"}
    assert client.post("/backstage/api/catalog/locations", json=target, headers=token).status_code == 201
    with state.database() as database:
        database.execute("UPDATE locations SET due = 0")
    key = {"x-api-key": state.credentials["harness"].api_key}
    for text in (component, system):
        assert client.post("/v1/entities?convert=true", json={"yaml": text}, headers=key).status_code == 201
    shown = " ".join(client.get("/-/entities/").text.split())
    assert "made in the portal" in shown
    assert "from http://localhost/acme/payments/blob/main/catalog-info.yaml" in shown
    for scope, catalog in (("account", "harness"), ("default", "backstage")):
        pay, shop = f"component:{scope}/pay", f"system:{scope}/shop"
        for name, ref in (("partOf", shop), ("hasPart", pay)):
            line = f'<span class="quiet">{name}</span> <a href="#{catalog}-{ref}"><code>{ref}</code></a>'
            assert line in shown
        assert f'<code>group:{scope}/team</code> <span class="quiet">(not in this catalog)</span>' in shown
        assert f'<a href="#{catalog}-{pay}"> <g><title>{pay}</title>' in shown
        assert f"<title>{pay} partOf {shop}</title>" in shown
        assert f'<g class="absent"><title>group:{scope}/team (not in this catalog)</title>' in shown
    assert "YAML of <code>component:default/pay</code>" in shown
    assert "too many for a drawing" not in shown
    monkeypatch.setattr(graph, "MOST", 2)
    assert "too many for a drawing" in client.get("/-/entities/").text


@pytest.mark.parametrize("catalog", ["backstage", "idp1"])
def test_the_address_of_an_entity_that_came_from_a_location_leads_to_it(tmp_path: Path, catalog: str) -> None:
    state = open_state(tmp_path / "state")
    client = create_app(state.folder).test_client()
    text = "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: Pay\nspec:\n  type: x\n"
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "catalog-info.yaml").write_text(f"{text}  lifecycle: production\n  owner: team\n")
    seed(state.folder, "acme", "payments", folder)
    locations.Catalog(state, catalog, "localhost").add("http://localhost/acme/payments/blob/main/catalog-info.yaml")
    with state.database() as database:
        database.execute("UPDATE locations SET due = 0")
    account = state.credentials["harness"].account
    base = "/backstage/catalog" if catalog == "backstage" else f"/ng/account/{account}/module/idp/catalog"
    led = client.get(f"{base}/default/component/Pay")
    assert led.location == f"/-/entities/#{catalog}-component:default/pay"
    page, anchor = led.location.split("#")
    assert f'id="{anchor}"' in client.get(page).text
    assert client.get(f"{base}/default/component/Other", follow_redirects=True).status_code == 404


def test_a_page_reads_the_yaml_of_the_entities_that_it_shows_alone(
    state: State, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two thousand, the overview shows five; reading them all took seconds."""
    text = "apiVersion: harness.io/v1\nkind: Component\nidentifier: s{}\ntype: a\nowner: b\nspec: {{lifecycle: c}}\n"
    for number in range(20):
        entities.add(state, entities.parse(text.format(number), convert=False))
    read: list[str] = []
    load_all = yaml.load_all

    def noted(text: str, **more: Any) -> Any:
        read.append(text)
        return load_all(text, **more)

    monkeypatch.setattr(yaml, "load_all", noted)
    page = client.get("/").get_data(as_text=True)
    assert (">s19<" in page, ">s0<" in page, len(read)) == (True, False, 5)
