"""Inputs: every name and form of a value, the order in which they count, and faults told all at once."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, make_dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.contract.inputs import matching, option, options_of
from common.contract.resolve import resolve
from common.errors import BadInput
from common.secret import Secret
from steps import STEPS, load


@dataclass(frozen=True, kw_only=True)
class Inner:
    branch: str = option("branch", env=["BRANCH"], default="", help="b")


@dataclass(frozen=True, kw_only=True)
class Inputs:
    repository: str = option("repository", env=["REPO_NAME", "IDP_REPO_NAME"], help="r")
    code_directory: str = option("codeDirectory", env=["CODE_DIRECTORY"], default=".", help="c")
    force: bool = option("forcePush", env=["FORCE_PUSH"], default=False, help="f")
    count: int = option("count", env=["COUNT"], default=3, help="n")
    names: list[str] = option("names", env=["NAMES"], default=[], help="l")
    items: list[Any] = option("items", env=["ITEMS"], default=[], help="i")
    variables: dict[str, Any] = option("variables", env=["VARIABLES"], prefix="IDP_V_", default={}, help="m")
    value: Any = option("value", env=["VALUE"], default=None, help="v")
    text: str = option("messageContent", env=["MESSAGE_CONTENT"], default="", multiline=True, help="t")
    token: Secret | None = option("token", env=["TOKEN"], default=None, help="s")
    kind: str = option("repoType", env=["REPO_TYPE"], default="private", choices=("private", "public"), help="k")
    email: str = option("email", env=["EMAIL"], default="", aliases=["emailId"], exclusive="target", help="e")
    channel: str = option("channel", env=["CHANNEL"], default="", exclusive="target", help="c")
    inner: Inner


NEEDED = {"REPO_NAME": "payments"}


def read(environ: dict[str, str], **flags: str) -> Inputs:
    return resolve(Inputs, flags, {**NEEDED, **environ}).inputs


@pytest.mark.parametrize(
    "name",
    [
        "PLUGIN_CODE_DIRECTORY",
        "INPUT_CODE_DIRECTORY",
        "INPUT_CODE-DIRECTORY",
        "INPUT_CODEDIRECTORY",
        "PARAM_CODE_DIRECTORY",
        "PLUGIN_CODEDIRECTORY",
        "CODE_DIRECTORY",
    ],
)
def test_an_input_is_found_under_every_name_that_a_runner_gives_it(name: str) -> None:
    assert read({name: "app"}).code_directory == "app"


def test_the_platforms_older_name_is_found_next_to_its_current_one() -> None:
    assert resolve(Inputs, {}, {"IDP_REPO_NAME": "old"}).inputs.repository == "old"
    both = resolve(Inputs, {}, {"IDP_REPO_NAME": "same ", "REPO_NAME": "same"})
    assert (both.inputs.repository, both.sources["repository"]) == ("same", "REPO_NAME")
    assert resolve(Inputs, {}, {"IDP_REPO_NAME": "old", "REPO_NAME": "null"}).inputs.repository == "old"


def test_two_generations_of_a_name_that_differ_are_refused_by_both_names() -> None:
    """One of them is a pipeline variable that is meant for something else, and nothing tells which."""
    with pytest.raises(BadInput) as caught:
        resolve(Inputs, {}, {"IDP_REPO_NAME": "real", "REPO_NAME": "stray"})
    assert str(caught.value) == (
        "REPO_NAME ('stray') and IDP_REPO_NAME ('real') are names of one input, repository, and differ."
        " A pipeline variable of such a name reaches every step and may be the cause: rename it."
    )


@pytest.mark.parametrize("step_type", STEPS)
def test_every_input_with_several_names_refuses_two_that_differ(step_type: str) -> None:
    step = load(step_type)
    for declared in step.declaration().options:
        for first, second in itertools.combinations(declared.env, 2):
            told = f"{first} and {second}" if declared.secret else rf"{first} \('a'\) and {second} \('b'\)"
            with pytest.raises(BadInput, match=f"{told} are names of one input"):
                resolve(step.inputs, {}, {first: "a", second: "b"})


def test_the_question_of_two_generations_is_silenced_by_a_flag_or_an_addressed_name() -> None:
    environ = {"IDP_REPO_NAME": "real", "REPO_NAME": "stray"}
    assert resolve(Inputs, {}, {**environ, "PLUGIN_REPOSITORY": "mine"}).inputs.repository == "mine"
    assert resolve(Inputs, {"repository": "mine"}, environ).inputs.repository == "mine"


def test_two_addressed_names_that_differ_are_refused_and_a_flag_silences_them() -> None:
    environ = {**NEEDED, "PLUGIN_BRANCH": "a", "INPUT_BRANCH": "b"}
    with pytest.raises(BadInput) as caught:
        resolve(Inputs, {}, environ)
    assert str(caught.value) == (
        "PLUGIN_BRANCH ('a') and INPUT_BRANCH ('b') are names of one input, branch, and differ."
    )
    assert resolve(Inputs, {"branch": "c"}, environ).inputs.inner.branch == "c"
    assert read({"PLUGIN_FORCE_PUSH": "true", "INPUT_FORCE-PUSH": "yes"}).force is True


def test_two_secrets_that_differ_are_refused_without_their_values() -> None:
    with pytest.raises(
        BadInput, match="PLUGIN_TOKEN and PARAM_TOKEN are names of one input, token, and differ"
    ) as caught:
        read({"PLUGIN_TOKEN": "first-canary", "PARAM_TOKEN": "second-canary"})
    assert "canary" not in str(caught.value)


def test_a_flag_beats_an_addressed_name_which_beats_the_platforms() -> None:
    environ = {"REPO_NAME": "platform", "PLUGIN_REPOSITORY": "plugin"}
    assert resolve(Inputs, {"repository": "flag"}, environ).inputs.repository == "flag"
    assert resolve(Inputs, {}, environ).inputs.repository == "plugin"
    assert resolve(Inputs, {}, environ | {"PLUGIN_REPOSITORY": ""}).inputs.repository == "platform"


def test_a_stray_pipeline_variable_does_not_beat_the_name_addressed_to_the_step() -> None:
    assert read({"BRANCH": "stray", "PLUGIN_BRANCH": "mine"}).inner.branch == "mine"


def test_a_stray_rival_is_silenced_by_one_that_is_addressed_to_the_step() -> None:
    inputs = read({"EMAIL": "stray@example.com", "PLUGIN_CHANNEL": "general"})
    assert (inputs.email, inputs.channel) == ("", "general")


@pytest.mark.parametrize(
    ("environ", "names", "cause"),
    [
        ({"EMAIL": "a@example.com", "CHANNEL": "general"}, "EMAIL and CHANNEL", True),
        ({"PLUGIN_EMAIL": "a@example.com", "INPUT_CHANNEL": "general"}, "PLUGIN_EMAIL and INPUT_CHANNEL", False),
    ],
)
def test_two_that_exclude_each_other_are_refused_when_neither_has_the_better_name(
    environ: dict[str, str], names: str, cause: bool
) -> None:
    with pytest.raises(BadInput, match=f"{names} are given together; give one of them.") as caught:
        read(environ)
    assert ("A pipeline variable of such a name" in str(caught.value)) is cause


def test_a_flag_silences_one_that_excludes_it_under_an_addressed_name() -> None:
    inputs = read({"PLUGIN_EMAIL": "a@example.com"}, channel="general")
    assert (inputs.email, inputs.channel) == ("", "general")


def test_inputs_of_one_alternative_are_given_together_and_exclude_the_other() -> None:
    @dataclass(frozen=True, kw_only=True)
    class Change:
        kind: str = option("kind", exclusive="change", alternative="fields", default="", help="k")
        value: str = option("value", exclusive="change", alternative="fields", default="", help="v")
        body: str = option("body", env=["BODY"], exclusive="change", default="", help="b")

    addressed = resolve(Change, {"value": "b"}, {"PLUGIN_KIND": "a", "BODY": "{}"}).inputs
    assert addressed == Change(kind="a", value="b")
    assert resolve(Change, {}, {"BODY": "{}"}).inputs == Change(body="{}")
    with pytest.raises(BadInput, match="PLUGIN_KIND and PLUGIN_BODY are given together"):
        resolve(Change, {}, {"PLUGIN_KIND": "a", "PLUGIN_BODY": "{}"})


def test_one_of_a_group_that_is_malformed_is_not_told_to_be_missing() -> None:
    @dataclass(frozen=True, kw_only=True)
    class Target:
        email: str = option(
            "email", env=["EMAIL"], default="", exclusive="t", required_if=lambda given: not given["channel"], help="e"
        )
        channel: str = option(
            "channel", env=["CHANNEL"], default="", exclusive="t", check=matching(r"\S+", "is no channel"), help="c"
        )

    with pytest.raises(BadInput, match=r"^CHANNEL is 'a b', which is no channel\.$"):
        resolve(Target, {}, {"CHANNEL": "a b"})
    with pytest.raises(BadInput, match=r"Required input is missing: email or channel \(set EMAIL or CHANNEL\)"):
        resolve(Target, {}, {})


def test_a_secret_whose_file_cannot_be_read_is_not_told_to_be_missing_too() -> None:
    @dataclass(frozen=True, kw_only=True)
    class Credentials:
        token: Secret = option("token", env=["TOKEN"], help="t")

    with pytest.raises(BadInput) as caught:
        resolve(Credentials, {}, {"TOKEN_FILE": "/nowhere"})
    assert str(caught.value) == "TOKEN_FILE names the file '/nowhere', which cannot be read: No such file or directory."


def test_a_long_value_is_not_quoted_whole() -> None:
    with pytest.raises(BadInput) as caught:
        read({"REPO_TYPE": "x" * 120_000, "IDP_REPO_NAME": "y" * 120_000})
    assert len(str(caught.value)) < 1_000
    assert "… (120002 characters)" in str(caught.value)


def test_groups_that_declare_the_same_input_read_it_once() -> None:
    """So that a step's own inputs and those of all steps can be read together, and their faults told together."""

    @dataclass(frozen=True, kw_only=True)
    class Shared:
        branch: str = option("branch", env=["BRANCH"], default="", help="b")
        budget: int = option("retryBudget", env=["RETRY_BUDGET"], default=60, help="s")

    both: Any = make_dataclass("Both", [("own", Inputs), ("shared", Shared)], frozen=True)
    read_both = resolve(both, {}, {**NEEDED, "BRANCH": "main"}).inputs
    assert (read_both.own.inner.branch, read_both.shared.branch) == ("main", "main")
    with pytest.raises(BadInput) as caught:
        resolve(both, {}, {"RETRY_BUDGET": "x", "FORCE_PUSH": "maybe"})
    for words in ("repository (set REPO_NAME)", "RETRY_BUDGET is 'x'", "FORCE_PUSH is 'maybe'"):
        assert words in str(caught.value)


def test_an_alias_of_the_field_is_addressable() -> None:
    assert read({"PLUGIN_EMAIL_ID": "a@example.com"}).email == "a@example.com"


@pytest.mark.parametrize("text", ["", " ", "null", " null "])
def test_unset_empty_and_the_four_letters_null_are_the_same(text: str) -> None:
    assert read({"CODE_DIRECTORY": text}).code_directory == "."


@pytest.mark.parametrize(
    ("text", "value"),
    [("true", True), ("TRUE", True), ("1", True), ("yes", True), ("On", True), ("false", False), ("0", False),
     ("No", False), ("off", False)],
)  # fmt: skip
def test_a_boolean_is_read_in_all_its_spellings(text: str, value: bool) -> None:
    assert read({"FORCE_PUSH": text}).force is value


@pytest.mark.parametrize("text", ["a,b", "a, b", '["a", "b"]', "[a, b]"])
def test_a_list_is_read_from_json_yaml_and_commas(text: str) -> None:
    assert read({"NAMES": text}).names == ["a", "b"]


def test_a_list_is_read_from_counted_variables() -> None:
    assert read({"NAMES_COUNT": "2", "NAMES_0": "a,x", "NAMES_1": "b"}).names == ["a,x", "b"]


def test_a_list_of_objects_keeps_its_json_types() -> None:
    assert read({"ITEMS": '[{"value": 3, "mode": null}]'}).items == [{"value": 3, "mode": None}]


@pytest.mark.parametrize("text", ['{"a": 1, "b": "x"}', "a: 1\nb: x"])
def test_a_map_is_read_from_json_and_yaml(text: str) -> None:
    assert read({"VARIABLES": text}).variables == {"a": 1, "b": "x"}


def test_a_map_is_read_from_variables_with_its_prefix_and_keeps_the_case_of_names() -> None:
    environ = {"IDP_V_app_name": "payments", "IDP_V_Port": "80", "IDP_V_none": "null", "IDP_V_": "x"}
    assert read(environ).variables == {"app_name": "payments", "Port": "80"}


@pytest.mark.parametrize("name", ["VARIABLES", "PLUGIN_VARIABLES"])
def test_an_entry_of_its_own_goes_before_a_map_and_both_count(name: str, tmp_path: Path) -> None:
    (tmp_path / "map.yaml").write_text("a: from the map\nb: 1\n")
    single = {"IDP_V_a": "single", "IDP_V_c": "more"}
    for environ in ({name: '{"a": "from the map", "b": 1}'}, {f"{name}_FILE": str(tmp_path / "map.yaml")}):
        assert read(environ | single).variables == {"a": "single", "b": 1, "c": "more"}


def test_a_map_on_the_command_line_goes_before_entries_of_their_own() -> None:
    flag = '{"a": "from the flag"}'
    assert read({"IDP_V_a": "x", "IDP_V_c": "y"}, variables=flag).variables == {"a": "from the flag", "c": "y"}


def test_any_value_keeps_its_json_type() -> None:
    assert read({"VALUE": "[1, true]"}).value == [1, True]
    assert read({"VALUE": "plain words"}).value == "plain words"


def test_a_text_is_kept_to_the_byte_and_a_name_is_trimmed() -> None:
    inputs = read({"MESSAGE_CONTENT": " hello \n", "CODE_DIRECTORY": " app\n"})
    assert (inputs.text, inputs.code_directory) == (" hello \n", "app")


def test_a_value_comes_from_the_file_that_name_file_points_at(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("s3cret-value\n")
    (tmp_path / "text").write_text("x" * 200_000)
    inputs = read({"TOKEN_FILE": str(tmp_path / "token"), "PLUGIN_MESSAGE_CONTENT_FILE": str(tmp_path / "text")})
    assert inputs.token == Secret("s3cret-value")
    assert len(inputs.text) == 200_000


def test_a_secret_flag_takes_a_file_because_argv_is_public(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("s3cret-value")
    assert next(declared for declared in options_of(Inputs) if declared.field == "token").flag == "--token-file"
    assert read({}, token=str(tmp_path / "token")).token == Secret("s3cret-value")


def test_sources_tell_where_each_value_came_from() -> None:
    sources = resolve(Inputs, {"codeDirectory": "a"}, {**NEEDED, "PLUGIN_BRANCH": "b", "IDP_V_x": "1"}).sources
    assert sources == {
        "repository": "REPO_NAME",
        "codeDirectory": "--code-directory",
        "branch": "PLUGIN_BRANCH",
        "variables": "IDP_V_*",
    }


def test_everything_that_is_wrong_is_told_at_once() -> None:
    environ = {
        "FORCE_PUSH": "maybe",
        "COUNT": "three",
        "REPO_TYPE": "secret",
        "VARIABLES": "- a",
        "ITEMS": "{",
        "TOKEN_FILE": "/nowhere",
        "NAMES_COUNT": "2",
        "EMAIL": "a@example.com",
        "CHANNEL": "general",
        "PLUGIN_CODE_DIRECTORY": "a",
        "INPUT_CODE_DIRECTORY": "b",
    }
    with pytest.raises(BadInput) as caught:
        resolve(Inputs, {}, environ)
    message = str(caught.value)
    for part in (
        "Required input is missing: repository (set REPO_NAME).",
        "FORCE_PUSH is 'maybe', which is no boolean; write true or false.",
        "COUNT is 'three', which is no whole number.",
        "REPO_TYPE is 'secret'; it can be private, public.",
        "VARIABLES is no map; write a JSON or YAML map of names to values.",
        "ITEMS is neither JSON nor YAML at line 1, column 2",
        "TOKEN_FILE names the file '/nowhere', which cannot be read: No such file or directory.",
        "NAMES_COUNT is 2, but NAMES_0 is not set.",
        "EMAIL and CHANNEL are given together",
        "PLUGIN_CODE_DIRECTORY ('a') and INPUT_CODE_DIRECTORY ('b') are names of one input",
    ):
        assert part in message


@given(st.dictionaries(st.sampled_from(["REPO_NAME", "FORCE_PUSH", "COUNT", "NAMES", "ITEMS", "VARIABLES", "VALUE"]),
                       st.text(st.characters(exclude_categories=[]))))  # fmt: skip
@settings(max_examples=200)
def test_any_environment_gives_inputs_or_one_sentence_of_bad_input(environ: dict[str, str]) -> None:
    try:
        inputs = resolve(Inputs, {}, environ).inputs
    except BadInput:
        return
    assert inputs.repository == environ["REPO_NAME"].strip()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("2024-01-01", None),
        (".nan", "JSON has no form"),
        ("NaN", "JSON has no form"),
        ("!!binary aGk=", "nothing that JSON has a form for"),
        ("&a [*a]", "is endless at line 1, column 5"),
        ("[" * 50_000, "nested too deeply"),
        ("1" * 5_000, "is too large at line 1, column 1"),
    ],
)
def test_a_value_is_what_json_can_say_and_a_date_stays_the_text_it_is(text: str, words: str | None) -> None:
    if words is None:
        assert read({"VALUE": text}).value == text
        return
    with pytest.raises(BadInput, match=words):
        read({"VALUE": text})


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"CODE_DIRECTORY": "a\udcff"}, "CODE_DIRECTORY holds bytes that are no UTF-8 text"),
        ({"MESSAGE_CONTENT": "a\0"}, "MESSAGE_CONTENT holds a NUL character"),
        ({"TOKEN": "tok\udcffen"}, "TOKEN holds bytes that are no UTF-8 text"),
        ({"TOKEN": "first-line\nsecond-line"}, "TOKEN holds a line break"),
        ({"TOKEN": "t\u20acken"}, "TOKEN holds a line break or another character that no token has"),
    ],
)
def test_text_that_no_client_could_send_is_refused_and_no_secret_is_quoted(environ: dict[str, str], words: str) -> None:
    with pytest.raises(BadInput, match=words) as caught:
        read(environ)
    assert "second-line" not in str(caught.value)


def test_a_file_written_on_windows_is_read_and_a_text_keeps_its_line_ends(tmp_path: Path) -> None:
    (tmp_path / "token").write_bytes(b"\xef\xbb\xbfs3cret-value\r\n")
    (tmp_path / "text").write_bytes(b"a\r\nb\r\n")
    inputs = read({"TOKEN_FILE": str(tmp_path / "token"), "MESSAGE_CONTENT_FILE": str(tmp_path / "text")})
    assert (inputs.token, inputs.text) == (Secret("s3cret-value"), "a\r\nb\r\n")


def test_an_empty_flag_counts_as_not_given_like_an_empty_variable() -> None:
    assert read({"COUNT": "3"}, count="").count == 3
