"""Connectors, secrets and the account are described in small files that hold no secret."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from common.diagnostics import Invalid
from common.errors import BadInput
from runner.platform.connectors import Missing, Services, described

GOOD = """
connectors:
  account.testdev: {type: Github, url: https://github.com/, username: jane, token: {file: token.txt}}
harness: {account: abc, apiKey: {env: KEY}}
"""


def _services(folder: Path, environ: Mapping[str, str] | None = None, **files: str) -> Services:
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text)
    return described(None, None, folder / "pipeline.yaml", environ or {})


def test_a_connector_is_read_with_its_token_from_a_file_beside_it(tmp_path: Path) -> None:
    (tmp_path / "token.txt").write_text("canary-token\n")
    connector = _services(tmp_path, connectors=GOOD).connector("account.testdev")

    assert (connector.type, connector.url, connector.url_type, connector.username) == (
        "Github",
        "https://github.com",
        "Account",
        "jane",
    )
    assert connector.token.reveal() == "canary-token"
    assert "canary" not in repr(connector)


def test_a_github_app_logs_in_by_its_id_and_private_key(tmp_path: Path) -> None:
    (tmp_path / "app.pem").write_text("-----BEGIN canary\nof the key\n")
    app = "{type: Github, url: https://github.com/acme, appId: 12345, privateKey: {file: app.pem}}"
    connector = _services(tmp_path, connectors=f"connectors: {{account.app: {app}}}\n").connector("account.app")

    assert (connector.app_id, connector.username) == ("12345", "")
    assert connector.token.reveal() == "-----BEGIN canary\nof the key"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ("appId: 1", "The field 'privateKey' of the connector 'c' is missing."),
        ("privateKey: {env: KEY}", "The field 'appId' of the connector 'c' is missing."),
        ("appId: 1, privateKey: {env: KEY}, token: {env: T}", "give username and token, or appId and privateKey."),
        ("type: Gitlab, appId: 1, privateKey: {env: KEY}", "are a GitHub App's, and its type is another."),
        ("appId: 1, privateKey: canary", "'privateKey' of the connector 'c' holds a value; write {env: NAME}"),
    ],
)
def test_half_an_app_and_an_app_with_a_token_are_refused(fields: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(Invalid) as caught:
        _services(
            tmp_path,
            connectors=f"connectors: {{c: {{{fields if 'type' in fields else f'type: Github, {fields}'}, url: https://github.com}}}}\n",
        )
    assert said in str(caught.value)
    assert "canary" not in str(caught.value)


def test_the_account_has_a_default_address_and_its_key_from_a_variable(tmp_path: Path) -> None:
    harness = _services(tmp_path, {"KEY": "canary-key"}, connectors=GOOD).harness()

    assert (harness.account, harness.base) == ("abc", "https://app.harness.io")
    assert harness.credentials["X_API_KEY"].reveal() == "canary-key"


def test_a_secret_comes_from_the_file_of_secrets_or_from_its_own_variable(tmp_path: Path) -> None:
    environ = {"A": "from-file-entry", "SECRET_account_b_c": "from-variable"}
    services = _services(tmp_path, environ, secrets="account.a: {env: A}\n")

    assert services.secret("account.a", "token").reveal() == "from-file-entry"
    assert services.secret("account.b-c", "token").reveal() == "from-variable"


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda services: services.connector("account.tesdev"), "Did you mean 'account.testdev'? Write it into"),
        (lambda services: services.connector("account.testdev"), "token.txt should hold the token of the connector"),
        (lambda services: services.harness(), "The variable KEY is not set; it should hold harness.apiKey."),
        (
            lambda services: services.secret("account.x", ""),
            "Set the variable SECRET_account_x, or write 'account.x: {env:",
        ),
    ],
)
def test_what_is_missing_is_told_with_what_to_write_where(tmp_path: Path, ask: object, said: str) -> None:
    assert callable(ask)
    with pytest.raises(Missing) as caught:
        ask(_services(tmp_path, connectors=GOOD))
    assert said in str(caught.value)


def test_without_an_account_it_is_told_where_to_write_it(tmp_path: Path) -> None:
    with pytest.raises(Missing, match="write harness: account and apiKey into"):
        _services(tmp_path).harness()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "connectors: {a: {type: Github, url: u, username: j, token: canary}}",
            "'token' of the connector 'a' holds a value;",
        ),
        (
            "connectors: {a: {type: Github, url: u, username: j, token: {env: A, file: b}}}",
            "has to be {env: NAME} or {file:",
        ),
        ("connectors: {a: {type: Github, usrname: j, token: {env: A}}}", "Did you mean 'username'?"),
        (
            "connectors: {a: {type: Github, username: j, token: {env: A}}}",
            "The field 'url' of the connector 'a' is missing.",
        ),
        (
            "connectors: {a: {urlType: Org, type: G, url: u, username: j, token: {env: A}}}",
            "it can be Account, Repo or Project.",
        ),
        (
            "connectors: {a: {urlType: Project, type: Github, url: u, username: j, token: {env: A}}}",
            "The urlType Project of the connector 'a' is for connectors of the type AzureRepo.",
        ),
        ("connectors: [a]", "'connectors' has to be a map."),
        ("harness: {apiKey: {env: A}}", "The field 'account' of 'harness' is missing."),
        ("conectors: {}", "Unknown field 'conectors' in the file. Did you mean 'connectors'?"),
    ],
)
def test_faults_in_the_file_are_named_and_a_secret_in_it_is_not_repeated(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(Invalid) as caught:
        _services(tmp_path, connectors=text)
    assert said in str(caught.value)
    assert "canary" not in str(caught.value)


def test_a_file_that_was_named_has_to_be_there(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read: No such file"):
        described(tmp_path / "none.yaml", None, tmp_path / "pipeline.yaml", {})


@pytest.mark.parametrize("value", ["xoxb-1-canary", "ghp_canary", "github_pat_canary", "pat.acc.canary", "eyJcanary"])
def test_a_secret_in_the_place_of_its_id_is_not_repeated(tmp_path: Path, value: str) -> None:
    with pytest.raises(Missing, match="looks like the secret itself") as caught:
        _services(tmp_path).secret(value, "token")
    assert "canary" not in str(caught.value)
