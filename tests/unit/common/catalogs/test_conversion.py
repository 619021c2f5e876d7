"""Entities from one format to the other and back: the same entity, the same comments, and words for what is lost."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from common.catalogs.conversion import REFERENCES, converted
from common.catalogs.entity import parse, reference
from common.catalogs.rules import RULES
from common.catalogs.words import Format
from common.document import roundtrip
from common.errors import BadInput
from sandbox.catalog import entities

BACKSTAGE = """\
# Copyright, and who to ask

apiVersion: backstage.io/v1alpha1 # of the format
kind: Component
# what it is
metadata:
  # shown nowhere
  name: payments # never change it
  title: 'Payments API'
  namespace: shop
  description: >-
    Takes money
    of people.
  annotations:
    # for the tab CI/CD
    harness.io/pipelines: |
      Build: https://app.harness.io/x
  tags: [java, "310"]
spec:
  type: service
  owner: group:default/platform # since 2024
  # until it is replaced
  lifecycle: production
  system: shop # one of many
  dependsOn:
    - resource:default/db # the big one
    # and the small one
    - component:billing/other
  providesApis:
    - payments
  domain: money
# nothing comes after this
"""
HARNESS = """\
# Copyright, and who to ask

apiVersion: harness.io/v1 # of the format
kind: Component
# shown nowhere
identifier: payments # never change it
name: 'Payments API'
type: service
owner: group:account/platform # since 2024
# what it is
metadata:
  description: >-
    Takes money
    of people.
  annotations:
    # for the tab CI/CD
    harness.io/pipelines: |
      Build: https://app.harness.io/x
  tags: [java, "310"]
spec:
  # until it is replaced
  lifecycle: production
  system: # one of many
    - system:shop
  dependsOn:
    - resource:account/db # the big one
    # and the small one
    - component:account/other
  providesApis:
    - api:payments
  domain: money
# nothing comes after this
"""
IDENTIFIER = RULES[Format.HARNESS].fields["identifier"].rule
NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_-]{0,10}[A-Za-z0-9]", fullmatch=True).filter(
    lambda name: not name.startswith("_") and not IDENTIFIER.problem(name, "")  # both formats take it
)
TEXTS = st.text("abc é#:-'\"{}[]&*!|>%@`,?\\ü漢0123", min_size=1, max_size=30).filter(str.strip)
KINDS = {
    "owner": "group",
    "system": "system",
    "providesApis": "api",
    "consumesApis": "api",
    "subcomponentOf": "component",
}


@st.composite
def references(draw: st.DrawFn, kind: str) -> str:
    name = draw(NAMES)
    given_kind = f"{draw(st.sampled_from([kind, 'component', 'resource']))}:" if draw(st.booleans()) else ""
    return f"{given_kind}{draw(st.sampled_from(['', 'default/']))}{name}"


@st.composite
def backstage_entities(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(["Component", "API", "Resource", "System"]))
    spec: dict[str, Any] = {"type": draw(NAMES), "owner": draw(references("group"))}
    if kind in ("Component", "API"):
        spec["lifecycle"] = draw(NAMES)
    if kind == "API":
        spec["definition"] = draw(TEXTS)
    for field in ("system", "subcomponentOf"):
        if draw(st.booleans()):
            spec[field] = draw(references(KINDS[field]))
    for field in ("providesApis", "consumesApis"):
        if draw(st.booleans()):
            spec[field] = draw(st.lists(references(KINDS[field]), max_size=3))
    if draw(st.booleans()):
        spec["dependsOn"] = draw(st.lists(NAMES.map(lambda name: f"resource:default/{name}"), max_size=3))
    spec["x"] = draw(st.dictionaries(NAMES, st.integers() | TEXTS | st.lists(st.booleans(), max_size=2), max_size=2))
    metadata: dict[str, Any] = {"name": draw(NAMES)}
    for field, value in {
        "title": TEXTS,
        "description": TEXTS,
        "annotations": st.dictionaries(NAMES, TEXTS, max_size=2),
        "labels": st.dictionaries(NAMES, NAMES, max_size=2),
        "tags": st.lists(st.from_regex(r"[a-z0-9]{1,5}", fullmatch=True), max_size=3),
        "links": st.lists(st.just({"url": "https://x.example", "title": "x"}), max_size=2),
    }.items():
        if draw(st.booleans()):
            metadata[field] = draw(value)
    parts = draw(st.permutations([("metadata", metadata), ("spec", spec)]))
    return {"apiVersion": "backstage.io/v1alpha1", "kind": kind, **dict(parts)}


def commented(document: dict[str, Any], *, offset: int) -> tuple[str, list[str]]:
    """Write an entity with a comment above and behind each line that may have one; give these too."""
    lines, comments = [], []
    for number, line in enumerate(roundtrip.written(roundtrip.value_of(document), offset=offset).splitlines()):
        stands = line[: len(line) - len(line.lstrip())]
        behind = line.endswith((":", "{}", "[]")) or ": " in line
        lines += [f"{stands}# above {number}", f"{line} # behind {number}" if behind else line]
        comments += [f"# above {number}", *([f"# behind {number}"] if behind else [])]
    return "\n".join(lines) + "\n", comments


def normal(document: dict[str, Any]) -> dict[str, Any]:
    """Write each reference in full, and leave out a title that says what the name does."""
    spec = dict(document["spec"])
    for field in REFERENCES.keys() & spec.keys():
        if isinstance(spec[field], list):
            spec[field] = [full(text, KINDS.get(field, "")) for text in spec[field]]
        else:
            spec[field] = full(spec[field], KINDS.get(field, ""))
    metadata = dict(document["metadata"])
    if metadata.get("title") == metadata["name"]:
        del metadata["title"]
    return {**document, "metadata": metadata, "spec": spec}


def full(text: str, kind: str) -> str:
    given_kind, _, rest = text.rpartition(":")
    namespace, _, name = rest.rpartition("/")
    return f"{given_kind or kind}:{namespace or 'default'}/{name}"


def test_an_entity_is_written_in_the_other_format_with_its_comments_and_what_is_lost_is_said() -> None:
    (found,) = converted(BACKSTAGE, Format.HARNESS, what="it")
    assert found.text == HARNESS
    assert reference(found.entity) == "component:account/payments"
    assert found.notes == (
        "metadata.namespace shop is left out: IDP 2.0 has no namespaces, and imports such an entity into the account.",
        "dependsOn component:billing/other becomes one of the account: IDP 2.0 has no namespace billing.",
        "spec.domain is kept as it is; IDP 2.0 does not read it.",
    )
    assert entities.parse(found.text, convert=False).ref == "component:account/payments"


@settings(max_examples=60)
@given(backstage_entities(), st.sampled_from([0, 2]))
def test_there_and_back_gives_the_same_entity_with_every_comment(document: dict[str, Any], offset: int) -> None:
    text, comments = commented(document, offset=offset)
    (there,) = converted(text, Format.HARNESS, what="it")
    assert entities.parse(there.text, convert=False).kind == document["kind"].lower()
    (back,) = converted(there.text, Format.BACKSTAGE, what="it")
    assert not back.notes
    assert normal(yaml.safe_load(back.text)) == normal(document)
    for result in (there.text, back.text):
        assert {comment for comment in comments if f"{comment}\n" not in result} == set()
    (again,) = converted(back.text, Format.HARNESS, what="it")
    assert yaml.safe_load(again.text) == yaml.safe_load(there.text)


def test_what_only_idp_2_0_has_is_said_on_the_way_back() -> None:
    text = (
        "apiVersion: harness.io/v1\nkind: component\nidentifier: pay\norgIdentifier: shop\nprojectIdentifier: web\n"
        "type: service\nowner: group:account.shop/team\nscope: x\nspec:\n  lifecycle: production\n"
        "  system:\n    - system:account/a # first\n    - b\n  sourceCode:\n    provider: Github\n"
    )
    (found,) = converted(text, Format.BACKSTAGE, what="it")
    assert found.text == (
        "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: pay\nspec:\n  type: service\n"
        "  owner: group:default/team\n  lifecycle: production\n  system: system:default/a # first\n"
        "  sourceCode:\n    provider: Github\n"
    )
    assert found.notes == (
        "owner group:account.shop/team becomes one of the namespace default: IDP 1.0 has no account.shop.",
        "spec.system is one in IDP 1.0: system:default/a is kept, and b left out.",
        "spec.sourceCode is kept as it is; IDP 1.0 does not read it.",
        "orgIdentifier shop is left out: IDP 1.0 has no organizations and projects.",
        "projectIdentifier web is left out: IDP 1.0 has no organizations and projects.",
        "scope is left out: IDP 1.0 has nothing of that name at the root.",
    )


@pytest.mark.parametrize(
    ("text", "to", "told"),
    [
        (BACKSTAGE.replace("Component", "Domain"), Format.HARNESS, "line 4, column 1: kind is 'Domain'"),
        (BACKSTAGE.replace("name: payments", "name: 1st.service"), Format.HARNESS, "line 8, column 9"),
        (HARNESS.replace("identifier: payments", "identifier: _pay$"), Format.BACKSTAGE, "metadata.name is '_pay$'"),
        (HARNESS.replace("Component", "environment"), Format.BACKSTAGE, "environment has no counterpart"),
        ("a: [", Format.HARNESS, "no YAML"),
    ],
)
def test_what_cannot_be_converted_is_refused_with_what_is_wrong(text: str, to: Format, told: str) -> None:
    with pytest.raises(BadInput) as caught:
        converted(text, to, what="it")
    assert told in str(caught.value)


def test_each_document_becomes_a_text_of_its_own_and_one_in_the_format_stays() -> None:
    found = converted(
        f"{BACKSTAGE}---\n{BACKSTAGE.replace('name: payments', 'name: other')}", Format.HARNESS, what="it"
    )
    assert [one.text for one in found] == [HARNESS, HARNESS.replace("identifier: payments", "identifier: other")]
    (same,) = converted(HARNESS, Format.HARNESS, what="it")
    assert (same.text, same.notes) == (HARNESS, ())


@pytest.mark.parametrize(
    "turn",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: f"\ufeff{text}",
        lambda text: text.replace("Takes money", "Ümläut 漢字 🎉"),
        lambda text: text.replace("metadata:", "metadata: &it").replace("  domain: money", "  x: *it"),
        lambda text: text.replace("  domain: money", "  x: !secret money"),
    ],
)
def test_line_ends_marks_unicode_anchors_and_tags_are_kept(turn: Any) -> None:
    text = turn(BACKSTAGE)
    (found,) = converted(text, Format.HARNESS, what="it")
    assert ("\r\n" in found.text.replace("\r\n", "", 1)) == ("\r\n" in text)
    assert found.text.count("\n") == HARNESS.count("\n")
    assert found.text.startswith("\ufeff") == text.startswith("\ufeff")
    for kept in ("Ümläut 漢字 🎉", "&it", "*it", "!secret money"):
        assert (kept in found.text) == (kept in text)
    parse(found.text, what="it")
