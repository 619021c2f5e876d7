"""One truth about entities: what the offline check takes for an import is what the sandbox's catalog takes."""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Mapping
from typing import Any

import pytest
import yaml
from hypothesis import event, example, given, settings
from hypothesis import strategies as st

from common.catalogs import entity
from common.catalogs.rules import RULES
from common.catalogs.words import Format
from common.errors import BadInput
from sandbox.catalog import entities

NOTHING = object()
GOOD: Mapping[Format, dict[str, Any]] = {
    Format.BACKSTAGE: {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "Component",
        "metadata": {
            "name": "payments",
            "annotations": {"a.b/c": "d"},
            "labels": {"a": "b"},
            "tags": ["java"],
            "links": [{"url": "https://x.y"}],
        },
        "spec": {
            "memberOf": [],
            "type": "service",
            "lifecycle": "production",
            "owner": "group:platform",
            "definition": {"$text": "./api.yaml"},
            "steps": [],
            "children": [],
        },
    },
    Format.HARNESS: {
        "apiVersion": "harness.io/v1",
        "kind": "Component",
        "identifier": "payments",
        "orgIdentifier": "default",
        "projectIdentifier": "shop",
        "type": "service",
        "owner": "group:account/platform",
        "metadata": {"tags": ["java"]},
        "spec": {"lifecycle": "production", "definition": "x", "steps": []},
    },
}
PATHS = sorted({path for rules in RULES.values() for path in rules.fields} | {"metadata.annotations.x", "spec.x"})
KINDS = sorted({kind for rules in RULES.values() for kind in rules.kinds} | {"Robot", "robot", "a b", "environment"})
TEXTS = (
    *("payments", "a.b", "1a", "a_b$1", "-a", "a-", "a b", "A", "null", "org", "stepGroup", "", "  ", "\n", "é"),
    *("group:default/x", "user:account/a@b.example", "a/b/c", ":", "2026-01-01", "true", "c++", "a--b"),
    *("<+pipeline.x>", "<+account.name>", "a<+variable.x>", "<+", "a" * 63, "a" * 64, "a" * 128, "a" * 129),
)
VALUES = st.one_of(
    st.sampled_from(TEXTS),
    st.sampled_from([NOTHING, None, 3, 1.5, True, dt.date(2026, 1, 1), [], {}, ["java"], ["A b"], [1], [None]]),
    st.sampled_from([[""], {"a": "b"}, {"a": 1}, {"a": None}, {1: "b"}, {"a": ["b"]}, {"a": "<+pipeline.x>"}]),
    st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=5),  # which of those may be written, YAML says
)


def changed(document: dict[str, Any], path: str, value: object) -> None:
    """Put the value at the path, or take away what is there; not where a parent is no map."""
    *parents, last = path.split(".")
    place: Any = document
    for key in parents:
        place = place.setdefault(key, {})
        if not isinstance(place, dict):
            return
    if value is NOTHING:
        place.pop(last, None)
    else:
        place[last] = value


def by_the_check(text: str) -> str | None:
    """Give the reference of the entity, None when the offline check refuses it."""
    try:
        (found,) = entity.parse(text, what="it", target=Format.HARNESS)
    except BadInput:
        return None
    return entity.reference(found)


def by_the_sandbox(text: str) -> str | None:
    """Give the reference of the entity, None when the sandbox refuses to import it."""
    try:
        return entities.parse(text, convert=True).ref
    except entities.InvalidEntity:
        return None


@settings(max_examples=600)
@example(Format.BACKSTAGE, "API", [("metadata.annotations", {1: "b"})])  # a key of JSON is a text
@given(
    st.sampled_from(list(Format)),
    st.sampled_from([kind for kind in KINDS if kind != "a b"]) | st.sampled_from(KINDS),
    st.lists(st.tuples(st.sampled_from(PATHS), VALUES), max_size=3),
)
def test_the_check_and_the_sandbox_agree(written_in: Format, kind: str, changes: list[tuple[str, object]]) -> None:
    document = copy.deepcopy(GOOD[written_in])
    document["kind"] = kind
    for path, value in changes:
        changed(document, path, value)
    text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True)
    expected = by_the_check(text)
    event("taken" if expected else "refused")
    assert by_the_sandbox(text) == expected, text


@pytest.mark.parametrize("written_in", Format)
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "value",
    [pytest.param(NOTHING, id="nothing"), None, "", 3, ["x"], {"a": 1}, "a b", "<+pipeline.x>"],
)
def test_they_agree_on_every_field_that_is_wrong_alone(written_in: Format, path: str, value: object) -> None:
    document = copy.deepcopy(GOOD[written_in])
    changed(document, path, value)
    text = yaml.safe_dump(document, sort_keys=False)
    assert by_the_sandbox(text) == by_the_check(text), text


@pytest.mark.parametrize(
    ("written_in", "kind"), [(written_in, kind) for written_in in Format for kind in RULES[written_in].kinds]
)
def test_a_kind_is_taken_with_what_it_needs_and_refused_without_each_of_it(written_in: Format, kind: str) -> None:
    """By its own format; an import asks for what IDP 2.0 needs too."""
    document = copy.deepcopy(GOOD[written_in])
    document["kind"] = kind
    entity.parse(yaml.safe_dump(document), what="it")
    for path in RULES[written_in].required(kind):
        without = copy.deepcopy(document)
        changed(without, path, NOTHING)
        with pytest.raises(BadInput):
            entity.parse(yaml.safe_dump(without), what="it")
