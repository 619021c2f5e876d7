"""Variables: what cookiecutter makes of harmless values is what is made of them here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from common.errors import BadInput
from common.template import variables

DECLARED: dict[str, Any] = {
    "text": "a",
    "number": 1,
    "yes": True,
    "none": None,
    "kind": ["api", "web", 3],
    "map": {"own": "1", "deep": {"x": "y"}, "list": ["a"], "switch": False},
    "after": "{{ cookiecutter.text }}-{{ cookiecutter.kind }}",
    "_raw": "{{ x }}",
    "__late": {"of": "{{ cookiecutter.after }}"},
    "__list": ["{{ cookiecutter.text }}", "b"],
}
GIVEN: list[Mapping[str, Any]] = [
    {},
    {"text": "b", "number": 9, "yes": "off", "none": "x"},
    {"number": "9", "yes": False, "none": None},
    {"kind": "web"},
    {"kind": 3},
    {"kind": ["web", "api"]},
    {"map": {"own": 2, "more": {"a": [1, None, True]}}},
    {"map": {"deep": {"x": "z", "new": 1.5}, "list": ["b", "c"], "switch": "yes"}},
    {"none": {"a": "map"}},
    {"_raw": "y", "__late": {"of": "it"}, "__list": ["c"]},
]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "cookiecutter.json").write_text(json.dumps(DECLARED))
    return tmp_path


@pytest.mark.parametrize("given", GIVEN, ids=str)
def test_harmless_values_come_to_the_same_as_in_cookiecutter(root: Path, given: Mapping[str, Any]) -> None:
    from cookiecutter.generate import generate_context
    from cookiecutter.prompt import prompt_for_config, render_variable
    from cookiecutter.utils import create_env_with_context

    known = not {"__list"} & given.keys()  # in cookiecutter a list is a choice that a value has to be one of
    expected = generate_context(str(root / "cookiecutter.json"), extra_context=dict(given)) if known else None
    declared = variables.declared_in(root)
    values, warnings = variables.checked(declared, given, strict=True)
    environment = create_env_with_context({"cookiecutter": declared})
    found = variables.resolved(
        root, declared, values, lambda raw, so_far: render_variable(environment, raw, dict(so_far))
    )
    assert warnings == []
    if expected is None:
        assert found["__list"] == ["c"]
        return
    public = {name: value for name, value in expected["cookiecutter"].items() if not name.startswith("_")}
    before = json.loads(json.dumps(public))
    assert found == dict(prompt_for_config(expected, no_input=True))
    if not isinstance(given.get("kind"), list):
        assert variables.unrendered(declared, values) == before


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"kind": "cli"}, "The variable 'kind' is 'cli'; it can be api, web, 3."),
        ({"kind": []}, "The variable 'kind' is []"),
        ({"yes": "maybe"}, "The variable 'yes' is 'maybe'; it can be yes or no."),
        ({"map": {"switch": "maybe"}}, "The variable 'map' is 'maybe'; it can be yes or no."),
        ({"map": "{"}, "The variable 'map' is no JSON"),
        ({"map": "a text"}, "The variable 'map' is 'a text', which is no map; write a JSON object."),
        ({"txet": "x", "kind": "cli"}, "no variable 'txet' (did you mean 'text'?). The variable 'kind' is 'cli'"),
    ],
    ids=str,
)
def test_all_that_is_wrong_is_told_at_once(root: Path, given: Mapping[str, Any], words: str) -> None:
    with pytest.raises(BadInput) as caught:
        variables.checked(variables.declared_in(root), given, strict=True)
    assert words in str(caught.value)
    assert "Its variables: text = " in str(caught.value)


@pytest.mark.parametrize("name", sorted(variables.STEERING))
def test_what_steers_cookiecutter_is_no_variable(root: Path, name: str) -> None:
    declared = {**variables.declared_in(root), name: ["x"]}
    values, warnings = variables.checked(declared, {name: "x"}, strict=False)
    assert values == {}
    assert warnings[0].startswith(f"The template has no variable {name!r}")


def test_texts_of_the_platform_take_the_form_of_the_default(root: Path) -> None:
    """A structure comes as JSON, a list of texts with commas, a number as text (contract, A.1)."""
    given = {"map": '{"own": "2", "x": 3.10}', "kind": "3", "text": ["a", "b"], "number": "7"}
    values, _ = variables.checked(variables.declared_in(root), given, strict=True)
    assert values == {"map": {"own": "2", "x": "3.10"}, "kind": 3, "text": "a,b", "number": "7"}


def test_null_is_not_given(root: Path) -> None:
    values, warnings = variables.checked(variables.declared_in(root), {"text": None, "unknown": None}, strict=True)
    assert (values, warnings) == ({}, [])


@pytest.mark.parametrize(("text", "value"), [("3.8", 3.8), ("true", True), ("False", False), ("3", 3), ("b", "b")])
def test_a_choice_that_is_no_text_is_reached_by_its_text(root: Path, text: str, value: object) -> None:
    declared = {**variables.declared_in(root), "kind": ["b", 3.8, True, False, 3]}
    values, _ = variables.checked(declared, {"kind": text}, strict=True)
    assert values["kind"] is value or (values["kind"] == value and type(values["kind"]) is type(value))


@pytest.mark.parametrize(
    ("choices", "given", "value"),
    [
        (["yes", "no"], True, "yes"),
        (["n", "y"], True, "y"),
        (["y", "n"], False, "n"),
        ([3.9, 3.1], "3.10", 3.1),
        (["3.9", "3.10"], "3.10", "3.10"),
        ([1, True], True, True),
    ],
)
def test_a_choice_is_reached_by_what_means_the_same(
    root: Path, choices: list[Any], given: object, value: object
) -> None:
    """YAML's true is the choice yes, and 3.10 the number that JSON makes of it in a list of choices."""
    values, _ = variables.checked({**variables.declared_in(root), "kind": choices}, {"kind": given}, strict=True)
    assert values["kind"] == value


def test_a_choice_that_two_could_mean_is_refused(root: Path) -> None:
    declared = {**variables.declared_in(root), "kind": ["yes", "y", "no"]}
    with pytest.raises(BadInput, match="The variable 'kind' is True; it can be yes, y, no"):
        variables.checked(declared, {"kind": True}, strict=True)


def test_a_private_variable_is_accepted_as_on_the_command_line(root: Path) -> None:
    values, _ = variables.checked(variables.declared_in(root), {"_raw": "y"}, strict=True)
    assert values == {"_raw": "y"}


def test_the_place_of_a_variable_is_looked_for_only_when_it_is_told(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each look reads the whole file: with thousands of variables that took minutes."""
    monkeypatch.setattr(variables, "line_of", lambda *_: pytest.fail("nobody has asked"))
    declared = {f"v{number}": "x" for number in range(9)}
    assert variables.resolved(root, declared, {}, lambda raw, _: raw) == declared
