"""The offline check and a real Backstage's validate-entity agree on what a valid entity is."""

from __future__ import annotations

import copy
import json
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.catalogs import entity
from common.errors import BadInput
from tests.integration.conftest import Backstage

pytestmark = pytest.mark.integration

NOTHING = object()
GOOD: dict[str, Any] = {
    "apiVersion": "backstage.io/v1alpha1",
    "kind": "Component",
    "metadata": {
        "name": "payments",
        "annotations": {"a.b/c": "d"},
        "labels": {"a": "b"},
        "tags": ["java"],
        "links": [{"url": "https://x.example"}],
    },
    "spec": {
        "type": "service",
        "lifecycle": "production",
        "owner": "group:default/platform",
        "definition": "openapi: 3",
        "children": [],
        "memberOf": [],
    },
}
KINDS = ("Component", "API", "Resource", "System", "Domain", "Group", "User", "Location")
PATHS = (
    *("apiVersion", "kind", "metadata", "spec", "extra"),
    *(f"metadata.{name}" for name in ("name", "namespace", "title", "description", "labels", "annotations", "tags")),
    *(f"metadata.{name}" for name in ("links", "labels.x", "labels.a/b", "annotations.x", "annotations.A_b/c")),
    *(f"spec.{name}" for name in ("type", "lifecycle", "owner", "definition", "children", "memberOf", "members")),
    *(
        f"spec.{name}"
        for name in ("system", "domain", "parent", "subcomponentOf", "providesApis", "dependsOn", "dependencyOf", "x")
    ),
)
TEXTS = ("payments", "a.b", "1a", "-a", "a-", "a b", "A", "", "group:default/x", "a/b/c", "a:b:c", ":", "c++", "a--b")
VALUES = st.one_of(
    st.sampled_from(
        [*TEXTS, "é", "a" * 63, "a" * 64, "Component", "component", "Robot", "backstage.io/v1beta1", "x/v1"]
    ),
    st.sampled_from([NOTHING, None, 3, 1.5, True, [], {}, ["java"], ["A b"], [1], [None], [""]]),
    st.sampled_from([{"a": "b"}, {"a": 1}, {"a b": "c"}, {"a": None}, ["group:default/x"], ["a/b/c"], {"a": ["b"]}]),
    st.sampled_from([[{"url": "https://x.example", "title": "x"}], [{"title": "x"}], [{"url": "x y"}], [{"url": "x"}]]),
)

REFERENCES = (
    *("owner", "system", "domain", "parent", "subcomponentOf", "providesApis"),
    *("dependsOn", "dependencyOf", "children", "members", "memberOf"),
)

# Where the two differ, and why. A document that one of these fits is not compared.
STRICTER: tuple[tuple[str, Callable[[dict[str, Any]], bool]], ...] = (
    (
        "a reference is not read by validate-entity when it is bare, but by the processing later: a/b/c passes there",
        lambda document: any(
            isinstance(value, str) and not _is_reference(value)
            for name in REFERENCES
            for value in _listed(_part(document, "spec").get(name))
        ),
    ),
    (
        "an optional field that is null or blank is taken for absent, as an input that nobody gave leaves it",
        lambda document: any(
            value is None or (isinstance(value, str) and not value.strip()) for value in _inside(document)
        ),
    ),
    (
        "a kind of its own is warned of only, and a server without such a kind refuses it",
        lambda document: str(document.get("kind")) not in KINDS,
    ),
    (
        "an apiVersion is one that a catalog file of the portal may have; Backstage takes any that a plugin knows",
        lambda document: document.get("apiVersion") not in ["backstage.io/v1alpha1", "backstage.io/v1beta1"],
    ),
    (
        "fields of other kinds are checked whatever the kind, since a wrong one there is a slip",
        lambda document: any(_foreign_fields(document)),
    ),
    (
        "labels and annotations that are a text or a list pass there: it reads their parts as entries",
        lambda document: any(
            not isinstance(_part(document, "metadata").get(name, {}), dict) for name in ("labels", "annotations")
        ),
    ),
    (
        "which types of a Location may be registered is the policy of a server (catalog.rules), not the format",
        lambda document: document.get("kind") == "Location" and _part(document, "spec").get("type") != "url",
    ),
)
OF_KIND = {  # what Backstage's schema of the kind checks
    "Component": {
        "type",
        "lifecycle",
        "owner",
        "system",
        "subcomponentOf",
        "providesApis",
        "consumesApis",
        "dependsOn",
        "dependencyOf",
    },
    "API": {"type", "lifecycle", "owner", "system", "definition"},
    "Resource": {"type", "owner", "system", "dependsOn", "dependencyOf"},
    "System": {"type", "owner", "domain"},
    "Domain": {"type", "owner"},
    "Group": {"type", "parent", "children", "members"},
    "User": {"memberOf"},
    "Location": {"type"},
}


def _part(document: dict[str, Any], name: str) -> dict[str, Any]:
    value = document.get(name)
    return value if isinstance(value, dict) else {}


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _is_reference(text: str) -> bool:
    kind, _, rest = text.rpartition(":")
    return bool(text.strip()) and ":" not in kind and rest.count("/") <= 1 and "" not in rest.split("/")


def _inside(value: object) -> list[object]:
    inner = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    return [value, *(found for part in inner for found in _inside(part))]


def _foreign_fields(document: dict[str, Any]) -> Iterator[bool]:
    known = OF_KIND.get(str(document.get("kind")), set())
    for name in _part(document, "spec"):
        yield name not in known and name != "x" and name not in GOOD["spec"]


def changed(document: dict[str, Any], path: str, value: object) -> None:
    """Put the value at the path, or take away what is there; not where a parent is no map."""
    head, _, last = path.partition(".")
    if last:
        place = document.setdefault(head, {})
        inner, _, key = last.partition(".")
        if key and isinstance(place, dict):
            place, last = place.setdefault(inner, {}), key
    else:
        place, last = document, head
    if not isinstance(place, dict):
        return
    if value is NOTHING:
        place.pop(last, None)
    else:
        place[last] = copy.deepcopy(value)  # a strategy gives the same object again


def by_the_check(document: dict[str, Any]) -> str:
    """Give what the offline check has against it; '' when it takes it."""
    try:
        entity.parse(json.dumps(document), what="it")
    except BadInput as error:
        return error.message
    return ""


CASES = st.sampled_from(KINDS).flatmap(
    lambda kind: st.tuples(
        st.just(kind), st.lists(st.tuples(st.sampled_from(sorted(_paths(kind))), VALUES), min_size=1, max_size=2)
    )
)


def test_the_check_agrees_with_validate_entity(backstage: Backstage) -> None:
    """On at least 500 documents, of which many are good and many are bad."""
    told = Counter[str]()
    differing: list[str] = []

    @settings(max_examples=1500, suppress_health_check=list(HealthCheck), derandomize=True, database=None)
    @given(CASES)
    def compare(case: tuple[str, list[tuple[str, object]]]) -> None:
        kind, changes = case
        document = copy.deepcopy(GOOD)
        document["kind"] = kind
        if kind == "Location":
            document["spec"]["type"] = "url"
        for path, value in changes:
            changed(document, path, value)
        if reason := next((reason for reason, fits in STRICTER if fits(document)), ""):
            told[reason] += 1
            return
        asked = {"location": "url:http://x.example/x", "entity": document}
        _, answer = backstage.ask("POST", "validate-entity", asked)
        theirs = "" if answer is None else json.dumps(answer["errors"])
        ours = by_the_check(document)
        told["refused" if theirs else "taken"] += 1
        if bool(ours) != bool(theirs):
            differing.append(f"{json.dumps(document)}\nours: {ours}\ntheirs: {theirs}")

    compare()
    assert differing == [], "\n\n".join(differing)
    assert told["refused"] + told["taken"] >= 500
    assert min(told["refused"], told["taken"]) >= 100


def _paths(kind: str) -> set[str]:
    return {path for path in PATHS if not path.startswith("spec.") or path[5:] in {*OF_KIND[kind], "x"}}
