"""The neutral settings of a repository: what is read, and that every fault is a sentence with its place."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.git_hosts import settings
from common.git_hosts.settings import KEYS, Grant, Settings

EVERYTHING: dict[str, Any] = {
    "topics": ["Java", "payments ", "java"],
    "homepage": "https://payments.example.com",
    "access": {
        "teams": {"platform": "admin"},
        "groups": {"a/b": "read"},
        "users": {"jane": "write", "joe": "maintain"},
    },
    "features": {"issues": True, "wiki": False},
    "mergeMethods": ["merge", "squash", "rebase", "fastForward"],
    "deleteBranchOnMerge": False,
}


def test_every_key_is_read_and_every_key_that_a_host_may_have_can_be_asked_for() -> None:
    read = settings.parsed(EVERYTHING)
    assert read == Settings(
        topics=("java", "payments"),
        homepage="https://payments.example.com",
        access=(
            Grant("teams", "platform", "admin"),
            Grant("groups", "a/b", "read"),
            Grant("users", "jane", "write"),
            Grant("users", "joe", "maintain"),
        ),
        features={"issues": True, "wiki": False},
        merge_methods=frozenset({"merge", "squash", "rebase", "fastForward"}),
        delete_branch_on_merge=False,
    )
    assert set(read.asked()) == KEYS


@pytest.mark.parametrize("name", EVERYTHING)
def test_what_is_left_out_or_null_is_not_asked_for(name: str) -> None:
    assert not settings.parsed({name: None})
    assert all(key.startswith((name, "access")) for key in settings.parsed({name: EVERYTHING[name]}).asked())


def test_an_empty_list_of_topics_asks_for_none_at_all() -> None:
    assert settings.parsed({"topics": []}).topics == ()


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"topic": []}, "S has no key 'topic', but perhaps 'topics' is meant; it can be topics, homepage"),
        ({"topics": "java"}, "S.topics is 'java', which is no list of texts."),
        ({"topics": [1]}, "S.topics is [1], which is no list of texts."),
        ({"topics": [" "]}, "S.topics holds ' ', which is no topic."),
        ({"homepage": "payments"}, "S.homepage is 'payments', which is no http or https URL"),
        ({"homepage": 5}, "S.homepage is 5, which is no URL."),
        ({"access": ["jane"]}, "S.access is ['jane'], which is no map."),
        ({"access": {"team": {}}}, "S.access has no key 'team', but perhaps 'teams' is meant"),
        ({"access": {"users": "jane"}}, "S.access.users is 'jane', which is no map of names to roles."),
        ({"access": {"users": {"jane": "owner"}}}, "S.access.users.jane is 'owner'; it can be read, write, maintain"),
        ({"access": {"users": {" ": "read"}}}, "S.access.users holds a role for nobody."),
        ({"features": {"wiki": "no"}}, "S.features.wiki is 'no', which is no boolean; write true or false."),
        ({"mergeMethods": []}, "S.mergeMethods is empty, and a repository needs one method."),
        ({"mergeMethods": ["octopus"]}, "S.mergeMethods holds 'octopus'; it can hold merge, squash, rebase"),
        ({"deleteBranchOnMerge": 1}, "S.deleteBranchOnMerge is 1, which is no boolean; write true or false."),
    ],
)
def test_each_fault_is_a_sentence_that_names_its_place(wrong: dict[str, Any], told: str) -> None:
    (fault,) = settings.faults(wrong, "S")
    assert fault.startswith(told)
    assert fault.endswith(".")


TEXT = st.text(alphabet="a .:/'\n", max_size=5)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)
NAMED = st.dictionaries(st.sampled_from([*EVERYTHING, "teams"]), VALUES | st.sampled_from(list(EVERYTHING.values())))


@given(NAMED)
def test_any_json_is_read_or_refused_in_sentences(value: dict[str, Any]) -> None:
    found = settings.faults(value, "S")
    assert all(fault.startswith("S") and fault.endswith(".") for fault in found)
    if not found:
        assert set(settings.parsed(value).asked()) <= KEYS
