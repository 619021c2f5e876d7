"""Properties in the YAML of entities: set, extended and deleted, and all around them stays as it was written."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from common.catalogs.backstage.entity_text import changed
from common.catalogs.properties import Change
from common.errors import BadInput, Conflict

REF = "component:default/payments"
TEXT = """\
# The payments service.
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: payments  # do not rename
  tags:
    - java   # since 1998
  # who to call
  annotations:
    a.b/c: 'd'

spec:
  type: service
  lifecycle: experimental
  owner: test
"""
OTHER = TEXT.replace("payments", "orders")
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8)
VALUES = st.recursive(
    st.booleans() | st.integers(-10, 10) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)


def change(path: str, value: Any, mode: str = "replace", ref: str = REF) -> Change:
    return Change(ref, path, value, mode)


def edited(text: str, *changes: Change) -> str:
    wanted: dict[str, list[Change]] = {}
    for one in changes:
        wanted.setdefault(one.entity_ref, []).append(one)
    new, due = changed(text, wanted, what="The file")
    again, left = changed(new, wanted, what="The file")
    assert (again, left) == (new, []), "a second run changes nothing"
    assert (new == text) == (not due)
    return new


ODDLY_WRITTEN = TEXT.replace(
    "  lifecycle", "  odd:   [ a,b ]\n#d\n  dependsOn:\n  - api:a\n  -   api:b #c\n\n\n  lifecycle"
)


@pytest.mark.parametrize(
    ("asked", "old", "new"),
    [
        (change("metadata.team", "blue"), "\nspec:", "  team: blue\n\nspec:"),
        (change("spec.lifecycle", "production"), "experimental", "production"),
        (change("metadata.tags", ["http"], "append"), "# since 1998\n", "# since 1998\n    - http\n"),
    ],
)
def test_what_is_written_in_another_way_stays_so(asked: Change, old: str, new: str) -> None:
    """Lists that are indented in two ways, blanks within brackets, a comment further out than what it is about."""
    assert edited(ODDLY_WRITTEN, asked) == ODDLY_WRITTEN.replace(old, new)


@pytest.mark.parametrize(
    ("asked", "old", "new"),
    [
        (change("metadata.team", "blue"), "\nspec:", "  team: blue\n\nspec:"),
        (change("metadata.tags", ["java", "http"], "append"), "# since 1998\n", "# since 1998\n    - http\n"),
        (change("metadata.tags", ["java"], "append"), "", ""),
        (change("spec.lifecycle", "production"), "experimental", "production"),
        (change('metadata.annotations."a.b/c"', "e"), "a.b/c: 'd'", "a.b/c: e"),
        (change("metadata.annotations", [{"x.y/z": "1"}], "append"), "'d'\n", "'d'\n    x.y/z: \"1\"\n"),
        (change("metadata.tags", None, "delete"), "  tags:\n    - java   # since 1998\n", ""),
        (change("metadata.nothing", None, "delete"), "", ""),
        (change("spec.sizes", {"cpu": 2, "hot": True}), "test\n", "test\n  sizes:\n    cpu: 2\n    hot: true\n"),
    ],
    ids=lambda asked: getattr(asked, "path", None),
)
def test_one_change_is_one_change_of_the_text(asked: Change, old: str, new: str) -> None:
    assert edited(TEXT, asked) == TEXT.replace(old, new, 1)


def test_of_several_documents_only_the_entity_itself_changes() -> None:
    text = f"---\n{OTHER}---\n{TEXT}..."
    assert edited(text, change("spec.lifecycle", "production")) == f"---\n{OTHER}---\n" + TEXT.replace(
        "experimental", "production"
    ) + ("...")


@pytest.mark.parametrize("begin", ["", "\ufeff"])
def test_the_line_ends_and_the_mark_at_the_beginning_stay(begin: str) -> None:
    text = begin + TEXT.replace("\n", "\r\n")
    assert edited(text, change("spec.lifecycle", "production")) == text.replace("experimental", "production")


@pytest.mark.parametrize(
    ("text", "asked", "told"),
    [
        (TEXT, change("spec.owner.name", "x"), "spec.owner in The file is no map"),
        (TEXT, change("spec.owner", ["x"], "append"), "Nothing can be appended to spec.owner"),
        (
            TEXT.replace("annotations:\n    a.b/c: 'd'", "labels: &shared {a: b}\n  annotations: *shared"),
            change("metadata.labels.x", "y"),
            "written once for several places",
        ),
    ],
)
def test_what_cannot_be_done_in_the_file_is_a_conflict(text: str, asked: Change, told: str) -> None:
    with pytest.raises(Conflict, match=told):
        edited(text, asked)


@pytest.mark.parametrize(
    ("text", "asked", "told"),
    [
        ("a: [", change("spec.owner", "x"), "The file has a fault"),
        (TEXT, change("metadata.tags", "no list"), "With the change, The file has a fault"),
        (TEXT, change("spec.owner", None, "delete"), "spec.owner is missing"),
        (TEXT, change("metadata.x", "a\0b"), "With the change, The file is no YAML: an escape stands for NUL"),
    ],
)
def test_what_is_no_catalog_file_or_would_be_none_is_refused(text: str, asked: Change, told: str) -> None:
    with pytest.raises(BadInput, match=told):
        edited(text, asked)


@settings(max_examples=60)
@given(st.lists(st.tuples(st.sampled_from(["metadata.x", "metadata.x.y", "spec.z"]), VALUES), min_size=1, max_size=3))
def test_readers_find_the_values_that_were_asked_for_and_nothing_else_changed(asked: list[tuple[str, Any]]) -> None:
    expected = copy.deepcopy(yaml.safe_load(TEXT))
    text = TEXT
    for path, value in asked:
        group, _, rest = path.partition(".")
        try:
            text = edited(text, change(path, value))
        except Conflict:
            assert rest == "x.y"  # x is no map by now
            continue
        above = expected[group]
        for key in rest.split(".")[:-1]:
            above[key] = above.get(key) or {}
            above = above[key]
        above[rest.rpartition(".")[2]] = value
    assert yaml.safe_load(text) == expected
