"""The outside world of a run: git connectors, secrets and the Harness account, described in two small files.

connectors.yaml (next to the pipeline, or --connectors), by the reference that the pipeline uses:

    connectors:
      account.testdev:
        type: Github
        url: https://github.com            # or https://github.com/my-org
        urlType: Account                   # Repo when the URL is that of one repository, Project for one of AzureRepo
        username: jane
        token: {env: GITHUB_TOKEN}         # or {file: path}, relative to this file
      account.app:                         # a GitHub App has these two in the place of username and token
        type: Github
        url: https://github.com/my-org
        appId: 12345
        privateKey: {file: app.pem}
    harness:
      account: abc123
      base: https://app.harness.io
      apiKey: {env: HARNESS_API_KEY}

secrets.yaml (next to the pipeline, or --secrets) maps the id of a secret to {env: NAME} or {file: path}; a secret that
is not in it comes from the variable SECRET_<id>, other characters than letters and digits turned into `_`. No value of
a secret stands in either file, and none is read before it is needed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from common import document
from common.diagnostics import Diagnostic, Invalid, Location, choice, suggestion
from common.document import Node, Scalar, is_nothing, reader
from common.secret import Secret
from runner.language.schema import ACCEPTED, check

DEFAULT_BASE = "https://app.harness.io"
LOGIN = ("username", "token")
APP = ("appId", "privateKey")
CONNECTOR = dict.fromkeys(("type", "url", "urlType", *LOGIN, *APP), ACCEPTED)
HARNESS = dict.fromkeys(("account", "base", "apiKey"), ACCEPTED)
PROJECT = "Project"
URL_TYPES = ("Account", "Repo", PROJECT)
CREDENTIAL = re.compile(r"xox[a-z]-|gh[a-z]_|github_pat_|glpat-|[ps]at\.|eyJ|-----BEGIN|\S*://")  # no id begins so


class Missing(Exception):
    """Something that the pipeline refers to is not described. The text is a sentence that says what to write where."""


@dataclass(frozen=True)
class Connector:
    """A git connector with its credentials.

    app_id: of a GitHub App, which logs in by it and its private key, the token here, without a user name.
    instead: its type counts, also for a step that says another.
    taken_from: field of a step that says where a repository is -> the field whose value it gets where it is lacking.
    proxy: the HTTP proxy that alone leads to its URL; '' for the ones of the environment.
    address: gives the URL of a repository by all that a clone says of it, which is its name; None: behind the URL.
    """

    type: str
    url: str
    url_type: str
    username: str
    token: Secret
    app_id: str = ""
    instead: bool = False
    taken_from: Mapping[str, str] = field(default_factory=dict)
    proxy: str = ""
    address: Callable[[str], str] | None = None


@dataclass(frozen=True)
class Harness:
    """The Harness account. `credentials` are the variables that authorize a step without a key of its own.

    key: for git, which takes nothing else; None when it is not described.
    """

    account: str
    base: str
    credentials: Mapping[str, Secret]
    key: Secret | None = None


@dataclass(frozen=True)
class Services:
    """Where a run finds what its steps talk to. The functions raise Missing."""

    connector: Callable[[str], Connector]
    secret: Callable[[str, str], Secret]  # id, and the spec field that it is for ('' for none)
    harness: Callable[[], Harness]
    slack_api_url: str | None = None


@dataclass(frozen=True)
class _Source:
    """Where a secret value is: a variable, or a file."""

    env: str = ""
    file: Path | None = None


@dataclass(frozen=True)
class _ConnectorEntry:
    type: str
    url: str
    url_type: str
    username: str
    token: _Source
    app_id: str


def described(connectors: Path | None, secrets: Path | None, pipeline: Path, environ: Mapping[str, str]) -> Services:
    """Read both files; those next to the pipeline when none is given. Raises Invalid with everything wrong in them."""
    connectors_file = connectors or pipeline.parent / "connectors.yaml"
    secrets_file = secrets or pipeline.parent / "secrets.yaml"
    faults: list[Diagnostic] = []
    root = reader.read(connectors_file) if connectors or connectors_file.is_file() else None
    entries, harness = _read_connectors(root, connectors_file.parent, faults)
    root = reader.read(secrets_file) if secrets or secrets_file.is_file() else None
    sources = _read_secrets(root, secrets_file.parent, faults)
    if faults:
        raise Invalid(faults)

    def connector(reference: str) -> Connector:
        entry = entries.get(reference)
        if entry is None:
            near = suggestion(reference, entries)
            raise Missing(
                f"The connector {reference!r} is not described.{near} Write it into {connectors_file}, with type, url, "
                "username and token: {env: NAME}."
            )
        what = f"the {'private key' if entry.app_id else 'token'} of the connector {reference!r}"
        token = _read_secret(entry.token, what, environ)
        return Connector(entry.type, entry.url, entry.url_type, entry.username, token, entry.app_id)

    def secret(identifier: str, _field: str) -> Secret:
        variable = "SECRET_" + re.sub(r"[^A-Za-z0-9]", "_", identifier)
        if identifier in sources:
            return _read_secret(sources[identifier], f"the secret {identifier!r}", environ)
        if environ.get(variable):
            return Secret(environ[variable])
        if CREDENTIAL.match(identifier):
            raise Missing(
                "What stands in the place of a secret's id looks like the secret itself, and is not repeated here. "
                f"Give the id, and say in {secrets_file} where the value is."
            )
        near = suggestion(identifier, sources)
        raise Missing(
            f"The secret {identifier!r} is not described.{near} Set the variable {variable}, or write "
            f"'{identifier}: {{env: NAME}}' into {secrets_file}."
        )

    def account() -> Harness:
        if harness is None:
            raise Missing(
                f"The Harness account is not described; write harness: account and apiKey into {connectors_file}."
            )
        account_id, base, source = harness
        key = _read_secret(source, "harness.apiKey", environ) if source else None
        return Harness(account_id, base, {"X_API_KEY": key} if key else {}, key)

    return Services(connector, secret, account)


def _read_connectors(
    root: Node | None, folder: Path, faults: list[Diagnostic]
) -> tuple[dict[str, _ConnectorEntry], tuple[str, str, _Source | None] | None]:
    if root is None:
        return {}, None
    top = _map(root, "The file", root.location, faults)
    faults += check(top, dict.fromkeys(("connectors", "harness"), ACCEPTED), "the file")
    entries: dict[str, _ConnectorEntry] = {}
    listing = _map(top.fields.get("connectors"), "'connectors'", root.location, faults)
    for reference, node in listing.fields.items():
        entry = _map(node, f"The connector {reference!r}", node.location, faults)
        entries[reference] = _connector(reference, entry, folder, faults)
    if "harness" not in top.fields:
        return entries, None
    harness = _map(top.fields["harness"], "'harness'", root.location, faults)
    faults += check(harness, HARNESS, "'harness'")
    if not harness.text("account"):
        faults.append(Diagnostic("The field 'account' of 'harness' is missing.", harness.location))
    key = _source(harness.fields["apiKey"], "'harness.apiKey'", folder, faults) if "apiKey" in harness.fields else None
    return entries, (harness.text("account"), (harness.text("base") or DEFAULT_BASE).rstrip("/"), key)


def _connector(reference: str, entry: document.Mapping, folder: Path, faults: list[Diagnostic]) -> _ConnectorEntry:
    of = f"the connector {reference!r}"
    faults += check(entry, CONNECTOR, of)
    given = {name for name, node in entry.fields.items() if not is_nothing(node)}
    as_app = bool(given.intersection(APP))
    faults += [
        Diagnostic(f"The field {name!r} of {of} is missing.", entry.location)
        for name in ("type", "url", *(APP if as_app else LOGIN))
        if name not in given
    ]
    if as_app and given.intersection(LOGIN):
        ways = f"{' and '.join(LOGIN)}, or {' and '.join(APP)}"
        text = f"The connector {reference!r} has both a token and a GitHub App; give {ways}."
        faults.append(Diagnostic(text, entry.location))
    if as_app and entry.text("type").lower() != "github":
        faults.append(
            Diagnostic(f"{' and '.join(APP)} of {of} are a GitHub App's, and its type is another.", entry.location)
        )
    url_type = entry.text("urlType") or "Account"
    if url_type not in URL_TYPES:
        text = f"The urlType {url_type!r} of {of} is not known; it can be {choice(URL_TYPES)}."
        faults.append(Diagnostic(text, entry.location_of("urlType")))
    if url_type == PROJECT and entry.text("type").lower() != "azurerepo":
        text = f"The urlType {PROJECT} of {of} is for connectors of the type AzureRepo."
        faults.append(Diagnostic(text, entry.location_of("urlType")))
    name = "privateKey" if as_app else "token"
    token = _source(entry.fields[name], f"{name!r} of {of}", folder, faults) if name in given else _Source()
    url = entry.text("url").rstrip("/")
    return _ConnectorEntry(entry.text("type"), url, url_type, entry.text("username"), token, entry.text("appId"))


def _read_secrets(root: Node | None, folder: Path, faults: list[Diagnostic]) -> dict[str, _Source]:
    if root is None or is_nothing(root):
        return {}
    entries = _map(root, "The file", root.location, faults).fields
    return {name: _source(node, f"the secret {name!r}", folder, faults) for name, node in entries.items()}


def _source(node: Node, what: str, folder: Path, faults: list[Diagnostic]) -> _Source:
    """Read {env: NAME} or {file: path}. A value in plain sight is refused without being repeated."""
    if isinstance(node, Scalar) and node.text:
        faults.append(
            Diagnostic(
                f"{what} holds a value; write {{env: NAME}} or {{file: path}} instead of the secret.", node.location
            )
        )
        return _Source()
    inner = _map(node, what, node.location, faults)
    names = [name for name in ("env", "file") if inner.text(name)]
    if isinstance(node, document.Mapping) and (len(names) != 1 or len(inner.fields) != 1):
        faults.append(Diagnostic(f"{what} has to be {{env: NAME}} or {{file: path}}.", node.location))
        return _Source()
    path = inner.text("file")
    return _Source(inner.text("env"), folder / Path(path).expanduser() if path else None)


def _read_secret(source: _Source, what: str, environ: Mapping[str, str]) -> Secret:
    if source.file is None:
        if not environ.get(source.env):
            raise Missing(f"The variable {source.env} is not set; it should hold {what}.")
        return Secret(environ[source.env])
    try:
        value = source.file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise Missing(f"The file {source.file} should hold {what}, but cannot be read: {reason}.") from error
    if not value:
        raise Missing(f"The file {source.file} should hold {what}, but is empty.")
    return Secret(value)


def _map(node: Node | None, what: str, location: Location, faults: list[Diagnostic]) -> document.Mapping:
    if isinstance(node, document.Mapping):
        return node
    if node is not None and not is_nothing(node):
        faults.append(Diagnostic(f"{what} has to be a map.", node.location))
    return document.Mapping(location, {}, {})
