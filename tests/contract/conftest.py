"""What the vendors' published API descriptions say about a request or an answer.

`SpecRecorder` is a WSGI middleware: put it before the sandbox, let anything talk to it, and read its faults. It checks
every request (also for query parameters and body keys that the description does not declare) and every 2xx answer.
"""

from __future__ import annotations

import io
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import yaml
from openapi_core import OpenAPI
from openapi_core.datatypes import RequestParameters
from werkzeug.datastructures import Headers, ImmutableMultiDict
from werkzeug.wrappers import Request, Response

REPOSITORY_ROOT = Path(__file__).resolve().parents[2]
_HOST = "http://sandbox.test"
_METHODS = ("get", "post", "put", "patch", "delete")
_PREFIXES = {
    "/api/v3": "github",
    "/gitlab/api": "gitlab",
    "/azure": "azure-devops",
    "/gateway/code/api/v1": "harness-code",
    "/gateway/code/git": "",
    "/gateway": "harness-idp",
    "/slack/api": "slack",
    "/backstage/api/catalog": "backstage-catalog",
    "/v1": "harness-idp",
    "/idp": "harness-idp",
    "/ng/api": "harness-idp",
}
"""Where the sandbox serves what a description describes; nothing describes git.

A prefix that the paths of the description hold stays.
"""

_IN_THE_PATHS = {"/v1": "/v1", "/idp": "/idp", "/ng/api": "/ng/api", "/gitlab/api": "/api"}
"""What the paths of a description hold of such a prefix."""

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


@dataclass(frozen=True)
class Described:
    """One API description: the document, openapi-core's view of it, and the paths that may hold slashes."""

    name: str
    document: dict[str, Any]
    openapi: OpenAPI
    templates: Mapping[str, re.Pattern[str]]
    multi_segment: tuple[re.Pattern[str], ...]

    def operation(self, method: str, path: str) -> tuple[str, dict[str, Any]] | None:
        """The template and the operation that a path belongs to; the template with the fewest parameters wins."""
        found = [template for template, pattern in self.templates.items() if pattern.fullmatch(path)]
        for template in sorted(found, key=lambda template: template.count("{")):
            if method.lower() in (item := self.document["paths"][template]):
                return template, {"parameters": item.get("parameters", []), **item[method.lower()]}
        return None

    def resolve(self, node: dict[str, Any]) -> dict[str, Any]:
        """Follow a local $ref."""
        while "$ref" in node:
            target: Any = self.document
            for key in node["$ref"].removeprefix("#/").split("/"):
                target = target[key.replace("~1", "/").replace("~0", "~")]
            node = target
        return node

    def encoded(self, path: str) -> str:
        """The path with the slashes inside its last parameter percent-encoded, as openapi-core wants it."""
        for pattern in self.multi_segment:
            if match := pattern.fullmatch(path):
                return match[1] + quote(match[2], safe="%")
        return path


def describe(file: Path, server: str) -> Described:
    """Load a description, served at this address."""
    document: dict[str, Any] = yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    document["servers"] = [{"url": server}]
    openapi = OpenAPI.from_dict(document)
    templates = {path: re.compile(re.sub(r"\\\{.+?\\\}", "[^/]+", re.escape(path))) for path in document["paths"]}
    described = Described(file.stem, document, openapi, templates, ())
    multi = []
    for path, item in document["paths"].items():
        parameters = [
            described.resolve(node) for method in _METHODS for node in item.get(method, {}).get("parameters", [])
        ]
        if any(node.get("x-multi-segment") for node in parameters):
            start = re.sub(r"\\\{.+?\\\}", "[^/]+", re.escape(path[: path.rindex("{")]))
            multi.append(re.compile(f"({start})(.+)"))
    return Described(file.stem, document, openapi, templates, tuple(multi))


@dataclass
class _SentRequest:
    """A request as openapi-core's protocol wants it."""

    host_url: str
    path: str
    method: str
    body: bytes | None
    content_type: str
    parameters: RequestParameters


@dataclass
class _Answer:
    """An answer as openapi-core's protocol wants it."""

    data: bytes
    status_code: int
    content_type: str
    headers: Headers


@dataclass
class SpecRecorder:
    """The middleware. `allowed` maps a regular expression for fault lines to the reason why they are none."""

    app: WsgiApp
    specs: Mapping[str, Described]
    allowed: Mapping[str, str] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)
    """`name METHOD template status` of every request to a described service, in order."""
    faults: list[str] = field(default_factory=list)
    excused: dict[str, str] = field(default_factory=dict)
    """Fault lines that the allow-list excuses, each with the reason."""

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = str(environ["PATH_INFO"])
        prefix = next((prefix for prefix in _PREFIXES if path.startswith(f"{prefix}/")), None)
        if prefix is None or not _PREFIXES[prefix] or (prefix == "/azure" and "/_apis/" not in path):
            return self.app(environ, start_response)
        body = Request(environ).get_data()
        environ["wsgi.input"] = io.BytesIO(body)
        if environ.pop("HTTP_TRANSFER_ENCODING", None):
            environ["CONTENT_LENGTH"] = str(len(body))
        sent = Request({**environ, "wsgi.input": io.BytesIO(body)})
        answer = Response.from_app(self.app, environ)
        raw = str(environ.get("RAW_URI") or environ.get("REQUEST_URI") or quote(path)).partition("?")[0]
        if "://" in raw:
            raw = "/" + raw.split("/", 3)[3]
        inner = _IN_THE_PATHS.get(prefix, "") + raw[len(prefix) :]
        self._check(self.specs[_PREFIXES[prefix]], inner, sent, body, answer)
        return answer(environ, start_response)

    def _check(self, spec: Described, path: str, sent: Request, body: bytes, answer: Response) -> None:
        path = spec.encoded(path)
        found = spec.operation(sent.method, path)
        if found is None:
            self._note(f"{spec.name} {sent.method} {path}: the description has no such operation")
            return
        template, operation = found
        self.seen.append(f"{spec.name} {sent.method} {template} {answer.status_code}")
        request = _SentRequest(
            _HOST,
            path,
            sent.method.lower(),
            body or None,
            sent.mimetype,
            RequestParameters(query=ImmutableMultiDict(sent.args), header=Headers(sent.headers), cookie=sent.cookies),
        )
        line = f"{spec.name} {sent.method} {template}"
        for fault in [*_told(spec.openapi.iter_request_errors(request)), *_undeclared(spec, operation, sent, body)]:
            self._note(f"{line} request: {fault}")
        if 200 <= answer.status_code < 300:
            given = _Answer(answer.get_data(), answer.status_code, answer.mimetype or "", Headers(answer.headers))
            for fault in _told(spec.openapi.iter_response_errors(request, given)):
                self._note(f"{line} answer {answer.status_code}: {fault}")

    def _note(self, fault: str) -> None:
        reason = next((reason for pattern, reason in self.allowed.items() if re.search(pattern, fault)), None)
        if reason is None:
            self.faults.append(fault)
        else:
            self.excused[fault] = reason


def _told(errors: Iterable[Exception]) -> Iterator[str]:
    """Each error with the schema errors below it, one line each."""
    for error in errors:
        cause: BaseException | None = error
        details: list[str] = []
        while cause is not None and not details:
            details = [f"{item.json_path}: {item.message[:300]}" for item in getattr(cause, "schema_errors", [])]
            cause = cause.__cause__
        yield from details or [f"{type(error).__name__}: {error}"[:300]]


def _undeclared(spec: Described, operation: dict[str, Any], sent: Request, body: bytes) -> Iterator[str]:
    """What JSON Schema lets through: query parameters and body keys that the description does not declare."""
    parameters = [spec.resolve(node) for node in operation["parameters"]]
    declared = {node["name"] for node in parameters if node["in"] == "query"}
    yield from (f"query parameter {name} is not declared" for name in sent.args if name not in declared)
    if not body:
        return
    content = spec.resolve(operation.get("requestBody", {})).get("content", {})
    if sent.mimetype not in content:
        return  # openapi-core tells that by itself
    value: object = dict(sent.form.items()) if sent.form else json.loads(body)
    yield from _undeclared_keys(spec, content[sent.mimetype]["schema"], value, "body")


def _undeclared_keys(spec: Described, schema: dict[str, Any], value: object, where: str) -> Iterator[str]:
    schemas = list(_alternatives(spec, schema))
    if isinstance(value, list):
        items = [part["items"] for part in schemas if "items" in part]
        for number, element in enumerate(value):
            for item in items[:1]:
                yield from _undeclared_keys(spec, item, element, f"{where}[{number}]")
    if not isinstance(value, dict):
        return
    known: dict[str, Any] = {}
    for part in schemas:
        known |= part.get("properties", {})
    if not known:
        return  # any object will do
    for key, inner in value.items():
        if key in known:
            yield from _undeclared_keys(spec, known[key], inner, f"{where}.{key}")
        else:
            yield f"{where}.{key} is not declared"


def _alternatives(spec: Described, schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    schema = spec.resolve(schema)
    yield schema
    for combination in ("allOf", "oneOf", "anyOf"):
        for part in schema.get(combination, []):
            yield from _alternatives(spec, part)


@pytest.fixture(scope="session")
def specs() -> dict[str, Described]:
    """The descriptions of the services that the sandbox stands in for."""
    folder = Path(os.environ.get("IDP_SPECS_DIR") or REPOSITORY_ROOT.parent / "shared" / "specs")
    if not folder.is_dir():
        missing = f"The API descriptions are not at {folder}; set IDP_SPECS_DIR to their folder."
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    return {name: describe(folder / f"{name}.yaml", _HOST) for name in dict.fromkeys(_PREFIXES.values()) if name}


@pytest.fixture
def record(specs: dict[str, Described]) -> Callable[..., SpecRecorder]:
    """Put a recorder before an application: `record(app, allowed={pattern: reason})`."""

    def put_before(app: WsgiApp, allowed: Mapping[str, str] | None = None) -> SpecRecorder:
        return SpecRecorder(app, specs, allowed or {})

    return put_before
